#include "signing/google/metadata_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/aws/link_local.hpp"
#include "signing/credentials_error.hpp"
#include "signing/google/url.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

constexpr std::string_view service = "Google's metadata server";
constexpr std::string_view flavor_name = "metadata-flavor";
constexpr std::string_view flavor = "Google";
constexpr std::string_view address = "169.254.169.254";
constexpr std::string_view board = "/sys/class/dmi/id/product_name";
constexpr std::chrono::seconds probe_limit{1};
// A pod's server may take seconds to come up, and a token may have to be made first.
constexpr std::chrono::seconds connect_limit{5};
// The server gives the same token until four minutes before its end: asking earlier is in vain.
constexpr RefreshWindows server_windows{.stale = std::chrono::seconds(225)};
constexpr std::chrono::hours presence_lifetime{24};
constexpr std::chrono::minutes absence_lifetime{10};

constexpr std::array<std::string_view, 6> serverless = {
    "K_SERVICE",     "CLOUD_RUN_JOB",   "CLOUD_RUN_WORKER_POOL",
    "FUNCTION_NAME", "FUNCTION_TARGET", "GAE_SERVICE"};
constexpr std::array<std::string_view, 3> variables = {"GCE_METADATA_HOST", "NO_GCE_CHECK",
                                                       "METADATA_SERVER_DETECTION"};

HttpRequest flavored(std::string url) {
  return {.method = "GET",
          .url = std::move(url),
          .headers = {{std::string(flavor_name), std::string(flavor)}}};
}

bool has_flavor(const HttpResponse& answer) {
  return iequals(answer.head.header(flavor_name), flavor);
}

std::optional<std::string> metadata_host(const Environment& environment) {
  if (auto host = variable(environment, "GCE_METADATA_HOST")) return host;
  return variable(environment, "GCE_METADATA_ROOT");
}

Result<HttpResponse> ask(std::string_view path, const SigningServices& services,
                         const SignContext& context) {
  return ask_token_service(
      services, context, service,
      [&]() -> Result<HttpRequest> { return metadata_request(*services.environment, path); },
      {.connect_timeout = connect_limit, .bypass_proxy = true});
}

Result<std::string> body_of(HttpResponse answer) {
  if (answer.head.status == 404) {
    return refusal(service, answer,
                   "No service account is attached to this machine: attach one, or set "
                   "GOOGLE_APPLICATION_CREDENTIALS");
  }
  if (answer.head.status != 200) return refusal(service, answer, "");
  if (has_flavor(answer)) return std::move(answer.body);
  return credentials_error(
      fmt::format("something answers in place of {}: its answer has no header Metadata-Flavor. "
                  "Set NO_GCE_CHECK=true if this is no machine of Google's",
                  service));
}

// What is known without a question; none if the server has to be asked.
std::optional<bool> known_presence(const Environment& environment, std::string& why_not) {
  const std::string mode =
      to_lower(variable(environment, "METADATA_SERVER_DETECTION").value_or(std::string()));
  if (iequals(variable(environment, "NO_GCE_CHECK").value_or(std::string()), "true")) {
    why_not = "NO_GCE_CHECK is true";
    return false;
  }
  if (mode == "none") {
    why_not = "METADATA_SERVER_DETECTION is none";
    return false;
  }
  if (mode == "assume-present" || metadata_host(environment)) return true;
  if (std::any_of(serverless.begin(), serverless.end(),
                  [&](std::string_view name) { return variable(environment, name).has_value(); })) {
    return true;
  }
  if (mode == "ping-only") return std::nullopt;
  const auto name = environment.read_file(std::string(board));
  if (name && name->starts_with(flavor)) return true;
  if (mode == "bios-only") {
    why_not = fmt::format("{} does not begin with {}", board, flavor);
    return false;
  }
  return std::nullopt;
}

Result<bool> probe(const SigningServices& services, const SignContext& context) {
  const Environment& environment = *services.environment;
  const std::string host = variable(environment, "GCE_METADATA_IP").value_or(std::string(address));
  const auto answer =
      ask_link_local(services, context, flavored(fmt::format("http://{}/", host)), probe_limit);
  if (answer) return has_flavor(*answer);
  if (gave_up(services, context)) return answer.error();
  return false;
}

class MetadataAccount final : public GoogleAccount {
 public:
  explicit MetadataAccount(std::string universe) : universe_(std::move(universe)) {}

  Result<Token> fetch_access_token(std::string_view scope, const SigningServices& services,
                                   const SignContext& context) const override {
    std::string scopes(scope);
    std::replace(scopes.begin(), scopes.end(), ' ', ',');
    std::string path = "instance/service-accounts/default/token";
    if (!scopes.empty()) path += "?scopes=" + percent_encode(scopes);
    auto body = fetch_metadata(path, services, context);
    if (!body) return std::move(body).error();
    const Secret wiped(*std::move(body));
    auto reply = parse_token_reply(wiped.reveal());
    if (!reply) return std::move(reply).error();
    return Token{.value = std::move(reply->access_token),
                 .lifetime = reply->expires_in.value_or(std::chrono::minutes(5))};
  }
  Result<Token> fetch_id_token(std::string_view audience, const SigningServices& services,
                               const SignContext& context) const override {
    auto body = fetch_metadata(
        fmt::format("instance/service-accounts/default/identity?audience={}&format=full",
                    percent_encode(audience)),
        services, context);
    if (!body) return std::move(body).error();
    return make_id_token(*std::move(body), *services.environment);
  }
  [[nodiscard]] std::string cache_key() const override { return "metadata default"; }
  [[nodiscard]] std::string describe() const override {
    return "Google service account of this machine, from the metadata server";
  }
  [[nodiscard]] RefreshWindows windows() const override { return server_windows; }
  [[nodiscard]] std::string universe_domain() const override { return universe_; }

 private:
  const std::string universe_;
};

Result<std::shared_ptr<Signer>> find(const SigningScope& scope, const SigningServices& services,
                                     const SignContext& context, std::string& why_not) {
  const auto present = is_at_google(services, context, why_not);
  if (!present) return present.error();
  if (!*present) return std::shared_ptr<Signer>();
  auto universe = fetch_metadata_universe(services, context);
  if (!universe) return std::move(universe).error();
  return make_google_signer(make_metadata_account(*std::move(universe)), scope, services);
}

}  // namespace

HttpRequest metadata_request(const Environment& environment, std::string_view path) {
  const std::string host = metadata_host(environment).value_or("metadata.google.internal");
  return flavored(fmt::format("http://{}/computeMetadata/v1/{}", host, path));
}

Result<std::string> fetch_metadata(std::string_view path, const SigningServices& services,
                                   const SignContext& context) {
  auto answer = ask(path, services, context);
  if (!answer) return std::move(answer).error();
  return body_of(*std::move(answer));
}

Result<std::string> fetch_metadata_project(const SigningServices& services,
                                           const SignContext& context) {
  return fetch_metadata("project/project-id", services, context);
}

Result<std::string> fetch_metadata_universe(const SigningServices& services,
                                            const SignContext& context) {
  auto answer = ask("universe/universe-domain", services, context);
  if (!answer) return std::move(answer).error();
  if (answer->head.status == 404) return std::string(default_universe);
  auto body = body_of(*std::move(answer));
  if (!body) return body;
  return check_universe(std::string(trim(*body)));
}

Result<bool> is_at_google(const SigningServices& services, const SignContext& context,
                          std::string& why_not) {
  if (const auto known = known_presence(*services.environment, why_not)) return *known;
  // A finding is kept as tokens are: one probe for all threads, and again after a while.
  const SigningServices lent{.transport = services.transport, .environment = services.environment};
  const TokenSource source{.key = "google metadata server",
                           .fetch = [lent](const SignContext& asking) -> Result<Token> {
                             const auto present = probe(lent, asking);
                             if (!present) return present.error();
                             return Token{.value = Secret(*present ? "present" : "absent"),
                                          .lifetime = *present
                                                          ? std::chrono::seconds(presence_lifetime)
                                                          : std::chrono::seconds(absence_lifetime)};
                           },
                           .windows = {.stale = {}, .dead = {}}};
  const auto finding = services.tokens->get(source, *services.environment, context);
  if (!finding) return finding.error();
  const bool present = (*finding)->value.reveal() == "present";
  if (!present) {
    why_not = fmt::format("no metadata server answered within {} s, and {} is not Google's",
                          probe_limit.count(), board);
  }
  return present;
}

GoogleAccountPtr make_metadata_account(std::string universe_domain) {
  return std::make_shared<MetadataAccount>(std::move(universe_domain));
}

CredentialSource google_metadata_source() {
  return {.name = "metadata server", .variables = variables, .find = find};
}

}  // namespace ek
