// What the AWS services share: options for their hosts, the error envelope of restJson1.
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek::aws {

/// AWS_REGION, else AWS_DEFAULT_REGION, else "".
std::string region_from_env(const Environment& environment);

/// Where `service` ("sagemaker-runtime") answers, as the options base_url, use_fips and
/// use_dualstack, the environment and the region say, in this order.
/// Errors: invalid_request, naming the option or variable that is wrong.
Result<std::string> base_url(std::string_view service, std::string_view region,
                             const EndpointOptions& options, const Environment& environment);

/// The error that `head` and `body` tell, or, with a `code` given, that an exception frame tells.
/// The code is looked for in x-amzn-errortype, `code` and `__type`, in this order.
Error explain(const HttpHead& head, std::string_view body);
Error explain_exception(std::string_view type, std::string_view body);

}  // namespace ek::aws
