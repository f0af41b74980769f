#include "http/http2_words.hpp"

#include <charconv>
#include <string_view>

namespace ek {
namespace {

// The number behind `words`; `otherwise` if they are not there.
long number_after(std::string_view text, std::string_view words, long otherwise) {
  const auto at = text.find(words);
  if (at == std::string_view::npos) return otherwise;
  const std::string_view digits = text.substr(at + words.size());
  long number = otherwise;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

bool has_sound_http2() noexcept {
  constexpr unsigned version_8_1 = 0x080100;
  static const bool sound = curl_version_info(CURLVERSION_NOW)->version_num >= version_8_1;
  return sound;
}

bool offers_http2(HttpVersion wanted) noexcept {
  return wanted == HttpVersion::http2 || (wanted == HttpVersion::automatic && has_sound_http2());
}

void Http2Words::listen(CURL* easy, HttpVersion wanted) {
  if (wanted != HttpVersion::http2 || has_sound_http2()) return;
  listening_ = true;
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, &Http2Words::on_words);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, this);
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}

void Http2Words::stop(CURL* easy) noexcept {
  if (listening_) curl_easy_setopt(easy, CURLOPT_VERBOSE, 0L);
  listening_ = false;
}

int Http2Words::on_words(CURL*, curl_infotype type, char* text, std::size_t size, void* self) {
  if (type != CURLINFO_TEXT) return 0;
  auto& words = *static_cast<Http2Words*>(self);
  const std::string_view line(text, size);
  const long stream = number_after(line, "Using Stream ID: ", 0);
  if (stream > 0) {  // of a new connection, perhaps
    words.stream_ = stream;
    words.last_looked_at_ = every_stream;
  }
  if (line.find("GOAWAY, ") == std::string_view::npos) return 0;
  words.last_looked_at_ = number_after(line, "last_stream=", words.last_looked_at_);
  return 0;
}

}  // namespace ek
