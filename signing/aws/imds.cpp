#include "signing/aws/imds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/aws/link_local.hpp"
#include "signing/aws/profiles.hpp"
#include "signing/credentials_error.hpp"
#include "signing/json_members.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 6> variables = {"AWS_EC2_METADATA_DISABLED",
                                                       "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                                       "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                                       "AWS_EC2_METADATA_V1_DISABLED",
                                                       "AWS_METADATA_SERVICE_TIMEOUT",
                                                       "AWS_METADATA_SERVICE_NUM_ATTEMPTS"};
constexpr std::string_view who = "the instance metadata service";
constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";
constexpr milliseconds detection_limit{1000};
constexpr std::chrono::minutes absence_holds{5};
// How long keys are used on that could not be replaced, before the service is asked again.
constexpr std::chrono::minutes extension{10};
// Error::reason of what makes the chain go on rather than fail.
constexpr std::string_view no_service = "no_instance_metadata";
constexpr std::string_view no_role = "no_instance_role";

std::string cache_key(const ImdsSettings& settings) { return "AWS IMDS " + settings.endpoint; }

bool is_true(const Environment& environment, std::string_view name) {
  const auto text = variable(environment, name);
  return text && iequals(*text, "true");
}

// What the variable says, else the profile.
Result<std::optional<std::string>> setting(const Environment& environment, std::string_view name,
                                           std::string_view property) {
  if (auto value = variable(environment, name)) return value;
  return aws_profile_setting(environment, property);
}

// A number from `least` to `most`; none if neither variable nor profile has one.
Result<std::optional<double>> number_setting(const Environment& environment, std::string_view name,
                                             std::string_view property, double least, double most) {
  const auto text = setting(environment, name, property);
  if (!text) return text.error();
  if (!*text) return std::optional<double>();
  double number = 0;
  const char* const end = (*text)->data() + (*text)->size();
  const auto [stopped, failure] = std::from_chars((*text)->data(), end, number);
  if (failure == std::errc{} && stopped == end && number >= least && number <= most)
    return std::optional(number);
  return credentials_error(fmt::format("{} (or {} in the profile) is \"{}\"; expected {} to {}",
                                       name, property, clip(printable(**text), 40), least, most));
}

Result<std::string> endpoint_of_mode(std::string_view name, std::string_view mode) {
  if (iequals(mode, "IPv4")) return std::string("http://169.254.169.254");
  if (iequals(mode, "IPv6")) return std::string("http://[fd00:ec2::254]");
  return credentials_error(
      fmt::format("{} is \"{}\"; expected IPv4 or IPv6", name, clip(printable(mode), 40)));
}

Error without_role() {
  Error error = credentials_error("the instance has no role");
  error.reason = no_role;
  return error;
}

std::chrono::sys_seconds wall_now(const SigningServices& services) {
  return std::chrono::floor<std::chrono::seconds>(services.environment->now());
}

// One walk from token to keys.
class Walk {
 public:
  Walk(const SigningServices& services, const SignContext& context, const ImdsSettings& settings)
      : services_(services), context_(context), settings_(settings) {}

  Result<TemporaryKeys> keys() {
    const std::string key = cache_key(settings_);
    if (auto known = services_.tokens->absent(key, services_.environment->steady_now()))
      return *std::move(known);
    for (bool again = false;; again = true) {
      auto token = find_token();
      if (!token) return std::move(token).error();
      token_ = *std::move(token);
      auto answer = keys_with_token();
      // The token ended in this moment, or the instance was moved.
      if (!answer && answer.error().http_status == 401 && !again) continue;
      return answer;
    }
  }

 private:
  // Empty for version 1.
  Result<Secret> find_token() {
    const HttpRequest request{.method = "PUT",
                              .url = settings_.endpoint + "/latest/api/token",
                              .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}},
                              .body = {}};
    // Both questions together stay below the limit.
    const LinkLocalLimits patience =
        detection(settings_.allow_v1 ? detection_limit / 2 : detection_limit);
    auto answer = ask_link_local_again(services_, context_, request, patience);
    // There is a service, then: it is worth a second question.
    if (answer && answer->head.status >= 500 && !settings_.attempts)
      answer = ask_link_local_again(services_, context_, request, patience);
    if (answer && answer->head.status == 200) return Secret(std::string(trim(answer->body)));
    if (!answer && gave_up(services_, context_)) return std::move(answer).error();
    if (answer && answer->head.status != 403 && answer->head.status != 404 &&
        answer->head.status != 405) {
      return refusal(who, *answer, "");
    }
    if (settings_.allow_v1) return find_v1();
    if (answer) return without_token(*answer);
    return absent(std::move(answer).error());
  }

  // Metadata may be switched off for this instance, or what answers may be no such service at all.
  static Error without_token(const HttpResponse& answer) {
    Error error = refusal(who, answer,
                          "It gives no session token, and version 1 is not asked unless "
                          "AWS_EC2_METADATA_V1_DISABLED is false");
    error.reason = no_service;
    return error;
  }

  Result<Secret> find_v1() {
    auto answer =
        ask_link_local_again(services_, context_, get(roles_path), detection(detection_limit / 2));
    if (answer) return Secret();
    if (gave_up(services_, context_)) return std::move(answer).error();
    return absent(std::move(answer).error());
  }

  // What the settings say goes before what is usual.
  [[nodiscard]] LinkLocalLimits limits(LinkLocalLimits usual) const {
    if (settings_.timeout) usual.timeout = usual.connect = *settings_.timeout;
    if (settings_.attempts) usual.attempts = *settings_.attempts;
    return usual;
  }
  [[nodiscard]] LinkLocalLimits detection(milliseconds usual) const {
    return limits({.timeout = usual, .attempts = 1});
  }

  Error absent(const Error& why) const {
    Error error = credentials_error(fmt::format(
        "no answer from {}: {}. Inside a container the instance's hop limit must be 2 or more", who,
        why.message));
    error.reason = no_service;
    error.retryable = settings_.named && is_passing(why);
    const SteadyTime now = services_.environment->steady_now();
    services_.tokens->note_absent(cache_key(settings_), error, now + absence_holds);
    return error;
  }

  Result<TemporaryKeys> keys_with_token() const {
    auto roles = ask(roles_path);
    if (!roles) return std::move(roles).error();
    const std::string_view role = trim(std::string_view(*roles).substr(0, roles->find('\n')));
    if (role.empty()) return without_role();
    auto body = ask(std::string(roles_path) + percent_encode(role));
    if (!body) return std::move(body).error();
    if (auto good = check_code(*body); !good) return std::move(good).error();
    auto keys = parse_keys_json(who, "Token", *body);
    const auto now = wall_now(services_);
    if (keys && keys->expires && *keys->expires <= now) keys->expires = now + extension;
    return keys;
  }

  // The service says 200 and means something else.
  static Result<void> check_code(const std::string& body) {
    const auto reply = nlohmann::json::parse(body, nullptr, false);
    const std::string code = text_member(reply, "Code");
    if (code.empty() || iequals(code, "Success")) return {};
    Error error =
        credentials_error(fmt::format("{} gave no keys: {}: {}", who, printable(code),
                                      clip(printable(text_member(reply, "Message")), 300)));
    error.provider_code = code;
    return error;
  }

  HttpRequest get(std::string_view path) const {
    HttpRequest request{
        .method = "GET", .url = settings_.endpoint + std::string(path), .headers = {}, .body = {}};
    if (!token_.empty())
      request.headers.push_back({"x-aws-ec2-metadata-token", token_.reveal(), true});
    return request;
  }

  Result<std::string> ask(std::string_view path) const {
    auto answer = ask_link_local_again(services_, context_, get(path), limits({}));
    if (!answer) {
      Error error = std::move(answer).error();
      error.retryable = is_passing(error);
      error.phase = Phase::credentials;
      return error;
    }
    if (answer->head.status == 200) return std::move(answer->body);
    if (answer->head.status == 404) return without_role();
    scrub(answer->body, token_);
    return refusal(who, *answer, "");
  }

  const SigningServices& services_;
  const SignContext& context_;
  const ImdsSettings& settings_;
  Secret token_;
};

// Static stability: what was good must not stop working because the service does.
class StableKeys {
 public:
  StableKeys(SigningServices services, ImdsSettings settings)
      : services_(std::move(services)), settings_(std::move(settings)) {}

  Result<TemporaryKeys> fetch(const SignContext& context) {
    auto keys = Walk(services_, context, settings_).keys();
    const std::lock_guard lock(mutex_);
    if (keys) {
      last_ = *keys;
    } else if (last_ && (keys.error().retryable || keys.error().reason == no_service)) {
      last_->expires = wall_now(services_) + extension;
      return *last_;
    }
    return keys;
  }

 private:
  const SigningServices services_;
  const ImdsSettings settings_;
  std::mutex mutex_;
  std::optional<TemporaryKeys> last_;
};

Result<std::shared_ptr<Signer>> find(const SigningScope& scope, const SigningServices& services,
                                     const SignContext& context, std::string& why_not) {
  const auto settings = imds_settings(*services.environment);
  if (!settings) return settings.error();
  if (!*settings) {
    why_not = fmt::format("{} is true", variables[0]);
    return std::shared_ptr<Signer>();
  }
  const auto keys = std::make_shared<StableKeys>(services, **settings);
  AwsKeySource source =
      cached_aws_keys({.cache_key = cache_key(**settings),
                       .description = "AWS role of this EC2 instance",
                       .fetch = [keys](const SignContext& during) { return keys->fetch(during); }},
                      services);
  if (const auto first = source.get(context); !first) {
    const std::string& reason = first.error().reason;
    const bool nothing = reason == no_role || (reason == no_service && !(*settings)->named);
    if (!nothing) return first.error();
    why_not = first.error().message;
    return std::shared_ptr<Signer>();
  }
  return make_sigv4_signer(std::move(source), scope, services.environment);
}

}  // namespace

Result<std::optional<ImdsSettings>> imds_settings(const Environment& environment) {
  if (is_true(environment, variables[0])) return std::optional<ImdsSettings>();
  ImdsSettings settings;
  const auto v1_disabled = setting(environment, variables[3], "ec2_metadata_v1_disabled");
  const auto endpoint = setting(environment, variables[1], "ec2_metadata_service_endpoint");
  const auto mode = setting(environment, variables[2], "ec2_metadata_service_endpoint_mode");
  for (const auto* read : {&v1_disabled, &endpoint, &mode}) {
    if (!*read) return read->error();
  }
  const auto timeout =
      number_setting(environment, variables[4], "metadata_service_timeout", 0.001, 3600);
  const auto attempts =
      number_setting(environment, variables[5], "metadata_service_num_attempts", 1, 100);
  for (const auto* read : {&timeout, &attempts}) {
    if (!*read) return read->error();
  }
  if (*timeout) settings.timeout = milliseconds(std::llround(**timeout * 1000));
  if (*attempts) settings.attempts = static_cast<int>(**attempts);
  Result<std::string> url = settings.endpoint;
  if (*endpoint) {
    url = check_base_url(**endpoint, variables[1]);
  } else if (*mode) {
    url = endpoint_of_mode(variables[2], **mode);
  }
  if (!url) return credentials_error(std::move(url).error().message);
  settings.endpoint = *std::move(url);
  settings.named = endpoint->has_value();
  settings.allow_v1 = *v1_disabled && iequals(**v1_disabled, "false");
  return std::optional(std::move(settings));
}

Result<TemporaryKeys> fetch_imds_keys(const SigningServices& services, const SignContext& context) {
  const auto settings = imds_settings(*services.environment);
  if (!settings) return settings.error();
  if (!*settings) {
    return credentials_error(
        fmt::format("{} is true, so the instance's role cannot be used", variables[0]));
  }
  return Walk(services, context, **settings).keys();
}

CredentialSource aws_imds_source() {
  return {.name = "EC2 instance metadata", .variables = variables, .find = find};
}

}  // namespace ek
