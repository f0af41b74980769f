// What an answer that is no success means, and whether another proof would change it.
#include <algorithm>
#include <utility>

#include "base/http_date.hpp"
#include "base/scrub.hpp"
#include "base/text.hpp"
#include "endpoint/direct_call.hpp"
#include "endpoint/retry.hpp"

namespace ek {
namespace {

constexpr std::size_t max_error_body_bytes = 64 * 1024;
constexpr std::size_t max_kept_error_body_bytes = 4 * 1024;

}  // namespace

void DirectCall::explain() {
  const std::string_view bytes = exchange_->body();
  if (!bytes.empty()) {
    last_bytes_ = pumped();
    error_body_ +=
        bytes.substr(0, max_error_body_bytes - std::min(max_error_body_bytes, error_body_.size()));
    exchange_->consume(bytes.size());
    progressed_ = true;
  }
  if (exchange_->ended() || error_body_.size() >= max_error_body_bytes) refuse();
}

void DirectCall::refuse() {
  Error error = endpoint().cloud->explain(*head_, error_body_);
  error.phase = Phase::headers;
  error.http_status = head_->status;
  error.provider_body = clip(error_body_, max_kept_error_body_bytes);
  if (error.code == ErrorCode::authentication || error.code == ErrorCode::permission)
    explain_refusal(error);
  scrub_proof(error);
  heed_headers(error, *head_, environment().now());
  clock_moved_ = clock_was_wrong(error);
  error.retryable |= clock_moved_;
  fail(std::move(error));
}

// The server's Date tells the time of its refusal, unless a cache gave the answer (RFC 9111 §5.1)
// or it was long under way.
bool DirectCall::clock_was_wrong(const Error& error) const {
  const bool refused =
      error.code == ErrorCode::authentication || error.code == ErrorCode::permission;
  if (!refused || !endpoint().signer->is_dated()) return false;
  const bool old =
      !head_->header("age").empty() || pumped() - attempt_began_ > std::chrono::minutes(15);
  const auto date = parse_http_date(head_->header("date"));
  return !old && date && endpoint().client->clock->learn(*date, signed_at_);
}

// What the identity can tell about it takes the place of the provider's details, which may run to
// pages and stay in provider_body.
void DirectCall::explain_refusal(Error& error) const {
  HttpRequest sent = make_attempt();
  sent.headers.insert(sent.headers.end(), proof_.begin(), proof_.end());
  const std::string why =
      endpoint().signer->explain_refusal(sent, endpoint().cloud->scope(), error.message);
  if (!why.empty()) {
    error.message.resize(std::min(error.message.find('\n'), error.message.size()));
    error.message += "; " + why;
  }
}

// Providers and proxies quote what they were sent.
void DirectCall::scrub_proof(Error& error) const {
  for (const Header& header : proof_) {
    if (!header.sensitive) continue;
    const auto space = header.value.find(' ');  // "Bearer …"
    const Secret secret(header.value.substr(space == std::string::npos ? 0 : space + 1));
    scrub(error.message, secret);
    scrub(error.provider_body, secret);
  }
}

bool DirectCall::renew_proof(const Error& error) {
  const bool refused = error.code == ErrorCode::authentication && error.phase == Phase::headers;
  if (!refused || clock_moved_ || free_attempts_ > 0 || !head_) return false;
  if (!endpoint().signer->renew_after(*head_, proof_)) return false;
  ++free_attempts_;
  return true;
}

}  // namespace ek
