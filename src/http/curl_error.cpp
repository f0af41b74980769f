#include "http/curl_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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
    Row{CURLE_SSL_CIPHER, ErrorCode::transport, Phase::tls, false, "offers no TLS cipher we take"},
    Row{CURLE_SSL_CACERT_BADFILE, ErrorCode::transport, Phase::tls, false,
        "could not be verified, for the trusted certificates could not be read"},
    Row{CURLE_SSL_CLIENTCERT, ErrorCode::transport, Phase::tls, false,
        "wants a client certificate"},
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

const Row& find_row(CURLcode code) {
  const auto* row =
      std::find_if(rows.begin(), rows.end(), [=](const Row& r) { return r.code == code; });
  return row == rows.end() ? unknown : *row;
}

std::string detail_of(const CurlFailure& failure) {
  const std::string_view own = trim(failure.detail);
  return printable(own.empty() ? std::string_view(curl_easy_strerror(failure.code)) : own);
}

std::string advice(const CurlFailure& failure) {
  if (failure.code != CURLE_PEER_FAILED_VERIFICATION) return {};
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
  // No total limit is ever given to libcurl, so a timeout of its own is the connect timer.
  if (failure.code == CURLE_OPERATION_TIMEDOUT && !failure.begun) {
    return {.code = ErrorCode::timeout,
            .phase = Phase::connect,
            .message = fmt::format("no connection to {} within {} ms ({})", failure.host,
                                   failure.connect_timeout.count(), detail_of(failure)),
            .retryable = true};
  }
  const Row& row = find_row(failure.code);
  // A handshake or CONNECT that the peer breaks off comes as a receive or send error.
  const bool before = !failure.begun && row.phase >= Phase::send;
  return {.code = row.error,
          .phase = before ? Phase::connect : row.phase,
          .message = fmt::format("{} {} ({}, libcurl {}){}", failure.host, row.text,
                                 detail_of(failure), int{failure.code}, advice(failure)),
          .retryable = !failure.begun && (row.again || before)};
}

}  // namespace ek
