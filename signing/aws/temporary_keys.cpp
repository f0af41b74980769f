#include "signing/aws/temporary_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/iso_time.hpp"
#include "base/text.hpp"
#include "signing/token_cache.hpp"

namespace ek {
namespace {

using nlohmann::json;

constexpr RefreshWindows windows{.stale = std::chrono::minutes(10),
                                 .dead = std::chrono::minutes(1),
                                 .pause = std::chrono::seconds(30)};
// Longer than any process lives, short enough for clock arithmetic.
constexpr std::chrono::seconds without_end = std::chrono::hours(24 * 365 * 10);

Error bad_keys(std::string_view who, std::string_view why) {
  return {.code = ErrorCode::server_error,
          .phase = Phase::credentials,
          .message = fmt::format("expected AWS keys from {}, but {}", who, why)};
}

// What goes through the cache: a line each, none of which holds a line break.
Secret pack(const AwsKeys& keys) {
  return Secret(fmt::format("{}\n{}\n{}", keys.access_key_id, keys.secret_access_key.reveal(),
                            keys.session_token.reveal()));
}

AwsKeys unpack(const Secret& packed) {
  const std::string& text = packed.reveal();
  const auto first = text.find('\n');
  const auto second = text.find('\n', first + 1);
  return {.access_key_id = text.substr(0, first),
          .secret_access_key = Secret(text.substr(first + 1, second - first - 1)),
          .session_token = Secret(text.substr(second + 1))};
}

// The keys of the newest token, as one pointer for as long as they are the same.
class CachedKeys {
 public:
  CachedKeys(TemporaryKeySource source, const SigningServices& services)
      : environment_(services.environment), tokens_(services.tokens) {
    tokens_of_.key = std::move(source.cache_key);
    tokens_of_.windows = windows;
    tokens_of_.fetch = [fetch = std::move(source.fetch),
                        environment = environment_](const SignContext& context) {
      return token_of(fetch(context), *environment);
    };
  }

  Result<std::shared_ptr<const AwsKeys>> get(const SignContext& context) {
    auto token = tokens_->get(tokens_of_, *environment_, context);
    if (!token) return std::move(token).error();
    const std::lock_guard lock(mutex_);
    if (token_ == *token) return keys_;
    token_ = *token;
    auto keys = unpack(token_->value);
    if (keys_ == nullptr || *keys_ != keys)
      keys_ = std::make_shared<const AwsKeys>(std::move(keys));
    return keys_;
  }

  void drop(const AwsKeys& refused) {
    std::shared_ptr<const Token> token;
    {
      const std::lock_guard lock(mutex_);
      if (keys_ == nullptr || keys_->access_key_id != refused.access_key_id) return;
      token = token_;
    }
    tokens_->drop(tokens_of_.key, token->value);
  }

  std::optional<std::chrono::system_clock::time_point> expiry() {
    const std::lock_guard lock(mutex_);
    if (token_ == nullptr || token_->lifetime == without_end) return std::nullopt;
    return tokens_->expiry(tokens_of_.key);
  }

 private:
  static Result<Token> token_of(Result<TemporaryKeys> fetched, const Environment& environment) {
    if (!fetched) return std::move(fetched).error();
    if (auto good = check_aws_keys(fetched->keys); !good) return std::move(good).error();
    auto lifetime = without_end;
    if (fetched->expires) {
      const auto now = std::chrono::floor<std::chrono::seconds>(environment.now());
      lifetime = std::min(lifetime, *fetched->expires - now);
    }
    return Token{.value = pack(fetched->keys), .lifetime = lifetime};
  }

  TokenSource tokens_of_;
  const std::shared_ptr<const Environment> environment_;
  const std::shared_ptr<TokenCache> tokens_;
  std::mutex mutex_;
  std::shared_ptr<const Token> token_;
  std::shared_ptr<const AwsKeys> keys_;
};

// None of the services that give keys agrees with its own manual on the case of the names.
std::optional<std::string> member(const json& object, std::string_view name) {
  for (const auto& [key, value] : object.items()) {
    if (iequals(key, name) && value.is_string()) return value.get<std::string>();
  }
  return std::nullopt;
}

}  // namespace

Result<TemporaryKeys> parse_keys_json(std::string_view who, std::string_view token_name,
                                      std::string_view body) {
  const json reply = json::parse(body, nullptr, false);
  if (!reply.is_object()) return bad_keys(who, "the answer is not a JSON object");
  auto id = member(reply, "AccessKeyId");
  if (!id) return bad_keys(who, "the answer has no \"AccessKeyId\"");
  auto secret = member(reply, "SecretAccessKey");
  if (!secret) return bad_keys(who, "the answer has no \"SecretAccessKey\"");
  TemporaryKeys out{.keys = {.access_key_id = *std::move(id),
                             .secret_access_key = Secret(*std::move(secret)),
                             .session_token = Secret(member(reply, token_name).value_or(""))},
                    .account_id = member(reply, "AccountId").value_or("")};
  if (const auto end = member(reply, "Expiration")) {
    out.expires = parse_iso_time(*end);
    if (!out.expires)
      return bad_keys(who, fmt::format("\"Expiration\" is no time: {}", clip(printable(*end), 40)));
  }
  return out;
}

AwsKeySource cached_aws_keys(TemporaryKeySource source, const SigningServices& services) {
  std::string description = source.description;
  auto keys = std::make_shared<CachedKeys>(std::move(source), services);
  return {.description = std::move(description),
          .get = [keys](const SignContext& context) { return keys->get(context); },
          .drop = [keys](const AwsKeys& refused) { keys->drop(refused); },
          .expiry = [keys] { return keys->expiry(); }};
}

std::shared_ptr<Signer> make_temporary_keys_signer(TemporaryKeySource source,
                                                   const SigningScope& scope,
                                                   const SigningServices& services) {
  return make_sigv4_signer(cached_aws_keys(std::move(source), services), scope,
                           services.environment);
}

}  // namespace ek
