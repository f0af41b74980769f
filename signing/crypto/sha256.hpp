// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104). One object reuses its OpenSSL context: looking
// the algorithm up anew costs more than hashing a kibibyte.
#pragma once

#include <array>
#include <string_view>

namespace ek {

using Digest = std::array<unsigned char, 32>;

/// The bytes of a digest. Lifetime: that of `digest`.
std::string_view view(const Digest& digest) noexcept;

/// One thread at a time. Runs out of memory like the standard library does: std::bad_alloc.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Digest hash(std::string_view bytes);
  Digest hmac(std::string_view key, std::string_view bytes);

 private:
  Digest hash(std::string_view head, std::string_view tail);

  void* context_;  // EVP_MD_CTX, which stays this folder's secret
};

}  // namespace ek
