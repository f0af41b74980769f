#include "endpointkit/ext/decoder.hpp"

#include <fmt/format.h>

#include <utility>

#include "endpoint/event_decoder.hpp"

namespace ek {

class ChatDecoder::Impl : public EventDecoder {
 public:
  using EventDecoder::EventDecoder;
};

Result<ChatDecoder> ChatDecoder::create(const DecoderOptions& options) {
  const dialect::Dialect* dialect = dialect::find(options.dialect);
  if (dialect == nullptr && options.dialect != "auto" && !options.dialect.empty()) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = fmt::format("no dialect is called '{}'; known are auto, {}",
                                        options.dialect, dialect::names())};
  }
  return ChatDecoder(std::make_unique<Impl>(options, dialect, nullptr));
}

ChatDecoder::ChatDecoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatDecoder::ChatDecoder(ChatDecoder&&) noexcept = default;
ChatDecoder& ChatDecoder::operator=(ChatDecoder&&) noexcept = default;
ChatDecoder::~ChatDecoder() = default;

void ChatDecoder::append(std::string_view bytes, bool last) { impl_->append(bytes, last); }
Result<std::optional<ChatEvent>> ChatDecoder::next() {
  if (impl_->peek() != nullptr) return std::optional(impl_->take());
  if (const Error* error = impl_->error()) return *error;
  return std::optional<ChatEvent>();
}
const ChatReply& ChatDecoder::reply() const noexcept { return impl_->reply(); }
Wire ChatDecoder::wire() const noexcept { return impl_->wire(); }
std::string_view ChatDecoder::dialect() const noexcept { return impl_->dialect(); }

}  // namespace ek
