// The one list of clouds. Adding one: its folder, its public header, an include and a line here.
#include "cloud/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "cloud/azure_ml/entry.hpp"
#include "cloud/family/options.hpp"
#include "cloud/sagemaker/entry.hpp"
#include "cloud/vertex/entry.hpp"
#include "endpoint/cloud.hpp"
#include "endpointkit/endpoint.hpp"

namespace ek {
namespace {

constexpr std::array<CloudEntry, 3> clouds = {{
    {"azureml", azure_ml::open_uri},
    {"sagemaker", sagemaker::open_uri},
    {"vertex", vertex::open_uri},
}};

Result<Endpoint> apply(Result<Endpoint> endpoint, const EndpointOptions& calls,
                       const std::optional<Limits>& limits) {
  if (!endpoint) return endpoint;
  CallDefaults defaults = endpoint->defaults();
  for (const auto& [key, value] : calls) {
    if (auto good = set_call_default(defaults, key, value); !good) return std::move(good).error();
  }
  if (!calls.empty()) endpoint = endpoint->with_defaults(defaults);
  return limits ? endpoint->with_limits(*limits) : std::move(endpoint);
}

Error said_twice(const std::string& key) {
  return {.code = ErrorCode::invalid_request,
          .phase = Phase::request,
          .message = fmt::format("the URI has the option {} twice; say it once", printable(key))};
}

std::string schemes() {
  std::string out;
  for (const CloudEntry& entry : clouds)
    out += fmt::format("{}{}://", out.empty() ? "" : ", ", entry.scheme);
  return out;
}

}  // namespace

bool has_scheme(std::string_view scheme) noexcept {
  return std::any_of(clouds.begin(), clouds.end(),
                     [&](const CloudEntry& entry) { return entry.scheme == scheme; });
}

Result<Endpoint> Client::open(std::string_view text, const Credentials& credentials,
                              const EndpointOptions& options) const {
  auto uri = parse_uri(text);
  if (!uri) return uri.error();
  EndpointOptions all;
  for (const auto& [key, value] : uri->query) {
    if (!all.emplace(key, value).second) return said_twice(key);
  }
  for (const auto& [key, value] : options) all.insert_or_assign(key, value);
  const EndpointOptions calls = take_call_defaults(all);
  const auto limits = take_limits(all);
  if (!limits) return limits.error();
  for (const CloudEntry& entry : clouds) {
    if (entry.scheme != uri->scheme) continue;
    auto cloud = entry.open(*uri, all, environment_of(*this));
    if (!cloud) return cloud.error();
    return apply(make_endpoint(*this, *std::move(cloud), credentials), calls, *limits);
  }
  return Error{.code = ErrorCode::invalid_request,
               .phase = Phase::request,
               .message = fmt::format("no cloud has the scheme \"{}://\"; known are {}",
                                      uri->scheme, schemes())};
}

Result<Endpoint> open(std::string_view uri, const Credentials& credentials,
                      const EndpointOptions& options) {
  return Client().open(uri, credentials, options);
}

}  // namespace ek
