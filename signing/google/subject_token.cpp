#include "signing/google/subject_token.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "signing/credentials_error.hpp"
#include "signing/google/aws_subject.hpp"
#include "signing/google/certificate_subject.hpp"
#include "signing/google/executable_subject.hpp"
#include "signing/google/url.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

Error bad_source(std::string_view why) {
  return credentials_error(fmt::format("the \"credential_source\" of an external account {}", why));
}

Result<SubjectSource> read_file_source(const JsonObject& source, const SubjectPurpose&) {
  auto format = read_subject_format(source);
  if (!format) return std::move(format).error();
  SubjectSource out{.description = fmt::format("the file {}", source.text("file"))};
  out.fetch = [path = source.text("file"), format = *format, where = out.description](
                  const SigningServices& services, const SignContext&) -> Result<Secret> {
    auto text = services.environment->read_file(path);
    if (!text) return std::move(text).error();
    const Secret wiped(*std::move(text));
    return subject_token_in(wiped.reveal(), format, where);
  };
  return out;
}

HttpRequest provider_request(const std::string& url,
                             const std::vector<std::pair<std::string, std::string>>& headers) {
  HttpRequest request{.method = "GET", .url = url};
  for (const auto& [name, value] : headers) request.headers.push_back({name, value, true});
  return request;
}

Result<SubjectSource> read_url_source(const JsonObject& source, const SubjectPurpose&) {
  auto format = read_subject_format(source);
  if (!format) return std::move(format).error();
  const std::string url = source.text("url");
  if (auto trusted = check_provider_url(url); !trusted) return std::move(trusted).error();
  const auto headers = source.object("headers");
  SubjectSource out{.description = fmt::format("the URL {}", url.substr(0, url.find('?')))};
  out.fetch = [url, format = *format, where = out.description,
               sent = headers ? headers->text_members() : decltype(headers->text_members())()](
                  const SigningServices& services, const SignContext& context) -> Result<Secret> {
    auto answer = ask_token_service(services, context, where, [&]() -> Result<HttpRequest> {
      return provider_request(url, sent);
    });
    if (!answer) return std::move(answer).error();
    if (answer->head.status != 200) return refusal(where, *answer, "");
    const Secret wiped(std::move(answer->body));
    return subject_token_in(wiped.reveal(), format, where);
  };
  return out;
}

struct SourceKind {
  const char* member;
  Result<SubjectSource> (*read)(const JsonObject& source, const SubjectPurpose& purpose);
};
constexpr std::array<SourceKind, 5> source_kinds = {{{"file", read_file_source},
                                                     {"url", read_url_source},
                                                     {"environment_id", read_aws_source},
                                                     {"executable", read_executable_source},
                                                     {"certificate", read_certificate_source}}};

}  // namespace

Result<SubjectSource> read_subject_source(const JsonObject& source, const SubjectPurpose& purpose) {
  const bool aws = source.has("environment_id");
  const SourceKind* found = nullptr;
  for (const SourceKind& kind : source_kinds) {
    if (!source.has(kind.member)) continue;
    // The metadata URL of an AWS source has the name of a URL source.
    if (aws && std::string_view(kind.member) == "url") continue;
    if (found != nullptr) {
      return bad_source(
          fmt::format("is ambiguous: it has \"{}\" and \"{}\"", found->member, kind.member));
    }
    found = &kind;
  }
  if (found == nullptr) {
    return bad_source(
        "has no \"file\", \"url\", \"environment_id\", \"executable\" or \"certificate\" to take a "
        "token from");
  }
  return found->read(source, purpose);
}

Result<SubjectFormat> read_subject_format(const JsonObject& source) {
  const auto format = source.object("format");
  if (!format) return SubjectFormat{};
  const std::string type = format->text("type");
  if (type.empty() || type == "text") return SubjectFormat{};
  if (type != "json") {
    return bad_source(fmt::format("has the format \"{}\"; there are \"text\" and \"json\"",
                                  clip(printable(type), 40)));
  }
  SubjectFormat out{.field = format->text("subject_token_field_name")};
  if (out.field.empty())
    return bad_source("has the format \"json\" and no subject_token_field_name");
  return out;
}

Result<Secret> subject_token_in(std::string_view text, const SubjectFormat& format,
                                std::string_view where) {
  Secret token;
  if (format.field.empty()) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    token = Secret(std::string(text));
  } else if (const auto object = JsonObject::parse(text)) {
    token = Secret(object->text(format.field.c_str()));
  }
  if (!token.empty()) return token;
  return credentials_error(
      fmt::format("expected a token to exchange in {}, but {}", printable(where),
                  format.field.empty() ? "it is empty"
                                       : fmt::format("it is no JSON object with a text \"{}\"",
                                                     clip(printable(format.field), 60))));
}

}  // namespace ek
