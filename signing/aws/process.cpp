#include "signing/aws/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::string_view who = "the program of credential_process";
constexpr std::chrono::milliseconds longest = std::chrono::minutes(1);

Error failed(const CommandOutput& output) {
  // What it said may hold the very secret that it was asked for, so it is not shown.
  return credentials_error(
      fmt::format("{} ended with exit code {}; run it by hand to see why", who, output.exit_code));
}

bool is_version_1(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto version = json.is_object() ? json.find("Version") : json.end();
  return version != json.end() && *version == 1;
}

}  // namespace

Result<TemporaryKeys> fetch_process_keys(const std::string& command,
                                         const SigningServices& services,
                                         const SignContext& context) {
  const auto left = std::chrono::floor<std::chrono::milliseconds>(
      context.deadline - services.environment->steady_now());
  auto output = services.environment->run_command(
      {"sh", "-c", command}, std::clamp(left, std::chrono::milliseconds(1), longest), context.stop);
  if (!output) return std::move(output).error();
  if (output->exit_code != 0) return failed(*output);
  if (!is_version_1(output->standard_output)) {
    return Error{.code = ErrorCode::server_error,
                 .phase = Phase::credentials,
                 .message = fmt::format("expected a JSON object with \"Version\": 1 from {}", who)};
  }
  auto keys = parse_keys_json(who, "SessionToken", output->standard_output);
  if (!keys || !keys->expires || *keys->expires > services.environment->now()) return keys;
  return credentials_error(fmt::format("{} gave keys that have expired", who));
}

}  // namespace ek
