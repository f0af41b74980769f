#include "dialect/stream_base.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.hpp"
#include "base/text.hpp"

namespace ek::dialect {
namespace {

constexpr std::size_t kExcerpt = 120;
// Merging looks for each member among all; an object of counts is far smaller than this.
constexpr std::size_t kMerged = 16 * 1024;

bool says_nothing(JsonView value) {
  return !value.has_value() || value.text() == "[]" || value.text() == "{}" ||
         value.text() == "\"\"";
}

}  // namespace

void push_text(Events& out, std::string text) {
  if (!text.empty()) push(out, TextDelta{std::move(text)});
}

void push_reasoning(Events& out, std::string text) {
  if (!text.empty()) push(out, ReasoningDelta{std::move(text)});
}

void push_notice(Events& out, std::string_view name, JsonView value) {
  if (says_nothing(value)) return;
  push(out, ProviderEvent{std::string(name), {std::string(value.text())}, false, {}});
}

std::optional<JsonView> parse_frame(std::string_view frame, std::string& copy) {
  if (auto value = JsonView::parse(frame)) return value;
  copy = valid_utf8(frame);
  return copy == frame ? std::nullopt : JsonView::parse(copy);
}

void Notices::push_change(Events& out, std::string_view name, JsonView value) {
  if (says_nothing(value)) return;
  const auto known = latest_.find(name);
  if (known != latest_.end() && known->second == value.text()) return;
  latest_.insert_or_assign(std::string(name), std::string(value.text()));
  push_notice(out, name, value);
}

bool UsageSnapshots::update(JsonView object) {
  if (!object.is(JsonView::Kind::object)) return false;
  if (merged_.text().size() + object.text().size() > kMerged) {
    merged_ = {};
    return tell(object.text());
  }
  for (const auto& [key, value] : object.members()) merged_.set(key, value.text());
  return tell(merged_.text());
}

bool UsageSnapshots::tell(std::string_view text) {
  if (text == text_) return false;
  text_ = text;
  return true;
}

JsonView UsageSnapshots::object() const { return JsonView::trust(text_); }

namespace {
Error empty_answer(std::string_view what, std::string_view body) {
  return {.code = ErrorCode::server_error,
          .phase = Phase::decode,
          .message = fmt::format("{} came that holds no answer and no reason why: '{}'", what,
                                 clip(printable(body), kExcerpt))};
}
}  // namespace

Result<ChatReply> decode_whole(FrameDecoder& decoder, std::string_view body,
                               std::string_view what) {
  Events events;
  events.reserve(4);
  if (auto decoded = decoder.decode({body, {}}, events); !decoded) {
    return std::move(decoded).error();
  }
  if (!decoder.recognised()) return unexpected_frame(what, body);
  ReplyBuilder builder;
  for (const ChatEvent& event : events) builder.add(event);
  if (auto finished = decoder.finish()) {
    builder.add(ChatEvent{*std::move(finished)});
  } else if (decoder.needs_content() && builder.reply().message.parts.empty()) {
    return empty_answer(what, body);
  }
  builder.set_identity(decoder.id(), decoder.model());
  builder.set_provider_reason(decoder.provider_reason());
  ChatReply reply = builder.take();
  reply.raw.text = body;
  return reply;
}

bool Ends::all() const {
  return !ended_.empty() && std::all_of(ended_.begin(), ended_.end(),
                                        [](const auto& answer) { return answer.second; });
}

std::optional<Error> web_page(std::string_view body) {
  body = trim(body);
  constexpr std::string_view doctype = "<!doctype html";
  constexpr std::string_view element = "<html";
  if (!iequals(body.substr(0, doctype.size()), doctype) &&
      !iequals(body.substr(0, element.size()), element)) {
    return std::nullopt;
  }
  // Nobody's answer: no more was computed than for a refusal.
  return Error{.code = ErrorCode::server_error,
               .phase = Phase::headers,
               .message = fmt::format("expected the model's answer, got a web page, '{}': another "
                                      "server, a proxy or a sign-in page answers in its place, or "
                                      "the path is wrong; check the URI and base_url",
                                      clip(printable(body), kExcerpt))};
}

Error unexpected_frame(std::string_view what, std::string_view frame) {
  if (auto page = web_page(frame)) return *std::move(page);
  return {.code = ErrorCode::server_error,
          .phase = Phase::decode,
          .message = fmt::format("expected {}, got '{}'; does the endpoint speak another dialect?",
                                 what, clip(printable(frame), kExcerpt))};
}

Error error_event(std::string_view frame) {
  if (auto told = parse_error(frame, 0)) return *std::move(told);
  return {.code = ErrorCode::server_error,
          .phase = Phase::stream,
          .message = fmt::format("the provider sent an error event: {}",
                                 clip(printable(frame), 4 * kExcerpt)),
          .provider_body = clip(frame, 4096)};
}

Error refuse(std::string message) {
  return {
      .code = ErrorCode::invalid_request, .phase = Phase::request, .message = std::move(message)};
}

Image image_from_url(std::string url) {
  constexpr std::string_view marker = ";base64,";
  const auto at = url.find(marker);
  if (url.rfind("data:", 0) != 0 || at == std::string::npos) return {{}, {}, std::move(url), {}};
  auto bytes = base64_decode(std::string_view(url).substr(at + marker.size()));
  if (!bytes) return {{}, {}, std::move(url), {}};
  return {url.substr(5, at - 5), *std::move(bytes), {}, {}};
}

}  // namespace ek::dialect
