#include "endpoint/group_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "endpoint/retry.hpp"

namespace ek {

GroupCall::GroupCall(std::shared_ptr<GroupState> group, const CallOptions& options, Make make)
    : group_(std::move(group)), options_(options), make_(std::move(make)) {
  if (options_.stop.stop_possible())
    outer_stop_.emplace(options_.stop, [this] { stop_.request_stop(); });
  options_.stop = stop_.get_token();
  order_ = group_->order(now(), client().environment->random());
}

GroupCall::~GroupCall() {
  for (const Part& part : parts_) group_->leave(part.member);
}

Result<void> GroupCall::begin() {
  if (ask_next()) return {};
  return *error_;
}

void GroupCall::attach(CallHost& host) {
  host_ = &host;
  for (const Part& part : parts_) part.call->attach(host);
}

SteadyTime::duration GroupCall::elapsed() const {
  return clock_runs_ ? pumped_ + (now() - entered_) : pumped_;
}

void GroupCall::start_clock() {
  entered_ = now();
  clock_runs_ = true;
  for (const Part& part : parts_) part.call->start_clock();
}

void GroupCall::stop_clock() {
  pumped_ = elapsed();
  clock_runs_ = false;
  for (const Part& part : parts_) part.call->stop_clock();
}

CallOptions GroupCall::options_for(const EndpointState& member) const {
  using std::chrono::milliseconds;
  CallOptions options = options_;
  options.timeouts = options.timeouts.value_or(member.defaults.timeouts);
  options.retry = options.retry.value_or(member.defaults.retry);
  // The group's timer for all that its members do.
  if (const milliseconds total = options_.timeouts.value_or(client().options.timeouts).total;
      total.count() > 0) {
    const auto left =
        std::max(total - std::chrono::duration_cast<milliseconds>(elapsed()), milliseconds(1));
    auto& own = options.timeouts->total;
    own = own.count() > 0 ? std::min(own, left) : left;
  }
  // Another member is the better second attempt.
  if (asked_ + 1 < order_.size()) options.retry->max_attempts = 1;
  return options;
}

bool GroupCall::ask_next() {
  while (asked_ < order_.size()) {
    const std::size_t member = order_[asked_];
    const CallOptions options = options_for(*group_->endpoint(member));
    ++asked_;
    auto call = make_(group_->endpoint(member), options);
    if (!call) {
      said_.push_back(fmt::format("{}: {}", group_->endpoint(member)->uri, call.error().message));
      error_ = std::move(call).error();
      continue;
    }
    error_.reset();
    group_->begin(member);
    parts_.push_back({.member = member, .call = *std::move(call), .began = elapsed()});
    if (host_ != nullptr) parts_.back().call->attach(*host_);
    if (clock_runs_) parts_.back().call->start_clock();
    return true;
  }
  return false;
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
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Call& call = *parts_[i].call;
    if (const Error* error = call.error()) {
      const bool move_on = may_move_on(*error, call.endpoint());
      if (move_on) group_->fail(parts_[i].member, now());
      said_.push_back(fmt::format("{}: {}", call.endpoint().uri, describe(*error)));
      const Error last = *error;
      const bool others = parts_.size() > 1;
      if (others || (move_on && ask_next())) {
        give_up(i);
      } else {
        end(last);
      }
      return true;
    }
    if (call.over() || (call.item_waits() && call.consumer().progress().content)) {
      choose(i);
      return true;
    }
    // Signs of life are for a single part's listener.
    while (parts_.size() > 1 && call.item_waits() && !call.consumer().progress().content)
      call.consumer().skip();
  }
  return false;
}

bool GroupCall::may_move_on(const Error& error, const EndpointState& member) const {
  switch (error.code) {
    case ErrorCode::invalid_request:
    case ErrorCode::content_filter:
    case ErrorCode::context_length:
    case ErrorCode::cancelled:
      return false;
    case ErrorCode::timeout:
      if (error.phase == Phase::total) return false;
      break;
    default:
      break;
  }
  return options_.retry.value_or(member.defaults.retry).retry_paid || !may_be_paid(error);
}

void GroupCall::choose(std::size_t part) {
  chosen_ = true;
  group_->succeed(parts_[part].member, elapsed() - parts_[part].began);
  std::swap(parts_.front(), parts_[part]);
  while (parts_.size() > 1) give_up(parts_.size() - 1);
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
  if (group_->take_hedge()) ask_next();
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
