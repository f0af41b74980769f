#include "endpointkit/ext/decoder.hpp"

#include <utility>

#include "endpoint/event_decoder.hpp"

namespace ek {

class ChatDecoder::Impl : public EventDecoder {
 public:
  explicit Impl(EventDecoder&& decoder) : EventDecoder(std::move(decoder)) {}
};

Result<ChatDecoder> ChatDecoder::create(const DecoderOptions& options) {
  auto decoder = EventDecoder::create(options, nullptr);
  if (!decoder) return std::move(decoder).error();
  return ChatDecoder(std::make_unique<Impl>(*std::move(decoder)));
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
