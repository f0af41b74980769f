#include "signing/aws/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "signing/aws/bearer.hpp"
#include "signing/aws/profiles.hpp"
#include "signing/aws/sts.hpp"
#include "signing/aws/trace.hpp"
#include "signing/bearer.hpp"
#include "signing/chain.hpp"
#include "signing/credentials_error.hpp"
#include "signing/sigv4_refusal.hpp"

namespace ek {
namespace {

// What one signature works with, kept for the next one: the hash context and the key of the day.
struct Bench {
  Sha256 sha{};
  std::shared_ptr<const AwsKeys> keys{};
  std::chrono::sys_days day{};
  SigV4Key key{};
};

class SigV4Signer final : public AwsSigner {
 public:
  using AwsSigner::AwsSigner;

  Result<std::vector<Header>> sign(const HttpRequest& request,
                                   const SignContext& context) override {
    auto keys = source_.get(context);
    if (!keys) return std::move(keys).error();
    const auto to_sign = sigv4_request(request);
    if (!to_sign) return to_sign.error();
    std::unique_ptr<Bench> bench = take_bench();
    auto headers = sign_at(*bench, *to_sign, *keys);
    put_back(std::move(bench));
    if (in_lambda_) {
      if (auto trace = lambda_trace_header(*environment_, request.headers))
        headers.push_back(*std::move(trace));
    }
    return headers;
  }

  [[nodiscard]] std::string explain_refusal(const HttpRequest& sent, const SigningScope&,
                                            std::string_view said) const override {
    return explain_sigv4_refusal(sent, said);
  }

 private:
  [[nodiscard]] std::string access_key_of(std::string_view authorization) const override {
    const auto used = parse_sigv4_authorization(authorization);
    return used ? used->access_key_id : std::string();
  }

  std::vector<Header> sign_at(Bench& bench, const SigV4Request& request,
                              const std::shared_ptr<const AwsKeys>& keys) const {
    const auto time = now();
    const auto day = std::chrono::floor<std::chrono::days>(time);
    if (bench.keys != keys || bench.day != day) {
      bench.key = derive_sigv4_key(bench.sha, keys->secret_access_key, time, scope_.aws_region,
                                   scope_.aws_service);
      bench.keys = keys;
      bench.day = day;
    }
    return sign_sigv4(bench.sha, request,
                      {.access_key_id = keys->access_key_id,
                       .session_token = keys->session_token.reveal(),
                       .region = scope_.aws_region,
                       .service = scope_.aws_service,
                       .time = time,
                       .key = bench.key})
        .headers;
  }

  // As many benches as threads sign at the same time; hashing runs without a lock.
  std::unique_ptr<Bench> take_bench() {
    const std::lock_guard lock(mutex_);
    if (benches_.empty()) return std::make_unique<Bench>();
    std::unique_ptr<Bench> bench = std::move(benches_.back());
    benches_.pop_back();
    return bench;
  }
  void put_back(std::unique_ptr<Bench> bench) {
    const std::lock_guard lock(mutex_);
    benches_.push_back(std::move(bench));
  }

  const bool in_lambda_ = in_lambda(*environment_);
  std::mutex mutex_;
  std::vector<std::unique_ptr<Bench>> benches_;
};

std::string name_of(const AwsKeys& keys) {
  return fmt::format("AWS access key {}", shorten(printable(keys.access_key_id)));
}

bool is_key_text(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

class AwsIdentity final : public Identity {
 public:
  explicit AwsIdentity(AwsKeys keys) : keys_(std::move(keys)) {}

  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (scope.aws_service.empty()) return cannot_serve("an AWS access key", scope);
    return make_sigv4_signer(fixed_aws_keys(keys_), scope, services.environment);
  }
  [[nodiscard]] std::string describe() const override { return name_of(keys_); }

 private:
  const AwsKeys keys_;
};

}  // namespace

AwsSigner::AwsSigner(AwsKeySource source, SigningScope scope,
                     std::shared_ptr<const Environment> environment)
    : source_(std::move(source)), scope_(std::move(scope)), environment_(std::move(environment)) {}

bool AwsSigner::renew(const std::vector<Header>& refused) {
  if (!source_.drop) return false;
  const auto proof = std::find_if(refused.begin(), refused.end(), [](const Header& header) {
    return iequals(header.name, "authorization");
  });
  std::string id = proof != refused.end() ? access_key_of(proof->value) : std::string();
  if (id.empty()) return false;
  source_.drop({.access_key_id = std::move(id)});
  return true;
}

bool AwsSigner::is_dated() const {
  std::call_once(clock_read_, [&] { keeps_own_clock_ = keeps_own_clock(*environment_); });
  return !keeps_own_clock_;
}

std::string AwsSigner::describe() const { return source_.description; }

CredentialReport AwsSigner::explain(const SignContext& context) {
  return explain_aws_keys(source_, context);
}

Result<std::string> AwsSigner::fetch_identity(const SigningServices& services,
                                              const SignContext& context) {
  const auto keys = source_.get(context);
  if (!keys) return keys.error();
  return fetch_caller_identity(**keys, scope_.aws_region, services, context);
}

std::chrono::sys_seconds AwsSigner::now() const {
  return std::chrono::floor<std::chrono::seconds>(environment_->now());
}

std::shared_ptr<const Identity> make_aws_identity(AwsKeys keys) {
  return std::make_shared<AwsIdentity>(std::move(keys));
}

Result<void> check_aws_keys(const AwsKeys& keys) {
  if (!is_key_text(keys.access_key_id))
    return credentials_error("expected an AWS access key id; it is empty or holds blanks");
  if (!is_key_text(keys.secret_access_key.reveal()))
    return credentials_error("expected an AWS secret access key; it is empty or holds blanks");
  if (!keys.session_token.empty() && !is_key_text(keys.session_token.reveal()))
    return credentials_error("expected an AWS session token without blanks or line breaks");
  return {};
}

bool keeps_own_clock(const Environment& environment) {
  if (const auto text = variable(environment, "AWS_DISABLE_CLOCK_SKEW_CORRECTION"))
    return iequals(*text, "true");
  const auto text = aws_profile_setting(environment, "disable_clock_skew_correction");
  return text && *text && iequals(**text, "true");
}

CredentialReport explain_aws_keys(const AwsKeySource& source, const SignContext& context) {
  CredentialReport report{.identity = source.description};
  const auto keys = source.get(context);
  if (!keys) {
    report.error = keys.error();
    return report;
  }
  const std::string id = shorten(printable((*keys)->access_key_id));
  if (report.identity.find(id) == std::string::npos)
    report.identity += fmt::format(", access key {}", id);
  if (source.expiry) report.expires = source.expiry();
  return report;
}

AwsKeySource fixed_aws_keys(AwsKeys keys, std::string_view origin) {
  std::string description = fmt::format("{}{}", name_of(keys), origin);
  const auto good = check_aws_keys(keys);
  Result<std::shared_ptr<const AwsKeys>> outcome = std::make_shared<const AwsKeys>(std::move(keys));
  if (!good) outcome = good.error();
  return {.description = std::move(description),
          .get = [outcome = std::move(outcome)](const SignContext&) { return outcome; }};
}

std::shared_ptr<Signer> make_sigv4_signer(AwsKeySource source, SigningScope scope,
                                          std::shared_ptr<const Environment> environment) {
  if (scope.aws_bearer)
    return make_aws_bearer_signer(std::move(source), std::move(scope), std::move(environment));
  return std::make_shared<SigV4Signer>(std::move(source), std::move(scope), std::move(environment));
}

}  // namespace ek
