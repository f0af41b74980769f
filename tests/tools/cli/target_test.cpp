#include "tools/cli/target.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "support/matchers.hpp"
#include "support/test_path.hpp"
#include "tools/cli/chat.hpp"
#include "tools/cli/invoke.hpp"
#include "tools/cli/scoped_variables.hpp"
#include "tools/emulator/emulator.hpp"

namespace ek::cli {
namespace {

using testing::HasSubstr;

TEST(AddNetworkOption, ReadsKeyAndValue) {
  NetworkOptions options;
  ASSERT_THAT(add_network_option(options, "http_version=2"), test::IsOk());
  ASSERT_THAT(add_network_option(options, "proxy=http://p:1"), test::IsOk());
  ASSERT_THAT(add_network_option(options, "no_proxy="), test::IsOk());
  EXPECT_EQ(
      options,
      (NetworkOptions{.proxy = "http://p:1", .no_proxy = "", .http_version = HttpVersion::http2}));
}

TEST(AddNetworkOption, NamesWhatThereIs) {
  NetworkOptions options;
  for (const char* text : {"proxies=x", "ca_file"}) {
    const auto added = add_network_option(options, text);
    ASSERT_FALSE(added) << text;
    EXPECT_THAT(added.error().message, HasSubstr("no_proxy, ca_file")) << text;
  }
  EXPECT_EQ(options, NetworkOptions());
}

// The emulator's certificate is trusted by nobody who was not told to.
TEST(OpenEndpoint, ReachesItByTheOptions) {
  const std::string ca_file = test::test_path("ca.pem");
  const auto emulator = emulator::Emulator::start({.tls = true, .ca_file = ca_file});
  ASSERT_THAT(emulator, test::IsOk());
  test::ScopedVariables variables;
  variables.set((*emulator)->environment());
  for (const char* name : {"AWS_SESSION_TOKEN", "SSL_CERT_FILE", "SSL_CERT_DIR"})
    variables.set(name, "");
  std::ostringstream out, err;
  std::istringstream in;
  ChatArguments chat{.uri = "sagemaker://us-east-1/chat", .message = "Hello"};
  EXPECT_EQ(chat_once(chat, out, err), transport_error) << out.str();
  EXPECT_THAT(err.str(), HasSubstr("certificate"));
  ASSERT_THAT(add_network_option(chat.network, "ca_file=" + ca_file), test::IsOk());
  ASSERT_THAT(add_network_option(chat.network, "http_version=2"), test::IsOk());
  EXPECT_EQ(chat_once(chat, out, err), success) << err.str();
  const InvokeArguments invoke{.uri = chat.uri,
                               .body = R"({"messages":[{"role":"user","content":"Hello"}]})",
                               .network = chat.network};
  EXPECT_EQ(invoke_command(invoke, in, out, err), success) << err.str();
  EXPECT_THAT((*emulator)->stats_json(), HasSubstr("\"http2\": 2"));
}

}  // namespace
}  // namespace ek::cli
