#include "soak/shifted_time.hpp"

#include <sys/mman.h>

#include <new>
#include <utility>

namespace ek::soak {
namespace {

class ShiftedLane final : public Lane {
 public:
  ShiftedLane(std::unique_ptr<Lane> inner, const ShiftedTime& time)
      : inner_(std::move(inner)), time_(time) {}

  std::unique_ptr<Exchange> start(HttpRequest request, const TransferOptions& options) override {
    return inner_->start(std::move(request), options);
  }
  void wait(SteadyTime until) override {
    inner_->wait(until == SteadyTime::max() ? until : until - time_.shift());
  }
  void wake() noexcept override { inner_->wake(); }
  [[nodiscard]] int descriptor() const noexcept override { return inner_->descriptor(); }
  [[nodiscard]] SteadyTime due() const override {
    const SteadyTime due = inner_->due();
    return due == SteadyTime::max() ? due : due + time_.shift();
  }

 private:
  const std::unique_ptr<Lane> inner_;
  const ShiftedTime& time_;
};

class ShiftedTransport final : public Transport {
 public:
  ShiftedTransport(std::shared_ptr<Transport> inner, const ShiftedTime& time)
      : inner_(std::move(inner)), time_(time) {}

  std::unique_ptr<Lane> open_lane() override {
    return std::make_unique<ShiftedLane>(inner_->open_lane(), time_);
  }
  std::unique_ptr<Lane> open_wide_lane() override {
    return std::make_unique<ShiftedLane>(inner_->open_wide_lane(), time_);
  }

 private:
  const std::shared_ptr<Transport> inner_;
  const ShiftedTime& time_;
};

}  // namespace

ShiftedTime::ShiftedTime() {
  void* shared =
      ::mmap(nullptr, sizeof(*shift_), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::bad_alloc();
  shift_ = new (shared) std::atomic<std::int64_t>(0);
}

ShiftedTime::~ShiftedTime() { ::munmap(shift_, sizeof(*shift_)); }

std::shared_ptr<Transport> make_shifted_transport(std::shared_ptr<Transport> inner,
                                                  const ShiftedTime& time) {
  return std::make_shared<ShiftedTransport>(std::move(inner), time);
}

}  // namespace ek::soak
