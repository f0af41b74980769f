#include <gmock/gmock.h>

#include "endpointkit/network.hpp"

namespace ek {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string pin = "sha256//" + std::string(43, 'A') + "=";
constexpr const char* pem =
    "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n";

TEST(SetNetworkOption, SetsEveryMemberByItsName) {
  const std::pair<std::string, std::string> texts[] = {
      {"proxy", "socks5h://p:1080"},
      {"proxy_password", "pass"},
      {"proxy_user", "user"},
      {"no_proxy", "a.test,10.0.0.0/8"},
      {"ca_file", "roots.pem"},
      {"certificate_key_file", "key.pem"},
      {"certificate_key_password", "open"},
      {"certificate_file", "own.pem"},
      {"pinned_keys", "h.test=" + pin + ", " + pin},
      {"routes", "h.test:443:10.0.0.5, ::[fd00::1]:8443,h2.test::in.test:"},
      {"keep_alive_s", "0"},
      {"max_buffered_bytes", "1000000"},
      {"max_idle_s", "5"},
      {"max_age_s", "600"},
      {"http_version", "2"},
  };
  NetworkOptions options;
  for (const auto& [name, value] : texts) {
    const auto set = set_network_option(options, name, value);
    EXPECT_TRUE(set) << name << ": " << (set ? "" : set.error().message);
    EXPECT_THAT(network_option_names(), HasSubstr(name));
  }
  EXPECT_TRUE(check_network_options(options));
  const NetworkOptions expected{
      .proxy = "socks5h://p:1080",
      .proxy_user = "user",
      .proxy_password = Secret("pass"),
      .no_proxy = "a.test,10.0.0.0/8",
      .ca_file = "roots.pem",
      .client_certificate = {.file = "own.pem",
                             .key_file = "key.pem",
                             .key_password = Secret("open")},
      .pinned_keys = {{.host = "h.test", .key = pin}, {.host = "", .key = pin}},
      .routes = {{.host = "h.test", .port = 443, .to = "10.0.0.5"},
                 {.to = "[fd00::1]", .to_port = 8443},
                 {.host = "h2.test", .to = "in.test"}},
      .keep_alive = seconds(0),
      .max_idle = seconds(5),
      .max_age = seconds(600),
      .http_version = HttpVersion::http2,
      .max_buffered_bytes = 1'000'000};
  EXPECT_TRUE(options == expected);
}

struct Refusal {
  std::string name;
  std::string value;
  std::string said;
};

TEST(SetNetworkOption, SaysWhatItWants) {
  const Refusal refusals[] = {
      {"porxy", "x", "no network option \"porxy\"; known are proxy, "},
      {"proxy", "ftp://p", "proxy wants http, https, socks5 or socks5h"},
      {"proxy", "http://", "proxy wants http"},
      {"proxy", "http://p/path", "proxy wants http"},
      {"proxy", "http://p:99999", "proxy wants http"},
      {"proxy", "http://user:hunter2@p", "proxy_password"},
      {"proxy_user", "a:b", "no colon"},
      {"proxy_password", "hunter2\r\nX: y", "no line break"},
      {"certificate_pem", "hunter2", "PEM text with a certificate and its private key"},
      {"pinned_keys", "sha256//AAAA", "[HOST=]sha256//BASE64"},
      {"pinned_keys", "sha1//" + std::string(43, 'A') + "=", "[HOST=]sha256//BASE64"},
      {"pinned_keys", "h.test" + pin, "[HOST=]sha256//BASE64"},
      {"pinned_keys", "a/b=" + pin, "[HOST=]sha256//BASE64"},
      {"routes", "h.test:443", "HOST:PORT:TO[:PORT]"},
      {"routes", "h.test:443:10.0.0.5, a:b", "got \"a:b\""},
      {"routes", "h.test:443:10.0.0.5:x", "HOST:PORT:TO[:PORT]"},
      {"routes", "h.test:70000:10.0.0.5", "HOST:PORT:TO[:PORT]"},
      {"routes", "h.test:443:fd00::1", "brackets"},
      {"keep_alive_s", "soon",
       "keep_alive wants a number of seconds from 0 to 32767, got \"soon\""},
      {"keep_alive_s", "99999999999999999999", "got \"99999999999999999999\""},
      {"keep_alive_s", "32768", "to 32767, got 32768"},
      {"max_buffered_bytes", "0", "a number of bytes, at least 1, got \"0\""},
      {"max_buffered_bytes", "64k", "a number of bytes, at least 1, got \"64k\""},
      {"max_idle_s", "0", "max_idle wants a number of seconds from 1"},
      {"max_age_s", "-1", "max_age wants a number of seconds from 0 to 31622400, got \"-1\""},
      {"http_version", "3", "auto, 1.1 or 2"},
  };
  for (const Refusal& refusal : refusals) {
    NetworkOptions options;
    const auto set = set_network_option(options, refusal.name, refusal.value);
    ASSERT_FALSE(set) << refusal.name << " " << refusal.value;
    EXPECT_EQ(set.error().code, ErrorCode::invalid_request);
    EXPECT_THAT(set.error().message, HasSubstr(refusal.said));
    EXPECT_THAT(set.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST(CheckNetworkOptions, RefusesWhatMakesNoSenseTogether) {
  const std::pair<NetworkOptions, const char*> refusals[] = {
      {{.proxy_password = Secret("p")}, "without proxy_user"},
      {{.client_certificate = {.file = "a", .pem = Secret(pem)}}, "as a file and as text"},
      {{.client_certificate = {.key_file = "a"}}, "needs certificate_file"},
      {{.client_certificate = {.key_password = Secret("a")}}, "there is no client certificate"},
  };
  for (const auto& [options, said] : refusals) {
    const auto checked = check_network_options(options);
    ASSERT_FALSE(checked) << said;
    EXPECT_THAT(checked.error().message, HasSubstr(said));
  }
  EXPECT_TRUE(check_network_options({}));
  EXPECT_TRUE(check_network_options({.client_certificate = {.pem = Secret(pem)}}));
}

}  // namespace
}  // namespace ek
