#include "http/curl_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace ek {
namespace {

struct Row {
  CURLcode code;
  ErrorCode error;
  Phase phase;
  bool again;  // can succeed later if the request has not begun to go out
  std::string_view text;
};

constexpr Row wants_certificate{
    CURLE_SSL_CLIENTCERT, ErrorCode::transport, Phase::tls, false,
    "wants a client certificate: give one in client_certificate (the option certificate_file)"};
constexpr Row refuses_certificate{
    CURLE_SSL_CLIENTCERT, ErrorCode::transport, Phase::tls, false,
    "refused the client certificate: it must be one that the server trusts, and valid today"};

constexpr std::array rows = {
    Row{CURLE_UNSUPPORTED_PROTOCOL, ErrorCode::transport, Phase::headers, false,
        "does not speak HTTP as expected"},
    Row{CURLE_URL_MALFORMAT, ErrorCode::invalid_request, Phase::request, false,
        "stands in a URL that is malformed: it must be absolute, http or https, without userinfo"},
    Row{CURLE_COULDNT_RESOLVE_PROXY, ErrorCode::transport, Phase::dns, true,
        "is behind a proxy whose name could not be resolved: check the proxy variables"},
    Row{CURLE_COULDNT_RESOLVE_HOST, ErrorCode::transport, Phase::dns, true,
        "could not be resolved: check the name and the network"},
    Row{CURLE_COULDNT_CONNECT, ErrorCode::transport, Phase::connect, true,
        "refused the connection or was not reached"},
    Row{CURLE_PROXY, ErrorCode::transport, Phase::connect, true, "was not reached by the proxy"},
    Row{CURLE_SSL_CONNECT_ERROR, ErrorCode::transport, Phase::tls, true,
        "broke off the TLS handshake"},
    Row{CURLE_PEER_FAILED_VERIFICATION, ErrorCode::transport, Phase::tls, false,
        "has a certificate that was refused"},
    Row{CURLE_SSL_ISSUER_ERROR, ErrorCode::transport, Phase::tls, false,
        "has a certificate that was refused"},
    Row{CURLE_SSL_PINNEDPUBKEYNOTMATCH, ErrorCode::transport, Phase::tls, false,
        "has a public key that is none of those in the option pinned_keys: somebody sits between, "
        "or the key was renewed"},
    Row{CURLE_SSL_CIPHER, ErrorCode::transport, Phase::tls, false, "offers no TLS cipher we take"},
    Row{CURLE_SSL_CACERT_BADFILE, ErrorCode::transport, Phase::tls, false,
        "could not be verified, for the trusted certificates could not be read"},
    wants_certificate,
    Row{CURLE_SEND_ERROR, ErrorCode::transport, Phase::send, false,
        "hung up while the request was sent"},
    Row{CURLE_SEND_FAIL_REWIND, ErrorCode::transport, Phase::send, false,
        "hung up while the request was sent"},
    Row{CURLE_GOT_NOTHING, ErrorCode::transport, Phase::headers, false,
        "hung up without an answer"},
    Row{CURLE_RECV_ERROR, ErrorCode::transport, Phase::headers, false,
        "hung up without a complete answer"},
    Row{CURLE_PARTIAL_FILE, ErrorCode::transport, Phase::headers, false,
        "hung up without a complete answer"},
    Row{CURLE_WEIRD_SERVER_REPLY, ErrorCode::transport, Phase::headers, false,
        "sent an answer that is not HTTP"},
    Row{CURLE_HTTP2, ErrorCode::transport, Phase::headers, false, "broke the HTTP/2 connection"},
    Row{CURLE_HTTP2_STREAM, ErrorCode::transport, Phase::headers, false, "reset the HTTP/2 stream"},
};

constexpr Row unknown{CURLE_OK, ErrorCode::transport, Phase::headers, false, "could not be asked"};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// In TLS 1.3 a server judges the client after the client has ended the handshake, so that its
// alert (RFC 8446 §6.2) comes as an error of reading, or of sending.
const Row* alert_row(std::string_view detail) {
  if (!contains(detail, " alert ")) return nullptr;
  if (contains(detail, "certificate required")) return &wants_certificate;
  const bool refused = contains(detail, "certificate") || contains(detail, "unknown ca");
  return refused ? &refuses_certificate : nullptr;
}

const Row& find_row(const CurlFailure& failure) {
  if (const Row* row = alert_row(failure.detail)) return *row;
  // HTTP/2 sends while it reads, too: acknowledgements and windows.
  const bool reading = failure.code == CURLE_SEND_ERROR && failure.sent;
  const CURLcode code = reading ? CURLE_RECV_ERROR : failure.code;
  const auto* row =
      std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.code == code; });
  return row == rows.end() ? unknown : *row;
}

// The status with which a proxy refused to make a tunnel, in libcurl's words; 0 if it did not.
int tunnel_refusal(const CurlFailure& failure) {
  constexpr std::string_view words = "CONNECT tunnel failed, response ";
  const auto at = failure.proxy.empty() ? std::string_view::npos : failure.detail.find(words);
  if (at == std::string_view::npos) return 0;
  int status = 0;
  const std::string_view digits = failure.detail.substr(at + words.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  return status;
}

// By which proxy and route the host was asked: "" if by none.
std::string way(const CurlFailure& failure, std::string_view asked) {
  if (failure.proxy.empty() && failure.route.empty()) return {};
  return fmt::format("{}{}{}{}{}", asked, failure.proxy.empty() ? "" : " through the proxy ",
                     failure.proxy, failure.route.empty() ? "" : " by the route to ",
                     failure.route);
}

// What failed, where it is not the host itself.
std::string sentence(const CurlFailure& failure, const Row& row) {
  if (const int status = tunnel_refusal(failure); status != 0) {
    return fmt::format("{} was not asked: the proxy {} answered {} to CONNECT, {}", failure.host,
                       failure.proxy, status,
                       status == 407 ? "it wants other proxy_user and proxy_password"
                                     : "it may not let this host pass");
  }
  if (failure.code == CURLE_COULDNT_RESOLVE_PROXY) {
    return fmt::format("{} was not asked: the name of the proxy {} could not be resolved",
                       failure.host, failure.proxy);
  }
  if (failure.code == CURLE_COULDNT_CONNECT && !failure.proxy.empty()) {
    return fmt::format("{} was not asked: the proxy {} refused the connection or was not reached",
                       failure.host, failure.proxy);
  }
  if (failure.code == CURLE_COULDNT_RESOLVE_HOST && !failure.route.empty()) {
    return fmt::format("{} is routed to {}, which could not be resolved: check that route",
                       failure.host, failure.route);
  }
  if (failure.code == CURLE_COULDNT_CONNECT && !failure.route.empty()) {
    return fmt::format(
        "{} is routed to {}, which refused the connection or was not reached: check that route",
        failure.host, failure.route);
  }
  if (!failure.thumbprint.empty() && failure.code == CURLE_PEER_FAILED_VERIFICATION) {
    return fmt::format(
        "{} has a certificate with the thumbprint {}, and must have that with {}: it is another "
        "server, or its certificate was renewed",
        failure.host, failure.found_thumbprint, printable(failure.thumbprint));
  }
  return fmt::format("{} {}{}", failure.host, row.text, way(failure, ", asked"));
}

std::string detail_of(const CurlFailure& failure) {
  const std::string_view own = trim(failure.detail);
  return printable(own.empty() ? std::string_view(curl_easy_strerror(failure.code)) : own);
}

std::string advice(const CurlFailure& failure) {
  if (failure.code != CURLE_PEER_FAILED_VERIFICATION || !failure.thumbprint.empty()) return {};
  return fmt::format(
      "; the trusted roots are those of {}: name a bundle with the right one in ca_file or "
      "SSL_CERT_FILE, or correct the host name",
      failure.trust);
}

}  // namespace

Error explain_curl(const CurlFailure& failure) {
  if (failure.headed) {
    return {.code = ErrorCode::truncated,
            .phase = Phase::stream,
            .message = fmt::format("{} cut its answer before the end ({}, libcurl {})",
                                   failure.host, detail_of(failure), int{failure.code})};
  }
  // libcurl asks again by itself where a stream is refused (RFC 9113 §8.7), five times.
  if (failure.refused || (failure.http2 && contains(failure.detail, "Connection died, tried"))) {
    return {.code = ErrorCode::transport,
            .phase = Phase::headers,
            .message = fmt::format("{} did not look at the request, for it closes its "
                                   "connection or refuses streams: ask again ({}, libcurl {})",
                                   failure.host, detail_of(failure), int{failure.code}),
            .retryable = true};
  }
  // No total limit is ever given to libcurl, so a timeout of its own is the connect timer.
  if (failure.code == CURLE_OPERATION_TIMEDOUT && !failure.begun) {
    return {.code = ErrorCode::timeout,
            .phase = Phase::connect,
            .message =
                fmt::format("no connection to {} within {} ms{} ({})", failure.host,
                            failure.connect_timeout.count(), way(failure, ""), detail_of(failure)),
            .retryable = true};
  }
  const Row& row = find_row(failure);
  // A handshake or CONNECT that the peer breaks off comes as a receive or send error.
  const bool before = !failure.begun && row.phase >= Phase::send;
  // What did not go out whole was not worked on, nor was what went to a connection that libcurl
  // found dead and tried to replace.
  const bool replaced = failure.may_resend && row.phase < Phase::send;
  const bool untouched = !failure.sent || replaced;
  const int refused = tunnel_refusal(failure);
  return {.code = row.error,
          .phase = before ? Phase::connect : row.phase,
          .message = fmt::format("{} ({}, libcurl {}){}", sentence(failure, row),
                                 detail_of(failure), int{failure.code}, advice(failure)),
          .retryable = untouched && (row.again || row.phase >= Phase::send) &&
                       (refused == 0 || refused >= 500)};
}

}  // namespace ek
