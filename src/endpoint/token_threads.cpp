#include "endpoint/token_threads.hpp"

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
  if (one_more) threads_.emplace_back([this] { run(); });
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
    entry.job->run();
    entry.done();
    lock.lock();
    if (queues_[identity].empty()) {
      queues_.erase(identity);
    } else {
      ready_.push_back(identity);
    }
  }
}

}  // namespace ek
