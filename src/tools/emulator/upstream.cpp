#include "tools/emulator/upstream.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/upstream_exchange.hpp"
#include "wire/sse.hpp"

namespace ek::emulator {
namespace {

using nlohmann::json;

Error failed(int status, std::string message) {
  return {.code = ErrorCode::model_error,
          .phase = Phase::headers,
          .message = std::move(message),
          .original_status = status};
}

// What one chat.completion.chunk adds.
void read_chunk(const json& chunk, std::deque<Piece>& pieces, Ending& ending) {
  if (const auto usage = chunk.find("usage"); usage != chunk.end() && usage->is_object()) {
    ending.prompt_tokens = static_cast<int>(integer_in(*usage, "prompt_tokens", 0));
    ending.completion_tokens = static_cast<int>(integer_in(*usage, "completion_tokens", 0));
  }
  const json choices = chunk.value("choices", json::array());
  if (choices.empty() || !choices.front().is_object()) return;
  const json& choice = choices.front();
  if (const std::string finish = text_in(choice, "finish_reason"); !finish.empty())
    ending.finish = finish;
  const json delta = choice.value("delta", json::object());
  if (!delta.is_object()) return;
  const auto add = [&](Piece::Kind kind, std::string text, int index = 0) {
    if (!text.empty()) pieces.push_back({kind, std::move(text), index});
  };
  add(Piece::Kind::reasoning, text_in(delta, "reasoning_content"));
  add(Piece::Kind::text, text_in(delta, "content"));
  const json calls = delta.value("tool_calls", json::array());
  for (const json& call : calls) {
    const json function = call.is_object() ? call.value("function", json::object()) : json();
    if (!function.is_object()) continue;
    const int index = static_cast<int>(integer_in(call, "index", 0));
    add(Piece::Kind::tool_name, text_in(function, "name"), index);
    add(Piece::Kind::tool_arguments, text_in(function, "arguments"), index);
  }
}

class UpstreamGeneration final : public Generation {
 public:
  UpstreamGeneration(const std::string& origin, httplib::Request request,
                     std::function<bool()> stopping)
      : exchange_(origin, std::move(request), std::move(stopping)) {}

  /// Errors: the server could not be reached, or refused.
  Result<void> wait_for_answer() {
    const int status = exchange_.wait_for_head().status;
    if (status == 200) return {};
    std::string body;
    UpstreamExchange::Delivery delivery;
    do {
      delivery = exchange_.take();
      body += delivery.bytes;
    } while (!delivery.ended);
    if (status == 0) {
      return failed(0, fmt::format("the upstream server did not answer: {}", delivery.why));
    }
    return failed(status, clip(printable(body), 1000));
  }

  Result<std::optional<Piece>> next() override {
    while (true) {
      if (!pieces_.empty()) {
        std::optional<Piece> piece = std::move(pieces_.front());
        pieces_.pop_front();
        return piece;
      }
      if (done_) return std::optional<Piece>();
      auto frame = frames_.next();
      if (!frame) return frame.error();
      if (*frame) {
        if (auto read_well = read(**frame); !read_well) return read_well.error();
      } else if (auto more = feed(); !more) {
        return more.error();
      }
    }
  }
  Ending ending() const override { return ending_; }

 private:
  Result<void> read(const wire::Frame& frame) {
    if (frame.data == "[DONE]") {
      done_ = true;
      if (ending_.finish.empty()) ending_.finish = "stop";
      return {};
    }
    const json chunk = parse_json<json>(frame.data);
    if (!chunk.is_object()) return {};
    if (chunk.contains("error")) return failed(200, clip(to_text(chunk["error"]), 1000));
    read_chunk(chunk, pieces_, ending_);
    return {};
  }
  Result<void> feed() {
    if (over_ && ending_.finish.empty()) {
      return failed(0, "the upstream server's answer ended without saying how");
    }
    if (over_) {
      done_ = true;
      return {};
    }
    const UpstreamExchange::Delivery delivery = exchange_.take();
    if (delivery.ended && !delivery.whole) {
      return failed(0, fmt::format("the upstream server's answer was cut: {}", delivery.why));
    }
    over_ = delivery.ended;
    frames_.append(delivery.bytes, delivery.ended);
    return {};
  }

  UpstreamExchange exchange_;
  wire::SseDecoder frames_;
  std::deque<Piece> pieces_;
  Ending ending_{.finish = ""};  ///< Until the server has said how it ends.
  bool over_ = false, done_ = false;
};

std::string streamed_body(const Upstream& upstream, std::string_view openai_json) {
  json body = parse_json<json>(openai_json);
  if (!body.is_object()) body = json::object();
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  if (!upstream.model.empty()) body["model"] = upstream.model;
  return to_text(body);
}

}  // namespace

Result<void> check_upstream(std::string_view base_url) {
  const auto uri = parse_uri(base_url);
  if (!uri) return uri.error();
  if (uri->scheme == "https" || (uri->scheme == "http" && is_loopback(uri->host))) return {};
  return Error{.code = ErrorCode::invalid_request,
               .message = fmt::format(
                   "expected an upstream with https://, or http:// to a loopback host; got {}://{}",
                   uri->scheme, uri->authority())};
}

Result<std::unique_ptr<Generation>> ask_upstream(const Upstream& upstream,
                                                 std::string_view openai_json) {
  const auto uri = parse_uri(upstream.base_url);
  if (!uri) return uri.error();
  std::string path = uri->path;
  while (path.ends_with('/')) path.pop_back();
  httplib::Request request;
  request.method = "POST";
  request.path = path + (path.ends_with("/v1") ? "" : "/v1") + "/chat/completions";
  request.set_header("Content-Type", "application/json");
  request.set_header("Accept", "text/event-stream");
  if (!upstream.key.empty()) {
    request.set_header("Authorization", "Bearer " + upstream.key.reveal());
  }
  request.body = streamed_body(upstream, openai_json);
  auto generation = std::make_unique<UpstreamGeneration>(uri->scheme + "://" + uri->authority(),
                                                         std::move(request), upstream.stopping);
  if (auto answered = generation->wait_for_answer(); !answered) return answered.error();
  return std::unique_ptr<Generation>(std::move(generation));
}

}  // namespace ek::emulator
