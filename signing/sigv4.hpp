// AWS Signature Version 4: proves that a request was made by the holder of a secret key, without
// sending that key. Pure: the time and everything else is an argument, and each intermediate text
// is a value, so that a refused signature can be compared line by line with the service's own.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/transport.hpp"
#include "endpointkit/secret.hpp"
#include "signing/crypto/sha256.hpp"

namespace ek {

struct AwsKeys {
  std::string access_key_id{};
  Secret secret_access_key{};
  Secret session_token{};  ///< Of temporary keys only.
  bool operator==(const AwsKeys&) const = default;
};

/// What gets signed, as views; `path` and `query` are as sent, percent-encoded.
struct SigV4Request {
  std::string_view method{};
  std::string_view authority{};  ///< host[:port] as sent; not used if `headers` have a Host.
  std::string_view path{};
  std::string_view query{};  ///< Without '?'.
  std::span<const Header> headers{};
  std::string_view body{};
  std::string_view payload_hash{};  ///< If not empty, in place of the hash of `body`.
};

/// Views into `request`. Errors: invalid_request if the URL is not absolute.
Result<SigV4Request> sigv4_request(const HttpRequest& request);

/// True for what AWS demands: host, content-type, x-amz-* and x-amzn-*, but not the trace id, which
/// proxies change.
bool is_demanded_header(std::string_view name) noexcept;
/// True for every header that arrives as it was sent; false for those of one hop, of proxies and
/// of tracing.
bool is_stable_header(std::string_view name) noexcept;

struct SigV4Options {
  bool normalize_path = true;        ///< Removes "." and ".." and empty segments; not for S3.
  bool encode_path = true;           ///< Encodes the sent path once more; not for S3.
  bool content_hash_header = false;  ///< Adds and signs x-amz-content-sha256.
  bool omit_session_token = false;   ///< The token is sent, not signed.
  bool (*signs)(std::string_view name) noexcept = is_demanded_header;
};

using SigV4Key = Digest;

/// Who signs for what and when. Views: the texts must live as long.
struct SigV4Context {
  std::string_view access_key_id{};
  std::string_view session_token{};
  std::string_view region{};
  std::string_view service{};
  std::chrono::sys_seconds time{};
  SigV4Key key{};  ///< derive_sigv4_key() for the same day, region and service.
};

/// The key of one day, one region, one service. Worth keeping: it costs four HMACs.
SigV4Key derive_sigv4_key(Sha256& sha, const Secret& secret_access_key,
                          std::chrono::sys_seconds time, std::string_view region,
                          std::string_view service);
/// A context with its key derived. Lifetime: of the arguments.
SigV4Context make_sigv4_context(Sha256& sha, const AwsKeys& keys, std::string_view region,
                                std::string_view service, std::chrono::sys_seconds time);

/// Everything on the way to a signature.
struct SigV4Trace {
  std::string payload_hash{};
  std::string canonical_request{};
  std::string signed_headers{};    ///< "content-type;host;x-amz-date"
  std::string credential_scope{};  ///< "20261125/eu-west-1/sagemaker/aws4_request"
  std::string string_to_sign{};
  std::string signature{};
  std::vector<Header> headers{};  ///< To add to the request; empty for a presigned one.
  std::string query{};            ///< To send instead of the request's; for a presigned one only.
};

/// Signs by header. An Authorization, X-Amz-Date or X-Amz-Security-Token that is already there is
/// not signed: the new one replaces it.
SigV4Trace sign_sigv4(Sha256& sha, const SigV4Request& request, const SigV4Context& context,
                      const SigV4Options& options = {});

/// Signs by query, for a link that works without keys for `lifetime`.
/// Errors: invalid_request if that is not 1 s to 7 days.
Result<SigV4Trace> presign_sigv4(Sha256& sha, const SigV4Request& request,
                                 const SigV4Context& context, std::chrono::seconds lifetime,
                                 const SigV4Options& options = {});

/// An Authorization header in parts.
struct SigV4Authorization {
  std::string access_key_id{};
  std::string date{};  ///< "20261125"
  std::string region{};
  std::string service{};
  std::vector<std::string> signed_headers{};
  std::string signature{};
};
/// Errors: authentication/credentials, naming the part that is missing.
Result<SigV4Authorization> parse_sigv4_authorization(std::string_view header);

/// The server's side: what the signature of a received request should have been. Equal to
/// `authorization.signature` if the sender has `secret_access_key` and nobody changed the request.
/// Errors: authentication/credentials if a signed header, Host or X-Amz-Date is missing, the days
/// differ or X-Amz-Content-Sha256 is not the body's.
Result<SigV4Trace> recompute_sigv4(Sha256& sha, const SigV4Request& received,
                                   const SigV4Authorization& authorization,
                                   const Secret& secret_access_key,
                                   const SigV4Options& options = {});

/// "20261125T120000Z"
std::string sigv4_time(std::chrono::sys_seconds time);

}  // namespace ek
