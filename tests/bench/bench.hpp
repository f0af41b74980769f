// What a call costs on top of libcurl used directly: pairs of benchmarks that do the same against
// the same loopback server in the same run. The figure is the client's own CPU time per unit, as a
// ratio; wall time depends on whatever else the machine does.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ek::bench {

/// One thing measured twice.
struct Ratio {
  std::string_view name;
  std::string_view ours;
  std::string_view raw;
  double target;  ///< The largest ratio that we want to see.
};

/// The loopback server over https, and the certificates that are trusted: those of the system and
/// the server's own.
struct Tls {
  std::string base_url;
  std::string roots;
};

/// Register benchmarks against the server at `base_url`; give the pairs among them.
std::vector<Ratio> register_benchmarks(const std::string& base_url);
std::vector<Ratio> register_first_event_benchmarks(const std::string& base_url, const Tls& tls);
std::vector<Ratio> register_signing_benchmarks();

/// libcurl at its most direct: one easy handle, set up once, used again. Exits with a message if a
/// transfer fails.
class RawCurl {
 public:
  RawCurl(const std::string& url, const std::string& body);
  ~RawCurl();
  RawCurl(const RawCurl&) = delete;
  RawCurl& operator=(const RawCurl&) = delete;

  /// One POST; gives the number of bytes of the answer, which is kept if `keep` and dropped
  /// otherwise.
  std::size_t post(bool keep);
  [[nodiscard]] void* handle() const noexcept { return handle_; }

 private:
  static std::size_t receive(char* data, std::size_t size, std::size_t count, void* self);
  void* handle_;
  void* headers_ = nullptr;
  std::string body_, answer_;
  std::size_t received_ = 0;
  bool keep_ = false;
};

/// The same over TLS with a new handle and a new connection each time. What may be shared is: one
/// certificate store, and the sessions.
class RawTls {
 public:
  RawTls(std::string url, std::string body, const std::string& roots);
  ~RawTls();
  RawTls(const RawTls&) = delete;
  RawTls& operator=(const RawTls&) = delete;

  void post();

 private:
  std::string url_, body_;
  void* store_;
  void* share_;
};

/// libcurl's multi interface at its most direct: `width` easy handles on one multi, used again and
/// again.
class RawMulti {
 public:
  RawMulti(const std::string& url, const std::string& body, std::size_t width);
  ~RawMulti();
  RawMulti(const RawMulti&) = delete;
  RawMulti& operator=(const RawMulti&) = delete;

  /// So many POSTs, always `width` at once.
  void post(std::size_t count);

 private:
  std::vector<std::unique_ptr<RawCurl>> curls_;
  void* multi_;
};

}  // namespace ek::bench
