#include "http/proxy.hpp"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"

namespace ek {
namespace {

struct Scheme {
  std::string_view name;
  int port;
};
constexpr std::array schemes = {Scheme{"http", 80}, Scheme{"https", 443}, Scheme{"socks5", 1080},
                                Scheme{"socks5h", 1080}};

int default_port(std::string_view scheme) {
  for (const Scheme& known : schemes) {
    if (known.name == scheme) return known.port;
  }
  return 0;
}

Proxy with_credentials(Proxy proxy, std::string_view userinfo) {
  const auto colon = userinfo.find(':');
  proxy.user = percent_decode(userinfo.substr(0, colon));
  if (colon != std::string_view::npos)
    proxy.password = Secret(percent_decode(userinfo.substr(colon + 1)));
  return proxy;
}

// The first variable that is set and not empty, as a proxy. curl and others read the small letters
// first.
std::optional<Result<Proxy>> proxy_of(const Environment& environment,
                                      std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const std::string value = environment.variable(name).value_or("");
    if (!value.empty()) return parse_proxy(value, name);
  }
  return std::nullopt;
}

std::optional<Result<Proxy>> http_proxy_of(const Environment& environment) {
  // A CGI program gets the header "Proxy:" of whoever asks it as HTTP_PROXY (CVE-2016-5385).
  if (environment.variable("REQUEST_METHOD"))
    return proxy_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"});
  return proxy_of(environment, {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"});
}

std::string exceptions_of(const NetworkOptions& options, const Environment& environment) {
  if (options.no_proxy) return *options.no_proxy;
  const std::string small = environment.variable("no_proxy").value_or("");
  return small.empty() ? environment.variable("NO_PROXY").value_or("") : small;
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view text, std::string_view named_by) {
  std::string_view rest = trim(text);
  const auto separator = rest.find("://");
  const std::string scheme =
      separator == std::string_view::npos ? "http" : to_lower(rest.substr(0, separator));
  if (separator != std::string_view::npos) rest.remove_prefix(separator + 3);
  const auto at = rest.rfind('@');
  const std::string_view userinfo = at == std::string_view::npos ? "" : rest.substr(0, at);
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  const auto uri = parse_uri(fmt::format("{}://{}", scheme, rest));
  const int port = default_port(scheme);
  const bool good = uri && port != 0 && !uri->host.empty() && uri->query.empty() &&
                    (uri->path.empty() || uri->path == "/");
  if (!good) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = fmt::format(
                     "{} wants http, https, socks5 or socks5h://HOST:PORT, got \"{}://{}\"",
                     named_by, printable(clip(scheme, 20)), printable(clip(rest, 80)))};
  }
  Proxy proxy{
      .url = fmt::format("{}://{}:{}", scheme, uri->host, uri->port != 0 ? uri->port : port),
      .named_by = std::string(named_by)};
  return with_credentials(std::move(proxy), userinfo);
}

ProxyRules::ProxyRules(const NetworkOptions& options, const Environment& environment)
    : by_option_(options.proxy.has_value()), excepted_(exceptions_of(options, environment)) {
  if (!by_option_) {
    http_ = http_proxy_of(environment);
    https_ = proxy_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  } else if (!options.proxy->empty()) {
    http_ = https_ = parse_proxy(*options.proxy, "the option proxy");
  }
  for (Choice* choice : {&http_, &https_}) {
    if (!*choice || !**choice || options.proxy_user.empty()) continue;
    (**choice)->user = options.proxy_user;
    (**choice)->password = options.proxy_password;
  }
}

Result<const Proxy*> ProxyRules::choose(std::string_view url) const {
  const bool secure = url.starts_with("https:");
  const Choice& choice = secure ? https_ : http_;
  if (!choice) return nullptr;
  const auto uri = parse_uri(url.substr(0, url.find('?')));
  if (!uri) return nullptr;  // whose URL it is will be told by who sends it
  if (!by_option_ && is_loopback(uri->host)) return nullptr;
  if (excepted_.matches(uri->host, uri->port != 0 ? uri->port : secure ? 443 : 80)) return nullptr;
  if (!*choice) return choice->error();
  return &**choice;
}

}  // namespace ek
