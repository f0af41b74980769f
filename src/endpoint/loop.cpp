#include "endpointkit/loop.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/later.hpp"
#include "endpoint/calls.hpp"
#include "endpoint/client_state.hpp"
#include "endpoint/consumers.hpp"
#include "endpoint/token_threads.hpp"

namespace ek {
namespace {

// After so many events the sockets are looked at, though there are more: no call starves.
constexpr unsigned turns = 64;

// What the application gets of a call in which something waits or which is over.
using Take = LoopEvent (*)(Call& call);

LoopEvent take_chat(Call& call) {
  return {.value = static_cast<ReplyConsumer&>(call.consumer()).take_reply(), .last = true};
}

LoopEvent take_chat_stream(Call& call) {
  auto& consumer = static_cast<ChatConsumer&>(call.consumer());
  if (consumer.progress().content) call.commit();
  ChatEvent event = consumer.take();
  const bool last = event.get_if<Finished>() != nullptr;
  return {.value = std::move(event), .last = last};
}

LoopEvent take_invoke(Call& call) { return {.value = take_invoke_reply(call), .last = true}; }

LoopEvent take_invoke_stream(Call& call) {
  auto& consumer = static_cast<PieceConsumer&>(call.consumer());
  if (!consumer.progress().item) return {.value = StreamEnd{}, .last = true};
  call.commit();
  return {.value = consumer.take()};
}

}  // namespace

class Loop::State {
 public:
  explicit State(std::shared_ptr<ClientState> client)
      : client_(std::move(client)), lane_(client_->transport->open_wide_lane()) {}
  ~State();

  Result<CallId> add(const Endpoint& endpoint, Result<CallPtr> call, Take take);
  void cancel(CallId call);
  void set_paused(CallId call, bool paused);
  std::optional<LoopEvent> next(SteadyTime until, bool while_empty);
  void wake() noexcept;
  [[nodiscard]] SteadyTime deadline() const;

  [[nodiscard]] SteadyTime now() const { return client_->environment->steady_now(); }
  [[nodiscard]] Lane& lane() noexcept { return *lane_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool has_event() const noexcept { return !outbox_.empty(); }
  void work();

 private:
  struct Slot;

  // From any thread: what the loop's thread finds at its next round.
  struct Mail {
    std::vector<std::unique_ptr<Slot>> added;
    std::vector<CallId> cancelled, poked;
    std::vector<std::pair<CallId, bool>> paused;
    void clear() {
      added.clear();
      cancelled.clear();
      paused.clear();
      poked.clear();
    }
  };
  template <class Change>
  void post(const Change& change);
  void poke(CallId call) {
    post([&](Mail& mail) { mail.poked.push_back(call); });
  }

  void read_mail();
  void look_at(Slot& slot);
  void advance_ready();
  void advance(Slot& slot);
  void offer(Slot& slot);
  void set_paused(Slot& slot, bool paused);
  void cancel(Slot& slot);
  void schedule(Slot& slot);
  void fire_timers();
  void take_up();
  LoopEvent deliver(Slot& slot);

  const std::shared_ptr<ClientState> client_;
  const std::unique_ptr<Lane> lane_;
  std::atomic<std::size_t> size_ = 0;
  std::atomic<CallId> last_id_ = 0;
  std::atomic<bool> woken_ = false;
  std::atomic<bool> has_mail_ = false;
  mutable std::mutex mutex_;
  Mail mail_;

  // Emptied before each use; kept for their memory.
  Mail read_;
  std::vector<Slot*> advancing_;

  std::unordered_map<CallId, std::unique_ptr<Slot>> slots_;
  unsigned delivered_ = 0;
  Slot* handed_ = nullptr;    // gave the event that the application works on
  std::vector<Slot*> ready_;  // to be advanced
  std::deque<Slot*> outbox_;  // have something for the application
  std::set<std::pair<SteadyTime, Slot*>> timers_;
  TokenThreads tokens_;  // Ends before what its jobs wake.
};

struct Loop::State::Slot final : CallHost {
  Slot(State& owner, CallId number, CallPtr made, Take how)
      : state(owner), id(number), call(std::move(made)), take(how) {}

  Lane& lane() override { return *state.lane_; }
  void sign(std::shared_ptr<SignJob> job) override {
    if (job->run_at_once()) return;
    state.tokens_.submit(std::move(job), [&owner = state, number = id] { owner.poke(number); });
  }
  void wake() noexcept override { state.poke(id); }
  std::function<void()> on_news() override {
    return [this] { state.look_at(*this); };
  }

  State& state;
  const CallId id;
  CallPtr call;
  const Take take;
  bool queued = false;  // in ready_
  bool waits = false;   // has something: in outbox_, unless it is paused
  bool paused = false;
  bool cancelled = false;                    // and not paused any more
  SteadyTime scheduled = SteadyTime::max();  // its place in timers_
};

Loop::State::~State() {
  read_mail();
  for (const auto& [id, slot] : slots_) {
    slot->call->cancel();
    slot->call->advance();
  }
}

template <class Change>
void Loop::State::post(const Change& change) {
  {
    const std::lock_guard lock(mutex_);
    change(mail_);
    has_mail_ = true;
  }
  lane_->wake();
}

Result<CallId> Loop::State::add(const Endpoint& endpoint, Result<CallPtr> call, Take take) {
  if (!call) return std::move(call).error();
  if (endpoint.state()->client != client_) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message =
                     "the endpoint was opened on another client than the loop's: open it "
                     "with the client that the loop was made with"};
  }
  const CallId id = ++last_id_;
  ++size_;
  auto slot = std::make_unique<Slot>(*this, id, *std::move(call), take);
  post([&](Mail& mail) { mail.added.push_back(std::move(slot)); });
  return id;
}

void Loop::State::cancel(CallId call) {
  post([&](Mail& mail) { mail.cancelled.push_back(call); });
}

void Loop::State::set_paused(CallId call, bool paused) {
  post([&](Mail& mail) { mail.paused.emplace_back(call, paused); });
}

void Loop::State::wake() noexcept {
  woken_ = true;
  lane_->wake();
}

void Loop::State::read_mail() {
  read_.clear();
  {
    const std::lock_guard lock(mutex_);
    std::swap(read_, mail_);
    has_mail_ = false;
  }
  for (auto& added : read_.added) {
    Slot& slot = *slots_.emplace(added->id, std::move(added)).first->second;
    slot.call->attach(slot);
    slot.call->start_clock();
    look_at(slot);
  }
  const auto find = [&](CallId id) {
    const auto found = slots_.find(id);
    return found != slots_.end() ? found->second.get() : nullptr;
  };
  for (const CallId id : read_.poked) {
    if (Slot* slot = find(id)) look_at(*slot);
  }
  for (const auto& [id, paused] : read_.paused) {
    Slot* slot = find(id);
    if (slot != nullptr && !(slot->cancelled && paused)) set_paused(*slot, paused);
  }
  for (const CallId id : read_.cancelled) {
    if (Slot* slot = find(id)) cancel(*slot);
  }
}

void Loop::State::look_at(Slot& slot) {
  if (!std::exchange(slot.queued, true)) ready_.push_back(&slot);
}

void Loop::State::advance_ready() {
  advancing_.clear();
  std::swap(advancing_, ready_);
  for (Slot* slot : advancing_) {
    slot->queued = false;
    advance(*slot);
  }
}

void Loop::State::advance(Slot& slot) {
  // The caller's own stop token takes back what waits.
  if (slot.paused && slot.waits && !slot.call->over() && !slot.call->item_waits())
    slot.waits = false;
  if (slot.waits) return;
  if (!slot.call->advance()) return schedule(slot);
  slot.call->stop_clock(false);
  offer(slot);
}

void Loop::State::offer(Slot& slot) {
  slot.waits = true;
  const Error* error = slot.call->error();
  if (error != nullptr && error->code == ErrorCode::cancelled) slot.paused = false;
  if (!slot.paused) outbox_.push_back(&slot);
}

void Loop::State::set_paused(Slot& slot, bool paused) {
  if (std::exchange(slot.paused, paused) == paused || !slot.waits) return;
  if (paused) {
    outbox_.erase(std::find(outbox_.begin(), outbox_.end(), &slot));
  } else {
    outbox_.push_back(&slot);
  }
}

// Whoever has cancelled wants to hear the end: it is not paused any more, for good.
void Loop::State::cancel(Slot& slot) {
  slot.cancelled = true;
  set_paused(slot, false);
  slot.call->cancel();
  look_at(slot);
}

// A timer that moves away is found out when it fires: most are moved with every event.
void Loop::State::schedule(Slot& slot) {
  const SteadyTime due = slot.call->deadline();
  if (due >= slot.scheduled) return;
  timers_.erase({slot.scheduled, &slot});
  timers_.emplace(due, &slot);
  slot.scheduled = due;
}

void Loop::State::fire_timers() {
  while (!timers_.empty() && timers_.begin()->first <= now()) {
    Slot& slot = *timers_.begin()->second;
    timers_.erase(timers_.begin());
    slot.scheduled = SteadyTime::max();
    advance(slot);
  }
}

LoopEvent Loop::State::deliver(Slot& slot) {
  outbox_.pop_front();
  const Error* error = slot.call->error();
  LoopEvent event =
      error != nullptr ? LoopEvent{.value = *error, .last = true} : slot.take(*slot.call);
  event.call = slot.id;
  if (!event.last) {
    if (slot.call->item_waits()) {
      offer(slot);
    } else {
      slot.waits = false;
      handed_ = &slot;
    }
    return event;
  }
  slot.call->start_clock();
  slot.call->advance();  // what follows the last event, so that the connection can be used again
  timers_.erase({slot.scheduled, &slot});
  if (slot.queued) ready_.erase(std::find(ready_.begin(), ready_.end(), &slot));
  --size_;
  slots_.erase(slot.id);
  return event;
}

// The application is back from an event: the time that it took is not the call's.
void Loop::State::take_up() {
  Slot* slot = std::exchange(handed_, nullptr);
  if (slot == nullptr) return;
  slot->call->start_clock();
  look_at(*slot);
}

void Loop::State::work() {
  take_up();
  read_mail();
  advance_ready();
  if (!outbox_.empty()) return;
  lane_->wait(now());
  read_mail();
  advance_ready();
  fire_timers();
}

std::optional<LoopEvent> Loop::State::next(SteadyTime until, bool while_empty) {
  take_up();
  while (true) {
    read_mail();
    advance_ready();
    if (!outbox_.empty()) {
      if (++delivered_ % turns == 0) lane_->wait(now());
      return deliver(*outbox_.front());
    }
    if (woken_.exchange(false) || (!while_empty && size_ == 0)) return std::nullopt;
    // A wake-up may have been used up by a call that waited on the lane for its own end.
    if (!ready_.empty() || has_mail_) continue;
    const SteadyTime first = timers_.empty() ? SteadyTime::max() : timers_.begin()->first;
    lane_->wait(std::min(until, first));
    // What has come is looked at before what is late.
    read_mail();
    advance_ready();
    fire_timers();
    if (outbox_.empty() && !has_mail_ && now() >= until) return std::nullopt;
  }
}

SteadyTime Loop::State::deadline() const {
  if (!outbox_.empty() || !ready_.empty() || handed_ != nullptr || has_mail_) return now();
  const SteadyTime first = timers_.empty() ? SteadyTime::max() : timers_.begin()->first;
  return std::min(first, lane_->due());
}

Loop::Loop(const Client& client) : state_(std::make_unique<State>(client.state())) {}
Loop::Loop(Loop&&) noexcept = default;
Loop& Loop::operator=(Loop&&) noexcept = default;
Loop::~Loop() = default;

Result<CallId> Loop::chat(const Endpoint& endpoint, const ChatRequest& request,
                          const CallOptions& options) {
  return state_->add(endpoint, make_chat(endpoint.state(), request, options), take_chat);
}
Result<CallId> Loop::chat_stream(const Endpoint& endpoint, const ChatRequest& request,
                                 const CallOptions& options) {
  return state_->add(endpoint, make_chat_stream(endpoint.state(), request, options),
                     take_chat_stream);
}
Result<CallId> Loop::invoke(const Endpoint& endpoint, const InvokeRequest& request,
                            const CallOptions& options) {
  return state_->add(endpoint, make_invoke(endpoint.state(), request, options), take_invoke);
}
Result<CallId> Loop::invoke_stream(const Endpoint& endpoint, const InvokeRequest& request,
                                   const CallOptions& options) {
  return state_->add(endpoint, make_invoke_stream(endpoint.state(), request, options),
                     take_invoke_stream);
}
void Loop::cancel(CallId call) { state_->cancel(call); }
void Loop::pause(CallId call) { state_->set_paused(call, true); }
void Loop::resume(CallId call) { state_->set_paused(call, false); }
std::optional<LoopEvent> Loop::next() { return state_->next(SteadyTime::max(), false); }
std::optional<LoopEvent> Loop::next(std::chrono::milliseconds timeout) {
  return state_->next(after(state_->now(), timeout), true);
}
bool Loop::process() {
  state_->work();
  return state_->has_event();
}
void Loop::wake() noexcept { state_->wake(); }
std::size_t Loop::size() const noexcept { return state_->size(); }
int Loop::fd() const noexcept { return state_->lane().descriptor(); }
std::chrono::steady_clock::time_point Loop::deadline() const { return state_->deadline(); }

}  // namespace ek
