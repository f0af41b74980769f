#include "support/test_certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace ek::testing {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

std::string content(const Bio& bio) {
  BUF_MEM* memory = nullptr;
  BIO_get_mem_ptr(bio.get(), &memory);
  return {memory->data, memory->length};
}

std::string digest(const std::string& bytes, const EVP_MD* kind) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), out, &size, kind, nullptr);
  return {reinterpret_cast<const char*>(out), size};
}

}  // namespace

TestCertificate::TestCertificate(const std::string& names)
    : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free),
      certificate_(X509_new(), &X509_free) {
  X509* x509 = certificate_.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
  X509_set_pubkey(x509, key_.get());
  X509_NAME* name = X509_get_subject_name(x509);
  const std::string common = "endpointkit test";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, name);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(x509, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(x509, key_.get(), EVP_sha256());
}

std::string TestCertificate::pem() const {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_X509(bio.get(), certificate_.get());
  return content(bio);
}

std::string TestCertificate::key_pem(const std::string& password) const {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(),
                                password.empty() ? nullptr : EVP_aes_256_cbc(), password.data(),
                                static_cast<int>(password.size()), nullptr, nullptr);
  return content(bio);
}

std::string TestCertificate::der() const {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  i2d_X509_bio(bio.get(), certificate_.get());
  return content(bio);
}

std::string TestCertificate::thumbprint() const {
  std::string hex;
  for (const char byte : digest(der(), EVP_sha1())) {
    constexpr const char* digits = "0123456789ABCDEF";
    hex += digits[static_cast<unsigned char>(byte) >> 4];
    hex += digits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

std::string TestCertificate::pin() const {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  i2d_PUBKEY_bio(bio.get(), key_.get());
  const std::string hash = digest(content(bio), EVP_sha256());
  unsigned char text[64];
  EVP_EncodeBlock(text, reinterpret_cast<const unsigned char*>(hash.data()),
                  static_cast<int>(hash.size()));
  return std::string("sha256//") + reinterpret_cast<const char*>(text);
}

std::shared_ptr<SSL_CTX> make_server_tls(const TestCertificate& certificate,
                                         const TestCertificate* demanded) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), certificate.certificate());
  if (SSL_CTX_use_PrivateKey(context.get(), certificate.key()) != 1)
    throw std::runtime_error("SSL_CTX_use_PrivateKey");
  if (demanded == nullptr) return context;
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), demanded->certificate());
  constexpr unsigned char name[] = "test";
  SSL_CTX_set_session_id_context(context.get(), name, sizeof name);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

}  // namespace ek::testing
