#include "http/tls_context.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"

namespace ek {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Error unusable(std::string_view origin, std::string_view why) {
  ERR_clear_error();
  return {.code = ErrorCode::transport,
          .phase = Phase::tls,
          .message = fmt::format("the client certificate of {} cannot be used: {}", origin, why)};
}

Bio open(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

// Without a callback OpenSSL would ask on the terminal.
int give_password(char* buffer, int size, int, void* user) {
  const std::string& password = static_cast<const Secret*>(user)->reveal();
  if (password.empty() || password.size() > static_cast<std::size_t>(size)) return -1;
  std::copy(password.begin(), password.end(), buffer);
  return static_cast<int>(password.size());
}

int add_certificates(SSL_CTX* context, std::string_view text) {
  const Bio bio = open(text);
  Secret none;
  int count = 0;
  while (true) {
    const X509Ptr one(PEM_read_bio_X509(bio.get(), nullptr, give_password, &none), X509_free);
    if (!one) break;
    const bool added = count == 0 ? SSL_CTX_use_certificate(context, one.get()) == 1
                                  : SSL_CTX_add1_chain_cert(context, one.get()) == 1;
    if (!added) return 0;
    ++count;
  }
  ERR_clear_error();  // the end of the text is an error to PEM_read
  return count;
}

int check_thumbprint(X509_STORE_CTX* store, void* user) {
  auto& thumbprint = *static_cast<Thumbprint*>(user);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const X509* certificate = X509_STORE_CTX_get0_cert(store);
  const bool hashed =
      certificate != nullptr && X509_digest(certificate, EVP_sha1(), digest, &size) == 1;
  if (hashed) thumbprint.found = to_hex({reinterpret_cast<const char*>(digest), size});
  const bool same = hashed && iequals(thumbprint.found, thumbprint.expected);
  X509_STORE_CTX_set_error(store, same ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  return same ? 1 : 0;
}

}  // namespace

bool takes_our_openssl() noexcept {
  static const bool takes = [] {
    const char* backend = curl_version_info(CURLVERSION_NOW)->ssl_version;
    return backend != nullptr && std::string_view(backend).substr(0, 9) == "OpenSSL/3";
  }();
  return takes;
}

Result<void> show_certificate(void* ssl_ctx, std::string_view certificates, std::string_view key,
                              const Secret& password, std::string_view origin) {
  auto* context = static_cast<SSL_CTX*>(ssl_ctx);
  ERR_clear_error();
  if (add_certificates(context, certificates) == 0)
    return unusable(origin, "there is no PEM certificate in it");
  const bool encrypted = key.find("ENCRYPTED") != std::string_view::npos;
  if (encrypted && password.empty())
    return unusable(origin, "its key is encrypted; give the password");
  const Bio bio = open(key);
  Secret lent = password;
  const Pkey pkey(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, &lent), EVP_PKEY_free);
  if (!pkey) {
    return unusable(origin, encrypted ? "the password does not open its key"
                                      : "there is no PEM private key in it");
  }
  if (SSL_CTX_use_PrivateKey(context, pkey.get()) != 1)
    return unusable(origin, "the private key does not belong to the (first) certificate");
  return {};
}

void require_thumbprint(void* ssl_ctx, Thumbprint& thumbprint) {
  auto* context = static_cast<SSL_CTX*>(ssl_ctx);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, check_thumbprint, &thumbprint);
}

}  // namespace ek
