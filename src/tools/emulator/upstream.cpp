#include "tools/emulator/upstream.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "tools/emulator/json_reader.hpp"
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

/// What the reading thread and the generation share.
class Mailbox {
 public:
  explicit Mailbox(std::function<bool()> stopping) : stopping_(std::move(stopping)) {}

  void answer(int status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    changed_.notify_all();
  }
  /// Blocks while the reader is far behind; false once nobody wants more.
  bool append(std::string_view bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || bytes_.size() < max_bytes; });
    bytes_ += bytes;
    changed_.notify_all();
    return !closed_;
  }
  void end(bool whole, std::string why) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    whole_ = whole;
    why_ = std::move(why);
    changed_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  /// Blocks for the status; 0 if the exchange ended without one.
  int wait_for_status() {
    std::unique_lock lock(mutex_);
    wait(lock, [&] { return status_ != 0 || ended_; });
    return status_;
  }
  struct Delivery {
    std::string bytes{};
    bool ended = false, whole = false;
    std::string why{};
  };
  Delivery take() {
    std::unique_lock lock(mutex_);
    if (!wait(lock, [&] { return !bytes_.empty() || ended_; })) {
      return {.ended = true, .why = "the emulator is stopping"};
    }
    Delivery delivery{
        .bytes = std::exchange(bytes_, {}), .ended = ended_, .whole = whole_, .why = why_};
    changed_.notify_all();
    return delivery;
  }

 private:
  static constexpr std::size_t max_bytes = 1 << 20;

  // False if the emulator stops first.
  template <class Condition>
  bool wait(std::unique_lock<std::mutex>& lock, Condition condition) {
    while (!condition()) {
      if (stopping_()) return false;
      changed_.wait_for(lock, std::chrono::milliseconds(100));
    }
    return true;
  }

  const std::function<bool()> stopping_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_, why_;
  int status_ = 0;
  bool ended_ = false, whole_ = false, closed_ = false;
};

class UpstreamGeneration final : public Generation {
 public:
  UpstreamGeneration(const std::string& origin, httplib::Request request,
                     std::function<bool()> stopping)
      : client_(origin), request_(std::move(request)), mailbox_(std::move(stopping)) {
    client_.set_connection_timeout(10);
    client_.set_read_timeout(300);
    request_.response_handler = [this](const httplib::Response& response) {
      mailbox_.answer(response.status);
      return true;
    };
    request_.content_receiver = [this](const char* data, std::size_t size, std::uint64_t,
                                       std::uint64_t) {
      return mailbox_.append({data, size});
    };
    thread_ = std::thread([this] {
      const auto result = client_.send(request_);
      mailbox_.end(static_cast<bool>(result), httplib::to_string(result.error()));
    });
  }
  ~UpstreamGeneration() override {
    mailbox_.close();
    client_.stop();
    thread_.join();
  }
  UpstreamGeneration(const UpstreamGeneration&) = delete;
  UpstreamGeneration& operator=(const UpstreamGeneration&) = delete;

  /// Errors: the server could not be reached, or refused.
  Result<void> wait_for_answer() {
    const int status = mailbox_.wait_for_status();
    if (status == 200) return {};
    std::string body;
    Mailbox::Delivery delivery;
    do {
      delivery = mailbox_.take();
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
    const json chunk = json::parse(frame.data, nullptr, false);
    if (!chunk.is_object()) return {};
    if (chunk.contains("error")) return failed(200, clip(chunk["error"].dump(), 1000));
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
    const Mailbox::Delivery delivery = mailbox_.take();
    if (delivery.ended && !delivery.whole) {
      return failed(0, fmt::format("the upstream server's answer was cut: {}", delivery.why));
    }
    over_ = delivery.ended;
    frames_.append(delivery.bytes, delivery.ended);
    return {};
  }

  httplib::Client client_;
  httplib::Request request_;
  Mailbox mailbox_;
  wire::SseDecoder frames_;
  std::deque<Piece> pieces_;
  Ending ending_{.finish = ""};  ///< Until the server has said how it ends.
  bool over_ = false, done_ = false;
  std::thread thread_;
};

std::string streamed_body(const Upstream& upstream, std::string_view openai_json) {
  json body = json::parse(openai_json, nullptr, false);
  if (!body.is_object()) body = json::object();
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  if (!upstream.model.empty()) body["model"] = upstream.model;
  return body.dump();
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
