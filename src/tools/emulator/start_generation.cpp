#include <utility>

#include "tools/emulator/service.hpp"
#include "tools/emulator/upstream.hpp"

namespace ek::emulator {
namespace {

// Begins well, then breaks as ordered.
class BreakingGeneration final : public Generation {
 public:
  BreakingGeneration(std::unique_ptr<Generation> inner, Mishap mishap)
      : inner_(std::move(inner)), mishap_(mishap) {}

  Result<std::optional<Piece>> next() override {
    constexpr int pieces_before = 4;
    if (count_++ < pieces_before) return inner_->next();
    if (mishap_ == Mishap::cut) {
      return Error{.code = ErrorCode::transport,
                   .phase = Phase::stream,
                   .message = "the connection is cut, as ordered"};
    }
    return Error{.code = ErrorCode::model_error,
                 .phase = Phase::stream,
                 .message = "the model's server closed the connection while it was answering"};
  }
  Ending ending() const override { return inner_->ending(); }

 private:
  std::unique_ptr<Generation> inner_;
  Mishap mishap_;
  int count_ = 0;
};

class CountedGeneration final : public Generation {
 public:
  CountedGeneration(std::unique_ptr<Generation> inner, Stats& stats, std::string endpoint)
      : inner_(std::move(inner)), stats_(stats), endpoint_(std::move(endpoint)) {
    stats_.change(endpoint_, [](EndpointCount& count) { ++count.generations; });
  }
  ~CountedGeneration() override { abandon(); }
  CountedGeneration(const CountedGeneration&) = delete;
  CountedGeneration& operator=(const CountedGeneration&) = delete;

  Result<std::optional<Piece>> next() override {
    auto piece = inner_->next();
    if (!piece) abandon();  // before the client can hear of it
    if (!piece || *piece || counted_) return piece;
    counted_ = true;
    stats_.change(endpoint_, [ending = inner_->ending()](EndpointCount& count) {
      ++count.completed;
      count.prompt_tokens += ending.prompt_tokens;
      count.completion_tokens += ending.completion_tokens;
    });
    return piece;
  }
  Ending ending() const override { return inner_->ending(); }

 private:
  void abandon() {
    if (std::exchange(counted_, true)) return;
    stats_.change(endpoint_, [](EndpointCount& count) { ++count.abandoned; });
  }

  std::unique_ptr<Generation> inner_;
  Stats& stats_;
  std::string endpoint_;
  bool counted_ = false;  // how it ended
};

}  // namespace

Result<std::unique_ptr<Generation>> start_generation(Service& service, const std::string& endpoint,
                                                     const ChatCall& call, Mishap mishap) {
  if (mishap == Mishap::failing) {
    return Error{.code = ErrorCode::model_error,
                 .phase = Phase::headers,
                 .message = "the model failed, as ordered",
                 .original_status = 500};
  }
  std::unique_ptr<Generation> generation;
  if (service.options.upstream.empty()) {
    generation = generate(call.prompt, service.options.tokens_per_second,
                          [&stop = service.stop](auto time) { return stop.wait_for(time); });
  } else {
    auto started = ask_upstream({.base_url = service.options.upstream,
                                 .model = service.options.upstream_model,
                                 .key = service.options.upstream_key,
                                 .stopping = [&stop = service.stop] { return stop.is_set(); }},
                                call.openai_json);
    if (!started) return started.error();
    generation = *std::move(started);
  }
  if (mishap == Mishap::broken || mishap == Mishap::cut) {
    generation = std::make_unique<BreakingGeneration>(std::move(generation), mishap);
  }
  return std::unique_ptr<Generation>(
      std::make_unique<CountedGeneration>(std::move(generation), service.stats, endpoint));
}

}  // namespace ek::emulator
