// The one thread that the library may start: it fetches tokens for the calls of a loop, which must
// not wait for them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "endpoint/sign_job.hpp"

namespace ek {

/// Threads: submit() by one; `done` is called on the thread.
class TokenThread {
 public:
  TokenThread() = default;
  /// Drops the jobs that have not begun and waits for the one that runs: its stop token should be
  /// set by then.
  ~TokenThread();
  TokenThread(const TokenThread&) = delete;
  TokenThread& operator=(const TokenThread&) = delete;

  void submit(std::shared_ptr<SignJob> job, std::function<void()> done);

 private:
  struct Entry {
    std::shared_ptr<SignJob> job;
    std::function<void()> done;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> waiting_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace ek
