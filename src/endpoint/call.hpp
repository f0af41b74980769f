// One call, as whoever drives it sees it. A call never blocks and never works but in advance(); its
// host lends it a lane, signs for it and waits in its place.
#pragma once

#include <functional>
#include <memory>

#include "endpoint/consumer.hpp"
#include "endpoint/endpoint_state.hpp"
#include "endpoint/sign_job.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek {

/// Who drives calls: the thread that pulls one stream, or a loop that serves many.
class CallHost {
 public:
  virtual ~CallHost() = default;
  /// For the exchanges of the call, from attach() to the last use of the call. The host alone waits
  /// on it.
  virtual Lane& lane() = 0;
  /// Runs the job, here or elsewhere; if elsewhere, wakes the call when it is done.
  virtual void sign(std::shared_ptr<SignJob> job) = 0;
  /// Advance the call again, as soon as possible. Any thread; not after the call is gone.
  virtual void wake() noexcept = 0;
  /// For TransferOptions::on_news.
  virtual std::function<void()> on_news() { return {}; }
};

class Call {
 public:
  virtual ~Call() = default;

  /// Once, before the first advance(). The host outlives the call.
  virtual void attach(CallHost& host) = 0;
  /// Works as far as it can without waiting. True if an item can be taken or the call is over.
  virtual bool advance() = 0;
  /// An item can be taken, without any work.
  virtual bool item_waits() = 0;
  /// When advance() has to be called though nothing was heard from the lane.
  [[nodiscard]] virtual SteadyTime deadline() const = 0;
  /// Time that counts for the timers goes by between these two: not while a slow consumer works.
  virtual void start_clock() = 0;
  /// `waits`: it is the call that has nothing for its consumer, so the time until the next
  /// start_clock() counts too.
  virtual void stop_clock(bool waits) = 0;
  /// Any thread.
  virtual void cancel() noexcept = 0;
  /// Fails at once where it would have to wait for limits of the application's own. Before the
  /// first advance().
  virtual void refuse_to_queue() {}
  /// Something has to happen at a time of its own, also while a token is fetched.
  [[nodiscard]] virtual bool must_not_block() const { return false; }

  /// Why the call ended, if it failed. Null while it runs and if all went well.
  [[nodiscard]] virtual const Error* error() const noexcept = 0;
  [[nodiscard]] virtual bool over() const noexcept = 0;
  /// A piece of the answer was handed to the application: from now on nothing is sent again.
  virtual void commit() noexcept = 0;

  [[nodiscard]] virtual Consumer& consumer() noexcept = 0;
  [[nodiscard]] virtual const Consumer& consumer() const noexcept = 0;
  /// Of the last answer; null until one came.
  [[nodiscard]] virtual const HttpHead* head() const noexcept = 0;
  /// The head, which is there, of a call that is over.
  virtual HttpHead take_head() noexcept = 0;
  [[nodiscard]] virtual const EndpointState& endpoint() const noexcept = 0;
};

}  // namespace ek
