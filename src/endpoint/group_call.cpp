#include "endpoint/group_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "endpoint/retry.hpp"

namespace ek {
namespace {

// Errors that no other member could avoid: the caller's own.
bool is_of_caller(const Error& error) noexcept {
  if (error.reason == no_such_endpoint) return false;
  switch (error.code) {
    case ErrorCode::invalid_request:
    case ErrorCode::content_filter:
    case ErrorCode::context_length:
    case ErrorCode::cancelled:
      return true;
    default:
      return error.code == ErrorCode::timeout && error.phase == Phase::total;
  }
}

// Errors that speak against the member. Who was not asked at all, for limits of our own, did
// nothing wrong.
bool is_of_member(const Error& error) noexcept {
  return !is_of_caller(error) && error.attempts > 0;
}

}  // namespace

GroupCall::GroupCall(std::shared_ptr<GroupState> group, const CallOptions& options, Make make)
    : group_(std::move(group)), options_(options), make_(std::move(make)) {
  if (options_.stop.stop_possible())
    outer_stop_.emplace(options_.stop, [this] { stop_.request_stop(); });
  options_.stop = stop_.get_token();
  order_ = group_->order(now(), client().environment->random());
}

GroupCall::~GroupCall() {
  for (const Part& part : parts_) {
    group_->leave(part.member);
    if (host_ == nullptr) group_->spare(part.member);
  }
}

Result<void> GroupCall::begin() { return ask_next(); }

void GroupCall::attach(CallHost& host) {
  host_ = &host;
  for (const Part& part : parts_) part.call->attach(host);
}

SteadyTime::duration GroupCall::elapsed() const {
  return clock_runs_ ? pumped_ + (now() - entered_) : pumped_;
}

void GroupCall::start_clock() {
  if (!std::exchange(runs_on_, false)) entered_ = now();
  clock_runs_ = true;
  for (const Part& part : parts_) part.call->start_clock();
}

void GroupCall::stop_clock(bool waits) {
  pumped_ = elapsed();
  entered_ = now();
  clock_runs_ = false;
  runs_on_ = waits;
  for (const Part& part : parts_) part.call->stop_clock(waits);
}

CallOptions GroupCall::options_for(const EndpointState& member) const {
  using std::chrono::milliseconds;
  CallOptions options = options_;
  options.timeouts = options.timeouts.value_or(member.defaults.timeouts);
  options.retry = options.retry.value_or(member.defaults.retry);
  // The group's timer for all that its members do; where it has none, the client's, for those that
  // have not switched theirs off.
  const milliseconds total = options_.timeouts.value_or(client().options.timeouts).total;
  auto& own = options.timeouts->total;
  if (total.count() > 0 && (options_.timeouts || own.count() > 0)) {
    const auto left =
        std::max(total - std::chrono::duration_cast<milliseconds>(elapsed()), milliseconds(1));
    own = own.count() > 0 ? std::min(own, left) : left;
  }
  // Another member is the better second attempt.
  if (asked_ + 1 < order_.size()) options.retry->max_attempts = 1;
  return options;
}

Result<void> GroupCall::ask_next() {
  Error refused{.code = ErrorCode::invalid_request,
                .phase = Phase::request,
                .message = "no member is left to be asked"};
  while (asked_ < order_.size()) {
    const std::size_t member = order_[asked_];
    const CallOptions options = options_for(*group_->endpoint(member));
    ++asked_;
    auto call = make_(group_->endpoint(member), options);
    if (!call) {
      said_.push_back(fmt::format("{}: {}", group_->endpoint(member)->uri, call.error().message));
      refused = std::move(call).error();
      continue;
    }
    group_->begin(member);
    parts_.push_back({.member = member, .call = *std::move(call), .began = elapsed()});
    Call& asked = *parts_.back().call;
    if (asked_ < order_.size()) asked.refuse_to_queue();
    if (host_ != nullptr) asked.attach(*host_);
    if (clock_runs_) asked.start_clock();
    return {};
  }
  return refused;
}

bool GroupCall::advance() {
  if (over()) return true;
  if (chosen_) return current().advance();
  hedge_if_due();
  do {
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].call->advance();
  } while (settle() && !over() && !chosen_);
  return over() || item_waits();
}

// Content or a whole answer decides; a failure moves on to the next member, if that may be.
bool GroupCall::settle() {
  bool skipped = false;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Call& call = *parts_[i].call;
    if (call.error() != nullptr) {
      lose(i);
      return true;
    }
    if (call.over() || (call.item_waits() && call.consumer().progress().content)) {
      choose(i);
      return true;
    }
    // Signs of life are for a single part's listener.
    while (parts_.size() > 1 && call.item_waits() && !call.consumer().progress().content) {
      call.consumer().skip();
      skipped = true;
    }
  }
  return skipped;
}

void GroupCall::lose(std::size_t part) {
  const Call& call = *parts_[part].call;
  const Error error = *call.error();
  may_move_on_ = may_move_on_ && may_move_on(error, call.endpoint());
  if (is_of_member(error)) group_->fail(parts_[part].member, now(), elapsed() - parts_[part].began);
  said_.push_back(fmt::format("{}: {}", call.endpoint().uri, describe(error)));
  if (parts_.size() > 1 || (may_move_on_ && ask_next())) {
    give_up(part);
  } else {
    end(error);
  }
}

bool GroupCall::may_move_on(const Error& error, const EndpointState& member) const {
  if (is_of_caller(error)) return false;
  return options_.retry.value_or(member.defaults.retry).retry_paid || !may_be_paid(error);
}

void GroupCall::choose(std::size_t part) {
  chosen_ = true;
  group_->succeed(parts_[part].member, elapsed() - parts_[part].began);
  std::swap(parts_.front(), parts_[part]);
  while (parts_.size() > 1) {
    const Part& slower = parts_.back();
    group_->wait_in_vain(slower.member, elapsed() - slower.began);
    give_up(parts_.size() - 1);
  }
}

void GroupCall::give_up(std::size_t part) {
  group_->leave(parts_[part].member);
  parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(part));
}

void GroupCall::hedge_if_due() {
  const auto& hedge = group_->options().hedge;
  if (!hedge || hedged_ || parts_.size() > 1 || asked_ >= order_.size()) return;
  if (elapsed() - parts_.front().began < hedge->after) return;
  hedged_ = true;
  // Who refuses the request is no help; the first may still answer.
  if (group_->take_hedge()) static_cast<void>(ask_next());
}

void GroupCall::end(Error error) {
  if (said_.size() > 1) {
    error.message =
        fmt::format("none of {} members answered: {}", said_.size(), fmt::join(said_, "; "));
  }
  error_ = std::move(error);
}

bool GroupCall::item_waits() {
  return !over() && (chosen_ || parts_.size() == 1) && current().item_waits();
}

bool GroupCall::over() const noexcept { return error_ || (chosen_ && current().over()); }

const Error* GroupCall::error() const noexcept {
  if (error_) return error_.get();
  return chosen_ ? current().error() : nullptr;
}

SteadyTime GroupCall::deadline() const {
  SteadyTime first = SteadyTime::max();
  for (const Part& part : parts_) first = std::min(first, part.call->deadline());
  const auto& hedge = group_->options().hedge;
  if (hedge && !hedged_ && !chosen_ && asked_ < order_.size())
    first = std::min(first, now() + (parts_.front().began + hedge->after - elapsed()));
  return first;
}

}  // namespace ek
