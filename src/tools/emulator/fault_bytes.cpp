// Faults of the way: the bytes of a good answer come late, in part or spoilt; HTTP/2's own ends of
// a stream and of a connection.
#include <fmt/format.h>

#include "tools/emulator/fault_kinds.hpp"

namespace ek::emulator {
namespace {

using Chunk = BodySource::Chunk;
using State = Chunk::State;
using std::chrono::milliseconds;

class WholeBody final : public BodySource {
 public:
  explicit WholeBody(std::string bytes) : bytes_(std::move(bytes)) {}
  Chunk next() override {
    if (bytes_.empty()) return {.state = State::end};
    return {.bytes = std::exchange(bytes_, {})};
  }

 private:
  std::string bytes_;
};

// The good answer with its body changed. What is no good answer goes out as it is.
Reply with_body(const FaultScene& scene, ChangedBody::Step step) {
  Reply reply = scene.answer();
  if (reply.status != 200) return reply;
  if (!reply.stream) {
    reply.length = reply.body.size();
    reply.stream = std::make_unique<WholeBody>(std::move(reply.body));
  }
  reply.stream = std::make_unique<ChangedBody>(std::move(reply.stream), std::move(step));
  return reply;
}

/// The first so many bytes of a body, then what is left of it.
class Split {
 public:
  explicit Split(long bytes) : left_(static_cast<std::size_t>(bytes)) {}

  [[nodiscard]] bool reached() const noexcept { return left_ == 0; }
  /// Before it is reached.
  Chunk head(BodySource& from) {
    Chunk chunk = from.next();
    if (chunk.bytes.size() > left_) {
      kept_ = chunk.bytes.substr(left_);
      chunk.bytes.resize(left_);
    }
    left_ -= chunk.bytes.size();
    return chunk;
  }
  /// After it.
  Chunk tail(BodySource& from) {
    if (kept_.empty()) return from.next();
    return {.bytes = std::exchange(kept_, {})};
  }

 private:
  std::size_t left_;
  std::string kept_;
};

Reply end_after(const FaultScene& scene, const Chunk& end) {
  return with_body(
      scene,
      [split = Split(scene.fault.number("after", 0)), end](BodySource& from) mutable -> Chunk {
        return split.reached() ? end : split.head(from);
      });
}

// A silence, in slices: between two the server sees whether the client is still there.
class Silence {
 public:
  Silence(const FaultScene& scene, long ms)
      : service_(&scene.service),
        order_(scene.fault.order),
        left_(ms < 0 ? milliseconds::max() : milliseconds(ms)) {}
  explicit Silence(const FaultScene& scene) : Silence(scene, scene.fault.number("ms", -1)) {}

  [[nodiscard]] bool over() const noexcept { return left_.count() <= 0; }
  Chunk slice() {
    if (!std::exchange(begun_, true)) service_->faults.count_silence(order_);
    const milliseconds time = std::min(left_, milliseconds(10));
    left_ -= time;
    return {.state = service_->stop.wait_for(time) ? State::more : State::cut};
  }

 private:
  Service* service_;
  std::string order_;
  milliseconds left_;
  bool begun_ = false;
};

// On HTTP/1.1 nothing tells a request that was not looked at from one that was, and no stream ends
// without its connection: rather no fault than one that means something else.
Result<void> need_http2(const FaultScene& scene) {
  if (scene.request.http2) return {};
  return Error{
      .code = ErrorCode::invalid_request,
      .message = fmt::format("the fault {} needs HTTP/2 (--tls, and a client that offers it); on "
                             "HTTP/1.1 there are cut, reset and drain",
                             scene.fault.kind->name)};
}

}  // namespace

Result<Reply> cut_body(const FaultScene& scene) { return end_after(scene, {.state = State::cut}); }

Result<Reply> reset_connection(const FaultScene& scene) {
  if (!scene.fault.text("after").empty()) return end_after(scene, {.state = State::reset});
  return Reply{.instead = Reply::Instead::reset};
}

Result<Reply> stall_body(const FaultScene& scene) {
  return with_body(scene, [split = Split(scene.fault.number("after", 0)),
                           silence = Silence(scene)](BodySource& from) mutable {
    if (!split.reached()) return split.head(from);
    return silence.over() ? split.tail(from) : silence.slice();
  });
}

Result<Reply> trickle_body(const FaultScene& scene) {
  return with_body(scene,
                   [kept = std::string(), at = std::size_t{0}, ms = scene.fault.number("ms", 0),
                    &stop = scene.service.stop](BodySource& from) mutable -> Chunk {
                     if (at == kept.size()) {
                       Chunk chunk = from.next();
                       if (chunk.state != State::more) return chunk;
                       kept = std::move(chunk.bytes);
                       at = 0;
                     }
                     if (ms > 0 && !stop.wait_for(milliseconds(ms))) return {.state = State::cut};
                     return kept.empty() ? Chunk{} : Chunk{.bytes = std::string(1, kept[at++])};
                   });
}

Result<Reply> garble_body(const FaultScene& scene) {
  return with_body(scene, [split = Split(scene.fault.number("after", 0)),
                           done = false](BodySource& from) mutable {
    if (!split.reached()) return split.head(from);
    Chunk chunk = split.tail(from);
    if (!done && !chunk.bytes.empty()) {
      chunk.bytes[0] = static_cast<char>(static_cast<unsigned char>(chunk.bytes[0]) ^ 1U);
      done = true;
    }
    return chunk;
  });
}

Result<Reply> close_early(const FaultScene& scene) {
  return with_body(scene, [](BodySource& from) {
    Chunk chunk = from.next();
    if (chunk.state == State::end) chunk.state = State::cut;
    return chunk;
  });
}

Result<Reply> keep_open(const FaultScene& scene) {
  return with_body(scene, [silence = Silence(scene, -1), ended = false](BodySource& from) mutable {
    if (ended) return silence.slice();
    Chunk chunk = from.next();
    ended = chunk.state == State::end;
    return ended ? silence.slice() : chunk;
  });
}

Result<Reply> delay_headers(const FaultScene& scene) {
  Silence silence(scene);
  while (!silence.over()) {
    if (silence.slice().state == State::cut || scene.request.client_left())
      return Reply{.instead = Reply::Instead::reset};
  }
  return scene.answer();
}

Result<Reply> change_type(const FaultScene& scene) {
  const std::string_view type = scene.fault.text("type");
  Reply reply = scene.answer();
  if (reply.status == 200) reply.content_type = type.empty() ? "text/html" : std::string(type);
  return reply;
}

Result<Reply> go_away(const FaultScene& scene) {
  if (auto fine = need_http2(scene); !fine) return fine.error();
  if (!scene.fault.text("after").empty()) return end_after(scene, {.state = State::goaway});
  return Reply{.instead = Reply::Instead::goaway};
}

Result<Reply> reset_stream(const FaultScene& scene) {
  if (auto fine = need_http2(scene); !fine) return fine.error();
  constexpr long internal_error = 2;
  constexpr long refused_stream = 7;
  const bool begun = !scene.fault.text("after").empty();
  const long code = scene.fault.number("code", begun ? internal_error : refused_stream);
  if (begun) return end_after(scene, {.state = State::cut, .code = static_cast<int>(code)});
  return Reply{.instead = Reply::Instead::rst_stream, .code = static_cast<int>(code)};
}

Result<Reply> drain_connection(const FaultScene& scene) {
  Reply reply = scene.answer();
  reply.close = true;
  return reply;
}

}  // namespace ek::emulator
