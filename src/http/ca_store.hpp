// The certificates that are trusted, parsed once per transport. libcurl would parse the bundle
// again for each connection: 18 ms and 0.9 MiB with the one of Debian.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"

struct x509_store_st;

namespace ek {

/// Sources, the first that is given wins: `ca_file`; the variables SSL_CERT_FILE and SSL_CERT_DIR,
/// together; the bundle of the distribution. Threads: any.
class CaStore {
 public:
  CaStore(std::string ca_file, std::shared_ptr<const Environment> environment);
  ~CaStore();

  /// Makes an OpenSSL SSL_CTX trust these certificates; reads them the first time.
  /// Errors: transport/tls naming the file that cannot be read or holds no certificate. A failure
  /// is not kept: the next connection tries again.
  Result<void> install(void* ssl_ctx);
  /// Reads them if that was not done yet. Errors: as install().
  Result<void> check();
  /// Where the certificates come from, for messages.
  [[nodiscard]] std::string origin() const;

 private:
  struct Free {
    void operator()(x509_store_st* store) const noexcept;
  };
  using Store = std::unique_ptr<x509_store_st, Free>;

  [[nodiscard]] std::string variable(const char* name) const;
  Result<void> ensure_loaded();  // under the lock
  Result<Store> load() const;
  Result<void> add_file(x509_store_st& store, const std::string& path) const;
  Result<void> add_system_bundle(x509_store_st& store) const;

  const std::string ca_file_;
  const std::shared_ptr<const Environment> environment_;
  std::mutex mutex_;
  Store store_;
};

}  // namespace ek
