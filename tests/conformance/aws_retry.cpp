// What AWS's retry specification asks of classification, backoff and the shared budget.
#include <fmt/format.h>

#include <cmath>

#include "cloud/family/aws.hpp"
#include "conformance/suite.hpp"
#include "endpoint/adaptive_rate.hpp"
#include "endpoint/retry.hpp"

namespace ek::conformance {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;

HttpHead head_of(const json& response) {
  HttpHead head{.status = response.contains("status") ? response["status"].get<int>()
                                                      : response["status_code"].get<int>()};
  if (response.contains("error_code") && response["error_code"].is_string())
    head.headers.push_back({"x-amzn-errortype", response["error_code"].get<std::string>()});
  const json headers = response.value("headers", json::object());
  for (const auto& [name, value] : headers.items())
    head.headers.push_back({name, value.get<std::string>()});
  return head;
}

// The SDKs try again what may have been computed already; here that is what retry_paid says.
void run_io_error(const json& test, const std::string& name, Report& report) {
  const bool late = test["io_error"] == "read timeout";
  const Error error{.code = late ? ErrorCode::timeout : ErrorCode::transport,
                    .phase = late ? Phase::idle : Phase::headers,
                    .retryable = late};
  const auto delay = retry_delay(error, {.retry_paid = true}, 1, 1.0, milliseconds::max());
  delay.has_value() == test["is_transient"].get<bool>() ? report.pass(name)
                                                        : report.fail(name, "is not tried again");
}

// A code that is in both lists is throttling, which is the dearer of the two to wait for.
void run_classification(const json& test, const std::string& name, Report& report) {
  if (test.contains("io_error")) return run_io_error(test, name, report);
  const Error error = aws::explain(head_of(test), "");
  const bool throttling = error.code == ErrorCode::rate_limit && error.retryable;
  const bool as_wanted = test.contains("is_throttling")
                             ? throttling == test["is_throttling"].get<bool>()
                         : test["is_transient"].get<bool>() ? error.retryable
                                                            : !error.retryable || throttling;
  as_wanted
      ? report.pass(name)
      : report.fail(name, fmt::format("{}, retryable: {}", to_string(error.code), error.retryable));
}

int tokens_in(RetryBudget& budget) {
  int count = 0;
  while (budget.take(1)) ++count;
  budget.give_back(count);
  return count;
}

// One call after the other, against one budget.
class Player {
 public:
  explicit Player(const json& given) {
    policy_.max_attempts = given.value("max_attempts", 3);
    policy_.max_backoff = milliseconds(std::lround(1000 * given.value("max_backoff_time", 20.0)));
    budget_.take(500 - given.value("initial_retry_tokens", 500));
  }

  void play(const json& step, int& made, int& paid) {
    const HttpHead head = head_of(step["response"]);
    ++made;
    if (head.status == 200) {
      budget_.give_back(paid > 0 ? paid : 1);
      made = paid = 0;
      return compare(step["expected"], "success", std::nullopt);
    }
    Error error = aws::explain(head, "");
    error.retry_after = retry_after(head, {});
    const auto delay =
        retry_delay(error, policy_, made, 1.0, milliseconds::max(), is_retry_hint(head));
    if (!delay) {
      const bool spent = error.retryable && made >= policy_.max_attempts;
      return compare(step["expected"], spent ? "max_attempts_exceeded" : "fail_request",
                     std::nullopt);
    }
    const bool affordable = budget_.take(retry_cost(error));
    if (affordable) paid = retry_cost(error);
    compare(step["expected"], affordable ? "retry_request" : "retry_quota_exceeded",
            affordable ? delay : std::nullopt);
  }

  [[nodiscard]] int tokens() { return tokens_in(budget_); }
  [[nodiscard]] const std::string& difference() const { return difference_; }

 private:
  void compare(const json& expected, std::string_view outcome, std::optional<milliseconds> delay) {
    if (expected["outcome"] != outcome)
      difference_ += fmt::format("{} instead of {}; ", outcome, expected["outcome"].dump());
    if (expected.contains("retry_quota") && expected["retry_quota"] != tokens())
      difference_ += fmt::format("{} tokens, not {}; ", tokens(), expected["retry_quota"].dump());
    if (!expected.contains("delay") || !delay) return;
    const double wanted = expected["delay"].get<double>() * 1000;
    if (std::abs(wanted - static_cast<double>(delay->count())) >= 1)
      difference_ += fmt::format("waits {} ms, not {}; ", delay->count(), wanted);
  }

  RetryPolicy policy_;
  RetryBudget budget_;
  std::string difference_;
};

std::string reason_to_skip(const json& test) {
  if (test["kind"] == "long_polling" &&
      test["responses"][0]["expected"]["outcome"] == "retry_quota_exceeded")
    return "no call of this library is a long poll: those wait although the budget is spent";
  return "";
}

void run_standard(const json& test, Report& report) {
  const std::string name = test["name"];
  if (const std::string reason = reason_to_skip(test); !reason.empty())
    return report.skip(name, reason);
  Player player(test["given"]);
  int made = 0, paid = 0;
  if (test["kind"] == "multi_threaded") {
    // The one order of the two threads' steps in which the stated numbers come about.
    const json &first = test["threads"][0], &second = test["threads"][1];
    int others_made = 0, others_paid = 0;
    for (std::size_t i = 0; i + 1 < first.size(); ++i) player.play(first[i], made, paid);
    for (const json& step : second) player.play(step, others_made, others_paid);
    player.play(first.back(), made, paid);
  } else {
    for (const json& step : test["responses"]) player.play(step, made, paid);
  }
  std::string difference = player.difference();
  if (test.contains("expected_final_quota") && test["expected_final_quota"] != player.tokens())
    difference += fmt::format("{} tokens in the end", player.tokens());
  difference.empty() ? report.pass(name) : report.fail(name, difference);
}

void compare_rate(std::string& difference, const json& step, const char* what, double rate) {
  if (std::abs(step[what].get<double>() - rate) >= 1e-6)
    difference += fmt::format("at {} s {} is {}; ", step["timestamp"].dump(), what, rate);
}

void run_cubic(const json& test, Report& report) {
  const json& given = test["given"];
  CubicCurve curve(given["last_max_rate"], given["last_throttle_time"]);
  std::string difference;
  double rate = 0;
  for (const json& step : test["cases"]) {
    const double now = step["timestamp"];
    rate = step["response"] == "throttle" ? curve.throttle(rate, now) : curve.success(now);
    compare_rate(difference, step, "calculated_rate", rate);
  }
  difference.empty() ? report.pass(test["name"]) : report.fail(test["name"], difference);
}

void run_adaptive(const json& test, Report& report) {
  const SteadyTime began(std::chrono::hours(1));
  AdaptiveRate rate(began);
  std::string difference;
  for (const json& step : test["cases"]) {
    const std::chrono::duration<double> time(step["timestamp"].get<double>());
    rate.learn(step["response"] == "throttle",
               began + std::chrono::round<std::chrono::nanoseconds>(time));
    compare_rate(difference, step, "measured_tx_rate", rate.measured());
    compare_rate(difference, step, "new_token_bucket_rate", rate.allowed());
  }
  difference.empty() ? report.pass(test["name"]) : report.fail(test["name"], difference);
}

void run(const fs::path& folder, Report& report) {
  int number = 0;
  const json classification = read_json(folder / "classification.json");
  for (const json& test : classification["cases"])
    run_classification(test, fmt::format("classification {}", ++number), report);
  const json standard = read_json(folder / "standard-2026.json");
  for (const json& test : standard["cases"]) run_standard(test, report);
  const json older = read_json(folder / "standard.json");
  for (const json& test : older["cases"]) {
    report.skip("older: " + test["name"].get<std::string>(),
                "numbers that the SDKs replaced in November 2026 by those of standard-2026.json");
  }
  const json adaptive = read_json(folder / "adaptive.json");
  for (const json& test : adaptive["cubic"]) run_cubic(test, report);
  for (const json& test : adaptive["end_to_end"]) run_adaptive(test, report);
}

}  // namespace

std::vector<Suite> aws_retry_suites() { return {{"aws-retry", run}}; }

}  // namespace ek::conformance
