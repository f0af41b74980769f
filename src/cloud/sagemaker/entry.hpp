#pragma once

#include "endpoint/cloud.hpp"

namespace ek::sagemaker {

/// sagemaker://REGION/ENDPOINT
Result<std::unique_ptr<Cloud>> open_uri(const Uri& uri, const EndpointOptions& options,
                                        const Environment& environment);

}  // namespace ek::sagemaker
