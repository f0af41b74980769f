// A clock that runs ahead of the machine's by as much as one likes, for a client and an emulator in
// two processes: hours of tokens, idle limits and signing dates in a minute of ours.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek::soak {

/// Shared with processes that are forked after it was made.
class ShiftedTime {
 public:
  ShiftedTime();
  ~ShiftedTime();
  ShiftedTime(const ShiftedTime&) = delete;
  ShiftedTime& operator=(const ShiftedTime&) = delete;

  void skip(std::chrono::nanoseconds step) noexcept { *shift_ += step.count(); }
  [[nodiscard]] std::chrono::nanoseconds shift() const noexcept {
    return std::chrono::nanoseconds(shift_->load());
  }
  [[nodiscard]] SteadyTime steady_now() const { return std::chrono::steady_clock::now() + shift(); }
  [[nodiscard]] std::chrono::system_clock::time_point now() const {
    return std::chrono::system_clock::now() +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(shift());
  }

 private:
  std::atomic<std::int64_t>* shift_;
};

/// `inner`, whose sockets know the machine's time only, for callers in `time`.
std::shared_ptr<Transport> make_shifted_transport(std::shared_ptr<Transport> inner,
                                                  const ShiftedTime& time);

}  // namespace ek::soak
