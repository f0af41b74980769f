#include "http/proxy.hpp"

#include <gmock/gmock.h>

#include <map>

#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"
#include "support/tunnel_proxy.hpp"

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
using ek::testing::TunnelProxy;
using ek::testing::with_variables;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Variables = std::map<std::string, std::string>;

std::string chosen(const NetworkOptions& network, const Variables& variables, const char* url) {
  const HttpOptions options = with_variables(bare_options(), variables);
  const ProxyRules rules(network, *options.environment);
  const auto proxy = rules.choose(url);
  if (!proxy) return proxy.error().message;
  if (*proxy == nullptr) return "direct";
  return (*proxy)->url + " " + (*proxy)->named_by;
}

struct Choice {
  const char* name;
  NetworkOptions network;
  Variables variables;
  const char* url;
  const char* expected;
};

TEST(ProxyRules, TakeTheOptionAndElseTheVariables) {
  constexpr const char* https = "https://h.example/x";
  constexpr const char* http = "http://h.example/x";
  const NetworkOptions own{.proxy = "http://own:1"};
  const Choice choices[] = {
      {"nothing", {}, {}, https, "direct"},
      {"option", own, {{"HTTPS_PROXY", "http://p:1"}}, https, "http://own:1 the option proxy"},
      {"no proxy by option", {.proxy = ""}, {{"HTTPS_PROXY", "http://p:1"}}, https, "direct"},
      {"for https", {}, {{"HTTPS_PROXY", "http://p:1"}}, https, "http://p:1 HTTPS_PROXY"},
      {"not for http", {}, {{"HTTPS_PROXY", "http://p:1"}}, http, "direct"},
      {"for http", {}, {{"HTTP_PROXY", "p:1"}}, http, "http://p:1 HTTP_PROXY"},
      {"of CGI", {}, {{"HTTP_PROXY", "p:1"}, {"REQUEST_METHOD", "GET"}}, http, "direct"},
      {"small first",
       {},
       {{"HTTPS_PROXY", "http://big:1"}, {"https_proxy", "http://small:1"}},
       https,
       "http://small:1 https_proxy"},
      {"for all", {}, {{"ALL_PROXY", "socks5h://p"}}, http, "socks5h://p:1080 ALL_PROXY"},
      {"empty", {}, {{"HTTPS_PROXY", ""}, {"ALL_PROXY", "p"}}, https, "http://p:80 ALL_PROXY"},
      {"excepted", {}, {{"ALL_PROXY", "p"}, {"NO_PROXY", "example"}}, https, "direct"},
      {"excepted from the option", own, {{"no_proxy", "h.example"}}, https, "direct"},
      {"excepted port", {}, {{"ALL_PROXY", "p"}, {"NO_PROXY", "example:443"}}, https, "direct"},
      {"exceptions by option",
       {.no_proxy = ""},
       {{"ALL_PROXY", "p"}, {"NO_PROXY", "*"}},
       https,
       "http://p:80 ALL_PROXY"},
      {"loopback", {}, {{"ALL_PROXY", "p"}}, "http://127.0.0.1:9/", "direct"},
      {"loopback by option", own, {}, "http://localhost:9/", "http://own:1 the option proxy"},
      {"no proxy at all",
       {},
       {{"HTTPS_PROXY", "ftp://u:hunter2@p"}},
       https,
       "HTTPS_PROXY wants http, https, socks5 or socks5h://HOST:PORT, got \"ftp://p\""},
  };
  for (const Choice& c : choices)
    EXPECT_EQ(chosen(c.network, c.variables, c.url), c.expected) << c.name;
}

TEST(ParseProxy, TakesUserinfoApart) {
  const auto proxy = parse_proxy("https://us%40er:p%3Aw@d@[fd00::1]:8443/", "HTTPS_PROXY");
  ASSERT_TRUE(proxy) << proxy.error().message;
  EXPECT_EQ(proxy->url, "https://[fd00::1]:8443");
  EXPECT_EQ(proxy->user, "us@er");
  EXPECT_EQ(proxy->password.reveal(), "p:w@d");
}

// ---- over real sockets

class TunnelTest : public ::testing::Test {
 protected:
  Outcome ask(const HttpOptions& options, const std::string& url) {
    return run(*make_curl_transport(options)->open_lane(), post(url));
  }
  HttpOptions through(std::string proxy) const {
    HttpOptions options = trusting(certificate.pem());
    options.network.proxy = std::move(proxy);
    return options;
  }

  const TestCertificate certificate{"DNS:model.invalid,IP:127.0.0.1"};
  LoopbackServer server{{{reply("ok")}}, {.certificate = &certificate}};
};

TEST_F(TunnelTest, EveryKindReachesANameThatOnlyTheProxyKnows) {
  for (const auto& [scheme, tls, user] :
       {std::tuple{"http", false, ""}, std::tuple{"http", false, "us"},
        std::tuple{"https", true, "us"}, std::tuple{"socks5h", false, ""},
        std::tuple{"socks5h", false, "us"}}) {
    SCOPED_TRACE(std::string(scheme) + " " + user);
    const bool socks = std::string_view(scheme).starts_with("socks");
    const std::string name = user;
    TunnelProxy proxy(server.port(), {.socks = socks,
                                      .certificate = tls ? &certificate : nullptr,
                                      .user = name,
                                      .password = name.empty() ? "" : "pa:ss"});
    HttpOptions options = through(scheme + ("://" + proxy.address()));
    options.network.proxy_user = name;
    options.network.proxy_password = Secret(name.empty() ? "" : "pa:ss");
    const Outcome outcome = ask(options, "https://model.invalid/x");
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    EXPECT_EQ(outcome.body, "ok");
    EXPECT_THAT(proxy.asked(), ElementsAre("model.invalid:443"));
    EXPECT_THAT(server.requests().back(), Not(HasSubstr("Proxy")));
  }
}

TEST_F(TunnelTest, TheEnvironmentOfTheClientNamesProxyAndPassword) {
  TunnelProxy proxy(server.port(), {.user = "user", .password = "p@ss"});
  const HttpOptions options = with_variables(
      trusting(certificate.pem()), {{"https_proxy", "http://user:p%40ss@" + proxy.address()}});
  EXPECT_EQ(ask(options, "https://model.invalid/x").body, "ok");
  EXPECT_THAT(proxy.asked(), ElementsAre("model.invalid:443"));
}

TEST_F(TunnelTest, ProxyAndServerAreToldWhoAsks) {
  TunnelProxy proxy(server.port(), {.user_agent = "test"});
  EXPECT_EQ(ask(through("http://" + proxy.address()), "https://model.invalid/x").body, "ok");
  EXPECT_THAT(server.requests().back(), HasSubstr("\r\nUser-Agent: test\r\n"));
}

TEST_F(TunnelTest, AnExceptedHostIsReachedDirectly) {
  TunnelProxy proxy(server.port(), {});
  HttpOptions options = through("http://" + proxy.address());
  options.network.no_proxy = "127.0.0.0/8";
  EXPECT_EQ(ask(options, server.url()).body, "ok");
  EXPECT_THAT(proxy.asked(), IsEmpty());
}

TEST_F(TunnelTest, AWrongPasswordIsToldWithoutIt) {
  for (const bool socks : {false, true}) {
    TunnelProxy proxy(server.port(), {.socks = socks, .user = "user", .password = "right"});
    HttpOptions options = through((socks ? "socks5h://" : "http://") + proxy.address());
    options.network.proxy_user = "user";
    options.network.proxy_password = Secret("hunter2");
    const Outcome outcome = ask(options, "https://model.invalid/x");
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, ErrorCode::transport);
    EXPECT_EQ(outcome.error->phase, Phase::connect);
    EXPECT_THAT(outcome.error->message, HasSubstr(proxy.address()));
    EXPECT_THAT(outcome.error->message, HasSubstr("the option proxy"));
    EXPECT_THAT(outcome.error->message, Not(HasSubstr("hunter2")));
    if (!socks) {
      EXPECT_THAT(outcome.error->message, HasSubstr("proxy_password"));
      EXPECT_FALSE(outcome.error->retryable);
    }
    EXPECT_TRUE(server.requests().empty());
  }
}

TEST_F(TunnelTest, AProxyThatIsNotThereIsNamed) {
  int closed_port = 0;
  {
    const LoopbackServer gone({{reply("")}});
    closed_port = gone.port();
  }
  const std::string proxy = "http://127.0.0.1:" + std::to_string(closed_port);
  const Outcome refused =
      ask(with_variables(bare_options(), {{"HTTPS_PROXY", proxy}}), "https://model.invalid/");
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->phase, Phase::connect);
  EXPECT_TRUE(refused.error->retryable);
  EXPECT_THAT(refused.error->message,
              HasSubstr("model.invalid was not asked: the proxy " + proxy + " (HTTPS_PROXY)"));
  // A label of more than 63 letters is refused by the resolver itself.
  HttpOptions options = bare_options();
  options.network.proxy = "http://" + std::string(70, 'p') + ".invalid:8080";
  const Outcome unknown = ask(options, "https://model.invalid/");
  ASSERT_TRUE(unknown.error);
  EXPECT_EQ(unknown.error->phase, Phase::dns);
  EXPECT_THAT(unknown.error->message, HasSubstr("the name of the proxy http://ppp"));
}

TEST_F(TunnelTest, AVariableThatHoldsNoProxyFailsTheExchange) {
  const HttpOptions options = with_variables(bare_options(), {{"HTTPS_PROXY", "socks4://p"}});
  const Outcome outcome = ask(options, "https://model.invalid/");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::invalid_request);
  EXPECT_THAT(outcome.error->message, HasSubstr("HTTPS_PROXY wants http"));
}

}  // namespace
}  // namespace ek
