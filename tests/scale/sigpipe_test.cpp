// A server that hangs up in the middle of a request's body, and a process that would die of the
// signal for that.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "endpointkit/loop.hpp"
#include "support/loopback_server.hpp"
#include "support/test_path.hpp"

namespace ek::testing {
namespace {

// More than the kernel's buffers take.
const InvokeRequest large{.body = std::string(16U << 20U, 'x')};

Result<InvokeReply> invoke(const Client&, const Endpoint& endpoint) {
  return endpoint.invoke(large);
}
Result<InvokeReply> loop_invoke(const Client& client, const Endpoint& endpoint) {
  Loop loop(client);
  loop.invoke(endpoint, large).value();
  const LoopEvent event = loop.next().value();
  if (const auto* error = event.get_if<Error>()) return *error;
  return std::get<InvokeReply>(event.value);
}

struct Face {
  const char* name;
  Result<InvokeReply> (*run)(const Client& client, const Endpoint& endpoint);
  bool secure;
};

class Sigpipe : public ::testing::TestWithParam<Face> {
 protected:
  // A parent may have left it ignored.
  Sigpipe() : previous_(::signal(SIGPIPE, SIG_DFL)) {}
  ~Sigpipe() override { ::signal(SIGPIPE, previous_); }

 private:
  void (*previous_)(int);
};

bool is_blocked_or_pending() {
  sigset_t blocked;
  sigset_t pending;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  sigpending(&pending);
  return sigismember(&blocked, SIGPIPE) == 1 || sigismember(&pending, SIGPIPE) == 1;
}

TEST_P(Sigpipe, IsNotDeliveredWhenTheServerHangsUpInTheMiddleOfTheBody) {
  const TestCertificate certificate("IP:127.0.0.1");
  const std::string roots = test::test_path("roots.pem");
  std::ofstream(roots) << certificate.pem();
  const TestCertificate* used = GetParam().secure ? &certificate : nullptr;
  for (const bool goodbye : {true, false}) {
    Script script = {read_some()};
    if (goodbye) script.push_back(stop_sending());
    script.push_back(hang_up());
    LoopbackServer server({{hang_up()}}, {.certificate = used, .greeting = script});
    const Client client({.network = {.ca_file = roots}});
    const Endpoint endpoint =
        client
            .open("azureml://model.test/score", Credentials::bearer(Secret("key")),
                  {{"base_url", server.url("")}})
            .value();
    const auto reply = GetParam().run(client, endpoint);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::transport) << describe(reply.error());
    EXPECT_GE(server.connections(), 1U);
    EXPECT_FALSE(is_blocked_or_pending());
  }
  std::filesystem::remove(roots);
}

INSTANTIATE_TEST_SUITE_P(Faces, Sigpipe,
                         ::testing::Values(Face{"invoke", invoke, false},
                                           Face{"invoke_tls", invoke, true},
                                           Face{"loop", loop_invoke, false},
                                           Face{"loop_tls", loop_invoke, true}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace ek::testing
