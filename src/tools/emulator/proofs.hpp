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

/// The same for any service by its signing name: the keys that signed.
/// Errors: authentication, with the status, code and message that AWS gives.
Result<IssuedKeys> check_sigv4(Service& service, const Request& request, std::string_view name);

/// A Google access token of this emulator, or a JWT that the service account signed itself
/// (AIP-4111). `rpc` is the method's name, "PredictionService.GenerateContent". In
/// google_check.cpp.
std::optional<Reply> refuse_google(Service& service, const Request& request,
                                   std::string_view project, std::string_view rpc);

/// An Azure ML key, or an Entra token for https://ml.azure.com. In azure_ml.cpp.
std::optional<Reply> refuse_azure(Service& service, const Request& request);

/// A token of the emulated workload: what Kubernetes or a CI service would give it, signed with the
/// emulator's RSA key. In workload.cpp.
std::string workload_token(const Service& service, std::string_view audience);
/// Errors: authentication, saying what is wrong with it: no such issuer or subject, the signature,
/// the audience, the time (then `reason` is "expired").
Result<void> check_workload_token(const Service& service, std::string_view token,
                                  std::string_view audience);
/// Who it speaks of.
inline constexpr std::string_view workload_subject = "system:serviceaccount:default:emulated";

/// New temporary keys of `arn`, which are good from now on. In workload.cpp.
IssuedKeys issue_aws_keys(Service& service, std::string arn, std::chrono::seconds lifetime);
/// The one role that may be had.
inline constexpr std::string_view emulated_role = "arn:aws:iam::123456789012:role/emulated-role";

/// A new sign-in of IAM Identity Center. In sso.cpp.
std::string issue_sso_token(Service& service, std::chrono::seconds lifetime);

/// True for a resource that the emulated tenant knows. In entra.cpp.
bool is_entra_resource(std::string_view resource);
/// The file whose content Azure Arc's agent wants to see. It is not written: only root could.
inline constexpr std::string_view arc_key_file = "/var/opt/azcmagent/tokens/emulator.key";

/// A new access token of Google, or of Entra for the resource of `scope`; counted. In
/// google_token.cpp and entra.cpp.
std::string issue_google_token(Service& service, const std::string& scope);
std::string issue_entra_token(Service& service, std::string_view scope);
/// What is wrong with a client assertion of the Entra application, as AADSTS number and text; none
/// if it is good. In entra_assertion.cpp.
struct EntraRefusal {
  int status;
  std::string_view error;
  int code;
  std::string text;
};
std::optional<EntraRefusal> refuse_assertion(Service& service, const Request& request,
                                             std::string_view assertion);

/// An error of the AWS services: its code stands in a header, its text in the body.
Reply aws_error(int status, std::string_view code, std::string_view message);
/// The same inside an event stream: a whole message. In sagemaker.cpp.
std::string aws_exception_message(std::string_view type, std::string_view payload);
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
