// What providers' errors mean. Sources: OpenAI "Error codes", the content filter that some hosts of
// it add, google.rpc.Code and ErrorInfo reasons, Anthropic "Errors", text-generation-inference's
// error_type.
#include <array>
#include <initializer_list>

#include "base/text.hpp"
#include "dialect/dialect.hpp"

namespace ek::dialect {
namespace {

struct Name {
  std::string_view name;
  Classification means;
};

constexpr Classification invalid{ErrorCode::invalid_request, false};
constexpr Classification unauthenticated{ErrorCode::authentication, false};
constexpr Classification forbidden{ErrorCode::permission, false};
constexpr Classification missing{ErrorCode::not_found, false};
constexpr Classification throttled{ErrorCode::rate_limit, true};
constexpr Classification no_quota{ErrorCode::rate_limit, false};
constexpr Classification busy{ErrorCode::unavailable, true};
constexpr Classification late{ErrorCode::timeout, true};
constexpr Classification filtered{ErrorCode::content_filter, false};
constexpr Classification too_long{ErrorCode::context_length, false};
constexpr Classification container{ErrorCode::model_error, false};
constexpr Classification server{ErrorCode::server_error, true};

// Names that say more than the status does.
constexpr auto kNames = std::to_array<Name>({
    {"api_key_invalid", unauthenticated},
    {"access_token_expired", unauthenticated},
    {"authentication_error", unauthenticated},
    {"invalid_api_key", unauthenticated},
    {"unauthenticated", unauthenticated},
    {"permissiondenied", forbidden},
    {"permission_denied", forbidden},
    {"permission_error", forbidden},
    {"service_disabled", forbidden},
    {"deploymentnotfound", missing},
    {"model_not_found", missing},
    {"not_found", missing},
    {"not_found_error", missing},
    {"insufficient_quota", no_quota},
    {"billing_hard_limit_reached", no_quota},
    {"rate_limit_error", throttled},
    {"rate_limit_exceeded", throttled},
    {"ratelimitreached", throttled},
    {"resource_exhausted", throttled},
    {"toomanyrequests", throttled},
    {"overloaded", busy},
    {"overloaded_error", busy},
    {"engine_overloaded", busy},
    {"service_unavailable", busy},
    {"unavailable", busy},
    {"deadline_exceeded", late},
    {"timeout_error", late},
    {"content_filter", filtered},
    {"content_policy_violation", filtered},
    {"responsibleaipolicyviolation", filtered},
    {"context_length_exceeded", too_long},
    {"string_above_max_length", too_long},
});

// Names that only repeat a family: they count if there is no status.
constexpr auto kFamilies = std::to_array<Name>({
    {"invalid_argument", invalid},
    {"failed_precondition", invalid},
    {"out_of_range", invalid},
    {"invalid_request_error", invalid},
    {"request_too_large", invalid},
    {"badrequesterror", invalid},
    {"validation", invalid},
    {"input_validation", invalid},
    {"internal", server},
    {"unknown", server},
    {"api_error", server},
    {"server_error", server},
    {"internal_server_error", server},
    {"internalservererror", server},
    {"cancelled", server},
    {"aborted", server},
    {"generation", container},
    {"incomplete_generation", container},
});

template <std::size_t N>
const Classification* look_up(const std::array<Name, N>& names, std::string_view name) {
  for (const Name& known : names) {
    if (iequals(known.name, name)) return &known.means;
  }
  return nullptr;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> needles) {
  for (const auto needle : needles) {
    if (text.find(needle) != std::string_view::npos) return true;
  }
  return false;
}

const Classification* by_message(const Complaint& complaint) {
  const std::string text = to_lower(complaint.message);
  if (contains_any(text, {"maximum context length", "context window", "prompt is too long"}) ||
      (contains_any(text, {"token count"}) && contains_any(text, {"exceeds the maximum"}))) {
    return &too_long;
  }
  if (contains_any(text, {"location is not supported"})) return &forbidden;
  if (contains_any(text, {"model is overloaded"})) return &busy;
  return nullptr;
}

Classification by_status(int status) {
  switch (status) {
    case 401:
      return unauthenticated;
    case 403:
      return forbidden;
    case 404:
      return missing;
    case 408:
    case 504:
      return late;
    case 424:
      return container;
    case 429:
      return throttled;
    case 499:
      return server;
    case 501:
    case 505:
      return {ErrorCode::server_error, false};
    case 503:
    case 529:
      return busy;
    default:
      return status >= 400 && status < 500 ? invalid : server;
  }
}

}  // namespace

Classification classify(const Complaint& complaint) {
  for (const auto name : {complaint.reason, complaint.code, complaint.type}) {
    if (const auto* means = look_up(kNames, name)) return *means;
  }
  if (const auto* means = by_message(complaint)) return *means;
  if (complaint.status >= 400) return by_status(complaint.status);
  for (const auto name : {complaint.code, complaint.type}) {
    if (const auto* means = look_up(kFamilies, name)) return *means;
  }
  return {ErrorCode::server_error, false};
}

}  // namespace ek::dialect
