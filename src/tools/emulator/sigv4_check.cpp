#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "signing/sigv4.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"

namespace ek::emulator {
namespace {

constexpr auto tolerance = std::chrono::minutes(5);

struct AwsRefusal {
  int status;
  std::string code;
  std::string message;
};

AwsRefusal bad_signature(std::string message) {
  return {403, "InvalidSignatureException", std::move(message)};
}

std::optional<AwsRefusal> refuse_key(const Service& service, const Request& request,
                                     const std::optional<IssuedKeys>& known) {
  const std::string token(request.header("X-Amz-Security-Token"));
  if (!known || Secret(token) != known->keys.session_token) {
    return AwsRefusal{403, "UnrecognizedClientException",
                      "The security token included in the request is invalid."};
  }
  if (known->expiry > service.options.now()) return std::nullopt;
  return AwsRefusal{403, "ExpiredTokenException",
                    "The security token included in the request is expired"};
}

std::optional<AwsRefusal> refuse_scope(const std::string& region, std::string_view signing_name,
                                       const Request& request,
                                       const SigV4Authorization& authorization) {
  if (authorization.service != signing_name) {
    return bad_signature(
        fmt::format("Credential should be scoped to correct service: '{}'. ", signing_name));
  }
  if (authorization.region != region) {
    return bad_signature(fmt::format("Credential should be scoped to a valid region, not '{}'. ",
                                     printable(clip(authorization.region, 64))));
  }
  const auto is_signed = [&](std::string_view name) {
    return std::any_of(authorization.signed_headers.begin(), authorization.signed_headers.end(),
                       [&](const auto& header) { return iequals(header, name); });
  };
  if (!is_signed("host")) {
    return bad_signature(
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const Header& header : request.headers) {
    if (to_lower(header.name).starts_with("x-amz-") && !is_signed(header.name)) {
      return bad_signature(fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.",
                                       printable(header.name)));
    }
  }
  return std::nullopt;
}

// Times of this format sort like their texts.
std::optional<AwsRefusal> refuse_date(const Service& service, std::string_view date) {
  const auto now = std::chrono::floor<std::chrono::seconds>(service.options.now());
  const std::string oldest = sigv4_time(now - tolerance);
  const std::string newest = sigv4_time(now + tolerance);
  if (date < oldest) {
    return bad_signature(fmt::format("Signature expired: {} is now earlier than {} ({} - 5 min.)",
                                     date, oldest, sigv4_time(now)));
  }
  if (date > newest) {
    return bad_signature(
        fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)", date,
                    newest, sigv4_time(now)));
  }
  return std::nullopt;
}

std::optional<AwsRefusal> refuse_signature(const Request& request,
                                           const SigV4Authorization& authorization,
                                           const AwsKeys& keys) {
  Sha256 sha;
  // Of the body that came, whatever hash a header claims.
  const std::string hash = to_hex(view(sha.hash(request.body)));
  const SigV4Request received{.method = request.method,
                              .authority = request.header("Host"),
                              .path = request.path,
                              .query = request.query,
                              .headers = request.headers,
                              .body = request.body,
                              .payload_hash = hash};
  const auto expected = recompute_sigv4(sha, received, authorization, keys.secret_access_key);
  if (!expected) return bad_signature(expected.error().message);
  if (Secret(expected->signature) == Secret(authorization.signature)) return std::nullopt;
  return bad_signature(
      fmt::format("The request signature we calculated does not match the signature you provided. "
                  "Check your AWS Secret Access Key and signing method. Consult the service "
                  "documentation for details.\n\nThe Canonical String for this request should have "
                  "been\n'{}'\n\nThe String-to-Sign should have been\n'{}'\n",
                  expected->canonical_request, expected->string_to_sign));
}

}  // namespace

Reply aws_error(int status, std::string_view code, std::string_view message) {
  Reply reply{.status = status, .body = to_text(nlohmann::json{{"message", message}})};
  reply.headers = {{"x-amzn-RequestId", random_uuid()},
                   {"x-amzn-ErrorType", std::string(code) + ":http://internal.amazon.com/coral/"
                                                            "com.amazon.coral.service/"}};
  return reply;
}

Result<IssuedKeys> check_sigv4(Service& service, const Request& request, std::string_view name) {
  const auto no = [](const AwsRefusal& refusal) {
    return Error{.code = ErrorCode::authentication,
                 .message = refusal.message,
                 .http_status = refusal.status,
                 .provider_code = refusal.code};
  };
  const std::string_view header = request.header("Authorization");
  if (header.empty())
    return no({403, "MissingAuthenticationTokenException", "Missing Authentication Token"});
  const auto authorization = parse_sigv4_authorization(header);
  if (!authorization) {
    return no({403, "IncompleteSignatureException",
               "The request signature does not conform to AWS standards: " +
                   authorization.error().message});
  }
  const std::string_view date = request.header("X-Amz-Date");
  if (date.empty()) {
    return no({403, "IncompleteSignatureException",
               "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
               "header."});
  }
  auto known = service.aws_keys.find(authorization->access_key_id);
  if (auto refusal = refuse_key(service, request, known)) return no(*refusal);
  if (auto refusal = refuse_scope(service.options.region, name, request, *authorization))
    return no(*refusal);
  if (auto refusal = refuse_date(service, date)) return no(*refusal);
  if (auto refusal = refuse_signature(request, *authorization, known->keys)) return no(*refusal);
  return *std::move(known);
}

std::optional<Reply> refuse_aws(Service& service, const Request& request) {
  const auto known = check_sigv4(service, request, "sagemaker");
  if (known) return std::nullopt;
  return aws_error(known.error().http_status, known.error().provider_code, known.error().message);
}

}  // namespace ek::emulator
