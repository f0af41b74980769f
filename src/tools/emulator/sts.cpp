// AWS STS over its query protocol: forms in, XML out.
// https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/iso_time.hpp"
#include "base/text.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

constexpr std::string_view name_space = "https://sts.amazonaws.com/doc/2011-06-15/";

std::string xml_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

Reply xml(int status, std::string body) {
  return {.status = status, .content_type = "text/xml", .body = std::move(body)};
}

Reply refuse(int status, std::string_view code, std::string_view message) {
  return xml(status, fmt::format("<ErrorResponse xmlns=\"{}\">\n  <Error>\n    "
                                 "<Type>Sender</Type>\n    <Code>{}</Code>\n    "
                                 "<Message>{}</Message>\n  </Error>\n  "
                                 "<RequestId>{}</RequestId>\n</ErrorResponse>\n",
                                 name_space, code, xml_escape(printable(message)), random_uuid()));
}

// The query services spell these their own way.
Reply refuse_signature(const Error& error) {
  constexpr auto names = std::to_array<std::pair<std::string_view, std::string_view>>(
      {{"UnrecognizedClientException", "InvalidClientTokenId"},
       {"InvalidSignatureException", "SignatureDoesNotMatch"},
       {"ExpiredTokenException", "ExpiredToken"},
       {"MissingAuthenticationTokenException", "MissingAuthenticationToken"},
       {"IncompleteSignatureException", "IncompleteSignature"}});
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& pair) {
    return pair.first == error.provider_code;
  });
  return refuse(error.http_status, found == names.end() ? error.provider_code : found->second,
                error.message);
}

Reply answer(std::string_view action, std::string_view result) {
  return xml(200, fmt::format("<{0}Response xmlns=\"{1}\">\n  <{0}Result>\n{2}  </{0}Result>\n  "
                              "<ResponseMetadata><RequestId>{3}</RequestId></ResponseMetadata>\n"
                              "</{0}Response>\n",
                              action, name_space, result, random_uuid()));
}

bool is_session_name(std::string_view name) {
  return name.size() >= 2 && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
           const char lower = to_lower(c);
           return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
                  std::string_view("_+=,.@-").find(c) != std::string_view::npos;
         });
}

// What both ways to a role demand; none if it is there.
std::optional<Reply> refuse_role(const Form& form) {
  if (!is_session_name(form.field("RoleSessionName"))) {
    return refuse(400, "ValidationError",
                  "1 validation error detected: Value at 'roleSessionName' failed to satisfy "
                  "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}");
  }
  const std::string_view text = form.field("DurationSeconds");
  int seconds = 3600;
  if (!text.empty()) std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (seconds < 900 || seconds > 43200) {
    return refuse(400, "ValidationError",
                  "1 validation error detected: Value at 'durationSeconds' must be between 900 and "
                  "43200");
  }
  if (form.field("RoleArn") == emulated_role) return std::nullopt;
  return refuse(403, "AccessDenied",
                fmt::format("Not authorized to assume {}", clip(form.field("RoleArn"), 200)));
}

std::chrono::seconds duration_of(const Form& form) {
  const std::string_view text = form.field("DurationSeconds");
  int seconds = 3600;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(seconds);
}

Reply give_role(Service& service, std::string_view action, const Form& form) {
  const std::string session(form.field("RoleSessionName"));
  const auto keys =
      issue_aws_keys(service, "arn:aws:sts::123456789012:assumed-role/emulated-role/" + session,
                     duration_of(form));
  const auto expiry = std::chrono::floor<std::chrono::seconds>(keys.expiry);
  return answer(
      action,
      fmt::format("    <AssumedRoleUser>\n      <AssumedRoleId>AROAEMULATED:{}</AssumedRoleId>\n"
                  "      <Arn>{}</Arn>\n    </AssumedRoleUser>\n    <Credentials>\n"
                  "      <AccessKeyId>{}</AccessKeyId>\n"
                  "      <SecretAccessKey>{}</SecretAccessKey>\n"
                  "      <SessionToken>{}</SessionToken>\n      <Expiration>{}</Expiration>\n"
                  "    </Credentials>\n",
                  session, keys.arn, keys.keys.access_key_id, keys.keys.secret_access_key.reveal(),
                  keys.keys.session_token.reveal(), format_iso_time(expiry)));
}

Reply assume_role(Service& service, const Request& request, const Form& form) {
  const auto caller = check_sigv4(service, request, "sts");
  if (!caller) return refuse_signature(caller.error());
  if (auto no = refuse_role(form)) return *std::move(no);
  return give_role(service, "AssumeRole", form);
}

Reply assume_role_with_web_identity(Service& service, const Form& form) {
  const auto token =
      check_workload_token(service, form.field("WebIdentityToken"), "sts.amazonaws.com");
  if (!token) {
    const bool expired = token.error().reason == "expired";
    return refuse(400, expired ? "ExpiredTokenException" : "InvalidIdentityToken",
                  token.error().message);
  }
  if (auto no = refuse_role(form)) return *std::move(no);
  return give_role(service, "AssumeRoleWithWebIdentity", form);
}

Reply tell_caller(Service& service, const Request& request) {
  const auto caller = check_sigv4(service, request, "sts");
  if (!caller) return refuse_signature(caller.error());
  return answer("GetCallerIdentity",
                fmt::format("    <Arn>{}</Arn>\n    <UserId>AIDAEMULATED</UserId>\n    "
                            "<Account>123456789012</Account>\n",
                            caller->arn));
}

}  // namespace

Reply serve_sts(Service& service, const Request& request) {
  const Form form(request.body);
  const std::string_view action = form.field("Action");
  if (form.field("Version") != "2011-06-15")
    return refuse(400, "InvalidAction", "Could not find operation for the version");
  if (action == "AssumeRole") return assume_role(service, request, form);
  if (action == "AssumeRoleWithWebIdentity") return assume_role_with_web_identity(service, form);
  if (action == "GetCallerIdentity") return tell_caller(service, request);
  return refuse(400, "InvalidAction",
                fmt::format("Could not find operation {}", clip(action, 100)));
}

}  // namespace ek::emulator
