#include "soak/emulator_process.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string_view>

#include "tools/emulator/emulator.hpp"

namespace ek::soak {
namespace {

// Tokens live for minutes, so that an hour sees many of them.
constexpr std::chrono::seconds token_lifetime{400};

[[noreturn]] void serve(const ShiftedTime& time, const std::string& folder, int out) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto started = emulator::Emulator::start({.token_lifetime = token_lifetime,
                                                  .google_key_file = folder + "/google.json",
                                                  .now = [&time] { return time.now(); }});
  std::string text;
  if (started) {
    for (const auto& [name, value] : (*started)->environment()) text += name + '\0' + value + '\0';
  } else {
    std::fprintf(stderr, "%s\n", describe(started.error()).c_str());
  }
  const bool told = ::write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(out);
  while (told && started) ::pause();
  ::_exit(1);
}

std::string read_all(int in) {
  std::string text;
  char piece[4096];
  ssize_t count = 0;
  while ((count = ::read(in, piece, sizeof piece)) > 0)
    text.append(piece, static_cast<std::size_t>(count));
  return text;
}

}  // namespace

EmulatorProcess::EmulatorProcess(const ShiftedTime& time, const std::string& folder) {
  int ends[2];
  if (::pipe(ends) != 0 || (child_ = ::fork()) < 0) throw std::runtime_error("cannot fork");
  if (child_ == 0) serve(time, folder, ends[1]);
  ::close(ends[1]);
  const std::string text = read_all(ends[0]);
  ::close(ends[0]);
  if (text.empty()) throw std::runtime_error("the emulator did not start");
  for (std::string_view rest = text; !rest.empty();) {
    const auto next = [&rest] {
      const auto end = rest.find('\0');
      std::string word(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      return word;
    };
    std::string name = next();
    environment_[std::move(name)] = next();
  }
}

EmulatorProcess::~EmulatorProcess() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

}  // namespace ek::soak
