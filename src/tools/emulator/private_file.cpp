#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "tools/emulator/emulator.hpp"

namespace ek::emulator {
namespace {

Error system_error(const std::string& path) {
  return {
      .code = ErrorCode::invalid_request,
      .message = fmt::format("cannot write {}: {}", path, std::generic_category().message(errno))};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

// Whole or not at all: a reader that waits for the file must not see half of it.
Result<void> write_private_file(const std::string& path, std::string_view text) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return system_error(path);
  const bool written = write_all(fd, text);
  const bool closed = ::close(fd) == 0;
  if (written && closed && ::rename(draft.c_str(), path.c_str()) == 0) return {};
  Error error = system_error(path);
  ::unlink(draft.c_str());
  return error;
}

Result<void> remove_old_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return system_error(path);
}

}  // namespace ek::emulator
