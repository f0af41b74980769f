#include "capi/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>

#include "capi/credentials.hpp"

namespace ek::capi {
namespace {

constexpr unsigned kEveryone = of_client | of_endpoint | of_call | of_invoke;
constexpr unsigned kCalls = of_call | of_invoke;
constexpr std::string_view kClient = "client.";
constexpr std::string_view kHeader = "header.";
constexpr std::string_view kUri = "uri";

constexpr std::array<Key, 3> kKeys{{
    {"client.user_agent_suffix", of_client, is_text, ""},
    {"invoke.accept", of_invoke, is_text, ""},
    {"invoke.content_type", of_invoke, is_text, ""},
}};

const Key* find_key(std::string_view name) {
  for (const std::span<const Key> table : {std::span<const Key>(kKeys), credentials_keys()}) {
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const Key& key) { return key.name == name; });
    if (found != table.end()) return &*found;
  }
  return nullptr;
}

bool is_endpoint_key(std::string_view name) {
  return !name.empty() && name.find('.') == std::string_view::npos;
}

bool is_call_default(std::string_view name) { return is_listed(name, call_default_keys()); }

// "client." and the name of a network option.
bool is_network_key(std::string_view name) {
  return name.starts_with(kClient) && find_key(name) == nullptr;
}

bool is_header_key(std::string_view name) {
  return name.starts_with(kHeader) && name.size() > kHeader.size();
}

unsigned takers_of(std::string_view name) {
  if (is_endpoint_key(name)) return of_endpoint;
  if (is_header_key(name)) return kCalls;
  if (is_call_default(name)) return kEveryone;
  if (is_network_key(name)) return of_client;
  const Key* key = find_key(name);
  return key != nullptr ? key->takers : 0;
}

std::string known_keys() {
  std::string list = call_default_keys() + ", ";
  for (const Key& key : kKeys) list += std::string(key.name) + ", ";
  for (const Key& key : credentials_keys()) list += std::string(key.name) + ", ";
  list += "client.* for each of " + network_option_names() + "; ";
  return list + "header.<Name>, uri, and keys without a dot that the endpoint's cloud knows";
}

// Throws for a key that nobody takes or a value that does not fit it. Secrets are not repeated.
void check(std::string_view name, std::string_view value) {
  if (is_endpoint_key(name) || is_header_key(name)) return;
  if (is_call_default(name)) {
    CallDefaults scratch;
    set_call_default(scratch, name, value).value();
    return;
  }
  if (is_network_key(name)) {
    NetworkOptions scratch;
    set_network_option(scratch, name.substr(kClient.size()), value).value();
    return;
  }
  const Key* key = find_key(name);
  if (key == nullptr) {
    refuse(fmt::format("unknown option \"{}\"; known are: {}", name, known_keys()));
  }
  if (!key->fits(value, key->wanted)) {
    refuse(fmt::format("option {} wants {}, not \"{}\"", name, key->wanted, value.substr(0, 40)));
  }
}

const std::string* find(const epk_options* options, std::string_view key) {
  if (options == nullptr) return nullptr;
  const auto found = options->values.find(key);
  return found != options->values.end() ? &found->second.reveal() : nullptr;
}

std::string value_or(const epk_options* options, std::string_view key,
                     const std::string& fallback = {}) {
  const std::string* value = find(options, key);
  return value != nullptr ? *value : fallback;
}

// True if any was set.
bool set_call_defaults(CallDefaults& defaults, const epk_options* options) {
  bool any = false;
  if (options == nullptr) return any;
  for (const auto& [key, value] : options->values) {
    if (!is_call_default(key)) continue;
    set_call_default(defaults, key, value.reveal()).value();
    any = true;
  }
  return any;
}

void set_network(NetworkOptions& network, const epk_options& options) {
  for (const auto& [key, value] : options.values) {
    if (!is_network_key(key)) continue;
    set_network_option(network, key.substr(kClient.size()), value.reveal()).value();
  }
}

}  // namespace

std::int64_t to_number(std::string_view text) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

bool is_text(std::string_view, std::string_view) { return true; }

bool is_listed(std::string_view value, std::string_view wanted) {
  constexpr std::array<std::string_view, 2> separators = {", ", " or "};
  const auto before = [&](std::size_t at) {
    return at == 0 || std::any_of(separators.begin(), separators.end(), [&](std::string_view text) {
             return wanted.substr(0, at).ends_with(text);
           });
  };
  const auto after = [&](std::string_view rest) {
    return rest.empty() ||
           std::any_of(separators.begin(), separators.end(),
                       [&](std::string_view text) { return rest.starts_with(text); });
  };
  if (value.empty()) return false;
  for (auto at = wanted.find(value); at != std::string_view::npos;
       at = wanted.find(value, at + 1)) {
    if (before(at) && after(wanted.substr(at + value.size()))) return true;
  }
  return false;
}

bool is_duration(std::string_view value, std::string_view) {
  const std::int64_t number = to_number(value);
  return number >= 0 && number <= kLongWaitMs;
}

void refuse_foreign_keys(const epk_options* options, unsigned takers, const char* function) {
  if (options == nullptr) return;
  for (const auto& [key, value] : options->values) {
    if ((takers_of(key) & takers) == 0) refuse(fmt::format("{} takes no option {}", function, key));
  }
}

ClientOptions client_options(const epk_options* options) {
  ClientOptions client;
  CallDefaults defaults;
  set_call_defaults(defaults, options);
  client.timeouts = defaults.timeouts;
  client.retry = defaults.retry;
  client.on_cancel = defaults.on_cancel;
  if (options != nullptr) set_network(client.network, *options);
  client.user_agent_suffix = value_or(options, "client.user_agent_suffix");
  return client;
}

EndpointOptions endpoint_options(const epk_options* options) {
  EndpointOptions chosen;
  if (options == nullptr) return chosen;
  for (const auto& [key, value] : options->values) {
    const bool ours = is_endpoint_key(key) ? key != kUri : is_call_default(key);
    if (ours) chosen.emplace(key, value.reveal());
  }
  return chosen;
}

std::string uri_option(const epk_options* options) { return value_or(options, kUri); }

CallOptions call_options(const epk_options* options, const epk_endpoint& endpoint) {
  CallOptions call;
  if (options == nullptr) return call;
  CallDefaults defaults = endpoint.endpoint.defaults();
  if (set_call_defaults(defaults, options)) {
    call.timeouts = defaults.timeouts;
    call.retry = defaults.retry;
    call.on_cancel = defaults.on_cancel;
  }
  for (const auto& [key, value] : options->values) {
    if (!is_header_key(key)) continue;
    call.headers.push_back(
        {.name = key.substr(kHeader.size()), .value = value.reveal(), .sensitive = true});
  }
  return call;
}

InvokeRequest invoke_request(std::string_view body, const epk_options* options) {
  InvokeRequest request;
  request.body = body;
  request.content_type = value_or(options, "invoke.content_type", request.content_type);
  request.accept = value_or(options, "invoke.accept");
  return request;
}

}  // namespace ek::capi

using namespace ek::capi;

epk_status epk_options_new(epk_options** options, epk_error** error) {
  return guard(error, [&] {
    out(options, "options") = new epk_options{};
    return EPK_OK;
  });
}

void epk_options_free(epk_options* options) { delete options; }

epk_status epk_options_set(epk_options* options, const char* key, const char* value,
                           size_t value_length, epk_error** error) {
  return guard(error, [&] {
    auto& values = require(options, "options").values;
    const std::string_view name(&require(key, "key"));
    const std::string_view text = text_in(value, value_length, "value");
    check(name, text);
    values.insert_or_assign(std::string(name), ek::Secret(std::string(text)));
    return EPK_OK;
  });
}
