#include "tools/emulator/http2_session.hpp"

#include <nghttp2/nghttp2.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "base/text.hpp"
#include "tools/emulator/http2_stream.hpp"
#include "tools/emulator/tls.hpp"

namespace ek::emulator {
namespace {

using State = BodySource::Chunk::State;
using StreamId = std::int32_t;

constexpr std::uint32_t max_streams = 128;  // as nginx and AWS's load balancers have it
constexpr std::size_t write_bytes = 65'536;
constexpr int linger_ms = 2'000;

struct DeleteNghttp2 {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  void operator()(nghttp2_session_callbacks* all) const { nghttp2_session_callbacks_del(all); }
};

class Session {
 public:
  Session(TlsConnection& connection, const Http2Host& host);
  ~Session();
  void serve();

 private:
  using Stream = std::shared_ptr<Http2Stream>;

  // nghttp2 calls these while it reads or writes.
  static int on_begin(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* self);
  static int on_data(nghttp2_session*, std::uint8_t flags, StreamId id, const std::uint8_t* data,
                     std::size_t size, void* self);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_close(nghttp2_session*, StreamId id, std::uint32_t code, void* self);
  static ssize_t on_room(nghttp2_session*, StreamId id, std::uint8_t* to, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source*, void* self);

  void look_at_requests();
  void deliver();
  bool receive();
  bool flush();
  void begin_answer(StreamId id, const Reply& head);
  void refuse(StreamId id, const Reply& head);
  void go_away_before(StreamId id);
  ssize_t end_body(StreamId id, const Http2Stream::Read& read, std::uint32_t& flags);
  [[nodiscard]] Http2Stream* find(StreamId id);

  TlsConnection& connection_;
  const Http2Host& host_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::map<StreamId, Stream> streams_;
  std::vector<StreamId> asked_;  // requests that are whole
  std::unique_ptr<nghttp2_session, DeleteNghttp2> session_;
  std::string out_;
  std::size_t written_ = 0;  // of out_
  bool broken_ = false;      // ends at once, with a RST
};

Session::Session(TlsConnection& connection, const Http2Host& host)
    : connection_(connection), host_(host) {
  nghttp2_session_callbacks* made = nullptr;
  nghttp2_session_callbacks_new(&made);
  const std::unique_ptr<nghttp2_session_callbacks, DeleteNghttp2> callbacks(made);
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, &Session::on_begin);
  nghttp2_session_callbacks_set_on_header_callback(made, &Session::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &Session::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, &Session::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, &Session::on_close);
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new(&session, made, this);
  session_.reset(session);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
}

Session::~Session() {
  for (const auto& [id, stream] : streams_) stream->abandon();
}

Http2Stream* Session::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Session::serve() {
  while (flush() && !broken_) {
    look_at_requests();
    const bool more = nghttp2_session_want_read(session_.get()) != 0 ||
                      nghttp2_session_want_write(session_.get()) != 0;
    const bool full = written_ < out_.size();
    if (!more && !full) return connection_.linger(linger_ms);
    std::array<pollfd, 2> entries{{{.fd = connection_.socket(),
                                    .events = static_cast<short>(full ? POLLIN | POLLOUT : POLLIN),
                                    .revents = 0},
                                   {.fd = mailbox_->descriptor(), .events = POLLIN, .revents = 0}}};
    ::poll(entries.data(), entries.size(), -1);
    deliver();
    if ((entries[0].revents & ~POLLOUT) != 0 && !receive()) return;
  }
  if (broken_) connection_.reset();
}

// After what is to be sent is sent: a GOAWAY, of nghttp2's own too, closes those that it refuses.
void Session::look_at_requests() {
  for (const StreamId id : std::exchange(asked_, {})) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) continue;
    host_.spawn([stream = found->second, &handler = host_.handler] { stream->answer(handler); });
  }
}

void Session::deliver() {
  for (const StreamId id : mailbox_->take()) {
    Http2Stream* stream = find(id);
    if (stream == nullptr) continue;
    if (const auto head = stream->take_head()) begin_answer(id, *head);
    nghttp2_session_resume_data(session_.get(), id);
  }
}

bool Session::receive() {
  std::array<char, 16'384> buffer;
  while (true) {
    const long size = connection_.read(buffer.data(), buffer.size());
    if (size <= 0) return size == 0;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(buffer.data());
    if (nghttp2_session_mem_recv(session_.get(), bytes, static_cast<std::size_t>(size)) < 0)
      return false;
  }
}

bool Session::flush() {
  while (true) {
    if (written_ == out_.size()) {
      out_.clear();
      written_ = 0;
    }
    while (out_.size() < write_bytes) {
      const std::uint8_t* frame = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_.get(), &frame);
      if (size < 0) return false;
      if (size == 0) break;
      out_.append(reinterpret_cast<const char*>(frame), static_cast<std::size_t>(size));
    }
    if (out_.empty()) return true;
    const long size = connection_.write(std::string_view(out_).substr(written_));
    if (size <= 0) return size == 0;
    written_ += static_cast<std::size_t>(size);
  }
}

int Session::on_begin(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  auto& session = *static_cast<Session*>(self);
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  const StreamId id = frame->hd.stream_id;
  auto stream = std::make_shared<Http2Stream>(id, session.mailbox_);
  stream->request.secure = true;
  stream->request.http2 = true;
  stream->request.client_certificate = client_certificate_of(session.connection_.handle());
  session.streams_[id] = std::move(stream);
  return 0;
}

// RFC 9113 §8.3.1: what HTTP/1.1 has in its first line and in Host.
int Session::on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* self) {
  Http2Stream* stream = static_cast<Session*>(self)->find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  Request& request = stream->request;
  const std::string_view key(reinterpret_cast<const char*>(name), name_size);
  std::string text(reinterpret_cast<const char*>(value), value_size);
  if (key == ":method") {
    request.method = std::move(text);
  } else if (key == ":path") {
    const auto question = text.find('?');
    if (question != std::string::npos) request.query = text.substr(question + 1);
    request.path = text.substr(0, question);
  } else if (key == ":authority") {
    request.headers.push_back({"Host", std::move(text)});
  } else if (!key.starts_with(':')) {
    request.headers.push_back({std::string(key), std::move(text)});
  }
  return 0;
}

int Session::on_data(nghttp2_session*, std::uint8_t, StreamId id, const std::uint8_t* data,
                     std::size_t size, void* self) {
  Http2Stream* stream = static_cast<Session*>(self)->find(id);
  if (stream != nullptr) stream->request.body.append(reinterpret_cast<const char*>(data), size);
  return 0;
}

int Session::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  auto& session = *static_cast<Session*>(self);
  if (frame->hd.type == NGHTTP2_RST_STREAM) session.host_.count_reset();
  const bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!last || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)) return 0;
  session.asked_.push_back(frame->hd.stream_id);
  return 0;
}

int Session::on_close(nghttp2_session*, StreamId id, std::uint32_t, void* self) {
  auto& session = *static_cast<Session*>(self);
  if (Http2Stream* stream = session.find(id)) stream->abandon();
  session.streams_.erase(id);
  return 0;
}

void Session::begin_answer(StreamId id, const Reply& head) {
  if (head.instead != Reply::Instead::nothing) return refuse(id, head);
  if (head.close) {
    const StreamId last = nghttp2_session_get_last_proc_stream_id(session_.get());
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  }
  std::vector<Header> headers = {{":status", std::to_string(head.status)},
                                 {"content-type", head.content_type}};
  if (head.length) headers.push_back({"content-length", std::to_string(*head.length)});
  for (const Header& header : head.headers) {
    headers.push_back({to_lower(header.name), header.value});
  }
  std::vector<nghttp2_nv> fields;
  fields.reserve(headers.size());
  for (Header& header : headers) {
    fields.push_back({.name = reinterpret_cast<std::uint8_t*>(header.name.data()),
                      .value = reinterpret_cast<std::uint8_t*>(header.value.data()),
                      .namelen = header.name.size(),
                      .valuelen = header.value.size(),
                      .flags = NGHTTP2_NV_FLAG_NONE});
  }
  const nghttp2_data_provider body{.source = {}, .read_callback = &Session::on_room};
  nghttp2_submit_response(session_.get(), id, fields.data(), fields.size(), &body);
  if (const Http2Stream* stream = find(id)) host_.log(stream->request, head.status);
}

void Session::refuse(StreamId id, const Reply& head) {
  if (const Http2Stream* stream = find(id)) host_.log(stream->request, 0);
  switch (head.instead) {
    case Reply::Instead::reset:
      broken_ = true;
      break;
    case Reply::Instead::goaway:
      go_away_before(id);
      break;
    default:
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id,
                                static_cast<std::uint32_t>(head.code));
  }
}

// RFC 9113 §6.8: what lies above the last stream was not processed. Streams that came later and
// are being answered must not lie there, so then this one is refused by itself.
void Session::go_away_before(StreamId id) {
  const StreamId last = nghttp2_session_get_last_proc_stream_id(session_.get());
  if (last > id)
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last > id ? last : std::max(id - 2, 0),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

ssize_t Session::on_room(nghttp2_session*, StreamId id, std::uint8_t* to, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source*, void* self) {
  auto& session = *static_cast<Session*>(self);
  Http2Stream* stream = session.find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const Http2Stream::Read read = stream->read(reinterpret_cast<char*>(to), size);
  return read.bytes > 0 ? static_cast<ssize_t>(read.bytes) : session.end_body(id, read, *flags);
}

ssize_t Session::end_body(StreamId id, const Http2Stream::Read& read, std::uint32_t& flags) {
  switch (read.state) {
    case State::more:
      return NGHTTP2_ERR_DEFERRED;
    case State::end:
      flags |= NGHTTP2_DATA_FLAG_EOF;
      return 0;
    case State::reset:
      broken_ = true;
      return NGHTTP2_ERR_DEFERRED;
    case State::goaway:
      nghttp2_session_terminate_session(session_.get(), NGHTTP2_INTERNAL_ERROR);
      return NGHTTP2_ERR_DEFERRED;
    case State::cut:
      break;
  }
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id,
                            static_cast<std::uint32_t>(read.code));
  return NGHTTP2_ERR_DEFERRED;
}

}  // namespace

void serve_http2(TlsConnection& connection, const Http2Host& host) {
  Session(connection, host).serve();
}

}  // namespace ek::emulator
