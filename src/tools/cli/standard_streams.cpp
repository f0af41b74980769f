#include "tools/cli/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ek::cli {

void occupy_closed_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The wrong way round, so that using it is an error. It gets the lowest free number, fd.
    static_cast<void>(::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

// A stream that calls this catches what it throws, and is bad then.
std::streambuf::int_type StandardInput::underflow() {
  ssize_t size = 0;
  do size = ::read(STDIN_FILENO, buffer_.data(), buffer_.size());
  while (size < 0 && errno == EINTR);
  if (size < 0) throw std::system_error(errno, std::generic_category());
  if (size == 0) return std::char_traits<char>::eof();
  setg(buffer_.data(), buffer_.data(), buffer_.data() + size);
  return std::char_traits<char>::to_int_type(buffer_.front());
}

Result<std::string> read_all(std::istream& in) {
  std::string text;
  std::array<char, 65536> buffer{};
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0)
    text.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
  if (!in.bad()) return text;
  return Error{.code = ErrorCode::invalid_request,
               .phase = Phase::request,
               .message = "standard input cannot be read: is it closed, or a folder?"};
}

}  // namespace ek::cli
