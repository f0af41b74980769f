#include "tools/emulator/answer_body.hpp"

#include <deque>

#include "tools/emulator/cutter.hpp"

namespace ek::emulator {
namespace {

using State = BodySource::Chunk::State;

class AnswerStream final : public BodySource {
 public:
  AnswerStream(std::unique_ptr<Generation> generation, std::unique_ptr<Writer> writer,
               Envelope envelope)
      : generation_(std::move(generation)),
        writer_(std::move(writer)),
        envelope_(std::move(envelope)) {
    append(writer_->begin());
  }

  Chunk next() override {
    while (chunks_.empty() && state_ == State::more) advance();
    if (chunks_.empty()) return {.state = state_};
    Chunk chunk{.bytes = std::move(chunks_.front())};
    chunks_.pop_front();
    return chunk;
  }

 private:
  void advance() {
    auto piece = generation_->next();
    if (!piece) return fail(piece.error());
    if (*piece) return append(writer_->piece(**piece));
    append(writer_->end(generation_->ending()));
    flush();
    state_ = State::end;
  }
  void fail(const Error& error) {
    if (error.code != ErrorCode::model_error) {
      state_ = State::cut;
      return;
    }
    if (!envelope_.wrap_failure) append(writer_->failure(error));
    flush();
    if (envelope_.wrap_failure) chunks_.push_back(envelope_.wrap_failure(error));
    state_ = State::end;
  }
  void append(std::string_view text) {
    if (text.empty()) return;
    for (const std::string& part : payload_.append(text)) send(part);
  }
  void send(const std::string& part) {
    if (!envelope_.wrap) {
      chunks_.push_back(part);
      return;
    }
    for (std::string& chunk : wire_.append(envelope_.wrap(part))) {
      chunks_.push_back(std::move(chunk));
    }
  }
  void flush() {
    for (const std::string& part : payload_.finish()) send(part);
    for (std::string& chunk : wire_.finish()) chunks_.push_back(std::move(chunk));
  }

  std::unique_ptr<Generation> generation_;
  std::unique_ptr<Writer> writer_;
  Envelope envelope_;
  Cutter payload_{1};
  Cutter wire_{2};
  std::deque<std::string> chunks_;
  State state_ = State::more;
};

class CutSource final : public BodySource {
 public:
  Chunk next() override {
    if (std::exchange(begun_, true)) return {.state = State::cut};
    return {.bytes = "{"};
  }

 private:
  bool begun_ = false;
};

}  // namespace

Result<std::string> whole_answer(Generation& generation, Writer& writer) {
  std::string body = writer.begin();
  while (true) {
    auto piece = generation.next();
    if (!piece) return piece.error();
    if (!*piece) return body + writer.end(generation.ending());
    body += writer.piece(**piece);
  }
}

std::unique_ptr<BodySource> stream_answer(std::unique_ptr<Generation> generation,
                                          std::unique_ptr<Writer> writer, Envelope envelope) {
  return std::make_unique<AnswerStream>(std::move(generation), std::move(writer),
                                        std::move(envelope));
}

Reply cut_reply(std::string content_type) {
  return {.content_type = std::move(content_type), .stream = std::make_unique<CutSource>()};
}

}  // namespace ek::emulator
