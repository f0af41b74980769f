#include "http/curl_context.hpp"

#include <gmock/gmock.h>

#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"
#include "support/tunnel_proxy.hpp"

namespace ek {
namespace {

using ek::testing::LoopbackServer;
using ek::testing::Outcome;
using ek::testing::post;
using ek::testing::reply;
using ek::testing::run;
using ek::testing::TestCertificate;
using ek::testing::trusting;
using ek::testing::TunnelProxy;
using ek::testing::with_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Outcome ask(const HttpOptions& options, const std::string& url,
            const TransferOptions& transfer = {}) {
  return run(*make_curl_transport(options)->open_lane(), post(url), transfer);
}

// ---- client certificates

class ClientCertificateTest : public ::testing::Test {
 protected:
  HttpOptions showing(TlsIdentity identity) const {
    HttpOptions options = trusting(certificate.pem());
    options.network.client_certificate = std::move(identity);
    return options;
  }

  const TestCertificate certificate{"IP:127.0.0.1"};
  const TestCertificate client{"DNS:client.test"};
  const TestCertificate stranger{"DNS:stranger.test"};
  LoopbackServer server{{{reply("ok")}},
                        {.certificate = &certificate, .client_certificate = &client}};
};

TEST_F(ClientCertificateTest, IsTakenFromTextAndFiles) {
  const std::string both = client.pem() + client.key_pem();
  const HttpOptions texts[] = {
      showing({.pem = Secret(both)}),
      showing({.pem = Secret(client.key_pem("pw") + client.pem()), .key_password = Secret("pw")}),
      with_file(showing({.file = "own.pem"}), "own.pem", both),
      with_file(
          with_file(showing({.file = "own.pem", .key_file = "own.key"}), "own.pem", client.pem()),
          "own.key", client.key_pem()),
  };
  for (const HttpOptions& options : texts) {
    const Outcome outcome = ask(options, server.url());
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    EXPECT_EQ(outcome.body, "ok");
  }
}

TEST_F(ClientCertificateTest, IsReadAgainForEachConnection) {
  std::string now = stranger.pem() + stranger.key_pem();
  HttpOptions options = showing({.file = "own.pem"});
  auto environment = std::make_shared<Environment>(*options.environment);
  environment->read_file = [&now, others = environment->read_file](const std::string& path) {
    return path == "own.pem" ? Result<std::string>(now) : others(path);
  };
  options.environment = environment;
  const auto lane = make_curl_transport(options)->open_lane();
  EXPECT_TRUE(run(*lane, post(server.url())).error);
  now = client.pem() + client.key_pem();
  EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
}

TEST_F(ClientCertificateTest, ItsAbsenceAndItsRefusalAreTold) {
  const Outcome absent = ask(trusting(certificate.pem()), server.url());
  ASSERT_TRUE(absent.error);
  EXPECT_EQ(absent.error->phase, Phase::tls);
  EXPECT_FALSE(absent.error->retryable);
  EXPECT_THAT(absent.error->message, HasSubstr("wants a client certificate"));
  const Outcome refused =
      ask(showing({.pem = Secret(stranger.pem() + stranger.key_pem())}), server.url());
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->phase, Phase::tls);
  EXPECT_THAT(refused.error->message, HasSubstr("refused the client certificate"));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(ClientCertificateTest, WhatIsWrongWithItIsTold) {
  const std::pair<HttpOptions, const char*> wrongs[] = {
      {showing({.file = "absent.pem"}), "absent.pem cannot be read"},
      {with_file(showing({.file = "own.pem"}), "own.pem", "hunter2"),
       "of own.pem cannot be used: there is no PEM certificate"},
      {with_file(showing({.file = "own.pem"}), "own.pem", client.pem()), "no PEM private key"},
      {showing({.pem = Secret(client.pem() + stranger.key_pem())}), "does not belong to"},
      {showing({.pem = Secret(client.pem() + client.key_pem("hunter2"))}), "give the password"},
      {showing({.pem = Secret(client.pem() + client.key_pem("right")),
                .key_password = Secret("hunter2")}),
       "the password does not open its key"},
  };
  for (const auto& [options, said] : wrongs) {
    const Outcome outcome = ask(options, server.url());
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, ErrorCode::transport);
    EXPECT_EQ(outcome.error->phase, Phase::tls);
    EXPECT_FALSE(outcome.error->retryable);
    EXPECT_THAT(outcome.error->message, HasSubstr(said));
    EXPECT_THAT(outcome.error->message, Not(HasSubstr("hunter2")));
  }
}

TEST_F(ClientCertificateTest, OfOneExchangeIsNotShownByTheNext) {
  const TransferOptions own{
      .tls = {.client_certificate = {.pem = Secret(client.pem() + client.key_pem())}}};
  const auto lane = make_curl_transport(trusting(certificate.pem()))->open_lane();
  EXPECT_EQ(run(*lane, post(server.url()), own).body, "ok");
  EXPECT_TRUE(run(*lane, post(server.url())).error);
  EXPECT_EQ(run(*lane, post(server.url()), own).body, "ok");
  EXPECT_EQ(server.resumed_sessions(), 0U);
  LoopbackServer plain({{reply("ok")}});
  EXPECT_THAT(run(*lane, post(plain.url()), own).error->message, HasSubstr("over https"));
  EXPECT_TRUE(plain.requests().empty());
}

// ---- thumbprints

class ThumbprintTest : public ::testing::Test {
 protected:
  const TestCertificate certificate{"DNS:unrelated.test"};
  const TestCertificate root{"DNS:root.test"};
  LoopbackServer server{{{reply("ok")}}, {.certificate = &certificate}};
};

TEST_F(ThumbprintTest, TrustsExactlyThatCertificate) {
  std::string small = certificate.thumbprint();
  for (char& c : small) c = static_cast<char>(std::tolower(c));
  for (const std::string& right : {certificate.thumbprint(), small}) {
    const Outcome outcome =
        ask(trusting(root.pem()), server.url(), {.tls = {.server_thumbprint = right}});
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    EXPECT_EQ(outcome.body, "ok");
  }
}

TEST_F(ThumbprintTest, RefusesEveryOtherEvenIfItIsTrusted) {
  const TestCertificate trusted("IP:127.0.0.1");
  LoopbackServer other({{reply("ok")}}, {.certificate = &trusted});
  const Outcome outcome = ask(trusting(trusted.pem()), other.url(),
                              {.tls = {.server_thumbprint = certificate.thumbprint()}});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::transport);
  EXPECT_EQ(outcome.error->phase, Phase::tls);
  EXPECT_FALSE(outcome.error->retryable);
  EXPECT_THAT(outcome.error->message, HasSubstr("must have that with " + certificate.thumbprint()));
  EXPECT_TRUE(other.requests().empty());
}

TEST_F(ThumbprintTest, RefusesWhatIsNoThumbprintAndWhatIsNotHttps) {
  const std::string right = certificate.thumbprint();
  LoopbackServer plain({{reply("ok")}});
  for (const auto& [url, thumbprint] :
       {std::pair{server.url(), right.substr(1)}, std::pair{server.url(), right + "00"},
        std::pair{server.url(), std::string(40, 'g')}, std::pair{plain.url(), right}}) {
    const Outcome outcome =
        ask(trusting(root.pem()), url, {.tls = {.server_thumbprint = thumbprint}});
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->phase, Phase::tls);
  }
  EXPECT_EQ(server.connections() + plain.connections(), 0U);
}

TEST_F(ThumbprintTest, LeavesNoConnectionOrSessionToOthers) {
  const TransferOptions pinned{.tls = {.server_thumbprint = certificate.thumbprint()}};
  const auto transport = make_curl_transport(trusting(root.pem()));
  const auto lane = transport->open_lane();
  EXPECT_EQ(run(*lane, post(server.url()), pinned).body, "ok");
  EXPECT_TRUE(run(*lane, post(server.url())).error) << "the roots decide again";
  EXPECT_TRUE(run(*transport->open_lane(), post(server.url())).error);
  EXPECT_EQ(run(*lane, post(server.url()), pinned).body, "ok");
  EXPECT_EQ(server.requests().size(), 2U);
}

// ---- pinned keys and routes

TEST(PinnedKeys, AreWantedOfTheirHostOnly) {
  const TestCertificate certificate("IP:127.0.0.1,DNS:localhost");
  const TestCertificate other("DNS:other.test");
  LoopbackServer server({{reply("ok")}}, {.certificate = &certificate});
  HttpOptions options = trusting(certificate.pem());
  const std::pair<std::vector<PinnedKey>, bool> cases[] = {
      {{{.key = certificate.pin()}}, true},
      {{{.host = "127.0.0.1", .key = other.pin()}, {.host = "127.0.0.1", .key = certificate.pin()}},
       true},
      {{{.host = "localhost", .key = other.pin()}}, true},
      {{{.key = other.pin()}}, false},
      {{{.host = "127.0.0.1", .key = other.pin()}}, false},
  };
  for (const auto& [pins, good] : cases) {
    options.network.pinned_keys = pins;
    const Outcome outcome = ask(options, server.url());
    EXPECT_EQ(outcome.body, good ? "ok" : "");
    if (good) continue;
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->phase, Phase::tls);
    EXPECT_FALSE(outcome.error->retryable);
    EXPECT_THAT(outcome.error->message, HasSubstr("pinned_keys"));
  }
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST(Routes, KeepHostServerNameAndCertificate) {
  const TestCertificate certificate("DNS:model.invalid");
  LoopbackServer server({{reply("ok")}}, {.certificate = &certificate});
  HttpOptions options = trusting(certificate.pem());
  options.network.routes = {
      {.host = "MODEL.invalid", .port = 443, .to = "127.0.0.1", .to_port = server.port()}};
  const Outcome outcome = ask(options, "https://model.invalid/x");
  ASSERT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_THAT(server.server_names(), ElementsAre("model.invalid"));
  EXPECT_THAT(server.requests(), ElementsAre(HasSubstr("\r\nHost: model.invalid\r\n")));
}

TEST(Routes, LeadOneHostOrAllToAPort) {
  LoopbackServer server({{reply("ok")}});
  const Route ways[] = {{.to = "127.0.0.1", .to_port = server.port()},
                        {.host = "model.invalid", .to = "127.0.0.1", .to_port = server.port()}};
  for (const Route& way : ways) {
    HttpOptions options = ek::testing::bare_options();
    options.network.routes = {way};
    EXPECT_EQ(ask(options, "http://model.invalid:81/").body, "ok");
  }
  HttpOptions options = ek::testing::bare_options();
  options.network.routes = {{.host = "model.invalid", .to = "127.0.0.1"}};
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(ask(options, "http://model.invalid:" + port).body, "ok") << "the port of the URL";
}

TEST(Routes, AreToldToTheProxy) {
  const TestCertificate certificate("DNS:model.invalid");
  LoopbackServer server({{reply("ok")}}, {.certificate = &certificate});
  TunnelProxy proxy(server.port(), {});
  HttpOptions options = trusting(certificate.pem());
  options.network.proxy = "http://" + proxy.address();
  options.network.routes = {{.host = "model.invalid", .to = "private.invalid", .to_port = 8443}};
  EXPECT_EQ(ask(options, "https://model.invalid/").body, "ok");
  EXPECT_THAT(proxy.asked(), ElementsAre("private.invalid:8443"));
}

TEST(Routes, AreNamedIfTheyLeadNowhere) {
  HttpOptions options = ek::testing::bare_options();
  // A label of more than 63 letters is refused by the resolver itself.
  options.network.routes = {{.host = "model.invalid", .to = std::string(70, 'r') + ".invalid"}};
  const Outcome outcome = ask(options, "http://model.invalid/");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->phase, Phase::dns);
  EXPECT_THAT(outcome.error->message, HasSubstr("model.invalid is routed to rrr"));
  EXPECT_THAT(outcome.error->message, HasSubstr("the option routes"));
}

}  // namespace
}  // namespace ek
