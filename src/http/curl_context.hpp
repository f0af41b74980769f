// What the lanes of one curl transport have in common.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

#include "endpointkit/ext/transport.hpp"
#include "http/ca_store.hpp"
#include "http/curl_request.hpp"
#include "http/curl_share.hpp"
#include "http/curl_transport.hpp"
#include "http/http2_hosts.hpp"
#include "http/lookups.hpp"
#include "http/proxy.hpp"
#include "http/tls_context.hpp"

namespace ek {

/// Of an exchange that has a connection of its own.
struct PrivateTls {
  const TlsOptions options;
  Thumbprint thumbprint{};
};

struct CurlContext {
  explicit CurlContext(const HttpOptions& wanted);

  /// For CURLOPT_PINNEDPUBLICKEY; "" if the host of `url` has no pinned key.
  [[nodiscard]] std::string pins_for(std::string_view url) const;
  /// Where connections for `url` are routed to, for messages; "" if nowhere else.
  [[nodiscard]] std::string route_of(std::string_view url) const;
  /// How much one exchange may hold unread at this moment: its part of what all may.
  [[nodiscard]] std::size_t buffer_share() const noexcept;
  /// What libcurl reads at once for an exchange that begins now. It has as much memory for each, so
  /// where there are thousands it is less.
  [[nodiscard]] long read_bytes() const noexcept;
  /// What libcurl asks for before each handshake: whom to trust, and what to show.
  /// `own` is null for a connection that others may use too. Errors: transport/tls.
  Result<void> prepare_tls(void* ssl_ctx, PrivateTls* own);

  // Of max_buffered_bytes, among the exchanges that are under way.
  [[nodiscard]] std::size_t equal_share() const noexcept;

  const HttpOptions options;
  CaStore roots;
  CurlShare share;
  const ProxyRules proxies;
  Http2Hosts http2_hosts;
  Lookups lookups;
  LineList route_lines;
  curl_slist* const routes;                // route_lines, for CURLOPT_CONNECT_TO
  std::atomic<std::size_t> exchanges = 0;  // under way, in all lanes
};

}  // namespace ek
