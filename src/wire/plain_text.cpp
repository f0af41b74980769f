#include "wire/plain_text.hpp"

#include "wire/errors.hpp"

namespace ek::wire {
namespace {

// How many bytes at the end of `text` begin a UTF-8 character that is not whole.
std::size_t unfinished_bytes(std::string_view text) noexcept {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1;
    return byte <= 0xF4 && length > back ? back : 0;
  }
  return 0;
}

}  // namespace

void PlainTextDecoder::append(std::string_view bytes, bool last) {
  buffer_.consume(given_);
  given_ = 0;
  buffer_.append(bytes);
  last_ = last_ || last;
}

Result<std::optional<Frame>> PlainTextDecoder::next() {
  buffer_.consume(given_);
  given_ = 0;
  const std::string_view rest = buffer_.rest();
  given_ = rest.size() - unfinished_bytes(rest);
  if (given_ != 0) return std::optional(Frame{.data = rest.substr(0, given_)});
  if (last_ && !rest.empty()) return cut_inside("a UTF-8 character");
  return std::optional<Frame>();
}

}  // namespace ek::wire
