// The Azure clouds: where one signs in and where resources are managed. The one table of them.
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ek {

struct AzureCloud {
  std::string_view name{};              ///< "AzureUSGovernment"
  std::string_view authority{};         ///< "https://login.microsoftonline.us"
  std::string_view resource_manager{};  ///< "https://management.usgovcloudapi.net"
  /// Ends of the hosts of its resources; the public cloud has none here.
  std::span<const std::string_view> suffixes{};
};

/// The cloud that a scope or resource belongs to, by its host; the public one for all others.
const AzureCloud& azure_cloud_of(std::string_view scope) noexcept;

/// The host to sign in at for one of its other names: login.microsoftonline.com for
/// login.windows.net. None for a host that is not Microsoft's.
std::optional<std::string_view> preferred_authority(std::string_view host) noexcept;

/// What an API of version 1 calls the scope: one scope without its "/.default"; several, with
/// spaces between them, as they are.
std::string_view resource_of(std::string_view scope) noexcept;

}  // namespace ek
