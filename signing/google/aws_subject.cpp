#include "signing/google/aws_subject.hpp"

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/aws/container.hpp"
#include "signing/aws/link_local.hpp"
#include "signing/chain.hpp"
#include "signing/credentials_error.hpp"
#include "signing/google/url.hpp"
#include "signing/json_members.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

using nlohmann::json;

constexpr std::string_view metadata = "the metadata service of EC2";

struct AwsSource {
  std::string region_url{}, keys_url{}, session_url{}, verification_url{}, audience{};
};

// Asks the metadata service for what an external account needs; one object a subject token, but for
// the region, which does not change.
class AwsMetadata {
 public:
  AwsMetadata(const AwsSource& source, const SigningServices& services, const SignContext& context)
      : source_(source), services_(services), context_(context) {}

  Result<std::string> region() const {
    if (source_.region_url.empty()) {
      return credentials_error(
          "the AWS region is unknown: set AWS_REGION, or give \"region_url\" in the credential "
          "file");
    }
    auto zone = get(source_.region_url, "region");
    if (zone && !zone->empty()) zone->pop_back();  // us-east-2b
    return zone;
  }

  Result<AwsKeys> keys() const {
    if (source_.keys_url.empty()) {
      return credentials_error(
          "there are no AWS keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give \"url\" "
          "in the credential file");
    }
    auto session = session_headers();
    if (!session) return std::move(session).error();
    auto role = ask("GET", source_.keys_url, *session, "role");
    if (!role) return std::move(role).error();
    const std::string name = percent_encode(trim(*role));
    auto body = ask("GET", source_.keys_url + '/' + name, *session, "keys of the role");
    if (!body) return std::move(body).error();
    const Secret wiped(*std::move(body));
    const auto reply = JsonObject::parse(wiped.reveal());
    AwsKeys keys;
    if (reply) {
      keys = {.access_key_id = reply->text("AccessKeyId"),
              .secret_access_key = Secret(reply->text("SecretAccessKey")),
              .session_token = Secret(reply->text("Token"))};
    }
    if (!keys.access_key_id.empty() && !keys.secret_access_key.empty()) return keys;
    return credentials_error(
        fmt::format("expected AccessKeyId and SecretAccessKey from {}, got no such", metadata));
  }

 private:
  Result<std::string> get(const std::string& url, std::string_view what) const {
    auto session = session_headers();
    if (!session) return std::move(session).error();
    return ask("GET", url, *session, what);
  }
  Result<std::vector<Header>> session_headers() const {
    std::vector<Header> headers;
    if (source_.session_url.empty()) return headers;
    auto token = ask("PUT", source_.session_url, {{"x-aws-ec2-metadata-token-ttl-seconds", "300"}},
                     "session token");
    if (!token) return std::move(token).error();
    headers.push_back({"x-aws-ec2-metadata-token", *std::move(token), true});
    return headers;
  }
  Result<std::string> ask(const std::string& method, const std::string& url,
                          const std::vector<Header>& headers, std::string_view what) const {
    auto answer = ask_link_local_again(services_, context_,
                                       {.method = method, .url = url, .headers = headers});
    if (!answer) {
      Error error = std::move(answer).error();
      error.retryable = is_passing(error);
      return error;
    }
    if (answer->head.status == 200) return std::move(answer->body);
    return refusal(metadata, *answer, fmt::format("It was asked for the {}", what));
  }

  const AwsSource& source_;
  const SigningServices& services_;
  const SignContext& context_;
};

std::optional<AwsKeys> keys_in(const Environment& environment) {
  auto id = variable(environment, "AWS_ACCESS_KEY_ID");
  auto secret = variable(environment, "AWS_SECRET_ACCESS_KEY");
  if (!id || !secret) return std::nullopt;
  return AwsKeys{
      .access_key_id = *std::move(id),
      .secret_access_key = Secret(*std::move(secret)),
      .session_token = Secret(variable(environment, "AWS_SESSION_TOKEN").value_or(std::string()))};
}

// The region of a machine, asked for once.
struct KnownRegion {
  std::mutex mutex;
  std::string region;
};

Result<std::string> find_region(const AwsMetadata& service, const Environment& environment,
                                KnownRegion& known) {
  for (const std::string_view name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = variable(environment, name)) return *std::move(region);
  }
  {
    const std::lock_guard lock(known.mutex);
    if (!known.region.empty()) return known.region;
  }
  auto region = service.region();
  const std::lock_guard lock(known.mutex);
  if (region) known.region = *region;
  return region;
}

// Google's libraries know variables and EC2; the role of an ECS task or an EKS pod is more specific
// than that of the machine that it runs on.
Result<AwsKeys> find_keys(const AwsMetadata& service, const SigningServices& services,
                          const SignContext& context) {
  if (auto keys = keys_in(*services.environment)) return *std::move(keys);
  const auto container = container_keys_url(*services.environment);
  if (!container) return container.error();
  if (!*container) return service.keys();
  auto keys = fetch_container_keys(services, context);
  if (!keys) return std::move(keys).error();
  return std::move(keys->keys);
}

Result<Secret> fetch_subject_token(const AwsSource& source, KnownRegion& known,
                                   const SigningServices& services, const SignContext& context) {
  const AwsMetadata service(source, services, context);
  const auto region = find_region(service, *services.environment, known);
  if (!region) return region.error();
  const auto keys = find_keys(service, services, context);
  if (!keys) return keys.error();
  const auto now = std::chrono::floor<std::chrono::seconds>(services.environment->now());
  return make_aws_subject_token(*keys, *region, source.verification_url, source.audience, now);
}

Result<void> check_environment_id(const std::string& id) {
  constexpr std::string_view known = "aws1";
  if (id == known) return {};
  return credentials_error(fmt::format(
      "the \"environment_id\" of an external account is \"{}\"; this library knows \"{}\"",
      clip(printable(id), 40), known));
}

Result<void> check_urls(const AwsSource& source) {
  const std::pair<std::string_view, const std::string&> metadata_urls[] = {
      {"region_url", source.region_url},
      {"url", source.keys_url},
      {"imdsv2_session_token_url", source.session_url}};
  for (const auto& [member, url] : metadata_urls) {
    if (url.empty()) continue;
    if (auto trusted = check_aws_metadata_url(member, url); !trusted) return trusted;
  }
  return check_caller_identity_url(source.verification_url);
}

}  // namespace

Result<SubjectSource> read_aws_source(const JsonObject& file, const SubjectPurpose& purpose) {
  if (auto known = check_environment_id(file.text("environment_id")); !known)
    return std::move(known).error();
  AwsSource source{.region_url = file.text("region_url"),
                   .keys_url = file.text("url"),
                   .session_url = file.text("imdsv2_session_token_url"),
                   .verification_url = file.text("regional_cred_verification_url"),
                   .audience = purpose.audience};
  if (auto trusted = check_urls(source); !trusted) return std::move(trusted).error();
  return SubjectSource{
      .description = "AWS keys",
      .fetch = [source = std::move(source), known = std::make_shared<KnownRegion>()](
                   const SigningServices& services, const SignContext& context) {
        return fetch_subject_token(source, *known, services, context);
      }};
}

Result<Secret> make_aws_subject_token(const AwsKeys& keys, std::string_view region,
                                      std::string_view verification_url, std::string_view audience,
                                      std::chrono::sys_seconds time) {
  if (!is_host_label(region)) {
    return credentials_error(fmt::format("\"{}\" is no AWS region", clip(printable(region), 60)));
  }
  std::string url(verification_url);
  constexpr std::string_view placeholder = "{region}";
  if (const auto at = url.find(placeholder); at != std::string::npos)
    url.replace(at, placeholder.size(), region);
  const HttpRequest request{.method = "POST", .url = url};
  const auto to_sign = sigv4_request(request);
  if (!to_sign) return to_sign.error();
  Sha256 sha;
  const auto trace = sign_sigv4(sha, *to_sign, make_sigv4_context(sha, keys, region, "sts", time));
  std::map<std::string, std::string> headers = {
      {"host", std::string(to_sign->authority)},
      {"x-goog-cloud-target-resource", std::string(audience)}};
  for (const Header& header : trace.headers) {
    headers.emplace(header.name == "authorization" ? "Authorization" : header.name, header.value);
  }
  json list = json::array();
  for (const auto& [name, value] : headers) list.push_back({{"key", name}, {"value", value}});
  const json signed_request = {{"url", url}, {"method", "POST"}, {"headers", std::move(list)}};
  return Secret(percent_encode(dump(signed_request), "/"));
}

}  // namespace ek
