#include "signing/crypto/sha1.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace ek {

std::string sha1(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    throw std::bad_alloc();
  return {digest.begin(), digest.begin() + size};
}

}  // namespace ek
