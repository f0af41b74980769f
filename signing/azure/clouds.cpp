#include "signing/azure/clouds.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/uri.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 3> government = {".azure.us", ".usgovcloudapi.net",
                                                        ".microsoftazure.us"};
constexpr std::array<std::string_view, 2> china = {".azure.cn", ".chinacloudapi.cn"};

constexpr std::array<AzureCloud, 3> clouds = {{
    {"AzureCloud", "https://login.microsoftonline.com", "https://management.azure.com", {}},
    {"AzureUSGovernment", "https://login.microsoftonline.us",
     "https://management.usgovcloudapi.net", government},
    {"AzureChinaCloud", "https://login.partner.microsoftonline.cn",
     "https://management.chinacloudapi.cn", china},
}};

// Instance discovery says the same: GET …/common/discovery/instance?api-version=1.1. Asking it
// costs two round trips before the first token.
struct Alias {
  std::string_view host, preferred;
};
constexpr std::array<Alias, 13> aliases = {{
    {"login.microsoftonline.com", "login.microsoftonline.com"},
    {"login.windows.net", "login.microsoftonline.com"},
    {"login.microsoft.com", "login.microsoftonline.com"},
    {"sts.windows.net", "login.microsoftonline.com"},
    {"login.partner.microsoftonline.cn", "login.partner.microsoftonline.cn"},
    {"login.chinacloudapi.cn", "login.partner.microsoftonline.cn"},
    {"login.microsoftonline.us", "login.microsoftonline.us"},
    {"login.usgovcloudapi.net", "login.microsoftonline.us"},
    {"login.microsoftonline.de", "login.microsoftonline.de"},
    {"login-us.microsoftonline.com", "login-us.microsoftonline.com"},
    {"login.sovcloud-identity.fr", "login.sovcloud-identity.fr"},
    {"login.sovcloud-identity.de", "login.sovcloud-identity.de"},
    {"login.sovcloud-identity.sg", "login.sovcloud-identity.sg"},
}};

std::string host_of(std::string_view scope) {
  const auto begin = scope.find("://");
  if (begin == std::string_view::npos) return {};
  scope.remove_prefix(begin + 3);
  return '.' + to_lower(scope.substr(0, scope.find_first_of("/:")));
}

}  // namespace

const AzureCloud& azure_cloud_of(std::string_view scope) noexcept {
  const std::string host = host_of(scope);
  const auto found = std::find_if(clouds.begin(), clouds.end(), [&](const AzureCloud& cloud) {
    return std::any_of(cloud.suffixes.begin(), cloud.suffixes.end(),
                       [&](std::string_view suffix) { return host.ends_with(suffix); });
  });
  return found == clouds.end() ? clouds.front() : *found;
}

std::optional<std::string_view> preferred_authority(std::string_view host) noexcept {
  const auto found = std::find_if(aliases.begin(), aliases.end(),
                                  [&](const Alias& alias) { return iequals(alias.host, host); });
  if (found == aliases.end()) return std::nullopt;
  return found->preferred;
}

std::string_view resource_of(std::string_view scope) noexcept {
  constexpr std::string_view all_permissions = "/.default";
  if (scope.ends_with(all_permissions) && scope.find(' ') == std::string_view::npos)
    scope.remove_suffix(all_permissions.size());
  return scope;
}

}  // namespace ek
