#include "signing/crypto/ec.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <array>
#include <utility>

#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::size_t number_size = 32;
constexpr std::size_t point_size = 1 + 2 * number_size;  // uncompressed: 0x04, x, y (SEC1 §2.3.3)
using Point = std::array<unsigned char, point_size>;

template <typename T, void (*Free)(T*)>
struct Freed {
  void operator()(T* object) const noexcept { Free(object); }
};
using Pkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BIGNUM, BN_clear_free>>;
using Group = std::unique_ptr<EC_GROUP, Freed<EC_GROUP, EC_GROUP_free>>;
using CurvePoint = std::unique_ptr<EC_POINT, Freed<EC_POINT, EC_POINT_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM, OSSL_PARAM_free>>;
using DerSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG, ECDSA_SIG_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;

EVP_PKEY* evp(const std::shared_ptr<void>& key) noexcept {
  return static_cast<EVP_PKEY*>(key.get());
}
std::shared_ptr<void> share(Pkey key) {
  return {key.release(), [](void* pkey) { EVP_PKEY_free(static_cast<EVP_PKEY*>(pkey)); }};
}
const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Error bad_key(std::string_view why) {
  ERR_clear_error();
  return credentials_error("expected a key on the curve P-256, but " + std::string(why));
}

// Null if the numbers make no key. `scalar` is null for a public key.
Pkey make_key(const Point& point, const BIGNUM* scalar) {
  const Builder builder(OSSL_PARAM_BLD_new());
  const bool built =
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) == 1 &&
      (scalar == nullptr ||
       OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1);
  if (!built) return nullptr;
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  const int selection = scalar == nullptr ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
  const bool made = EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &key, selection, parameters.get()) == 1;
  return Pkey(made ? key : nullptr);
}

// The scalar times the base point; false if the scalar is out of range.
bool public_point(const BIGNUM* scalar, Point& out) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  if (!group || BN_is_zero(scalar) == 1 || BN_cmp(scalar, EC_GROUP_get0_order(group.get())) >= 0)
    return false;
  const CurvePoint point(EC_POINT_new(group.get()));
  return point && EC_POINT_mul(group.get(), point.get(), scalar, nullptr, nullptr, nullptr) == 1 &&
         EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, out.data(),
                            out.size(), nullptr) == out.size();
}

std::string coordinate(const std::shared_ptr<void>& key, const char* name) {
  BIGNUM* raw = nullptr;
  EVP_PKEY_get_bn_param(evp(key), name, &raw);
  const Number number(raw);
  std::array<unsigned char, number_size> bytes{};
  if (number) BN_bn2binpad(number.get(), bytes.data(), static_cast<int>(bytes.size()));
  return {bytes.begin(), bytes.end()};
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 32> name{};
  std::size_t size = 0;
  return EVP_PKEY_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
         std::string_view(name.data(), size) == SN_X9_62_prime256v1;
}

}  // namespace

Result<EcPublicKey> EcPublicKey::from_point(std::string_view x, std::string_view y) {
  if (x.size() != number_size || y.size() != number_size)
    return bad_key("a coordinate does not have 32 bytes");
  Point point{POINT_CONVERSION_UNCOMPRESSED};
  x.copy(reinterpret_cast<char*>(point.data() + 1), number_size);
  y.copy(reinterpret_cast<char*>(point.data() + 1 + number_size), number_size);
  Pkey key = make_key(point, nullptr);
  if (!key) return bad_key("the coordinates are no point of it");
  return EcPublicKey(share(std::move(key)));
}

std::string EcPublicKey::x() const { return coordinate(key_, OSSL_PKEY_PARAM_EC_PUB_X); }
std::string EcPublicKey::y() const { return coordinate(key_, OSSL_PKEY_PARAM_EC_PUB_Y); }

bool EcPublicKey::verify(std::string_view message, std::string_view signature) const {
  const MdContext context(EVP_MD_CTX_new());
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, evp(key_)) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                       message.size()) == 1;
  ERR_clear_error();
  return good;
}

Result<EcPrivateKey> EcPrivateKey::from_scalar(const Digest& scalar) {
  const Number number(BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), nullptr));
  Point point{};
  if (!number || !public_point(number.get(), point)) return bad_key("the number is out of range");
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  Pkey key = make_key(point, number.get());
  if (!key) return bad_key("making one failed");
  return EcPrivateKey(share(std::move(key)));
}

Result<EcPrivateKey> EcPrivateKey::parse(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // A callback that gives no password: else OpenSSL asks on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return bad_key("the text is no unencrypted private key in PEM");
  if (!is_p256(key.get())) return bad_key("this key is of another kind");
  return EcPrivateKey(share(std::move(key)));
}

Result<std::string> EcPrivateKey::sign(std::string_view message) const {
  const MdContext context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_size(evp(key_))), '\0');
  std::size_t size = signature.size();
  const bool good =
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, evp(key_)) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes_of(message), message.size()) == 1;
  if (!good) return bad_key("signing with this one failed");
  signature.resize(size);
  return signature;
}

Result<std::string> EcPrivateKey::sign_es256(std::string_view message) const {
  const auto der = sign(message);
  if (!der) return der.error();
  const unsigned char* cursor = bytes_of(*der);
  const DerSignature pair(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der->size())));
  std::array<unsigned char, 2 * number_size> out{};
  const int size = static_cast<int>(number_size);
  const bool good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), size) == size &&
                    BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + size, size) == size;
  if (!good) return bad_key("its signature cannot be read");
  return std::string(out.begin(), out.end());
}

}  // namespace ek
