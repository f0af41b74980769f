// A model on 127.0.0.1 for thousands of connections: one epoll thread in a process of its own, so
// that its descriptors, its memory and its CPU time are not the client's.
//
// It looks for two words in a request's body. `id=N` comes back as the text of the answer, so that
// one can tell whose it is. A stream gets the texts "N.0", "N.1", … one an event: with `events=K`
// so many at once, and its end; without, one for each round() and the end with finish().
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace ek::testing {

class CrowdServer {
 public:
  struct Counts {
    std::uint64_t accepted = 0;   ///< Connections, ever.
    std::uint64_t open = 0;       ///< Connections now.
    std::uint64_t most_open = 0;  ///< Connections at once.
    std::uint64_t held = 0;       ///< Streams that wait for round() or finish().
  };

  /// Forks: to be called while the process has one thread. Inherits the limit of descriptors.
  CrowdServer();
  ~CrowdServer();
  CrowdServer(const CrowdServer&) = delete;
  CrowdServer& operator=(const CrowdServer&) = delete;

  /// "http://127.0.0.1:PORT"
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  /// Each of these is done when the server has nothing else to do, and tells what it found then.
  Counts counts() { return order('?'); }
  Counts round() { return order('r'); }
  Counts finish() { return order('f'); }
  /// False if more than so many connections are still open after 20 s.
  bool await_open(std::uint64_t most);
  /// False if fewer than so many streams are held after 20 s.
  bool await_held(std::uint64_t least);

 private:
  Counts order(char command);
  template <class Done>
  bool await(const Done& done);

  pid_t child_ = -1;
  int control_ = -1;
  std::string url_;
};

/// Makes room for so many descriptors; false if the system does not allow it.
bool allow_descriptors(std::uint64_t count);
/// That this process has now.
std::size_t open_descriptors();

}  // namespace ek::testing
