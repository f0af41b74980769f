#include "endpoint/direct_call.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/uuid.hpp"
#include "endpoint/adaptive_rate.hpp"
#include "endpoint/retry.hpp"
#include "endpoint/timers.hpp"

namespace ek {
namespace {

using std::chrono::milliseconds;
using Kind = CallMoment::Kind;

// What a decoder is given at once: its buffers stay as small, however much lies ready.
constexpr std::size_t slice_bytes = 16 * 1024;
// Longer than any identity takes, programs that ask a person included.
constexpr std::chrono::seconds longest_signing(120);

Error limited(std::string_view uri) {
  return {.code = ErrorCode::rate_limit,
          .phase = Phase::request,
          .message = fmt::format("the limits that the application set for {} are reached", uri),
          .retryable = true};
}

}  // namespace

DirectCall::DirectCall(Plan plan, std::unique_ptr<Consumer> consumer)
    : plan_(std::move(plan)), consumer_(std::move(consumer)), id_(make_uuid(environment().random)) {
  if (plan_.stop.stop_possible()) {
    outer_stop_.emplace(plan_.stop, Stop{stop_});
  }
}

// Whoever drops a call has given it up: a token that is fetched for it is not waited for.
DirectCall::~DirectCall() {
  if (host_ == nullptr || over()) return;
  start_clock();
  end(cancelled("; it was given up"));
  stop_.request_stop();
}

void DirectCall::attach(CallHost& host) {
  host_ = &host;
  waker_.emplace(stop_.get_token(), Wake{host});
}

bool DirectCall::advance() {
  read_clock();
  check_stop();
  if (over() || item_waits()) return true;
  do {
    progressed_ = false;
    step();
    // What has come counts before what is late: whoever drives the call may be late himself.
    if (over() || item_waits()) return true;
    if (!progressed_) check_timers();
  } while (progressed_);
  return over();
}

bool DirectCall::item_waits() {
  if (stop_.stop_requested() && !draining_) return false;
  while (state_ == State::answering && consumer_->progress().item) {
    if (!draining_) return true;
    consumer_->skip();
  }
  return false;
}

void DirectCall::commit() noexcept {
  note_content();
  if (std::exchange(committed_, true)) return;
  // Nothing is sent again, and no proof is refused now.
  std::string().swap(plan_.request.body);
  std::vector<Header>().swap(plan_.request.headers);
  std::vector<Header>().swap(proof_);
}

// Also of what came behind a sign of life, and is handed out without a look.
void DirectCall::note_content() {
  if (!std::exchange(content_, true))
    tell({.kind = Kind::first_event, .took = pumped() - attempt_began_});
}

void DirectCall::step() {
  switch (state_) {
    case State::queued:
      return queue();
    case State::pacing:
      return pace();
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

void DirectCall::move_to(State state) {
  state_ = state;
  progressed_ = true;
}

void DirectCall::queue() {
  const auto& limiter = endpoint().limiter;
  if (limiter != nullptr && ticket_ == nullptr)
    ticket_ = limiter->enter(plan_.tokens, [host = host_] { host->wake(); });
  const auto later = ticket_ != nullptr ? ticket_->admit(now_) : std::nullopt;
  if (later && !may_queue_) return end(limited(endpoint().uri));
  if (later) {
    turn_at_ = *later;
    return;
  }
  if (plan_.retry.mode != RetryMode::adaptive) return move_to(State::signing);
  turn_at_ = endpoint().rate->take_turn(now_);
  move_to(State::pacing);
}

void DirectCall::pace() {
  if (now_ >= turn_at_) move_to(State::signing);
}

void DirectCall::sign() {
  if (job_ == nullptr) {
    ++attempts_;
    head_.reset();  // what the last attempt was told says nothing of this one
    signing_began_ = pumped();
    signed_at_ = endpoint().client->clock->offset();
    const SteadyTime limit = now_ + std::min<milliseconds>(time_left(), longest_signing);
    job_ = std::make_shared<SignJob>(endpoint().signer, make_attempt(),
                                     SignContext{.deadline = limit, .stop = stop_.get_token()});
    host_->sign(job_);
    read_clock();
  }
  if (job_->done()) send();
}

HttpRequest DirectCall::make_attempt() const {
  constexpr std::size_t more = 8;  // attempt headers and the proof, in one allocation
  const HttpRequest& base = plan_.request;
  HttpRequest request{.method = base.method, .url = base.url, .body = base.body};
  request.headers.reserve(base.headers.size() + more);
  request.headers = base.headers;
  const bool limited = plan_.timeouts.total.count() > 0;
  for (Header& header : endpoint().cloud->attempt_headers({.call_id = id_,
                        .number = attempts_,
                        .max = plan_.retry.max_attempts,
                        .time_left = limited ? time_left() : milliseconds(0)})) {
    request.headers.push_back(std::move(header));
  }
  return request;
}

void DirectCall::send() {
  const std::shared_ptr<SignJob> job = std::exchange(job_, nullptr);
  attempt_began_ = pumped();
  if (job->fetched()) tell({.kind = Kind::token_fetched, .took = attempt_began_ - signing_began_});
  if (!job->proof()) return fail(unsigned_error(std::move(job->proof()).error()));
  proof_ = *std::move(job->proof());
  HttpRequest request = std::move(job->request());
  request.headers.insert(request.headers.end(), proof_.begin(), proof_.end());
  content_ = false;
  last_given_ = false;
  exchange_ = host_->lane().start(
      std::move(request), {.connect_timeout = plan_.timeouts.connect, .on_news = host_->on_news()});
  tell({.kind = Kind::attempt_started, .took = attempt_began_ - signing_began_});
  move_to(State::sending);
}

// Nothing was sent to the model: whatever the token service did, no answer can be billed.
Error DirectCall::unsigned_error(Error error) const {
  if (time_left() <= milliseconds(0)) {
    Error late = timeout_error(Phase::total, plan_.timeouts);
    late.message += "; there was no proof of identity yet: " + error.message;
    return late;
  }
  if (error.phase != Phase::request) error.phase = Phase::credentials;
  return error;
}

void DirectCall::await_head() {
  if (exchange_->head() != nullptr) {
    head_ = exchange_->take_head();
    if (consumer_->streams()) head_->headers.shrink_to_fit();
    last_bytes_ = window_began_ = pumped();
    window_bytes_ = 0;
    tell({.kind = Kind::headers, .took = last_bytes_ - attempt_began_});
    if (const auto& limiter = endpoint().limiter)
      limiter->learn(*head_, retry_after(*head_, environment().now()), now_);
    if (head_->status < 200 || head_->status > 299) {
      error_body_.clear();
      return move_to(State::explaining);
    }
    learn(false);
    if (auto begun = consumer_->begin(*head_); !begun) return fail(std::move(begun).error());
    return move_to(State::answering);
  }
  if (const Error* error = exchange_->error()) fail(*error);
}

void DirectCall::answer() {
  const std::string_view body = exchange_->body();
  const std::string_view bytes = body.substr(0, slice_bytes);
  const bool ended = exchange_->ended() && bytes.size() == body.size();
  const Error* broken = exchange_->error();
  if (!bytes.empty() || (ended && broken == nullptr && !last_given_)) {
    last_bytes_ = pumped();
    window_bytes_ += bytes.size();
    last_given_ = ended && broken == nullptr;
    consumer_->append(bytes, last_given_);
    exchange_->consume(bytes.size());
    progressed_ = true;
  }
  const Consumer::Progress progress = consumer_->progress();
  if (progress.content) note_content();
  if (progress.over) return finish();
  if (progress.item) return;
  if (progress.error != nullptr) return fail(*progress.error);
  if (ended && broken != nullptr) fail(*broken);
}

void DirectCall::back_off() {
  if (now_ >= retry_at_) move_to(State::queued);
}

void DirectCall::finish() {
  endpoint().client->budget.give_back(retry_paid_ > 0 ? retry_paid_ : 1);
  // The end of the body is as a rule here already, behind the last event. It is not waited for: the
  // server may keep the stream open.
  if (!exchange_->ended()) host_->lane().wait(now_);
  exchange_->consume(exchange_->body().size());
  if (!exchange_->ended()) host_->lane().let_end(std::exchange(exchange_, nullptr));
  leave_limiter(true);
  if (draining_) return end(cancelled());
  release();
  move_to(State::done);
  tell({.kind = Kind::ended, .took = pumped(), .usage = consumer_->usage()});
}

void DirectCall::fail(Error error) {
  exchange_.reset();
  add_head(error);
  leave_limiter(content_ || may_be_paid(error));
  if (error.phase == Phase::headers || is_throttling(error)) learn(is_throttling(error));
  if (stop_.stop_requested() && !draining_) return end(cancelled());
  if (committed_ || draining_) return end(std::move(error));
  if (renew_proof(error)) {
    tell({.kind = Kind::attempt_failed, .error = &error, .retry_in = milliseconds(0)});
    return move_to(State::queued);
  }
  const auto delay =
      retry_delay(error, plan_.retry, attempts_ - free_attempts_, environment().random(),
                  time_left(), head_ && is_retry_hint(*head_));
  const int cost = retry_cost(error);
  if (!delay) return end(std::move(error));
  if (!endpoint().client->budget.take(cost)) {
    error.message += "; not tried again, for the client's budget of retries is used up";
    return end(std::move(error));
  }
  tell({.kind = Kind::attempt_failed, .error = &error, .retry_in = *delay, .retry_cost = cost});
  retry_paid_ = cost;
  retry_at_ = now_ + *delay;
  move_to(State::backing_off);
}

void DirectCall::end(Error error) {
  if (draining_ && error.code != ErrorCode::cancelled) {
    error = cancelled("; the rest of the answer could not be read: " + error.message);
  }
  error.attempts = attempts_;
  error.output_delivered = committed_;
  add_head(error);
  error_ = std::move(error);
  release();
  move_to(State::done);
  tell({.kind = Kind::attempt_failed, .error = &*error_});
  tell({.kind = Kind::ended, .took = pumped(), .error = &*error_, .usage = consumer_->usage()});
}

// For errors that came after the head of an answer, in whatever way.
void DirectCall::add_head(Error& error) const {
  if (!head_) return;
  if (error.http_status == 0) error.http_status = head_->status;
  if (error.request_id.empty()) error.request_id = endpoint().cloud->request_id(*head_);
}

// What was estimated stays taken where the model was at work and nobody counted.
void DirectCall::leave_limiter(bool was_at_work) {
  const auto ticket = std::exchange(ticket_, nullptr);
  if (ticket == nullptr) return;
  if (!was_at_work) return ticket->settle(0);
  const Usage* usage = consumer_->usage();
  if (usage == nullptr) return;
  const auto both = usage->input_tokens.value_or(0) + usage->output_tokens.value_or(0);
  const std::int64_t used = usage->total_tokens.value_or(both);
  if (used > 0) ticket->settle(static_cast<double>(used));
}

void DirectCall::learn(bool throttled) {
  if (plan_.retry.mode == RetryMode::adaptive) endpoint().rate->learn(throttled, now_);
}

void DirectCall::release() {
  if (state_ == State::pacing) endpoint().rate->give_back();
  leave_limiter(exchange_ != nullptr);
  exchange_.reset();
  waker_.reset();
}

void DirectCall::check_stop() {
  if (over() || draining_ || !stop_.stop_requested()) return;
  if (plan_.on_cancel == CancelMode::abort || !committed_) return end(cancelled());
  draining_ = true;
  drain_began_ = pumped();
}

void DirectCall::tell(CallMoment moment) const {
  if (plan_.observer == nullptr) return;
  moment.at = now_;
  moment.call_id = id_;
  moment.uri = endpoint().uri;
  moment.attempt = attempts_;
  moment.http_status = head_ ? head_->status : 0;
  plan_.observer->on_moment(moment);
}

}  // namespace ek
