// What the AWS services share: partitions, service hosts, the error envelope of restJson1.
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek::aws {

/// The DNS suffix of the partition that a region belongs to; unknown regions belong to "aws".
std::string_view dns_suffix(std::string_view region) noexcept;

/// AWS_REGION, else AWS_DEFAULT_REGION, else "".
std::string region_from_env(const Environment& environment);

/// The endpoint that the variables override: AWS_ENDPOINT_URL_<SERVICE>, else AWS_ENDPOINT_URL,
/// unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true. "" if none. `service` as in the variable:
/// "SAGEMAKER_RUNTIME".
Result<std::string> endpoint_url_from_env(const Environment& environment,
                                          const std::string& service);

/// The error that `head` and `body` tell, or, with a `code` given, that an exception frame tells.
/// The code is looked for in x-amzn-errortype, `code` and `__type`, in this order.
Error explain(const HttpHead& head, std::string_view body);
Error explain_exception(std::string_view type, std::string_view body);

}  // namespace ek::aws
