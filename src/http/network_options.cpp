#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "endpointkit/network.hpp"
#include "http/proxy.hpp"

namespace ek {
namespace {

using std::chrono::seconds;

// What libcurl takes as an int of the system's.
constexpr seconds longest_keep_alive{32'767};
constexpr seconds longest_life = std::chrono::hours(24 * 366);
constexpr std::string_view pin_prefix = "sha256//";
constexpr std::size_t sha256_size = 32;

Error refuse(std::string message) {
  return {
      .code = ErrorCode::invalid_request, .phase = Phase::request, .message = std::move(message)};
}

bool is_clean(std::string_view text) {
  return text.find_first_of(std::string_view(" \t\r\n\0", 5)) == std::string_view::npos;
}

bool is_host(std::string_view text) {
  const bool bracketed = text.starts_with('[') && text.ends_with(']');
  const bool plain = text.find_first_of(":/,=@[]") == std::string_view::npos;
  return is_clean(text) && (bracketed || plain);
}

bool is_pin(std::string_view text) {
  if (!text.starts_with(pin_prefix)) return false;
  const auto digest = base64_decode(text.substr(pin_prefix.size()));
  return digest && digest->size() == sha256_size;
}

Result<void> check_proxy(const NetworkOptions& options) {
  if (!options.proxy_password.empty() && options.proxy_user.empty())
    return refuse("the option proxy_password is set without proxy_user");
  const std::string& password = options.proxy_password.reveal();
  if (options.proxy_user.find_first_of(":\r\n") != std::string::npos ||
      password.find_first_of("\r\n") != std::string::npos) {
    return refuse(
        "the options proxy_user and proxy_password take no line break, proxy_user no colon");
  }
  if (!options.proxy || options.proxy->empty()) return {};
  const auto proxy = parse_proxy(*options.proxy, "the option proxy");
  if (!proxy) return proxy.error();
  if (options.proxy->find('@') == std::string::npos) return {};
  return refuse(fmt::format(
      "the option proxy ({}) holds a user name or password: give them as proxy_user and "
      "proxy_password, which no message repeats",
      proxy->url));
}

Result<void> check_identity(const TlsIdentity& identity) {
  if (!identity.file.empty() && !identity.pem.empty())
    return refuse("the client certificate is given as a file and as text; give one of them");
  if (identity.file.empty() && !identity.key_file.empty())
    return refuse("the option certificate_key_file needs certificate_file beside it");
  if (identity.empty() && !identity.key_password.empty())
    return refuse("the option certificate_key_password is set, but there is no client certificate");
  const std::string& pem = identity.pem.reveal();
  if (identity.pem.empty()) return {};
  if (pem.find("-----BEGIN CERTIFICATE-----") != std::string::npos &&
      pem.find("PRIVATE KEY-----") != std::string::npos) {
    return {};
  }
  return refuse("the option certificate_pem wants PEM text with a certificate and its private key");
}

Result<void> check_pin(const PinnedKey& pin) {
  if (is_host(pin.host) && is_pin(pin.key)) return {};
  return refuse(fmt::format(
      "the option pinned_keys wants [HOST=]sha256//BASE64 (of 32 bytes), got \"{}{}{}\"",
      printable(pin.host), pin.host.empty() ? "" : "=", printable(clip(pin.key, 80))));
}

std::string text_of(const Route& route) {
  const auto port = [](int number) { return number != 0 ? std::to_string(number) : ""; };
  return fmt::format("{}:{}:{}:{}", route.host, port(route.port), route.to, port(route.to_port));
}

// `written` is the route as its author wrote it.
Result<void> check_route(const Route& route, std::string_view written) {
  const auto is_port = [](int port) { return port >= 0 && port <= 65535; };
  if (!route.to.empty() && is_host(route.host) && is_host(route.to) && is_port(route.port) &&
      is_port(route.to_port)) {
    return {};
  }
  return refuse(fmt::format(
      "the option routes wants HOST:PORT:TO[:PORT], HOST and the ports may be empty and IPv6 "
      "addresses stand in brackets; got \"{}\"",
      printable(clip(written, 200))));
}

Error wrong_duration(std::string_view name, seconds least, seconds most, std::string_view got) {
  return refuse(fmt::format("the option {} wants a number of seconds from {} to {}, got {}", name,
                            least.count(), most.count(), got));
}

struct DurationOption {
  std::string_view name;
  seconds NetworkOptions::*member;
  seconds least, most;
};
constexpr std::array durations = {
    DurationOption{"keep_alive", &NetworkOptions::keep_alive, seconds(0), longest_keep_alive},
    DurationOption{"max_idle", &NetworkOptions::max_idle, seconds(1), longest_life},
    DurationOption{"max_age", &NetworkOptions::max_age, seconds(0), longest_life},
};

Result<void> check_durations(const NetworkOptions& options) {
  for (const DurationOption& option : durations) {
    const seconds value = options.*option.member;
    if (value < option.least || value > option.most)
      return wrong_duration(option.name, option.least, option.most, std::to_string(value.count()));
  }
  return {};
}

// Everything up to `end`, which is dropped; of an address in brackets no colon ends it.
std::string_view take(std::string_view& text, char end) {
  const auto bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const auto at = text.find(end, bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

long long number_in(std::string_view text) {
  long long number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

int port_in(std::string_view text) {
  const long long port = text.empty() ? 0 : number_in(text);
  return port <= 65535 ? static_cast<int>(port) : -1;
}

Route route_in(std::string_view text) {
  Route route;
  route.host = take(text, ':');
  route.port = port_in(take(text, ':'));
  route.to = take(text, ':');
  route.to_port = port_in(text);
  return route;
}

PinnedKey pin_in(std::string_view text) {
  const auto key = text.find(pin_prefix);
  if (key == std::string_view::npos || key == 0 || text[key - 1] != '=')
    return {.host = "", .key = std::string(text)};
  return {.host = std::string(text.substr(0, key - 1)), .key = std::string(text.substr(key))};
}

// What a number or a route has become does not show any more what was written.
Result<void> check_text(std::string_view name, std::string_view value) {
  const std::string got = fmt::format("\"{}\"", printable(clip(value, 40)));
  for (const DurationOption& option : durations) {
    if (name != std::string(option.name) + "_s" || number_in(value) >= 0) continue;
    return wrong_duration(option.name, option.least, option.most, got);
  }
  if (name == "max_buffered_bytes" && number_in(value) <= 0)
    return refuse(
        fmt::format("the option {} wants a number of bytes, at least 1, got {}", name, got));
  if (name != "routes") return {};
  while (!value.empty()) {
    const std::string_view item = trim(take(value, ','));
    if (auto good = check_route(route_in(item), item); !good) return good;
  }
  return {};
}

template <class Item, Item (*item_in)(std::string_view)>
std::vector<Item> list_in(std::string_view text) {
  std::vector<Item> items;
  while (!text.empty()) items.push_back(item_in(trim(take(text, ','))));
  return items;
}

seconds seconds_in(std::string_view text) { return seconds(number_in(text)); }

HttpVersion version_in(std::string_view text, bool& known) {
  known = text == "auto" || text == "1.1" || text == "2";
  if (text == "auto") return HttpVersion::automatic;
  return text == "2" ? HttpVersion::http2 : HttpVersion::http1;
}

using Text = std::string_view;
struct Name {
  Text text;
  void (*set)(NetworkOptions& options, Text value);
};
constexpr std::array names = {
    Name{"proxy", [](NetworkOptions& o, Text v) { o.proxy = v; }},
    Name{"proxy_user", [](NetworkOptions& o, Text v) { o.proxy_user = v; }},
    Name{"proxy_password",
         [](NetworkOptions& o, Text v) { o.proxy_password = Secret(std::string(v)); }},
    Name{"no_proxy", [](NetworkOptions& o, Text v) { o.no_proxy = v; }},
    Name{"ca_file", [](NetworkOptions& o, Text v) { o.ca_file = v; }},
    Name{"certificate_file", [](NetworkOptions& o, Text v) { o.client_certificate.file = v; }},
    Name{"certificate_key_file",
         [](NetworkOptions& o, Text v) { o.client_certificate.key_file = v; }},
    Name{"certificate_pem",
         [](NetworkOptions& o, Text v) { o.client_certificate.pem = Secret(std::string(v)); }},
    Name{"certificate_key_password",
         [](NetworkOptions& o, Text v) {
           o.client_certificate.key_password = Secret(std::string(v));
         }},
    Name{"pinned_keys",
         [](NetworkOptions& o, Text v) { o.pinned_keys = list_in<PinnedKey, pin_in>(v); }},
    Name{"routes", [](NetworkOptions& o, Text v) { o.routes = list_in<Route, route_in>(v); }},
    Name{"keep_alive_s", [](NetworkOptions& o, Text v) { o.keep_alive = seconds_in(v); }},
    Name{"max_idle_s", [](NetworkOptions& o, Text v) { o.max_idle = seconds_in(v); }},
    Name{"max_age_s", [](NetworkOptions& o, Text v) { o.max_age = seconds_in(v); }},
    Name{"max_buffered_bytes",
         [](NetworkOptions& o, Text v) {
           o.max_buffered_bytes = static_cast<std::size_t>(std::max(number_in(v), 0LL));
         }},
};

// An option that only means something beside another may be set before it.
Result<void> check_alone(const NetworkOptions& options, std::string_view name) {
  NetworkOptions alone = options;
  if (name == "proxy_password" && alone.proxy_user.empty()) alone.proxy_user = "user";
  if (name.starts_with("certificate_key_") && alone.client_certificate.empty())
    alone.client_certificate.file = "file";
  return check_network_options(alone);
}

}  // namespace

Result<void> check_network_options(const NetworkOptions& options) {
  if (auto good = check_proxy(options); !good) return good;
  if (auto good = check_identity(options.client_certificate); !good) return good;
  for (const PinnedKey& pin : options.pinned_keys) {
    if (auto good = check_pin(pin); !good) return good;
  }
  for (const Route& route : options.routes) {
    if (auto good = check_route(route, text_of(route)); !good) return good;
  }
  if (options.max_buffered_bytes == 0)
    return refuse("the option max_buffered_bytes wants a number of bytes, at least 1");
  return check_durations(options);
}

Result<void> set_network_option(NetworkOptions& options, std::string_view name,
                                std::string_view value) {
  if (name == "http_version") {
    bool known = false;
    options.http_version = version_in(value, known);
    if (known) return {};
    return refuse(fmt::format("the option http_version wants auto, 1.1 or 2, got \"{}\"",
                              printable(clip(value, 40))));
  }
  for (const Name& option : names) {
    if (option.text != name) continue;
    if (auto good = check_text(name, value); !good) return good;
    option.set(options, value);
    return check_alone(options, name);
  }
  return refuse(fmt::format("there is no network option \"{}\"; known are {}",
                            printable(clip(name, 60)), network_option_names()));
}

std::string network_option_names() {
  std::string list;
  for (const Name& option : names) list += std::string(option.text) + ", ";
  return list + "http_version";
}

}  // namespace ek
