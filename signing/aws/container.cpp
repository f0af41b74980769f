#include "signing/aws/container.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/aws/link_local.hpp"
#include "signing/credentials_error.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 4> variables = {
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN"};
constexpr std::string_view ecs_agent = "http://169.254.170.2";

// Agents of ECS and of EKS; they speak plain http on the host's own link.
bool is_agent(std::string_view host) {
  const std::string lower = to_lower(host);
  return lower == "169.254.170.2" || lower == "169.254.170.23" || lower == "[fd00:ec2::23]";
}

Result<std::string> check_full_uri(const std::string& text) {
  const auto uri = parse_uri(text);
  if (!uri) return credentials_error(fmt::format("{}: {}", variables[1], uri.error().message));
  const bool allowed = uri->scheme == "https" ||
                       (uri->scheme == "http" && (is_loopback(uri->host) || is_agent(uri->host)));
  if (allowed) return text;
  return credentials_error(fmt::format(
      "{} names {}://{}: expected https, or http to this machine, 169.254.170.2, 169.254.170.23 or "
      "[fd00:ec2::23]",
      variables[1], uri->scheme, uri->authority()));
}

// "" if none is set.
Result<Secret> authorization(const Environment& environment) {
  Secret token;
  std::string_view origin = variables[2];
  if (const auto path = variable(environment, variables[2])) {
    auto text = environment.read_file(*path);
    if (!text) return std::move(text).error();
    token = Secret(std::string(trim(*text)));
    const Secret wiped(*std::move(text));
    if (token.empty())
      return credentials_error(fmt::format("the file that {} names is empty", origin));
  } else if (auto value = variable(environment, variables[3])) {
    origin = variables[3];
    token = Secret(*std::move(value));
  }
  if (token.reveal().find_first_of("\r\n") != std::string::npos)
    return credentials_error(fmt::format("the token of {} holds a line break", origin));
  return token;
}

Result<TemporaryKeys> ask(const std::string& url, const SigningServices& services,
                          const SignContext& context) {
  auto token = authorization(*services.environment);
  if (!token) return std::move(token).error();
  HttpRequest request{
      .method = "GET", .url = url, .headers = {{"accept", "application/json"}}, .body = {}};
  if (!token->empty()) request.headers.push_back({"authorization", token->reveal(), true});
  const std::string who = "the credentials service of this container";
  auto answer = ask_link_local_again(services, context, request);
  if (!answer) {
    Error error = std::move(answer).error();
    error.retryable = is_passing(error);
    error.phase = Phase::credentials;
    error.message = fmt::format("asking {}: {}", who, error.message);
    return error;
  }
  if (answer->head.status == 200) return parse_keys_json(who, "Token", answer->body);
  scrub(answer->body, *token);
  return refusal(who, *answer, "The task or pod needs a role, and its token must be the agent's");
}

Result<std::shared_ptr<Signer>> find(const SigningScope& scope, const SigningServices& services,
                                     const SignContext&, std::string& why_not) {
  auto url = container_keys_url(*services.environment);
  if (!url) return std::move(url).error();
  if (!*url) {
    why_not = fmt::format("{} and {} are not set", variables[0], variables[1]);
    return std::shared_ptr<Signer>();
  }
  return make_temporary_keys_signer(
      {.cache_key = "AWS container " + **url,
       .description = "AWS role of this container",
       .fetch = [services,
                 url = **url](const SignContext& context) { return ask(url, services, context); }},
      scope, services);
}

}  // namespace

Result<std::optional<std::string>> container_keys_url(const Environment& environment) {
  if (auto path = variable(environment, variables[0])) {
    if (path->starts_with('/')) return std::optional(std::string(ecs_agent) + *path);
    return credentials_error(fmt::format("{} is \"{}\"; expected a path that begins with a slash",
                                         variables[0], clip(printable(*path), 100)));
  }
  const auto full = variable(environment, variables[1]);
  if (!full) return std::optional<std::string>();
  auto url = check_full_uri(*full);
  if (!url) return std::move(url).error();
  return std::optional(*std::move(url));
}

Result<TemporaryKeys> fetch_container_keys(const SigningServices& services,
                                           const SignContext& context) {
  auto url = container_keys_url(*services.environment);
  if (!url) return std::move(url).error();
  if (!*url) {
    return credentials_error(
        fmt::format("expected {} or {}, which ECS and EKS set; neither is: is this a container "
                    "with a role?",
                    variables[0], variables[1]));
  }
  return ask(**url, services, context);
}

CredentialSource aws_container_source() {
  return {.name = "container credentials (ECS, EKS)", .variables = variables, .find = find};
}

}  // namespace ek
