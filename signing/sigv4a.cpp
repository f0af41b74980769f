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

Scheme scheme_of(const SigV4aContext& context) {
  std::string time = sigv4_time(context.time);
  std::string scope =
      fmt::format("{}/{}/aws4_request", std::string_view(time).substr(0, 8), context.service);
  return {.algorithm = algorithm,
          .access_key_id = context.access_key_id,
          .session_token = context.session_token,
          .region_set = context.region_set,
          .time = std::move(time),
          .credential_scope = std::move(scope)};
}

Result<void> put_signature(const EcPrivateKey& key, SigV4Trace& trace) {
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
  const Scheme scheme = scheme_of(context);
  SigV4Trace trace = begin_headers(sha, request, scheme, options);
  if (auto done = put_signature(key, trace); !done) return std::move(done).error();
  end_headers(request, scheme, options, trace);
  return trace;
}

Result<SigV4Trace> presign_sigv4a(Sha256& sha, const SigV4Request& request,
                                  const SigV4aContext& context, const EcPrivateKey& key,
                                  std::chrono::seconds lifetime, const SigV4Options& options) {
  const Scheme scheme = scheme_of(context);
  auto trace = begin_query(sha, request, scheme, lifetime, options);
  if (!trace) return trace;
  if (auto done = put_signature(key, *trace); !done) return std::move(done).error();
  end_query(scheme, *trace);
  return trace;
}

}  // namespace ek
