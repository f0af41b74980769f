#include "signing/crypto/certificate.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "signing/credentials_error.hpp"

namespace ek {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

// A file of a few certificates has some ten kilobytes; libcrypto counts in int.
constexpr std::size_t max_bytes = 1 << 20;

Error bad_certificate(std::string_view why) {
  ERR_clear_error();
  return credentials_error(
      fmt::format("expected a certificate with its private key (PEM or PFX), but {}", why));
}

Bio open(std::string_view bytes) {
  return {BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), BIO_free_all};
}

std::string drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string der_of(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string der(static_cast<std::size_t>(size), '\0');
  std::memcpy(der.data(), bytes, der.size());
  OPENSSL_free(bytes);
  return der;
}

std::string public_key_of(std::string_view der) {
  const auto* cursor = reinterpret_cast<const unsigned char*>(der.data());
  const X509Ptr certificate(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())), X509_free);
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free_all);
  if (!certificate || PEM_write_bio_PUBKEY(bio.get(), X509_get0_pubkey(certificate.get())) != 1)
    return {};
  return drain(bio.get());
}

// Over PKCS#8, so that the one parser of keys decides what a good key is.
Result<RsaPrivateKey> rsa_key_of(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_secmem()), BIO_free_all);
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return bad_certificate("its key cannot be read");
  const Secret pem(drain(bio.get()));
  return RsaPrivateKey::parse(pem.reveal());
}

// The key's own certificate goes first: it is the one that is named to the other side.
Result<ClientCertificate> assemble(RsaPrivateKey key, std::vector<std::string> chain) {
  if (chain.empty()) return bad_certificate("there is a key and no certificate");
  const std::string wanted = key.public_key().pem();
  const auto own = std::find_if(chain.begin(), chain.end(), [&](const std::string& der) {
    return public_key_of(der) == wanted;
  });
  if (own == chain.end()) return bad_certificate("the key belongs to none of its certificates");
  std::rotate(chain.begin(), own, own + 1);
  ERR_clear_error();
  return ClientCertificate{.key = std::move(key), .chain = std::move(chain)};
}

int give_password(char* buffer, int size, int, void* user) {
  const std::string& password = static_cast<const Secret*>(user)->reveal();
  if (password.empty() || password.size() > static_cast<std::size_t>(size)) return -1;
  std::copy(password.begin(), password.end(), buffer);
  return static_cast<int>(password.size());
}

Result<RsaPrivateKey> pem_key(std::string_view text, const Secret& password) {
  const bool encrypted = text.find("ENCRYPTED") != std::string_view::npos;
  if (encrypted && password.empty())
    return bad_certificate("its key is encrypted; give the password");
  Secret lent = password;
  const Bio bio = open(text);
  const Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, &lent), EVP_PKEY_free);
  if (key) return rsa_key_of(key.get());
  if (encrypted) return bad_certificate("the password does not open its key");
  if (text.find("PRIVATE KEY-----") == std::string_view::npos)
    return bad_certificate("there is no private key in it");
  return bad_certificate("its private key is damaged or of an unknown kind");
}

Result<ClientCertificate> parse_pem(std::string_view text, const Secret& password) {
  auto key = pem_key(text, password);
  if (!key) return std::move(key).error();
  std::vector<std::string> chain;
  const Bio bio = open(text);
  Secret lent = password;  // without a callback OpenSSL asks the terminal
  while (true) {
    const X509Ptr one(PEM_read_bio_X509(bio.get(), nullptr, give_password, &lent), X509_free);
    if (!one) break;
    chain.push_back(der_of(one.get()));
  }
  const bool at_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_the_end) return bad_certificate("one of its certificates is damaged");
  return assemble(*std::move(key), std::move(chain));
}

Result<ClientCertificate> parse_pfx(std::string_view bytes, const Secret& password) {
  const auto* cursor = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::unique_ptr<PKCS12, decltype(&PKCS12_free)> file(
      d2i_PKCS12(nullptr, &cursor, static_cast<long>(bytes.size())), PKCS12_free);
  if (!file) return bad_certificate("these bytes are neither");
  EVP_PKEY* raw_key = nullptr;
  X509* raw_own = nullptr;
  STACK_OF(X509)* raw_others = nullptr;
  if (PKCS12_parse(file.get(), password.reveal().c_str(), &raw_key, &raw_own, &raw_others) != 1) {
    const bool wrong = ERR_GET_REASON(ERR_peek_last_error()) == PKCS12_R_MAC_VERIFY_FAILURE;
    return bad_certificate(wrong ? "the password does not open this PFX"
                                 : "this PFX cannot be read: it is damaged, or its cipher is one "
                                   "that this OpenSSL does not have");
  }
  const Pkey key(raw_key, EVP_PKEY_free);
  const X509Ptr own(raw_own, X509_free);
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> others(
      raw_others, [](STACK_OF(X509) * all) { sk_X509_pop_free(all, X509_free); });
  if (!key) return bad_certificate("there is no private key in this PFX");
  std::vector<std::string> chain;
  if (own) chain.push_back(der_of(own.get()));
  for (int i = 0; others && i < sk_X509_num(others.get()); ++i)
    chain.push_back(der_of(sk_X509_value(others.get(), i)));
  auto parsed = rsa_key_of(key.get());
  if (!parsed) return std::move(parsed).error();
  return assemble(*std::move(parsed), std::move(chain));
}

}  // namespace

Result<ClientCertificate> parse_client_certificate(std::string_view bytes, const Secret& password) {
  if (bytes.empty()) return bad_certificate("it is empty");
  if (bytes.size() > max_bytes) return bad_certificate("it has more than a mebibyte");
  ERR_clear_error();
  // DER begins with a SEQUENCE; no text does.
  const bool der = bytes.front() == '\x30' && bytes.find("-----BEGIN") == std::string_view::npos;
  return der ? parse_pfx(bytes, password) : parse_pem(bytes, password);
}

}  // namespace ek
