#include "tools/emulator/generation.hpp"

#include <deque>

namespace ek::emulator {
namespace {

std::deque<Piece> pieces_of(const Answer& answer) {
  std::deque<Piece> pieces;
  for (const auto& token : answer.reasoning) pieces.push_back({Piece::Kind::reasoning, token});
  for (const auto& token : answer.tokens) pieces.push_back({Piece::Kind::text, token});
  if (answer.tool) {
    pieces.push_back({Piece::Kind::tool_name, answer.tool->name});
    for (auto& token : tokenize(answer.tool->arguments)) {
      pieces.push_back({Piece::Kind::tool_arguments, std::move(token)});
    }
  }
  return pieces;
}

class LocalGeneration final : public Generation {
 public:
  LocalGeneration(const Answer& answer, double tokens_per_second, Pause pause)
      : pieces_(pieces_of(answer)),
        ending_{.finish = answer.finish,
                .prompt_tokens = answer.prompt_tokens,
                .completion_tokens = answer.completion_tokens,
                .reasoning_tokens = static_cast<int>(answer.reasoning.size())},
        gap_(tokens_per_second > 0
                 ? std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / tokens_per_second))
                 : std::chrono::nanoseconds(0)),
        pause_(std::move(pause)) {}

  Result<std::optional<Piece>> next() override {
    if (pieces_.empty()) return std::optional<Piece>();
    if (gap_.count() > 0 && !pause_(gap_)) {
      return Error{.code = ErrorCode::cancelled,
                   .phase = Phase::stream,
                   .message = "the emulator was stopped while the model was answering"};
    }
    std::optional<Piece> piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
  }
  Ending ending() const override { return ending_; }

 private:
  std::deque<Piece> pieces_;
  Ending ending_;
  std::chrono::nanoseconds gap_;
  Pause pause_;
};

}  // namespace

std::unique_ptr<Generation> generate(const Prompt& prompt, double tokens_per_second, Pause pause) {
  return std::make_unique<LocalGeneration>(answer(prompt), tokens_per_second, std::move(pause));
}

}  // namespace ek::emulator
