#include "signing/crypto/sha256.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <new>

namespace ek {
namespace {

constexpr std::size_t block_bytes = 64;

EVP_MD_CTX* evp(void* context) noexcept { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

std::string_view view(const Digest& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr) throw std::bad_alloc();
  if (EVP_DigestInit_ex(evp(context_), EVP_sha256(), nullptr) != 1) {
    EVP_MD_CTX_free(evp(context_));
    throw std::bad_alloc();
  }
}

Sha256::~Sha256() { EVP_MD_CTX_free(evp(context_)); }

Digest Sha256::hash(std::string_view head, std::string_view tail) {
  Digest digest;
  // A null algorithm restarts the one that is there, without a lookup.
  const bool good =
      EVP_DigestInit_ex(evp(context_), nullptr, nullptr) == 1 &&
      EVP_DigestUpdate(evp(context_), head.data(), head.size()) == 1 &&
      (tail.empty() || EVP_DigestUpdate(evp(context_), tail.data(), tail.size()) == 1) &&
      EVP_DigestFinal_ex(evp(context_), digest.data(), nullptr) == 1;
  if (!good) throw std::bad_alloc();
  return digest;
}

Digest Sha256::hash(std::string_view bytes) { return hash(bytes, {}); }

// By hand: EVP_MAC takes more than twice as long for the short texts that signatures are made of.
Digest Sha256::hmac(std::string_view key, std::string_view bytes) {
  std::array<char, block_bytes> pad{};
  if (key.size() > block_bytes) {
    const Digest short_key = hash(key);
    std::copy(short_key.begin(), short_key.end(), pad.begin());
  } else {
    std::copy(key.begin(), key.end(), pad.begin());
  }
  for (char& c : pad) c = static_cast<char>(c ^ 0x36);
  const std::string_view padded(pad.data(), pad.size());
  const Digest inner = hash(padded, bytes);
  for (char& c : pad) c = static_cast<char>(c ^ 0x36 ^ 0x5c);
  const Digest outer = hash(padded, view(inner));
  for (volatile char& c : pad) c = 0;
  return outer;
}

}  // namespace ek
