// A call to a group: calls to its members, one after another or, hedged, two at once, of which one
// becomes the call.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/rare_error.hpp"
#include "endpoint/calls.hpp"
#include "endpoint/group_state.hpp"

namespace ek {

class GroupCall final : public Call {
 public:
  /// Makes the same call to a member, with options of its own.
  using Make = std::function<Result<CallPtr>(const EndpointPtr& member, const CallOptions&)>;

  GroupCall(std::shared_ptr<GroupState> group, const CallOptions& options, Make make);
  ~GroupCall() override;
  GroupCall(const GroupCall&) = delete;
  GroupCall& operator=(const GroupCall&) = delete;

  /// Errors: what the members refuse the request for, if all do. Once, before all else.
  Result<void> begin();

  void attach(CallHost& host) override;
  bool advance() override;
  bool item_waits() override;
  [[nodiscard]] SteadyTime deadline() const override;
  void start_clock() override;
  void stop_clock(bool waits) override;
  void cancel() noexcept override { stop_.request_stop(); }
  [[nodiscard]] bool must_not_block() const override {
    return group_->options().hedge.has_value() && !chosen_;
  }
  [[nodiscard]] const Error* error() const noexcept override;
  [[nodiscard]] bool over() const noexcept override;
  void commit() noexcept override {
    if (!chosen_) choose(0);  // what was handed out has an author
    current().commit();
  }
  [[nodiscard]] Consumer& consumer() noexcept override { return current().consumer(); }
  [[nodiscard]] const Consumer& consumer() const noexcept override { return current().consumer(); }
  [[nodiscard]] const HttpHead* head() const noexcept override { return current().head(); }
  HttpHead take_head() noexcept override { return current().take_head(); }
  [[nodiscard]] const EndpointState& endpoint() const noexcept override {
    return current().endpoint();
  }

 private:
  struct Part {
    std::size_t member;
    CallPtr call;
    SteadyTime::duration began;
  };

  // Errors: why the rest refuses the request; if there is no rest, that.
  Result<void> ask_next();
  void hedge_if_due();
  bool settle();  // looks at what the parts have come to; true if something changed
  void lose(std::size_t part);
  void choose(std::size_t part);
  void give_up(std::size_t part);
  void end(Error error);
  [[nodiscard]] CallOptions options_for(const EndpointState& member) const;
  [[nodiscard]] bool may_move_on(const Error& error, const EndpointState& member) const;

  [[nodiscard]] Call& current() noexcept { return *parts_.front().call; }
  [[nodiscard]] const Call& current() const noexcept { return *parts_.front().call; }
  [[nodiscard]] SteadyTime now() const { return client().environment->steady_now(); }
  [[nodiscard]] const ClientState& client() const { return *group_->endpoint(0)->client; }
  [[nodiscard]] SteadyTime::duration elapsed() const;

  const std::shared_ptr<GroupState> group_;
  CallOptions options_;
  const Make make_;
  CallHost* host_ = nullptr;
  std::stop_source stop_;
  std::optional<std::stop_callback<std::function<void()>>> outer_stop_;

  std::vector<std::size_t> order_;
  std::size_t asked_ = 0;
  std::vector<Part> parts_;  // never empty after begin(); the first is the one that is seen
  bool chosen_ = false;      // the first part has the word for good
  bool hedged_ = false;
  bool may_move_on_ = true;        // no part that failed so far may have to be paid for
  std::vector<std::string> said_;  // by members that failed
  RareError error_;

  bool clock_runs_ = false;
  bool runs_on_ = false;  // stopped for its parts only
  SteadyTime entered_{};
  SteadyTime::duration pumped_{};
};

}  // namespace ek
