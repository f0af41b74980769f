#include "signing/aws/bearer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/aws/sts.hpp"
#include "signing/bearer.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 1> variables = {"AWS_BEARER_TOKEN_BEDROCK"};
constexpr std::chrono::seconds longest_life = std::chrono::hours(12);
constexpr std::chrono::seconds usual_life = std::chrono::hours(1);

std::string prefix_of(std::string_view service) { return fmt::format("{}-api-key-", service); }

// As botocore writes it: the names in order, the signature last.
std::string in_order(std::string_view query) {
  std::vector<std::string_view> parts;
  while (!query.empty()) {
    parts.push_back(query.substr(0, query.find('&')));
    query.remove_prefix(std::min(query.size(), parts.back().size() + 1));
  }
  std::sort(parts.begin(), parts.end() - 1);
  return fmt::format("{}", fmt::join(parts, "&"));
}

class AwsBearerSigner final : public AwsSigner {
 public:
  using AwsSigner::AwsSigner;

  Result<std::vector<Header>> sign(const HttpRequest& request,
                                   const SignContext& context) override {
    if (auto allowed = check_secret_may_go_to(request.url); !allowed)
      return std::move(allowed).error();
    auto keys = source_.get(context);
    if (!keys) return std::move(keys).error();
    Sha256 sha;
    auto token =
        make_aws_bearer(sha, **keys, scope_.aws_service, scope_.aws_region, now(), usual_life);
    if (!token) return std::move(token).error();
    return bearer_headers(*token);
  }

 private:
  [[nodiscard]] std::string access_key_of(std::string_view authorization) const override {
    const std::string start = "Bearer " + prefix_of(scope_.aws_service);
    constexpr std::string_view credential = "X-Amz-Credential=";
    if (!authorization.starts_with(start)) return "";
    const auto text = base64_decode(authorization.substr(start.size()));
    const auto at = text ? text->find(credential) : std::string::npos;
    if (at == std::string::npos) return "";
    const std::string_view rest = std::string_view(*text).substr(at + credential.size());
    return percent_decode(rest.substr(0, rest.find("%2F")));
  }
};

Result<std::shared_ptr<Signer>> find(const SigningScope& scope, const SigningServices& services,
                                     const SignContext&, std::string& why_not) {
  if (!scope.accepts_key || !scope.aws_service.starts_with("bedrock")) {
    why_not = fmt::format("{} takes no Bedrock key", scope.service);
    return std::shared_ptr<Signer>();
  }
  auto key = variable(*services.environment, variables[0]);
  if (!key) {
    why_not = fmt::format("{} is not set", variables[0]);
    return std::shared_ptr<Signer>();
  }
  return make_key_signer(Secret(*std::move(key)), fmt::format("from {}", variables[0]));
}

}  // namespace

Result<Secret> make_aws_bearer(Sha256& sha, const AwsKeys& keys, std::string_view service,
                               std::string_view region, std::chrono::sys_seconds time,
                               std::chrono::seconds lifetime) {
  if (lifetime > longest_life) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = fmt::format("a bearer token lives {} s at most, not {} s",
                                        longest_life.count(), lifetime.count())};
  }
  const std::string host = fmt::format("{}.amazonaws.com", service);
  const auto context = make_sigv4_context(sha, keys, region, service, time);
  const auto trace = presign_sigv4(
      sha,
      {.method = "POST", .authority = host, .path = "/", .query = "Action=CallWithBearerToken"},
      context, lifetime);
  if (!trace) return trace.error();
  // The version is no part of what is signed.
  const std::string url = fmt::format("{}/?{}&Version=1", host, in_order(trace->query));
  return Secret(prefix_of(service) + base64_encode(url));
}

std::shared_ptr<Signer> make_aws_bearer_signer(AwsKeySource source, SigningScope scope,
                                               std::shared_ptr<const Environment> environment) {
  return std::make_shared<AwsBearerSigner>(std::move(source), std::move(scope),
                                           std::move(environment));
}

CredentialSource aws_bearer_key_source() {
  return {.name = "Bedrock key in the environment", .variables = variables, .find = find};
}

}  // namespace ek
