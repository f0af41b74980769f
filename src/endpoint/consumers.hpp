// The four consumers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/rare_error.hpp"
#include "endpoint/consumer.hpp"
#include "endpoint/endpoint_state.hpp"
#include "endpoint/event_decoder.hpp"
#include "wire/decoder.hpp"

namespace ek {

/// Decodes chat events and keeps the reply they make.
class ChatConsumer final : public Consumer {
 public:
  explicit ChatConsumer(const EndpointState& endpoint) : endpoint_(endpoint) {}

  Result<void> begin(const HttpHead& head) override;
  void append(std::string_view bytes, bool last) override;
  Progress progress() override;
  [[nodiscard]] bool streams() const noexcept override { return true; }
  void skip() override { take(); }
  [[nodiscard]] const Usage* usage() const noexcept override { return &reply().usage; }

  /// The event that progress() told of.
  ChatEvent take() { return decoder_->take(); }
  [[nodiscard]] const ChatReply& reply() const noexcept;

 private:
  const EndpointState& endpoint_;
  std::optional<EventDecoder> decoder_;
  bool finished_ = false;
};

/// Hands the container's bytes on as they come, with the cloud's wrapping taken off.
class PieceConsumer final : public Consumer {
 public:
  explicit PieceConsumer(const EndpointState& endpoint) : endpoint_(endpoint) {}

  Result<void> begin(const HttpHead& head) override;
  void append(std::string_view bytes, bool last) override;
  Progress progress() override;
  [[nodiscard]] bool streams() const noexcept override { return true; }
  void skip() override { piece_.clear(); }

  std::string take();

 private:
  const EndpointState& endpoint_;
  std::unique_ptr<wire::Decoder> unwrap_;  // null: the body is the container's own
  std::string piece_;
  RareError error_;
  bool last_ = false;
};

/// Collects the body.
class WholeConsumer : public Consumer {
 public:
  Result<void> begin(const HttpHead& head) override;
  void append(std::string_view bytes, bool last) override;
  Progress progress() override;
  [[nodiscard]] bool streams() const noexcept override { return false; }

  std::string take() { return std::move(body_); }

 protected:
  RareError error_;

 private:
  std::string body_;
  bool last_ = false;
};

/// Collects the body of an unstreamed chat and reads the reply in it.
class ReplyConsumer final : public WholeConsumer {
 public:
  explicit ReplyConsumer(const dialect::Dialect& dialect) : dialect_(dialect) {}

  Result<void> begin(const HttpHead& head) override;
  void append(std::string_view bytes, bool last) override;
  [[nodiscard]] const Usage* usage() const noexcept override { return &reply_.usage; }

  ChatReply take_reply() { return std::move(reply_); }

 private:
  const dialect::Dialect& dialect_;
  ChatReply reply_;
};

}  // namespace ek
