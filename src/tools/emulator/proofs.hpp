// Who is calling? Each function gives the provider's own refusal, or nothing if the proof holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/emulator/exchange.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {

/// Signature Version 4: the key, its scope, the date (±5 minutes) and the signature over the
/// request and its body. In sigv4_check.cpp.
std::optional<Reply> refuse_aws(Service& service, const Request& request);

/// A Google access token of this emulator, or a JWT that the service account signed itself
/// (AIP-4111). `rpc` is the method's name, "PredictionService.GenerateContent". In
/// google_check.cpp.
std::optional<Reply> refuse_google(Service& service, const Request& request,
                                   std::string_view project, std::string_view rpc);

/// An Azure ML key, or an Entra token for https://ml.azure.com. In azure_ml.cpp.
std::optional<Reply> refuse_azure(Service& service, const Request& request);

/// An error of the AWS services: its code stands in a header, its text in the body.
Reply aws_error(int status, std::string_view code, std::string_view message);
/// A google.rpc.Status; `reason` of an ErrorInfo, or "".
Reply google_error(int status, std::string_view name, std::string_view message,
                   std::string_view reason = {}, std::string_view rpc = {});

/// Claims of a JWT from the service account, taken apart and found to be signed by it.
struct GoogleClaims {
  std::string issuer{}, subject{}, audience{}, scope{};
  std::int64_t issued_at = 0, expires_at = 0;
};
/// Errors: authentication; the message is what Google's token endpoint says.
Result<GoogleClaims> check_google_jwt(const Service& service, std::string_view token);
/// True if the lifetime is at most an hour (and `slack`), has begun and is not over.
bool is_timely(const Service& service, const GoogleClaims& claims, std::int64_t slack_seconds);

inline constexpr std::string_view cloud_platform_scope =
    "https://www.googleapis.com/auth/cloud-platform";
/// True if a space-separated list holds it.
bool has_scope(std::string_view list, std::string_view scope);

}  // namespace ek::emulator
