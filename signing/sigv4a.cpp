#include "signing/sigv4a.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/credentials_error.hpp"
#include "signing/sigv4_canonical.hpp"

namespace ek {

using namespace sigv4;

namespace {

constexpr std::string_view algorithm = "AWS4-ECDSA-P256-SHA256";

// The order of P-256 less two: what is larger would not become a key by adding one.
constexpr Digest largest_candidate = {
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x4F};

// Looks at all bytes, whatever they are.
bool is_larger(const Digest& a, const Digest& b) noexcept {
  int order = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int here = static_cast<int>(a[i] > b[i]) - static_cast<int>(a[i] < b[i]);
    order += here * static_cast<int>(order == 0);
  }
  return order > 0;
}

void add_one(Digest& number) noexcept {
  unsigned carry = 1;
  for (std::size_t i = number.size(); i-- > 0;) {
    const unsigned sum = number[i] + carry;
    number[i] = static_cast<unsigned char>(sum & 0xFFU);
    carry = sum >> 8U;
  }
}

std::string scope_of(const SigV4aContext& context, std::string_view time) {
  return fmt::format("{}/{}/aws4_request", time.substr(0, 8), context.service);
}

Result<void> finish(Sha256& sha, const EcPrivateKey& key, std::string_view time,
                    SigV4Trace& trace) {
  trace.string_to_sign = string_to_sign(sha, algorithm, time, trace);
  auto signature = key.sign(trace.string_to_sign);
  if (!signature) return std::move(signature).error();
  trace.signature = to_hex(*signature);
  return {};
}

}  // namespace

// SP 800-108 in counter mode, with a second counter inside the label for the next candidate.
Result<EcPrivateKey> derive_sigv4a_key(Sha256& sha, const AwsKeys& keys) {
  const Secret start("AWS4A" + keys.secret_access_key.reveal());
  for (int counter = 1; counter < 255; ++counter) {
    std::string input("\0\0\0\1", 4);
    (input += algorithm) += '\0';
    (input += keys.access_key_id) += static_cast<char>(counter);
    input.append("\0\0\1\0", 4);  // 256 bits are wanted
    Digest candidate = sha.hmac(start.reveal(), input);
    if (is_larger(candidate, largest_candidate)) continue;
    add_one(candidate);
    return EcPrivateKey::from_scalar(candidate);
  }
  return credentials_error("no SigV4a key can be made of this AWS access key");
}

Result<SigV4Trace> sign_sigv4a(Sha256& sha, const SigV4Request& request,
                               const SigV4aContext& context, const EcPrivateKey& key,
                               const SigV4Options& options) {
  const std::string time = sigv4_time(context.time);
  SigV4Trace trace;
  trace.payload_hash = payload_hash(sha, request);
  const bool add_hash = options.content_hash_header && !has_header(request, "x-amz-content-sha256");
  std::vector<Field> fields = fields_to_sign(request, options);
  insert(fields, {"x-amz-date", time});
  insert(fields, {"x-amz-region-set", context.region_set});
  if (!context.session_token.empty() && !options.omit_session_token)
    insert(fields, {"x-amz-security-token", context.session_token});
  if (add_hash) insert(fields, {"x-amz-content-sha256", trace.payload_hash});
  trace.signed_headers = names_of(fields);
  trace.credential_scope = scope_of(context, time);
  trace.canonical_request = canonical_request(request, fields, trace, options, request.query);
  if (auto done = finish(sha, key, time, trace); !done) return std::move(done).error();
  if (!context.session_token.empty())
    trace.headers.push_back({"x-amz-security-token", std::string(context.session_token), true});
  trace.headers.push_back({"x-amz-date", time, false});
  trace.headers.push_back({"x-amz-region-set", std::string(context.region_set), false});
  if (add_hash) trace.headers.push_back({"x-amz-content-sha256", trace.payload_hash, false});
  trace.headers.push_back(
      {"authorization", authorization(algorithm, context.access_key_id, trace), true});
  return trace;
}

Result<SigV4Trace> presign_sigv4a(Sha256& sha, const SigV4Request& request,
                                  const SigV4aContext& context, const EcPrivateKey& key,
                                  std::chrono::seconds lifetime, const SigV4Options& options) {
  if (auto good = check_lifetime(lifetime); !good) return std::move(good).error();
  const std::string time = sigv4_time(context.time);
  SigV4Trace trace;
  trace.payload_hash = payload_hash(sha, request);
  const std::vector<Field> fields = fields_to_sign(request, options);
  trace.signed_headers = names_of(fields);
  trace.credential_scope = scope_of(context, time);
  trace.query = fmt::format(
      "{}{}X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-SignedHeaders={}"
      "&X-Amz-Expires={}&X-Amz-Region-Set={}",
      request.query, request.query.empty() ? "" : "&", algorithm,
      percent_encode(fmt::format("{}/{}", context.access_key_id, trace.credential_scope)), time,
      percent_encode(trace.signed_headers), lifetime.count(), percent_encode(context.region_set));
  const std::string token = context.session_token.empty()
                                ? ""
                                : "&X-Amz-Security-Token=" + percent_encode(context.session_token);
  const std::string signed_query = options.omit_session_token ? trace.query : trace.query + token;
  trace.canonical_request = canonical_request(request, fields, trace, options, signed_query);
  if (auto done = finish(sha, key, time, trace); !done) return std::move(done).error();
  trace.query += token + "&X-Amz-Signature=" + trace.signature;
  return trace;
}

}  // namespace ek
