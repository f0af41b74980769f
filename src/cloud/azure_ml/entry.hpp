#pragma once

#include "endpoint/cloud.hpp"

namespace ek::azure_ml {

/// azureml://HOST/PATH
Result<std::unique_ptr<Cloud>> open_uri(const Uri& uri, const EndpointOptions& options,
                                        const Environment& environment);

/// The Entra scope of a host, or "" for a host of no known family: a token must not go to
/// strangers.
std::string scope_of(std::string_view host);

}  // namespace ek::azure_ml
