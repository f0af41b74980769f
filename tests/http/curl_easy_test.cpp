#include "http/curl_easy.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <atomic>

#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"

namespace ek {
namespace {

using ek::testing::bare_options;
using ek::testing::LoopbackServer;
using ek::testing::Outcome;
using ek::testing::post;
using ek::testing::reply;
using ek::testing::run;
using ek::testing::TestCertificate;
using ek::testing::trusting;
using ::testing::HasSubstr;

Outcome ask(const HttpOptions& options, const std::string& url) {
  return run(*make_curl_transport(options)->open_lane(), post(url));
}

TEST(EasyHandle, TakesACertificateOfTheGivenBundle) {
  const TestCertificate certificate("DNS:localhost,IP:127.0.0.1");
  LoopbackServer server({{reply("ok")}}, {.certificate = &certificate});
  const Outcome outcome = ask(trusting(certificate.pem()), server.url());
  ASSERT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_EQ(outcome.body, "ok");
}

struct Refusal {
  std::string name;
  std::string certified;
  bool trusted;
  std::vector<std::string> words;
};

TEST(EasyHandle, RefusesOtherCertificatesAndSaysWhy) {
  const Refusal refusals[] = {
      {"unknown issuer", "IP:127.0.0.1", false, {"self-signed certificate", "test.pem", "ca_file"}},
      {"another host", "DNS:other.example", true, {"127.0.0.1", "host name"}},
  };
  const TestCertificate stranger("DNS:stranger");
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    const TestCertificate certificate(refusal.certified);
    LoopbackServer server({{reply("ok")}}, {.certificate = &certificate});
    const auto& root = refusal.trusted ? certificate : stranger;
    const Outcome outcome = ask(trusting(root.pem()), server.url());
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, ErrorCode::transport);
    EXPECT_EQ(outcome.error->phase, Phase::tls);
    EXPECT_FALSE(outcome.error->retryable);
    for (const auto& word : refusal.words) EXPECT_THAT(outcome.error->message, HasSubstr(word));
    EXPECT_TRUE(server.requests().empty());
  }
}

TEST(EasyHandle, NamesTheBundleThatCannotBeRead) {
  const TestCertificate certificate("IP:127.0.0.1");
  LoopbackServer server({{reply("ok")}}, {.certificate = &certificate});
  HttpOptions options = bare_options();
  options.network.ca_file = "/etc/missing.pem";
  const Outcome outcome = ask(options, server.url());
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->phase, Phase::tls);
  EXPECT_THAT(outcome.error->message, HasSubstr("the CA bundle /etc/missing.pem cannot be read"));
}

TEST(EasyHandle, ReportsAPeerThatSpeaksNoTls) {
  LoopbackServer server({{reply("")}},
                        {.greeting = {ek::testing::send("220 mail\r\n"), ek::testing::hang_up()}});
  const Outcome outcome = ask(bare_options(), "https://127.0.0.1:" + std::to_string(server.port()));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::transport);
  EXPECT_FALSE(outcome.sent);
}

TEST(EasyHandle, ReadsTheBundleOncePerTransportAndNotForPlainHttp) {
  const TestCertificate certificate("IP:127.0.0.1");
  LoopbackServer tls({{reply("ok")}}, {.certificate = &certificate});
  LoopbackServer plain({{reply("ok")}});
  HttpOptions options = trusting(certificate.pem());
  std::atomic<int> reads = 0;
  auto environment = std::make_shared<Environment>(*options.environment);
  environment->read_file = [&reads, real = environment->read_file](const std::string& path) {
    ++reads;
    return real(path);
  };
  options.environment = environment;
  const auto transport = make_curl_transport(options);
  EXPECT_EQ(run(*transport->open_lane(), post(plain.url())).body, "ok");
  EXPECT_EQ(reads, 0);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(run(*transport->open_lane(), post(tls.url())).body, "ok");
  }
  EXPECT_EQ(tls.connections(), 5U);
  EXPECT_EQ(reads, 1);
}

TEST(EasyHandle, SpeaksHttp11WhereHttp2IsOfferedInVain) {
  const TestCertificate certificate("IP:127.0.0.1");
  LoopbackServer tls({{reply("ok")}}, {.certificate = &certificate});
  LoopbackServer plain({{reply("ok")}});
  HttpOptions options = trusting(certificate.pem());
  options.network.http_version = HttpVersion::http2;
  const auto lane = make_curl_transport(options)->open_lane();
  for (const auto& url : {tls.url(), plain.url()}) {
    EXPECT_EQ(run(*lane, post(url)).body, "ok");
    EXPECT_EQ(run(*lane, post(url)).body, "ok");
  }
  EXPECT_THAT(plain.requests().front(), ::testing::Not(HasSubstr("Upgrade")));
}

// The socket of this process that is connected to `port` on loopback; -1 if there is none.
int socket_to(int port) {
  for (int fd = 0; fd < 256; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) return fd;
  }
  return -1;
}

TEST(EasyHandle, ClosesItsSocketsInChildProcesses) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = make_curl_transport(bare_options())->open_lane();
  EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
  const int fd = socket_to(server.port());
  ASSERT_GE(fd, 0);
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(fd, level, name, &value, &size);
  return value;
}

TEST(EasyHandle, KeepsQuietConnectionsAliveIfItIsTold) {
  for (const int wanted : {60, 7, 0}) {
    LoopbackServer server({{reply("ok")}});
    HttpOptions options = bare_options();
    if (wanted != 60) options.network.keep_alive = std::chrono::seconds(wanted);
    const auto lane = make_curl_transport(options)->open_lane();
    EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
    const int fd = socket_to(server.port());
    ASSERT_GE(fd, 0);
    EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), wanted > 0 ? 1 : 0);
    if (wanted == 0) continue;
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), wanted);
    EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), (wanted + 1) / 2);
  }
}

}  // namespace
}  // namespace ek
