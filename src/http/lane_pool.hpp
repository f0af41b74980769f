// Lanes at rest, with their connections, for the next call. The lane used last goes out first, so
// that few lanes stay warm and the others grow old and go.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "endpointkit/ext/transport.hpp"

namespace ek {

/// Threads: all functions may be called from all threads. Lanes are opened and closed outside the
/// lock. Lifetime: a lease may outlive its pool; its lane is then closed instead of kept.
class LanePool {
  struct Shelf;

 public:
  struct Limits {
    std::size_t max_idle_lanes = 32;
    /// A lane that lies idle at two uses of the pool so far apart is closed at the second.
    std::chrono::steady_clock::duration max_idle = std::chrono::seconds(60);
  };

  /// A lane for one user; destroying or resetting it gives the lane back. Every exchange of the
  /// lane must be gone by then, and nobody may call wake() any more.
  class Lease {
   public:
    Lease() noexcept = default;
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { reset(); }

    void reset() noexcept;
    [[nodiscard]] Lane* get() const noexcept { return lane_.get(); }
    Lane* operator->() const noexcept { return lane_.get(); }
    Lane& operator*() const noexcept { return *lane_; }
    explicit operator bool() const noexcept { return lane_ != nullptr; }

   private:
    friend class LanePool;
    Lease(std::weak_ptr<Shelf> shelf, std::unique_ptr<Lane> lane) noexcept;
    std::weak_ptr<Shelf> shelf_;
    std::unique_ptr<Lane> lane_;
  };

  explicit LanePool(std::shared_ptr<Transport> transport);
  LanePool(std::shared_ptr<Transport> transport, const Limits& limits);
  ~LanePool();
  LanePool(const LanePool&) = delete;
  LanePool& operator=(const LanePool&) = delete;

  /// The idle lane used last, or a new one. Closes those that are too old.
  [[nodiscard]] Lease lease(SteadyTime now);
  [[nodiscard]] std::size_t idle_lanes() const;

 private:
  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<Shelf> shelf_;
};

}  // namespace ek
