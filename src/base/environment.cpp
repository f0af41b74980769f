#include "endpointkit/ext/environment.hpp"

#include <fmt/format.h>

#ifdef _WIN32
#include <process.h>
#else
#include <pthread.h>
#include <unistd.h>
#endif

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <system_error>
#include <utility>

#include "base/subprocess.hpp"

namespace ek {
namespace {

std::optional<std::string> variable(const std::string& name) {
  // getenv is safe against other readers; a program that calls setenv beside threads has a race of
  // its own.
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Error unreadable(const std::string& path, int reason) {
  const std::string why = reason != 0 ? std::generic_category().message(reason) : "cannot be read";
  return {.code = ErrorCode::authentication,
          .phase = Phase::credentials,
          .message = fmt::format("expected a readable file at \"{}\", but: {}", path, why)};
}

// Not by a stream of C++: some take an error for the end, and POSIX opens folders too.
Result<std::string> read_file(const std::string& path) {
  struct Closer {
    void operator()(std::FILE* file) const { (void)std::fclose(file); }
  };
  errno = 0;
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "rb"));
  if (!file) return unreadable(path, errno);
  std::string content;
  std::array<char, 16 * 1024> piece{};
  while (true) {
    errno = 0;
    const std::size_t size = std::fread(piece.data(), 1, piece.size(), file.get());
    content.append(piece.data(), size);
    if (size == piece.size()) continue;
    if (std::ferror(file.get()) != 0) return unreadable(path, errno);
    return content;
  }
}

// Another number in a forked child. On Linux, where getpid is a system call, libc tells of the
// fork.
int process_number() {
#ifdef _WIN32
  return _getpid();
#elif defined(__linux__)
  static std::atomic<int> forks = 0;
  static const bool told = pthread_atfork(nullptr, nullptr, [] { ++forks; }) == 0;
  return told ? forks + 1 : getpid();
#else
  return getpid();
#endif
}

Result<void> write_file(const std::string& path, const std::string& text) {
  namespace fs = std::filesystem;
  // A neighbour first, then a rename: a reader sees the old file or the new one, never half of one.
  const std::string draft = fmt::format("{}.{:x}.tmp", path, std::random_device{}());
  std::error_code why;
  {
    std::ofstream file(draft, std::ios::binary);
    fs::permissions(draft, fs::perms::owner_read | fs::perms::owner_write, why);
    file << text;
    file.close();
    if (!file) why = std::make_error_code(std::errc::io_error);
  }
  if (!why) fs::rename(draft, path, why);
  if (!why) return {};
  std::error_code ignored;
  fs::remove(draft, ignored);
  return Error{.code = ErrorCode::authentication,
               .phase = Phase::credentials,
               .message = fmt::format("cannot write \"{}\": {}", path, why.message())};
}

double random_unit() {
  thread_local std::mt19937_64 engine;
  thread_local int seeded_by = 0;
  // A forked child must not draw, and give as ids, what its parent draws.
  if (const int process = process_number(); std::exchange(seeded_by, process) != process)
    engine.seed(std::random_device{}());
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

}  // namespace

Environment system_environment() {
  return {.now = [] { return std::chrono::system_clock::now(); },
          .steady_now = [] { return std::chrono::steady_clock::now(); },
          .variable = variable,
          .read_file = read_file,
          .write_file = write_file,
          .run_command = run_command,
          .random = random_unit};
}

}  // namespace ek
