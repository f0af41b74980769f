// Workloads at AWS: the token is a signed GetCallerIdentity request, which Google sends to AWS to
// learn who asks. https://google.aip.dev/auth/4117
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "signing/google/subject_token.hpp"
#include "signing/sigv4.hpp"

namespace ek {

/// Of a source with "environment_id". The region and the keys are those of the variables AWS_REGION
/// or AWS_DEFAULT_REGION, and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; else
/// the keys of the ECS task or EKS pod; else those of the metadata service of EC2 that the file
/// names.
Result<SubjectSource> read_aws_source(const JsonObject& source, const SubjectPurpose& purpose);

/// The percent-encoded JSON of the signed request. `verification_url` has {region} in it. Pure.
/// The audience goes along unsigned, as in Google's libraries for Python and JavaScript.
/// Errors: authentication/credentials for a region that cannot be part of a host.
Result<Secret> make_aws_subject_token(const AwsKeys& keys, std::string_view region,
                                      std::string_view verification_url, std::string_view audience,
                                      std::chrono::sys_seconds time);

}  // namespace ek
