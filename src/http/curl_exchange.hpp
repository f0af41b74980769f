// One request on one libcurl easy handle: collects what libcurl's callbacks bring.
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/rare_error.hpp"
#include "endpointkit/ext/transport.hpp"
#include "http/curl_context.hpp"
#include "http/curl_request.hpp"
#include "http/head_parser.hpp"
#include "http/http2_words.hpp"

namespace ek {

class CurlLane;

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, FreeEasy>;

class CurlExchange final : public Exchange {
 public:
  CurlExchange(CurlContext& context, HttpRequest request, const TransferOptions& options);
  ~CurlExchange() override;
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  [[nodiscard]] const HttpHead* head() const noexcept override;
  HttpHead take_head() override;
  [[nodiscard]] std::string_view body() const noexcept override;
  void consume(std::size_t bytes) override;
  [[nodiscard]] bool ended() const noexcept override { return ended_; }
  [[nodiscard]] const Error* error() const noexcept override { return error_.get(); }
  [[nodiscard]] bool sent() const noexcept override;

  // For the lane.
  /// Chooses its way. Why this exchange cannot be begun, if it cannot.
  std::optional<Error> choose_way();
  [[nodiscard]] CURL* handle() const noexcept { return easy_.get(); }
  /// Sets once what is the same for all exchanges that `easy` will serve.
  static void prepare(CURL* easy);
  /// Sets all that is different from one request to the next, and takes its place in the lane.
  void attach(CurlLane& lane, std::size_t place, EasyHandle easy);
  void move_to(std::size_t place) noexcept { place_ = place; }
  /// Whether it may begin, or waits for another that looks its host up; then its lane is woken
  /// after that. If the answer is fail it has ended.
  Lookups::Turn ask();
  /// Of one that waits: when to ask, if the lane is not woken before.
  [[nodiscard]] SteadyTime ask_again_at() const;
  [[nodiscard]] std::size_t place() const noexcept { return place_; }
  /// Its handle and its connection are not for others.
  [[nodiscard]] bool is_private() const noexcept { return private_ != nullptr; }
  /// Of an answer whose head is there.
  [[nodiscard]] bool is_http2() const noexcept;
  /// From now on nobody hears of it, and what comes is dropped.
  void mute() noexcept;
  [[nodiscard]] CurlLane* lane() const noexcept { return lane_; }
  /// Leaves the lane; the handle is the caller's from now on.
  EasyHandle detach() noexcept;
  void resume();
  void finish(CURLcode code);
  void fail(Error error);

 private:
  static std::size_t on_header(char* data, std::size_t, std::size_t bytes, void* self);
  static std::size_t on_body(char* data, std::size_t, std::size_t bytes, void* self);
  static int on_request(void* self, char*, char*, int, int);
  static int on_socket(void* self, curl_socket_t socket, curlsocktype);
  static CURLcode on_tls_context(CURL* easy, void* ssl_ctx, void* self);

  [[nodiscard]] std::size_t unread() const noexcept { return buffer_.size() - read_; }
  [[nodiscard]] bool is_full() const noexcept;
  void forget_headers() noexcept;
  void forget_body() noexcept;
  void set_way();
  void set_private_connection();
  [[nodiscard]] bool may_be_http2() const noexcept;
  [[nodiscard]] bool is_known_for_http2() const;
  void learn_version();
  void end_lookup(Lookups::Outcome outcome);
  void set_connect_timeout(std::chrono::nanoseconds waited);
  [[nodiscard]] std::string_view looked_up() const noexcept;
  void store(std::string_view bytes);
  void report();
  [[nodiscard]] bool query_sent() const noexcept;
  [[nodiscard]] bool may_resend() const;
  [[nodiscard]] Error explain(CURLcode code);

  CurlContext& context_;
  CurlLane* lane_ = nullptr;  // null before the start and after the end
  std::size_t place_ = 0;
  EasyHandle easy_;
  HttpRequest request_;
  const std::size_t body_size_;
  LineList header_lines_;
  const std::size_t max_unread_bytes_;
  const std::chrono::milliseconds connect_timeout_;
  const bool bypass_proxy_;
  const Proxy* proxy_ = nullptr;  // null for none
  const std::unique_ptr<PrivateTls> private_;
  std::function<void()> on_news_;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  Http2Words words_;

  HeadParser head_;
  std::string buffer_;
  std::size_t read_ = 0;  // how much of buffer_ was consumed
  bool paused_ = false;
  bool muted_ = false;
  bool ended_ = false;
  bool sent_ = false;
  bool leads_ = false;                     // others wait for the addresses of its host
  std::optional<SteadyTime> waits_since_;  // for another that looks them up
  std::optional<SteadyTime> begun_;        // when the request first began to go out
  RareError error_;
};

}  // namespace ek
