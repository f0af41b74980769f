#include <string_view>

#include "capi/capi.hpp"
#include "cloud/registry.hpp"
#include "dialect/dialect.hpp"
#include "endpointkit/version.hpp"

namespace {

constexpr std::string_view kScheme = "scheme.";
constexpr std::string_view kDialect = "dialect.";

}  // namespace

const char* epk_version(void) { return ENDPOINTKIT_VERSION; }

int epk_has_feature(const char* name) {
  if (name == nullptr) return 0;
  const std::string_view feature(name);
  if (feature.starts_with(kScheme)) return ek::has_scheme(feature.substr(kScheme.size())) ? 1 : 0;
  if (feature.starts_with(kDialect)) {
    return ek::dialect::find(feature.substr(kDialect.size())) != nullptr ? 1 : 0;
  }
  return feature == "chat.stream" || feature == "invoke.stream" ? 1 : 0;
}
