#include "endpoint/token_threads.hpp"

#include <fmt/format.h>

#include <optional>
#include <system_error>
#include <utility>

namespace ek {
namespace {

constexpr std::size_t max_threads = 16;

}  // namespace

TokenThreads::~TokenThreads() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TokenThreads::submit(std::shared_ptr<SignJob> job, std::function<void()> done) {
  bool one_more = false;
  {
    const std::lock_guard lock(mutex_);
    const Signer* identity = &job->signer();
    const auto [queue, is_new] = queues_.try_emplace(identity);
    queue->second.push_back({std::move(job), std::move(done)});
    if (!is_new) return;
    ready_.push_back(identity);
    // Those that are idle may have been given the others already.
    one_more = ready_.size() > idle_ && threads_.size() < max_threads;
  }
  changed_.notify_one();
  if (one_more) add_thread();
}

// Where the system has no thread to give, those that are there do the work.
void TokenThreads::add_thread() {
  try {
    threads_.push_back(start_([this] { run(); }));
  } catch (const std::system_error& failure) {
    if (!threads_.empty()) return;
    std::unordered_map<const Signer*, Queue> queues;
    {
      const std::lock_guard lock(mutex_);
      queues.swap(queues_);
      ready_.clear();
    }
    const Error no_thread{.code = ErrorCode::unavailable,
                          .phase = Phase::credentials,
                          .message = fmt::format("a token has to be fetched, and no thread could "
                                                 "be started for that: {}",
                                                 failure.what()),
                          .retryable = true};
    for (const auto& [identity, queue] : queues) end_all(queue, no_thread);
  }
}

void TokenThreads::end_all(const Queue& queue, const Error& error) {
  for (const Entry& entry : queue) {
    entry.job->fail(error);
    entry.done();
  }
}

void TokenThreads::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [&] { return closing_ || !ready_.empty(); });
    --idle_;
    if (closing_) return;
    const Signer* identity = ready_.front();
    ready_.pop_front();
    const Entry entry = std::move(queues_[identity].front());
    queues_[identity].pop_front();
    lock.unlock();
    const std::optional<Error> of_all = entry.job->run();
    entry.done();
    lock.lock();
    // A refusal is not asked for again by each who waits.
    const Queue refused = of_all ? std::exchange(queues_[identity], {}) : Queue();
    if (queues_[identity].empty()) {
      queues_.erase(identity);
    } else {
      ready_.push_back(identity);
    }
    lock.unlock();
    if (of_all) end_all(refused, *of_all);
    lock.lock();
  }
}

}  // namespace ek
