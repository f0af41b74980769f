// The only threads that the library may start: they fetch tokens for those who must not wait for
// one, the calls of a loop, and a call that is waited for in turns or hedged.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "endpoint/sign_job.hpp"

namespace ek {

/// One thread for each identity that is asked at the moment, so that a token service that hangs
/// holds up nobody else's calls.
/// Threads: submit() by one; `done` is called on a thread of this object.
class TokenThreads {
 public:
  TokenThreads() = default;
  /// Drops the jobs that have not begun and waits for those that run: their stop tokens should be
  /// set by then.
  ~TokenThreads();
  TokenThreads(const TokenThreads&) = delete;
  TokenThreads& operator=(const TokenThreads&) = delete;

  void submit(std::shared_ptr<SignJob> job, std::function<void()> done);

 private:
  struct Entry {
    std::shared_ptr<SignJob> job;
    std::function<void()> done;
  };
  using Waiting = std::deque<Entry>;

  void run();
  [[nodiscard]] Waiting::iterator next();  // whose identity nobody asks

  std::mutex mutex_;
  std::condition_variable changed_;
  Waiting waiting_;
  std::set<const Signer*> asked_;
  std::size_t idle_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ek
