#include "endpoint/call.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/http_date.hpp"
#include "base/scrub.hpp"
#include "base/text.hpp"
#include "base/uuid.hpp"
#include "endpoint/retry.hpp"

namespace ek {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t max_error_body_bytes = 64 * 1024;
constexpr std::size_t max_kept_error_body_bytes = 4 * 1024;

Error timeout_error(Phase phase, const Timeouts& timeouts) {
  const auto say = [&](std::string_view what, milliseconds limit, std::string_view member) {
    return Error{
        .code = ErrorCode::timeout,
        .phase = phase,
        .message = fmt::format("{} within {} ms; raise Timeouts::{} if the model needs longer",
                               what, limit.count(), member),
        .retryable = true};
  };
  switch (phase) {
    case Phase::first_event:
      return say("no piece of the answer came", timeouts.first_event, "first_event");
    case Phase::idle:
      return say("nothing more of the answer came", timeouts.idle, "idle");
    default:
      return say("the call was not over", timeouts.total, "total");
  }
}

}  // namespace

Call::Call(Plan plan, std::unique_ptr<Consumer> consumer)
    : plan_(std::move(plan)), consumer_(std::move(consumer)), id_(make_uuid(environment().random)) {
  if (plan_.stop.stop_possible()) {
    outer_stop_.emplace(plan_.stop, [this] { stop_.request_stop(); });
  }
}

Call::~Call() = default;

void Call::pump() { pump(SteadyTime::max()); }

bool Call::pump(SteadyTime until) {
  // An item that waits needs neither the clock nor the socket: at full speed that is the usual
  // case.
  if (state_ == State::answering && !stop_.stop_requested() && consumer_->progress().item)
    return true;
  entered_ = now();
  bool ready = false;
  while (true) {
    check_stop_and_timers();
    ready = state_ == State::done || (state_ == State::answering && consumer_->progress().item);
    if (ready) break;
    progressed_ = false;
    step();
    if (progressed_) continue;
    if (now() >= until) break;
    lane_->wait(std::min(until, deadline()));
  }
  pumped_ += now() - entered_;
  return ready;
}

void Call::step() {
  switch (state_) {
    case State::signing:
      return sign();
    case State::sending:
      return await_head();
    case State::answering:
      return answer();
    case State::explaining:
      return explain();
    case State::backing_off:
      return back_off();
    case State::done:
      return;
  }
}

void Call::move_to(State state) {
  state_ = state;
  progressed_ = true;
}

void Call::sign() {
  ++attempts_;
  HttpRequest request = plan_.request;
  const Attempt attempt{
      .call_id = id_,
      .number = attempts_,
      .max = plan_.retry.max_attempts,
      .time_left = plan_.timeouts.total.count() > 0 ? time_left() : milliseconds(0)};
  added_ = endpoint().cloud->attempt_headers(attempt);
  request.headers.insert(request.headers.end(), added_.begin(), added_.end());
  const SteadyTime limit =
      plan_.timeouts.total.count() > 0 ? now() + time_left() : SteadyTime::max();
  signed_at_ = endpoint().client->clock->offset();
  auto proof = endpoint().signer->sign(request, {.deadline = limit, .stop = stop_.get_token()});
  if (!proof) return fail(std::move(proof).error());
  request.headers.insert(request.headers.end(), proof->begin(), proof->end());
  added_.insert(added_.end(), proof->begin(), proof->end());

  if (!lane_) {
    lane_ = endpoint().client->lanes.lease(now());
    waker_.emplace(stop_.get_token(), [lane = lane_.get()] { lane->wake(); });
  }
  attempt_began_ = pumped();
  content_ = false;
  last_given_ = false;
  exchange_ = lane_->start(std::move(request), {.connect_timeout = plan_.timeouts.connect});
  move_to(State::sending);
}

void Call::await_head() {
  if (const HttpHead* head = exchange_->head()) {
    head_ = *head;
    last_bytes_ = pumped();
    if (head->status < 200 || head->status > 299) {
      error_body_.clear();
      return move_to(State::explaining);
    }
    if (auto begun = consumer_->begin(*head_); !begun) return fail(std::move(begun).error());
    return move_to(State::answering);
  }
  if (const Error* error = exchange_->error()) fail(*error);
}

void Call::answer() {
  const std::string_view bytes = exchange_->body();
  const bool ended = exchange_->ended();
  const Error* broken = exchange_->error();
  if (!bytes.empty() || (ended && broken == nullptr && !last_given_)) {
    last_bytes_ = pumped();
    last_given_ = ended && broken == nullptr;
    consumer_->append(bytes, last_given_);
    exchange_->consume(bytes.size());
    progressed_ = true;
  }
  const Consumer::Progress progress = consumer_->progress();
  content_ |= progress.content;
  if (progress.over) return finish();
  if (progress.item) return;
  if (progress.error != nullptr) return fail(*progress.error);
  if (ended && broken != nullptr) fail(*broken);
}

void Call::explain() {
  const std::string_view bytes = exchange_->body();
  if (!bytes.empty()) {
    last_bytes_ = pumped();
    error_body_ +=
        bytes.substr(0, max_error_body_bytes - std::min(max_error_body_bytes, error_body_.size()));
    exchange_->consume(bytes.size());
    progressed_ = true;
  }
  if (!exchange_->ended() && error_body_.size() < max_error_body_bytes) return;
  Error error = endpoint().cloud->explain(*head_, error_body_);
  error.phase = Phase::headers;
  error.http_status = head_->status;
  error.provider_body = clip(error_body_, max_kept_error_body_bytes);
  if (error.code == ErrorCode::authentication || error.code == ErrorCode::permission)
    explain_refusal(error);
  scrub_proof(error);
  if (!error.retry_after) error.retry_after = retry_after(*head_, environment().now());
  clock_moved_ = clock_was_wrong(error);
  error.retryable |= clock_moved_;
  fail(std::move(error));
}

// The server's Date tells the time of its refusal, unless a cache gave the answer (RFC 9111 §5.1)
// or it was long under way.
bool Call::clock_was_wrong(const Error& error) const {
  const bool refused =
      error.code == ErrorCode::authentication || error.code == ErrorCode::permission;
  if (!refused || !endpoint().signer->is_dated()) return false;
  const bool old =
      !head_->header("age").empty() || pumped() - attempt_began_ > std::chrono::minutes(15);
  const auto date = parse_http_date(head_->header("date"));
  return !old && date && endpoint().client->clock->learn(*date, signed_at_);
}

// What the identity can tell about it takes the place of the provider's details, which may run to
// pages and stay in provider_body.
void Call::explain_refusal(Error& error) const {
  HttpRequest sent = plan_.request;
  sent.headers.insert(sent.headers.end(), added_.begin(), added_.end());
  const std::string why =
      endpoint().signer->explain_refusal(sent, endpoint().cloud->scope(), error.message);
  if (!why.empty()) {
    error.message.resize(std::min(error.message.find('\n'), error.message.size()));
    error.message += "; " + why;
  }
}

// Providers and proxies quote what they were sent.
void Call::scrub_proof(Error& error) const {
  for (const Header& header : added_) {
    if (!header.sensitive) continue;
    const auto space = header.value.find(' ');  // "Bearer …"
    const Secret secret(header.value.substr(space == std::string::npos ? 0 : space + 1));
    scrub(error.message, secret);
    scrub(error.provider_body, secret);
  }
}

void Call::back_off() {
  if (now() >= retry_at_) move_to(State::signing);
}

void Call::finish() {
  endpoint().client->budget.give_back(retry_paid_ > 0 ? retry_paid_ : 1);
  // The end of the body is as a rule here already, behind the last event: read it, so that the
  // connection can be used again. A server that keeps the stream open is not waited for.
  if (!exchange_->ended()) lane_->wait(now());
  exchange_->consume(exchange_->body().size());
  release();
  move_to(State::done);
}

bool Call::renew_proof(const Error& error) {
  const bool refused = error.code == ErrorCode::authentication && error.phase == Phase::headers;
  if (!refused || clock_moved_ || free_attempts_ > 0 || !head_) return false;
  if (!endpoint().signer->renew_after(*head_, added_)) return false;
  ++free_attempts_;
  return true;
}

void Call::fail(Error error) {
  exchange_.reset();
  if (committed_ || stop_.stop_requested()) return end(std::move(error));
  if (renew_proof(error)) return move_to(State::signing);
  const auto delay =
      retry_delay(error, plan_.retry, attempts_ - free_attempts_, environment().random(),
                  time_left(), head_ && is_retry_hint(*head_));
  const int cost = retry_cost(error);
  if (!delay || !endpoint().client->budget.take(cost)) return end(std::move(error));
  retry_paid_ = cost;
  retry_at_ = now() + *delay;
  move_to(State::backing_off);
}

void Call::end(Error error) {
  error.attempts = attempts_;
  error.output_delivered = committed_;
  if (head_ && error.request_id.empty()) error.request_id = endpoint().cloud->request_id(*head_);
  error_ = std::move(error);
  release();
  move_to(State::done);
}

void Call::release() {
  exchange_.reset();
  waker_.reset();
  lane_ = {};
}

void Call::check_stop_and_timers() {
  if (state_ == State::done) return;
  if (stop_.stop_requested()) {
    return end({.code = ErrorCode::cancelled,
                .phase = Phase::stream,
                .message = "the caller cancelled the call"});
  }
  if (const auto timer = next_timer(); timer && pumped() >= timer->due) {
    end(timeout_error(timer->phase, plan_.timeouts));
  }
}

std::optional<Call::Timer> Call::next_timer() const {
  std::optional<Timer> next;
  const auto consider = [&](Phase phase, milliseconds limit, Duration since) {
    const Duration due = since + limit;
    if (limit.count() > 0 && (!next || due < next->due)) next = Timer{phase, due};
  };
  consider(Phase::total, plan_.timeouts.total, Duration{});
  const bool under_way = state_ == State::sending || state_ == State::answering;
  if (under_way && consumer_->streams() && !content_) {
    consider(Phase::first_event, plan_.timeouts.first_event, attempt_began_);
  } else if (state_ == State::answering || state_ == State::explaining) {
    consider(Phase::idle, plan_.timeouts.idle, last_bytes_);
  }
  return next;
}

milliseconds Call::time_left() const {
  if (plan_.timeouts.total.count() <= 0) return milliseconds::max();
  return std::chrono::duration_cast<milliseconds>(plan_.timeouts.total - pumped());
}

SteadyTime Call::deadline() const {
  if (state_ == State::backing_off) return retry_at_;
  const auto timer = next_timer();
  return timer ? now() + (timer->due - pumped()) : SteadyTime::max();
}

}  // namespace ek
