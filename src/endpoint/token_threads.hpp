// The only threads that the library may start: they fetch tokens for those who must not wait for
// one, the calls of a loop, and a call that is waited for in turns or hedged.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "endpoint/sign_job.hpp"

namespace ek {

/// One thread for each identity that is asked at the moment, so that a token service that hangs
/// holds up nobody else's calls.
/// Threads: submit() by one; `done` is called on a thread of this object, or in submit() if there
/// is no thread to be had.
class TokenThreads {
 public:
  using Start = std::function<std::thread(std::function<void()>)>;

  explicit TokenThreads(Start start =
                            [](std::function<void()> work) { return std::thread(std::move(work)); })
      : start_(std::move(start)) {}
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
  // The jobs of one identity. It is in ready_, or a thread asks it.
  using Queue = std::deque<Entry>;

  void run();
  void add_thread();
  static void end_all(const Queue& queue, const Error& error);

  const Start start_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<const Signer*, Queue> queues_;  // none is empty, but for those that are asked
  std::deque<const Signer*> ready_;
  std::size_t idle_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ek
