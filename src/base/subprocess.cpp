#include "base/subprocess.hpp"

#include <fmt/format.h>

#include <system_error>

#ifndef _WIN32
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

extern char** environ;
#endif

namespace ek {
namespace {

Error cannot_run(const std::string& program, const std::string& why) {
  return {.code = ErrorCode::authentication,
          .phase = Phase::credentials,
          .message = fmt::format("cannot run \"{}\": {}", program, why)};
}

}  // namespace

#ifdef _WIN32

Result<CommandOutput> run_command(const std::vector<std::string>& arguments,
                                  std::chrono::milliseconds, const std::stop_token&) {
  return cannot_run(arguments.empty() ? "" : arguments[0], "programs are not run on Windows yet");
}

#else

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t max_output_bytes = 1 << 20;

// Both ends of a pipe; what is open is closed at the end.
class Pipe {
 public:
  bool open() { return ::pipe2(ends_.data(), O_CLOEXEC) == 0; }
  ~Pipe() {
    close(0);
    close(1);
  }
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  // False at the end of the output.
  bool drain(std::string& into) {
    std::array<char, 4096> buffer;
    const ssize_t got = ::read(reader(), buffer.data(), buffer.size());
    if (got <= 0) {
      if (got < 0 && errno == EINTR) return true;
      close(0);
      return false;
    }
    const auto room = max_output_bytes - std::min(max_output_bytes, into.size());
    into.append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
    return true;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

// Its own process group, so that what it starts is killed with it.
int spawn(const std::vector<std::string>& arguments, const Pipe& out, const Pipe& err,
          pid_t& child) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.writer(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.writer(), STDERR_FILENO);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const int failure = ::posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failure;
}

// Makes the stop token heard by poll(2).
struct Knock {
  const Pipe& door;
  void operator()() const noexcept { static_cast<void>(!::write(door.writer(), "", 1)); }
};

// Reads both pipes until they end; false if the time ran out, or somebody knocked, first.
bool read_all(Pipe& out, Pipe& err, const Pipe& door, Clock::time_point deadline,
              CommandOutput& output) {
  while (out.reader() >= 0 || err.reader() >= 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 3> waited{
        {{out.reader(), POLLIN, 0}, {err.reader(), POLLIN, 0}, {door.reader(), POLLIN, 0}}};
    if (::poll(waited.data(), waited.size(), static_cast<int>(std::min<long long>(left, 60'000))) <
            0 &&
        errno != EINTR) {
      return false;
    }
    if (waited[2].revents != 0) return false;
    if (waited[0].revents != 0) out.drain(output.standard_output);
    if (waited[1].revents != 0) err.drain(output.standard_error);
  }
  return true;
}

}  // namespace

Result<CommandOutput> run_command(const std::vector<std::string>& arguments,
                                  std::chrono::milliseconds timeout, const std::stop_token& stop) {
  if (arguments.empty() || arguments[0].empty()) return cannot_run("", "expected a program's name");
  Pipe out, err, door;
  if (!out.open() || !err.open() || !door.open()) {
    return cannot_run(arguments[0], std::generic_category().message(errno));
  }
  pid_t child = 0;
  if (const int failure = spawn(arguments, out, err, child); failure != 0) {
    return cannot_run(arguments[0], std::generic_category().message(failure));
  }
  out.close(1);
  err.close(1);
  CommandOutput output;
  const std::stop_callback knock(stop, Knock{door});
  const bool in_time = read_all(out, err, door, Clock::now() + timeout, output);
  if (!in_time) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time && stop.stop_requested()) {
    return Error{.code = ErrorCode::cancelled,
                 .phase = Phase::credentials,
                 .message = fmt::format("cancelled while \"{}\" ran", arguments[0])};
  }
  if (!in_time) {
    return cannot_run(arguments[0], fmt::format("it did not end within {} ms", timeout.count()));
  }
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

#endif

}  // namespace ek
