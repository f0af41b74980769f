#include "tools/emulator/tls.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cctype>
#include <memory>

#include "base/text.hpp"
#include "signing/crypto/sha1.hpp"

namespace ek::emulator {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

constexpr long day_s = 24L * 3600;

Bio memory() { return {BIO_new(BIO_s_mem()), BIO_free}; }

std::string content(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string der_of(X509* certificate) {
  const Bio bio = memory();
  return i2d_X509_bio(bio.get(), certificate) == 1 ? content(bio) : std::string();
}

bool add_names(X509* certificate) {
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                          "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1"),
      X509_EXTENSION_free);
  return names && X509_add_ext(certificate, names.get(), -1) == 1;
}

bool fill(X509* certificate, EVP_PKEY* key, const std::string& name) {
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -day_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), day_s);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
  return X509_set_issuer_name(certificate, subject) == 1 &&
         X509_set_pubkey(certificate, key) == 1 && add_names(certificate) &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

int accept_any(X509_STORE_CTX*, void*) { return 1; }

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char ours[] = "\x02h2\x08http/1.1";
  unsigned char* found = nullptr;
  const int result =
      SSL_select_next_proto(&found, size, ours, sizeof ours - 1, offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

std::string TlsCertificate::thumbprint() const {
  std::string hex = to_hex(sha1(der));
  for (char& digit : hex) digit = static_cast<char>(std::toupper(digit));
  return hex;
}

Result<TlsCertificate> make_tls_certificate(const std::string& name) {
  const Pkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
  const X509Ptr certificate(X509_new(), X509_free);
  const Bio certificate_pem = memory();
  const Bio key_pem = memory();
  const bool made = key && certificate && fill(certificate.get(), key.get(), name) &&
                    PEM_write_bio_X509(certificate_pem.get(), certificate.get()) == 1 &&
                    PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0,
                                                  nullptr, nullptr) == 1;
  if (!made) {
    return Error{.code = ErrorCode::server_error,
                 .message = "OpenSSL cannot make a certificate for the TLS port"};
  }
  return TlsCertificate{.certificate_pem = content(certificate_pem),
                        .key_pem = Secret(content(key_pem)),
                        .der = der_of(certificate.get())};
}

bool set_up_tls(ssl_ctx_st& context, const TlsCertificate& certificate) {
  const Bio certificate_pem(BIO_new_mem_buf(certificate.certificate_pem.data(), -1), BIO_free);
  const Bio key_pem(BIO_new_mem_buf(certificate.key_pem.reveal().data(), -1), BIO_free);
  const X509Ptr own(PEM_read_bio_X509(certificate_pem.get(), nullptr, nullptr, nullptr), X509_free);
  const Pkey key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(&context, accept_any, nullptr);
  SSL_CTX_set_alpn_select_cb(&context, choose_protocol, nullptr);
  constexpr unsigned char name[] = "endpointkit-emulator";
  SSL_CTX_set_session_id_context(&context, name, sizeof name);
  return own && key && SSL_CTX_use_certificate(&context, own.get()) == 1 &&
         SSL_CTX_use_PrivateKey(&context, key.get()) == 1;
}

std::string client_certificate_of(const ssl_st* connection) {
  const X509Ptr shown(connection != nullptr ? SSL_get1_peer_certificate(connection) : nullptr,
                      X509_free);
  return shown ? der_of(shown.get()) : std::string();
}

}  // namespace ek::emulator
