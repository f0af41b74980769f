#include "http/curl_exchange.hpp"

#include <fmt/format.h>

#ifndef _WIN32
#include <fcntl.h>
#endif

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "http/curl_error.hpp"
#include "http/curl_lane.hpp"

namespace ek {
namespace {

// SHA-1 in hex, or none.
bool is_thumbprint(std::string_view text) {
  return text.empty() || (text.size() == 40 && from_hex(text).has_value());
}

// libcurl takes 0 for 300 s; here it is off.
std::chrono::milliseconds connect_limit(std::chrono::milliseconds wanted) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24);
  return wanted.count() > 0 ? std::min(wanted, longest) : longest;
}

}  // namespace

CurlExchange::CurlExchange(CurlContext& context, HttpRequest request,
                           const TransferOptions& options)
    : context_(context),
      request_(std::move(request)),
      body_size_(request_.body.size()),
      max_unread_bytes_(std::max<std::size_t>(options.max_buffered_bytes, 1)),
      connect_timeout_(connect_limit(options.connect_timeout)),
      bypass_proxy_(options.bypass_proxy),
      private_(options.tls.empty()
                   ? nullptr
                   : std::make_unique<PrivateTls>(PrivateTls{.options = options.tls})),
      on_news_(options.on_news),
      head_(context.options.max_head_bytes) {}

CurlExchange::~CurlExchange() {
  if (lane_ != nullptr) lane_->abandon(*this);
}

void CurlExchange::prepare(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlExchange::on_body);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &CurlExchange::on_request);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &CurlExchange::on_socket);
  if (takes_our_openssl())
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &CurlExchange::on_tls_context);
}

void CurlExchange::attach(CurlLane& lane, std::size_t place, EasyHandle easy) {
  ++context_.exchanges;
  lane_ = &lane;
  place_ = place;
  easy_ = std::move(easy);
  header_lines_ = make_header_list(request_, context_.options.user_agent);
  std::vector<Header>().swap(request_.headers);
  set_request(easy_.get(), request_);
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, header_lines_.list());
  curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, detail_.data());
  curl_easy_setopt(easy_.get(), CURLOPT_BUFFERSIZE, context_.read_bytes());
  for (const CURLoption data : {CURLOPT_PRIVATE, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA,
                                CURLOPT_PREREQDATA, CURLOPT_SOCKOPTDATA, CURLOPT_SSL_CTX_DATA}) {
    curl_easy_setopt(easy_.get(), data, this);
  }
  set_connect_timeout({});
  set_way();
  curl_easy_setopt(easy_.get(), CURLOPT_FRESH_CONNECT, 0L);
  if (is_private()) set_private_connection();
  curl_easy_setopt(easy_.get(), CURLOPT_PIPEWAIT, is_known_for_http2() ? 1L : 0L);
  words_.listen(easy_.get(), context_.options.network.http_version);
}

void CurlExchange::set_connect_timeout(std::chrono::nanoseconds waited) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(connect_timeout_ - waited);
  curl_easy_setopt(easy_.get(), CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::max<long long>(left.count(), 1)));
}

void CurlExchange::set_way() {
  const bool known = proxy_ != nullptr && !proxy_->user.empty();
  // Null would have libcurl read the variables itself.
  curl_easy_setopt(easy_.get(), CURLOPT_PROXY, proxy_ != nullptr ? proxy_->url.c_str() : "");
  curl_easy_setopt(easy_.get(), CURLOPT_PROXYUSERNAME, known ? proxy_->user.c_str() : nullptr);
  curl_easy_setopt(easy_.get(), CURLOPT_PROXYPASSWORD,
                   known ? proxy_->password.reveal().c_str() : nullptr);
  // A proxy is to be told who connects; the server is told by a header of the request, which
  // libcurl formats once and not twice.
  curl_easy_setopt(easy_.get(), CURLOPT_USERAGENT,
                   proxy_ != nullptr ? context_.options.user_agent.c_str() : nullptr);
  const std::string pins = context_.pins_for(request_.url);
  curl_easy_setopt(easy_.get(), CURLOPT_PINNEDPUBLICKEY, pins.empty() ? nullptr : pins.c_str());
}

// A session that was made for one idea of whom to trust must not be resumed under another, for
// nothing is verified then.
void CurlExchange::set_private_connection() {
  curl_easy_setopt(easy_.get(), CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy_.get(), CURLOPT_SSL_SESSIONID_CACHE, 0L);
  curl_easy_setopt(easy_.get(), CURLOPT_SSL_VERIFYHOST,
                   private_->options.server_thumbprint.empty() ? 2L : 0L);
}

bool CurlExchange::may_be_http2() const noexcept {
  return offers_http2(context_.options.network.http_version) && request_.url.starts_with("https:");
}

bool CurlExchange::is_known_for_http2() const {
  return may_be_http2() && context_.http2_hosts.has(request_.url);
}

bool CurlExchange::is_http2() const noexcept {
  long version = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_2_0;
}

void CurlExchange::learn_version() { context_.http2_hosts.learn(request_.url, is_http2()); }

std::optional<Error> CurlExchange::choose_way() {
  if (auto refused = check_request(request_)) return refused;
  if (!bypass_proxy_) {
    auto proxy = context_.proxies.choose(request_.url);
    if (!proxy) return std::move(proxy).error();
    proxy_ = *proxy;
  }
  const bool special = is_private() || !context_.options.network.client_certificate.empty();
  const bool secure = request_.url.starts_with("https:");
  std::string_view why;
  if (is_private() && !secure) {
    why = "must be asked over https, for a certificate takes part";
  } else if (special && secure && !takes_our_openssl()) {
    why = "cannot be asked: client certificates and thumbprints need a libcurl with OpenSSL 3";
  } else if (is_private() && !is_thumbprint(private_->options.server_thumbprint)) {
    why = "cannot be verified: the thumbprint of its certificate is not SHA-1 in 40 hex digits";
  }
  if (why.empty()) return std::nullopt;
  return Error{.code = ErrorCode::transport,
               .phase = Phase::tls,
               .message = fmt::format("{} {}", host_of(request_.url), why)};
}

std::string_view CurlExchange::looked_up() const noexcept {
  return proxy_ != nullptr ? std::string_view(proxy_->url) : host_of(request_.url);
}

Lookups::Turn CurlExchange::ask() {
  using Turn = Lookups::Turn;
  const SteadyTime now = std::chrono::steady_clock::now();
  const Turn turn = context_.lookups.ask(looked_up(), *lane_, waits_since_, now);
  leads_ = turn == Turn::lead;
  if (turn == Turn::fail) {
    finish(proxy_ != nullptr ? CURLE_COULDNT_RESOLVE_PROXY : CURLE_COULDNT_RESOLVE_HOST);
  } else if (turn == Turn::wait) {
    if (!waits_since_) waits_since_ = now;
    if (now < *waits_since_ + connect_timeout_) return turn;
    finish(CURLE_OPERATION_TIMEDOUT);
    return Turn::fail;
  } else if (waits_since_) {
    set_connect_timeout(now - *waits_since_);
  }
  return turn;
}

SteadyTime CurlExchange::ask_again_at() const {
  const SteadyTime now = std::chrono::steady_clock::now();
  return now + std::min<std::chrono::nanoseconds>(*waits_since_ + connect_timeout_ - now,
                                                  Lookups::longest_wait);
}

void CurlExchange::end_lookup(Lookups::Outcome outcome) {
  if (std::exchange(leads_, false))
    context_.lookups.done(looked_up(), outcome, std::chrono::steady_clock::now());
}

EasyHandle CurlExchange::detach() noexcept {
  end_lookup(Lookups::Outcome::given_up);
  --context_.exchanges;
  lane_ = nullptr;
  words_.stop(easy_.get());
  curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, nullptr);
  forget_headers();
  return std::move(easy_);
}

const HttpHead* CurlExchange::head() const noexcept {
  return head_.complete() ? &head_.head() : nullptr;
}

HttpHead CurlExchange::take_head() {
  if (lane_ != nullptr && query_sent()) forget_headers();
  return head_.take();
}

// libcurl sends a request again only while nothing of an answer has come.
void CurlExchange::forget_headers() noexcept {
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, nullptr);
  header_lines_ = {};
}

std::string_view CurlExchange::body() const noexcept {
  return std::string_view(buffer_).substr(read_);
}

void CurlExchange::consume(std::size_t bytes) {
  read_ += std::min(bytes, unread());
  if (read_ == buffer_.size()) {
    buffer_.clear();
    read_ = 0;
  }
  if (!paused_ || lane_ == nullptr || is_full()) return;
  paused_ = false;
  lane_->resume_later(*this);
}

void CurlExchange::mute() noexcept {
  muted_ = true;
  on_news_ = {};
  std::string().swap(buffer_);
  read_ = 0;
  consume(0);
}

bool CurlExchange::is_full() const noexcept {
  return unread() >= std::min(max_unread_bytes_, context_.buffer_share());
}

bool CurlExchange::sent() const noexcept { return sent_ || (easy_ && query_sent()); }

bool CurlExchange::query_sent() const noexcept {
  long head_bytes = 0;
  curl_off_t body_bytes = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &head_bytes);
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &body_bytes);
  return begun_ && head_bytes > 0 && body_bytes >= static_cast<curl_off_t>(body_size_);
}

void CurlExchange::forget_body() noexcept {
  if (query_sent()) std::string().swap(request_.body);
}

bool CurlExchange::may_resend() const {
  return std::chrono::steady_clock::now() - *begun_ < context_.options.resend_window;
}

void CurlExchange::resume() { curl_easy_pause(easy_.get(), CURLPAUSE_CONT); }

void CurlExchange::fail(Error error) {
  ended_ = true;
  error_ = std::move(error);
  if (on_news_) on_news_();
}

void CurlExchange::finish(CURLcode code) {
  sent_ = query_sent();
  ended_ = true;
  if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
    end_lookup(Lookups::Outcome::failed);
  if (code == CURLE_OK && !head_.complete()) code = CURLE_GOT_NOTHING;
  if (code != CURLE_OK && !error_) error_ = explain(code);
  if (on_news_) on_news_();
}

Error CurlExchange::explain(CURLcode code) {
  const PrivateTls* own = private_.get();
  const std::string trust = context_.roots.origin();
  const std::string route = context_.route_of(request_.url);
  const std::string named =
      proxy_ != nullptr ? fmt::format("{} ({})", proxy_->url, proxy_->named_by) : std::string();
  return explain_curl(
      {.code = code,
       .detail = detail_.data(),
       .host = host_of(request_.url),
       .trust = trust,
       .proxy = named,
       .route = route,
       .thumbprint = own != nullptr ? std::string_view(own->options.server_thumbprint) : "",
       .found_thumbprint = own != nullptr ? std::string_view(own->thumbprint.found) : "",
       .connect_timeout = connect_timeout_,
       .begun = begun_.has_value(),
       .sent = sent_,
       .may_resend = begun_ && may_resend(),
       .refused = words_.refused(),
       .http2 = is_known_for_http2(),
       .headed = head_.complete()});
}

std::size_t CurlExchange::on_header(char* data, std::size_t, std::size_t bytes, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  const bool had_head = exchange.head_.complete();
  if (!exchange.head_.add({data, bytes})) {
    exchange.error_ =
        Error{.code = had_head ? ErrorCode::truncated : ErrorCode::transport,
              .phase = had_head ? Phase::stream : Phase::headers,
              .message = fmt::format("{} sent more than the {} bytes of headers that are accepted",
                                     host_of(exchange.request_.url),
                                     exchange.context_.options.max_head_bytes)};
    return 0;
  }
  if (!had_head && exchange.head_.complete()) {
    exchange.forget_body();
    if (exchange.may_be_http2()) exchange.learn_version();
    exchange.report();
  }
  return bytes;
}

std::size_t CurlExchange::on_body(char* data, std::size_t, std::size_t bytes, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  if (exchange.muted_) return bytes;
  if (exchange.is_full()) {
    exchange.paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  exchange.store({data, bytes});
  exchange.report();
  return bytes;
}

void CurlExchange::report() {
  lane_->report();
  if (on_news_) on_news_();
}

void CurlExchange::store(std::string_view bytes) {
  if (read_ > 0 && buffer_.size() + bytes.size() > buffer_.capacity()) {
    buffer_.erase(0, read_);
    read_ = 0;
  }
  if (buffer_.size() + bytes.size() > buffer_.capacity()) {
    // Not past the bound by doubling: what is larger than a page or two costs more to map than to
    // fill.
    const std::size_t most = max_unread_bytes_ + CURL_MAX_WRITE_SIZE;
    buffer_.reserve(
        std::max(buffer_.size() + bytes.size(), std::min(2 * buffer_.capacity(), most)));
  }
  buffer_.append(bytes);
}

// Called before each handshake, also with an https proxy.
CURLcode CurlExchange::on_tls_context(CURL*, void* ssl_ctx, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  auto ready = exchange.context_.prepare_tls(ssl_ctx, exchange.private_.get());
  if (ready) return CURLE_OK;
  exchange.error_ = std::move(ready).error();
  return CURLE_SSL_CERTPROBLEM;
}

// Called for each new socket, before it connects.
int CurlExchange::on_socket(void* self, curl_socket_t socket, curlsocktype) {
#ifndef _WIN32
  // A child process of the application must not keep the connection open.
  fcntl(socket, F_SETFD, FD_CLOEXEC);
#endif
  auto& exchange = *static_cast<CurlExchange*>(self);
  exchange.end_lookup(Lookups::Outcome::found);
  exchange.lane_->opened(socket);
  return CURL_SOCKOPT_OK;
}

// Called each time the request is about to go out. The second time libcurl has taken the
// connection, which was a kept one, for stale. It would try another one of those, and another; a
// request that was fatal to its server must not go through them all.
int CurlExchange::on_request(void* self, char*, char*, int, int) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  exchange.end_lookup(Lookups::Outcome::not_needed);
  const SteadyTime now = std::chrono::steady_clock::now();
  if (!exchange.begun_) {
    exchange.begun_ = now;
    if (!exchange.is_known_for_http2())
      curl_easy_setopt(exchange.handle(), CURLOPT_FRESH_CONNECT, 1L);
    return CURL_PREREQFUNC_OK;
  }
  const auto lived = now - *exchange.begun_;
  if (exchange.may_resend() && !exchange.words_.looked_at()) return CURL_PREREQFUNC_OK;
  exchange.error_ =
      Error{.code = ErrorCode::transport,
            .phase = Phase::headers,
            .message = fmt::format(
                "{} hung up without an answer, {} ms after the request: it may have been at work",
                host_of(exchange.request_.url),
                std::chrono::duration_cast<std::chrono::milliseconds>(lived).count())};
  return CURL_PREREQFUNC_ABORT;
}

}  // namespace ek
