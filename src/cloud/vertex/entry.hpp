#pragma once

#include "endpoint/cloud.hpp"

namespace ek::vertex {

/// vertex://PROJECT/LOCATION/ENDPOINT-ID or vertex://PROJECT/LOCATION/publishers/PUB/models/MODEL
Result<std::unique_ptr<Cloud>> open_uri(const Uri& uri, const EndpointOptions& options,
                                        const Environment& environment);

/// The host that serves a location (v1 and v1beta1 alike).
std::string host_of(std::string_view location);

}  // namespace ek::vertex
