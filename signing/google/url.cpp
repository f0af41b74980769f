#include "signing/google/url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::size_t longest_impersonation_url = 256;

Error untrusted(std::string_view member, std::string_view url, std::string_view trusted) {
  return credentials_error(fmt::format(
      "the \"{}\" of a Google credential file points to \"{}\"; it is trusted only as {}", member,
      clip(printable(url.substr(0, url.find('?'))), 200), trusted));
}

bool is_in(std::string_view host, std::string_view universe) {
  return host.size() > universe.size() && host.ends_with(universe) &&
         host[host.size() - universe.size() - 1] == '.';
}

bool is_google_host(std::string_view name, std::string_view universe) {
  const std::string host = to_lower(name);
  return host == "accounts.google.com" || is_in(host, default_universe) || is_in(host, universe);
}

bool is_mail(std::string_view text) {
  const auto at = text.find('@');
  return at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         std::all_of(text.begin(), text.end(), [](char c) {
           const char lower = to_lower(c);
           return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
                  std::string_view("@.-_").find(c) != std::string_view::npos;
         });
}

}  // namespace

Result<std::string> check_universe(const std::string& universe_domain) {
  if (universe_domain.empty()) return std::string(default_universe);
  std::string_view rest = universe_domain;
  while (true) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    // google-auth's own tests have an underscore in a universe; names of hosts may have none.
    std::string plain(label);
    std::replace(plain.begin(), plain.end(), '_', '-');
    if (!is_host_label(plain)) {
      return credentials_error(
          fmt::format("the \"universe_domain\" of a Google credential file is \"{}\", which is no "
                      "domain name",
                      clip(printable(universe_domain), 100)));
    }
    if (label.size() == rest.size()) return to_lower(universe_domain);
    rest.remove_prefix(label.size() + 1);
  }
}

Result<void> check_google_url(std::string_view member, const std::string& url,
                              std::string_view universe) {
  const auto uri = parse_uri(url);
  const bool https = uri && uri->scheme == "https";
  const bool http = uri && uri->scheme == "http";
  if (https && is_google_host(uri->host, universe)) return {};
  if ((http || https) && is_loopback(uri->host)) return {};
  return untrusted(member, url,
                   fmt::format("https on a host of {}{} or accounts.google.com, or on this machine",
                               universe, universe == default_universe ? "" : ", googleapis.com"));
}

Result<std::string> check_impersonation_url(const std::string& url, std::string_view universe) {
  constexpr std::string_view member = "service_account_impersonation_url";
  if (auto trusted = check_google_url(member, url, universe); !trusted)
    return std::move(trusted).error();
  constexpr std::string_view before = "/v1/projects/-/serviceAccounts/";
  constexpr std::string_view after = ":generateAccessToken";
  const auto uri = parse_uri(url);
  std::string_view mail = uri->path;
  if (url.size() <= longest_impersonation_url && uri->query.empty() && mail.starts_with(before) &&
      mail.ends_with(after) && mail.size() > before.size() + after.size()) {
    mail = mail.substr(before.size(), mail.size() - before.size() - after.size());
    if (is_mail(mail)) return std::string(mail);
  }
  return untrusted(member, url, fmt::format("the path {}MAIL{}", before, after));
}

Result<void> check_aws_metadata_url(std::string_view member, const std::string& url) {
  const auto uri = parse_uri(url);
  if (uri && uri->scheme == "http" && uri->port == 0 &&
      (uri->host == "169.254.169.254" || iequals(uri->host, "[fd00:ec2::254]"))) {
    return {};
  }
  return untrusted(member, url, "http on 169.254.169.254 or [fd00:ec2::254]");
}

Result<void> check_caller_identity_url(const std::string& url) {
  constexpr std::string_view question = "?Action=GetCallerIdentity&Version=2011-06-15";
  for (const std::string_view host :
       {"https://sts.{region}.amazonaws.com", "https://sts.{region}.amazonaws.com.cn",
        "https://sts.amazonaws.com"}) {
    for (const std::string_view path : {"", "/"}) {
      if (url == fmt::format("{}{}{}", host, path, question)) return {};
    }
  }
  return untrusted("regional_cred_verification_url", url,
                   fmt::format("https://sts.{{region}}.amazonaws.com{}", question));
}

Result<void> check_provider_url(const std::string& url) {
  const auto uri = parse_uri(url);
  if (uri && (uri->scheme == "https" || uri->scheme == "http")) return {};
  return untrusted("url", url, "http or https");
}

}  // namespace ek
