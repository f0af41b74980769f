// Threads that are made when they are needed and kept for the next.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ek::emulator {

/// Runs each job on a thread of its own as long as there are no more than `max`; those beyond wait.
/// Threads: all functions may be called from all threads, shutdown() once.
class ConnectionThreads {
 public:
  explicit ConnectionThreads(std::size_t max) : max_(max) {}
  ~ConnectionThreads() { shutdown(); }
  ConnectionThreads(const ConnectionThreads&) = delete;
  ConnectionThreads& operator=(const ConnectionThreads&) = delete;

  void enqueue(std::function<void()> job);
  /// Returns when all jobs, those that wait too, have been done.
  void shutdown();

 private:
  void work();

  const std::size_t max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool over_ = false;
};

}  // namespace ek::emulator
