#include "http/ca_store.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

namespace ek {
namespace {

constexpr std::array system_bundles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL, Amazon Linux
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7 and later
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/cert.pem",                                  // macOS, BSDs, Alpine
};

Error tls_error(std::string message) {
  return {.code = ErrorCode::transport, .phase = Phase::tls, .message = std::move(message)};
}

/// The number of certificates that `pem` added.
int add_certificates(X509_STORE& store, const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  int added = 0;
  while (X509* certificate = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) {
    added += X509_STORE_add_cert(&store, certificate);
    X509_free(certificate);
  }
  ERR_clear_error();  // the end of the file is an error to PEM_read
  return added;
}

Result<void> add_directory(X509_STORE& store, const std::string& path) {
  std::error_code ignored;
  const bool is_list = path.find(':') != std::string::npos;
  if (!is_list && !std::filesystem::is_directory(path, ignored)) {
    return tls_error(fmt::format("SSL_CERT_DIR names {}, which is not a directory", path));
  }
  if (X509_STORE_load_path(&store, path.c_str()) != 1) {
    ERR_clear_error();
    return tls_error(fmt::format("SSL_CERT_DIR names {}, which OpenSSL does not take", path));
  }
  return {};
}

}  // namespace

void CaStore::Free::operator()(x509_store_st* store) const noexcept { X509_STORE_free(store); }

CaStore::CaStore(std::string ca_file, std::shared_ptr<const Environment> environment)
    : ca_file_(std::move(ca_file)), environment_(std::move(environment)) {}

CaStore::~CaStore() = default;

std::string CaStore::variable(const char* name) const {
  return environment_->variable(name).value_or("");
}

std::string CaStore::origin() const {
  if (!ca_file_.empty()) return ca_file_;
  if (std::string file = variable("SSL_CERT_FILE"); !file.empty()) return file;
  if (std::string directory = variable("SSL_CERT_DIR"); !directory.empty()) return directory;
  return "the system's CA bundle";
}

Result<void> CaStore::ensure_loaded() {
  if (store_) return {};
  Result<Store> loaded = load();
  if (!loaded) return loaded.error();
  store_ = *std::move(loaded);
  return {};
}

Result<void> CaStore::check() {
  const std::lock_guard lock(mutex_);
  return ensure_loaded();
}

Result<void> CaStore::install(void* ssl_ctx) {
  const std::lock_guard lock(mutex_);
  if (auto loaded = ensure_loaded(); !loaded) return loaded;
  SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(ssl_ctx), store_.get());
  return {};
}

Result<CaStore::Store> CaStore::load() const {
  Store store(X509_STORE_new());
  if (!store) return tls_error("OpenSSL cannot make a certificate store: out of memory");
  // As libcurl does for its own stores: an intermediate certificate in the bundle is an anchor too.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  const std::string file = ca_file_.empty() ? variable("SSL_CERT_FILE") : ca_file_;
  const std::string directory = ca_file_.empty() ? variable("SSL_CERT_DIR") : "";
  Result<void> added;
  if (!file.empty()) added = add_file(*store, file);
  if (added && !directory.empty()) added = add_directory(*store, directory);
  if (file.empty() && directory.empty()) added = add_system_bundle(*store);
  if (!added) return added.error();
  return store;
}

Result<void> CaStore::add_file(x509_store_st& store, const std::string& path) const {
  const Result<std::string> pem = environment_->read_file(path);
  if (!pem) {
    return tls_error(fmt::format("the CA bundle {} cannot be read: {}", path, pem.error().message));
  }
  if (add_certificates(store, *pem) == 0) {
    return tls_error(fmt::format("the CA bundle {} holds no PEM certificate", path));
  }
  return {};
}

Result<void> CaStore::add_system_bundle(x509_store_st& store) const {
  for (const char* path : system_bundles) {
    if (add_file(store, path)) return {};
  }
  return tls_error(fmt::format(
      "no CA bundle of the system was found (looked for {} and {} more): install ca-certificates, "
      "or name a PEM file in ca_file or SSL_CERT_FILE",
      system_bundles.front(), system_bundles.size() - 1));
}

}  // namespace ek
