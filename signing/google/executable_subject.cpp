#include "signing/google/executable_subject.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "signing/chain.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::string_view permission = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
constexpr std::chrono::milliseconds shortest{5'000};
constexpr std::chrono::milliseconds longest{120'000};
constexpr std::chrono::milliseconds usual{30'000};

struct Program {
  std::vector<std::string> arguments{};  // with the variables that it is told, by env(1)
  std::string name{};
  std::string output_file{};
  std::chrono::milliseconds timeout = usual;
};

Error bad_response(std::string_view why) {
  return credentials_error(fmt::format("the answer of the external account's executable {}", why));
}

// env(1) adds variables to those that the program inherits.
std::vector<std::string> with_variables(const SubjectPurpose& purpose,
                                        const std::string& output_file,
                                        std::vector<std::string> command) {
  std::vector<std::string> out = {"env", "GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE=" + purpose.audience,
                                  "GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE=" + purpose.token_type,
                                  "GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE=0",
                                  "GOOGLE_EXTERNAL_ACCOUNT_REVOKE=0"};
  if (!purpose.impersonated_mail.empty())
    out.push_back("GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL=" + purpose.impersonated_mail);
  if (!output_file.empty()) out.push_back("GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE=" + output_file);
  for (std::string& word : command) out.push_back(std::move(word));
  return out;
}

std::optional<Secret> cached_token(const Program& program, const Environment& environment,
                                   std::chrono::sys_seconds now) {
  if (program.output_file.empty()) return std::nullopt;
  auto text = environment.read_file(program.output_file);
  if (!text) return std::nullopt;
  const Secret wiped(*std::move(text));
  auto token = parse_executable_response(wiped.reveal(), true, now);
  if (!token) return std::nullopt;
  return *std::move(token);
}

Result<Secret> run(const Program& program, const SigningServices& services,
                   const SignContext& context) {
  const Environment& environment = *services.environment;
  if (variable(environment, permission) != "1") {
    return credentials_error(fmt::format(
        "the external account asks to run \"{}\"; that is done only if {} is \"1\". Set "
        "it if you trust the credential file",
        program.name, permission));
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(environment.now());
  if (auto token = cached_token(program, environment, now)) return *std::move(token);
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(context.deadline - environment.steady_now());
  auto output =
      environment.run_command(program.arguments, std::min(program.timeout, left), context.stop);
  if (!output) return std::move(output).error();
  const Secret wiped(std::move(output->standard_output));
  if (output->exit_code != 0) {
    return credentials_error(
        fmt::format("the external account's executable \"{}\" ended with code "
                    "{}",
                    program.name, output->exit_code));
  }
  return parse_executable_response(wiped.reveal(), !program.output_file.empty(), now);
}

Result<Secret> token_of_type(const JsonObject& response) {
  constexpr std::string_view family = "urn:ietf:params:oauth:token-type:";
  const std::string type = response.text("token_type");
  if (type.empty()) return bad_response("has no \"token_type\"");
  const char* member = nullptr;
  if (type == fmt::format("{}id_token", family) || type == fmt::format("{}jwt", family))
    member = "id_token";
  if (type == fmt::format("{}saml2", family)) member = "saml_response";
  if (member == nullptr) {
    return bad_response(fmt::format("has the token_type \"{}\", which is not supported",
                                    clip(printable(type), 80)));
  }
  Secret token(response.text(member));
  if (token.empty()) return bad_response(fmt::format("has no \"{}\"", member));
  return token;
}

}  // namespace

Result<SubjectSource> read_executable_source(const JsonObject& source,
                                             const SubjectPurpose& purpose) {
  const auto executable = source.object("executable");
  auto words = split_command(executable ? executable->text("command") : std::string());
  if (words.empty()) {
    return credentials_error("the \"executable\" of an external account has no \"command\"");
  }
  Program program{.name = clip(printable(words[0]), 200),
                  .output_file = executable->text("output_file")};
  if (executable->has("timeout_millis")) {
    const auto millis = executable->integer("timeout_millis");
    if (!millis || *millis < shortest.count() || *millis > longest.count()) {
      return credentials_error(
          "the \"timeout_millis\" of an external account's executable is not between 5000 and "
          "120000");
    }
    program.timeout = std::chrono::milliseconds(*millis);
  }
  program.arguments = with_variables(purpose, program.output_file, std::move(words));
  const std::string description = fmt::format("the program {}", program.name);
  return SubjectSource{.description = description,
                       .fetch = [program = std::move(program)](const SigningServices& services,
                                                               const SignContext& context) {
                         return run(program, services, context);
                       }};
}

Result<Secret> parse_executable_response(std::string_view output, bool needs_expiry,
                                         std::chrono::sys_seconds now) {
  const auto response = JsonObject::parse(output);
  if (!response) return bad_response("is not a JSON object");
  const auto version = response->integer("version");
  if (!version) return bad_response("has no \"version\"");
  if (*version != 1) return bad_response(fmt::format("has the version {}, not 1", *version));
  const auto success = response->boolean("success");
  if (!success) return bad_response("has no \"success\"");
  if (!*success) {
    const std::string code = response->text("code");
    const std::string message = response->text("message");
    if (code.empty() || message.empty())
      return bad_response("says that it failed, without \"code\" and \"message\"");
    return bad_response(fmt::format("says that it failed: {}: {}", clip(printable(code), 60),
                                    clip(printable(message), 400)));
  }
  const auto expiry = response->integer("expiration_time");
  if (needs_expiry && !expiry)
    return bad_response("has no \"expiration_time\", which an output_file needs");
  if (expiry && *expiry <= now.time_since_epoch().count())
    return bad_response("holds a token that has expired");
  return token_of_type(*response);
}

std::vector<std::string> split_command(std::string_view command) {
  std::vector<std::string> words;
  bool in_word = false;
  bool quoted = false;
  for (const char c : command) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (blank && !quoted) {
      in_word = false;
      continue;
    }
    if (!std::exchange(in_word, true)) words.emplace_back();
    if (c == '"') {
      quoted = !quoted;
    } else {
      words.back() += c;
    }
  }
  return words;
}

}  // namespace ek
