#include "endpoint/token_threads.hpp"

#include <algorithm>
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
    const bool same = asked_.contains(&job->signer());
    waiting_.push_back({std::move(job), std::move(done)});
    one_more = !same && idle_ == 0 && threads_.size() < max_threads;
  }
  changed_.notify_one();
  if (one_more) threads_.emplace_back([this] { run(); });
}

TokenThreads::Waiting::iterator TokenThreads::next() {
  return std::find_if(waiting_.begin(), waiting_.end(),
                      [&](const Entry& entry) { return !asked_.contains(&entry.job->signer()); });
}

void TokenThreads::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [&] { return closing_ || next() != waiting_.end(); });
    --idle_;
    if (closing_) return;
    const auto found = next();
    const Entry entry = std::move(*found);
    waiting_.erase(found);
    asked_.insert(&entry.job->signer());
    lock.unlock();
    entry.job->run();
    entry.done();
    lock.lock();
    asked_.erase(&entry.job->signer());
  }
}

}  // namespace ek
