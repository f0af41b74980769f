#include "wire/event_stream_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/crc32.hpp"
#include "wire/errors.hpp"

namespace ek::wire {
namespace {

constexpr std::size_t lengths_bytes = 8;  // of the message and of its headers
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t prelude_bytes = lengths_bytes + checksum_bytes;
constexpr std::size_t framing_bytes = prelude_bytes + checksum_bytes;  // of the whole message
constexpr std::size_t uuid_bytes = 16;

std::uint64_t load(std::string_view bytes, std::size_t width) noexcept {
  std::uint64_t value = 0;
  for (const char c : bytes.substr(0, width)) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

// Of at least 4 bytes.
std::uint32_t load_u32(const char* bytes) noexcept {
  const auto byte = [&](int i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
  return byte(0) << 24U | byte(1) << 16U | byte(2) << 8U | byte(3);
}

void store(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = width; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 255U);
}

// Bytes of a number of this type; 0 for types that hold none.
std::size_t number_bytes(HeaderType type) noexcept {
  switch (type) {
    case HeaderType::int8:
      return 1;
    case HeaderType::int16:
      return 2;
    case HeaderType::int32:
      return 4;
    case HeaderType::int64:
    case HeaderType::timestamp:
      return 8;
    default:
      return 0;
  }
}

std::int64_t sign_extend(std::uint64_t value, std::size_t width) noexcept {
  const std::size_t shift = 64 - 8 * width;
  return static_cast<std::int64_t>(value << shift) >> shift;
}

// Takes headers off the front of a block; `wrong` says what ended it early.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view block) : rest_(block) {}

  bool read(MessageHeader& header) {
    const auto name_bytes = static_cast<std::size_t>(load(rest_, 1));
    if (name_bytes == 0) return fail("a header without a name");
    if (rest_.size() < 1 + name_bytes + 1) return fail("a header's name that its block cuts short");
    header.name = rest_.substr(1, name_bytes);
    const auto type = static_cast<unsigned char>(rest_[1 + name_bytes]);
    rest_.remove_prefix(1 + name_bytes + 1);
    if (type > static_cast<unsigned char>(HeaderType::uuid)) {
      return fail(fmt::format("header type {} (0 to 9 exist)", type));
    }
    header.type = static_cast<HeaderType>(type);
    return read_value(header);
  }
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  [[nodiscard]] const std::string& wrong() const noexcept { return wrong_; }

 private:
  bool read_value(MessageHeader& header) {
    header.number = header.type == HeaderType::true_value ? 1 : 0;
    header.bytes = {};
    if (header.type == HeaderType::true_value || header.type == HeaderType::false_value)
      return true;
    if (const std::size_t width = number_bytes(header.type); width != 0) {
      if (rest_.size() < width) return fail("a header's number that its block cuts short");
      header.number = sign_extend(load(rest_, width), width);
      rest_.remove_prefix(width);
      return true;
    }
    std::size_t length = uuid_bytes;
    if (header.type != HeaderType::uuid) {
      if (rest_.size() < 2) return fail("a header's length that its block cuts short");
      length = static_cast<std::size_t>(load(rest_, 2));
      rest_.remove_prefix(2);
      if (length > max_message_header_value_bytes) {
        return fail(fmt::format("a header value of {} bytes (at most {})", length,
                                max_message_header_value_bytes));
      }
    }
    if (rest_.size() < length) return fail("a header's value that its block cuts short");
    header.bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }
  bool fail(std::string wrong) {
    wrong_ = std::move(wrong);
    return false;
  }

  std::string_view rest_;
  std::string wrong_;
};

bool has_name(std::span<const MessageHeader> headers, std::string_view name) noexcept {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const MessageHeader& header) { return header.name == name; });
}

// What is wrong with the headers block, or "".
std::string read_headers(std::string_view block, std::vector<MessageHeader>& headers) {
  headers.clear();
  HeaderReader reader(block);
  while (!reader.empty()) {
    MessageHeader header;
    if (!reader.read(header)) return reader.wrong();
    if (has_name(headers, header.name)) {
      return fmt::format("the header \"{}\" twice", excerpt(header.name));
    }
    if (headers.size() == max_message_header_count) {
      return fmt::format("more than {} headers", max_message_header_count);
    }
    headers.push_back(header);
  }
  return {};
}

bool fits(const MessageHeader& header) noexcept {
  const std::size_t width = number_bytes(header.type);
  if (width != 0)
    return sign_extend(static_cast<std::uint64_t>(header.number), width) == header.number;
  if (header.type == HeaderType::uuid) return header.bytes.size() == uuid_bytes;
  return header.bytes.size() <= max_message_header_value_bytes;
}

void write_header(std::string& out, const MessageHeader& header) {
  store(out, header.name.size(), 1);
  out += header.name;
  store(out, static_cast<std::uint64_t>(header.type), 1);
  store(out, static_cast<std::uint64_t>(header.number), number_bytes(header.type));
  if (header.type == HeaderType::bytes || header.type == HeaderType::string) {
    store(out, header.bytes.size(), 2);
  }
  if (number_bytes(header.type) == 0) out += header.bytes;
}

Error unsendable(std::string message) {
  return {.code = ErrorCode::invalid_request,
          .phase = Phase::request,
          .message = "this event-stream message cannot be written: " + std::move(message)};
}

Result<std::string> write_headers(std::span<const MessageHeader> headers) {
  std::string block;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const MessageHeader& header = headers[i];
    if (header.name.empty() || header.name.size() > 255) {
      return unsendable(fmt::format("a header name of {} bytes (1 to 255)", header.name.size()));
    }
    if (has_name(headers.first(i), header.name) || i == max_message_header_count) {
      return unsendable(fmt::format("header \"{}\" is there twice, or is one more than {}",
                                    excerpt(header.name), max_message_header_count));
    }
    if (!fits(header)) {
      return unsendable(
          fmt::format("the value of header \"{}\" does not fit its type", excerpt(header.name)));
    }
    write_header(block, header);
  }
  return block;
}

}  // namespace

std::optional<std::string_view> Message::text(std::string_view name) const noexcept {
  for (const MessageHeader& header : headers) {
    if (header.name == name && header.type == HeaderType::string) return header.bytes;
  }
  return std::nullopt;
}

Result<std::string> encode_message(std::span<const MessageHeader> headers,
                                   std::string_view payload) {
  Result<std::string> block = write_headers(headers);
  if (!block) return block.error();
  if (block->size() > max_message_headers_bytes || payload.size() > max_message_payload_bytes) {
    return unsendable(fmt::format("{} bytes of headers (at most {}), {} of payload (at most {})",
                                  block->size(), max_message_headers_bytes, payload.size(),
                                  max_message_payload_bytes));
  }
  std::string out;
  out.reserve(framing_bytes + block->size() + payload.size());
  store(out, framing_bytes + block->size() + payload.size(), 4);
  store(out, block->size(), 4);
  store(out, crc32(out), 4);
  out += *block;
  out += payload;
  store(out, crc32(out), 4);
  return out;
}

MessageDecoder::MessageDecoder(std::size_t max_payload_bytes)
    : max_payload_bytes_(std::min(max_payload_bytes, max_message_payload_bytes)) {}

void MessageDecoder::append(std::string_view bytes, bool last) {
  buffer_.consume(given_bytes_);
  given_bytes_ = 0;
  buffer_.append(bytes);
  last_ = last_ || last;
}

Result<const Message*> MessageDecoder::next() {
  if (error_) return *error_;
  buffer_.consume(given_bytes_);
  given_bytes_ = 0;
  Result<const Message*> result = decode();
  if (!result) error_ = result.error();
  return result;
}

std::string_view MessageDecoder::text_ahead() {
  if (error_ || total_bytes_ != 0) return {};
  buffer_.consume(given_bytes_);
  given_bytes_ = 0;
  const std::string_view rest = buffer_.rest();
  return rest.starts_with('{') ? rest : std::string_view();
}

Result<const Message*> MessageDecoder::decode() {
  const std::string_view rest = buffer_.rest();
  if (total_bytes_ == 0 && rest.size() >= prelude_bytes) {
    if (auto checked = check_prelude(rest.substr(0, prelude_bytes)); !checked)
      return std::move(checked).error();
  }
  if (total_bytes_ == 0 || rest.size() < total_bytes_) {
    if (last_ && !rest.empty())
      return cut_inside(fmt::format("event-stream message {}", count_ + 1));
    return nullptr;
  }
  const std::size_t end = total_bytes_ - checksum_bytes;
  const std::uint32_t told = load_u32(rest.data() + end);
  const std::uint32_t sum = crc32(rest.substr(lengths_bytes, end - lengths_bytes), lengths_sum_);
  if (sum != told) return wrong_sum(told, sum);
  if (auto read = set_headers(rest.substr(prelude_bytes, headers_bytes_)); !read)
    return std::move(read).error();
  const std::size_t begin = prelude_bytes + headers_bytes_;
  message_.payload = rest.substr(begin, end - begin);
  given_bytes_ = total_bytes_;
  total_bytes_ = 0;
  ++count_;
  return &message_;
}

// The messages of a stream have the same headers as a rule, to the byte.
Result<void> MessageDecoder::set_headers(std::string_view block) {
  message_.new_headers = count_ == 0 || block != headers_;
  if (!message_.new_headers) return {};
  headers_.assign(block);
  const std::string wrong = read_headers(headers_, message_.headers);
  if (wrong.empty()) return {};
  return broken_framing(fmt::format("event-stream message {} has {}", count_ + 1, wrong));
}

Error MessageDecoder::wrong_sum(std::uint32_t told, std::uint32_t sum) const {
  return broken_framing(
      fmt::format("event-stream message {}: its checksum is {:08x}, its bytes make {:08x}",
                  count_ + 1, told, sum));
}

Result<void> MessageDecoder::check_prelude(std::string_view prelude) {
  const std::size_t total = load_u32(prelude.data());
  const std::size_t headers = load_u32(prelude.data() + 4);
  lengths_sum_ = crc32(prelude.substr(0, lengths_bytes));
  if (lengths_sum_ != load_u32(prelude.data() + lengths_bytes)) {
    return broken_framing(
        fmt::format("expected an event-stream message, found \"{}\" (the checksum of message {}'s "
                    "prelude is wrong)",
                    excerpt(prelude), count_ + 1));
  }
  if (total < framing_bytes || headers > total - framing_bytes) {
    return broken_framing(
        fmt::format("event-stream message {}: {} bytes of headers do not fit a message of {}",
                    count_ + 1, headers, total));
  }
  if (headers > max_message_headers_bytes) {
    return too_large(
        fmt::format("event-stream message {}: {} bytes of headers", count_ + 1, headers),
        max_message_headers_bytes);
  }
  if (total - framing_bytes - headers > max_payload_bytes_) {
    return too_large(fmt::format("event-stream message {}: a payload of {} bytes", count_ + 1,
                                 total - framing_bytes - headers),
                     max_payload_bytes_);
  }
  total_bytes_ = total;
  headers_bytes_ = headers;
  return {};
}

}  // namespace ek::wire
