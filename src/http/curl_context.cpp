#include "http/curl_context.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/uri.hpp"

namespace ek {
namespace {

std::string port_text(int port) { return port != 0 ? std::to_string(port) : std::string(); }

LineList make_routes(const NetworkOptions& network) {
  LineList list;
  for (const Route& route : network.routes) {
    list.add(
        {route.host, ":", port_text(route.port), ":", route.to, ":", port_text(route.to_port)});
  }
  return list;
}

Result<Secret> read(const Environment& environment, const std::string& path) {
  auto text = environment.read_file(path);
  if (text) return Secret(*std::move(text));
  return Error{.code = ErrorCode::transport,
               .phase = Phase::tls,
               .message = fmt::format("the client certificate of {} cannot be read: {}", path,
                                      text.error().message)};
}

Result<void> show(void* ssl_ctx, const TlsIdentity& identity, const Environment& environment) {
  const Secret& password = identity.key_password;
  if (!identity.pem.empty()) {
    const std::string& pem = identity.pem.reveal();
    return show_certificate(ssl_ctx, pem, pem, password, "the option certificate_pem");
  }
  const auto certificates = read(environment, identity.file);
  if (!certificates) return certificates.error();
  const std::string& pem = certificates->reveal();
  if (identity.key_file.empty())
    return show_certificate(ssl_ctx, pem, pem, password, identity.file);
  const auto key = read(environment, identity.key_file);
  if (!key) return key.error();
  return show_certificate(ssl_ctx, pem, key->reveal(), password,
                          fmt::format("{} and {}", identity.file, identity.key_file));
}

}  // namespace

CurlContext::CurlContext(const HttpOptions& wanted)
    : options(wanted),
      roots(wanted.network.ca_file, wanted.environment),
      proxies(wanted.network, *wanted.environment),
      route_lines(make_routes(wanted.network)),
      routes(route_lines.list()) {}

std::string CurlContext::pins_for(std::string_view url) const {
  std::string pins;
  if (options.network.pinned_keys.empty()) return pins;
  const auto uri = parse_uri(url.substr(0, url.find('?')));
  for (const PinnedKey& pin : options.network.pinned_keys) {
    if (!pin.host.empty() && !(uri && iequals(pin.host, uri->host))) continue;
    if (!pins.empty()) pins += ';';
    pins += pin.key;
  }
  return pins;
}

std::string CurlContext::route_of(std::string_view url) const {
  if (options.network.routes.empty()) return {};
  const auto uri = parse_uri(url.substr(0, url.find('?')));
  if (!uri) return {};
  const int port = uri->port != 0 ? uri->port : uri->scheme == "https" ? 443 : 80;
  for (const Route& route : options.network.routes) {
    const bool same_host = route.host.empty() || iequals(route.host, uri->host);
    if (!same_host || (route.port != 0 && route.port != port)) continue;
    return fmt::format("{}:{} (the option routes)", route.to,
                       route.to_port != 0 ? route.to_port : port);
  }
  return {};
}

std::size_t CurlContext::equal_share() const noexcept {
  return options.network.max_buffered_bytes / std::max<std::size_t>(exchanges, 1);
}

std::size_t CurlContext::buffer_share() const noexcept {
  return std::max<std::size_t>(equal_share(), CURL_MAX_WRITE_SIZE);
}

// At most half of what one answer may hold by default, so that no read is stopped midway, which
// libcurl would copy.
long CurlContext::read_bytes() const noexcept {
  return static_cast<long>(std::clamp<std::size_t>(equal_share() / 16, 2 * 1024, 64 * 1024));
}

Result<void> CurlContext::prepare_tls(void* ssl_ctx, PrivateTls* own) {
  if (own != nullptr && !own->options.server_thumbprint.empty()) {
    own->thumbprint.expected = own->options.server_thumbprint;
    require_thumbprint(ssl_ctx, own->thumbprint);
  } else if (auto trusted = roots.install(ssl_ctx); !trusted) {
    return trusted;
  }
  const bool shows_own = own != nullptr && !own->options.client_certificate.empty();
  const TlsIdentity& identity =
      shows_own ? own->options.client_certificate : options.network.client_certificate;
  return identity.empty() ? Result<void>() : show(ssl_ctx, identity, *options.environment);
}

}  // namespace ek
