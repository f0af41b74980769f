#include "signing/google/credential_file.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.hpp"
#include "signing/credentials_error.hpp"
#include "signing/google/authorized_user.hpp"
#include "signing/google/external_account.hpp"
#include "signing/google/impersonation.hpp"
#include "signing/google/service_account.hpp"

namespace ek {
namespace {

Result<GoogleAccountPtr> make_service_account_of(const JsonObject& file) {
  auto key = read_service_account(file);
  if (!key) return std::move(key).error();
  return make_service_account(*std::move(key), GoogleProof::jwt_grant);
}

struct FileType {
  std::string_view name;
  GoogleFileType type;
  std::string_view what;  // for messages
  Result<GoogleAccountPtr> (*read)(const JsonObject& file);
};

constexpr std::array<FileType, 5> file_types = {{
    {"service_account", GoogleFileType::service_account, "the key of a service account",
     make_service_account_of},
    {"authorized_user", GoogleFileType::authorized_user,
     "user credentials, which gcloud makes for a person", read_authorized_user},
    {"external_account", GoogleFileType::external_account,
     "the configuration of a workload identity federation", read_external_account},
    {"external_account_authorized_user", GoogleFileType::external_account_authorized_user,
     "user credentials of a workforce identity federation", read_external_account_user},
    {"impersonated_service_account", GoogleFileType::impersonated_service_account,
     "the impersonation of a service account", read_impersonated_account},
}};

const FileType* find_type(std::string_view name) {
  for (const FileType& type : file_types) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::string_view name_of(GoogleFileType wanted) {
  for (const FileType& type : file_types) {
    if (type.type == wanted) return type.name;
  }
  return "";
}

Error wrong_file(GoogleFileType expected, std::string_view why) {
  const std::string kind =
      expected == GoogleFileType::any
          ? "a Google credential file"
          : fmt::format("a Google credential file of the type \"{}\"", name_of(expected));
  return credentials_error(fmt::format("expected {}, but {}", kind, why));
}

Result<const FileType*> type_of(const JsonObject& file, GoogleFileType expected) {
  if (file.has("web") || file.has("installed")) {
    return wrong_file(expected,
                      "this is the file of an OAuth client, which proves no identity; create a key "
                      "for a service account, or run \"gcloud auth application-default login\"");
  }
  const std::string name = file.text("type");
  if (name.empty()) return wrong_file(expected, "it has no \"type\"");
  const FileType* const type = find_type(name);
  if (type == nullptr) {
    return wrong_file(expected,
                      fmt::format("its type \"{}\" is not supported", clip(printable(name), 60)));
  }
  if (expected != GoogleFileType::any && type->type != expected)
    return wrong_file(expected, fmt::format("this is {} ({})", type->what, type->name));
  return type;
}

Result<JsonObject> parse_file(std::string_view json, GoogleFileType expected) {
  auto file = JsonObject::parse(json);
  if (!file) return wrong_file(expected, "the text is not a JSON object");
  return *std::move(file);
}

}  // namespace

Result<JsonObject> open_credential_file(std::string_view json, GoogleFileType expected) {
  auto file = parse_file(json, expected);
  if (!file) return file;
  if (auto type = type_of(*file, expected); !type) return std::move(type).error();
  return file;
}

Result<GoogleAccountPtr> parse_google_credentials(const JsonObject& file, GoogleFileType expected) {
  const auto type = type_of(file, expected);
  if (!type) return type.error();
  return (*type)->read(file);
}

Result<GoogleAccountPtr> parse_google_credentials(std::string_view json, GoogleFileType expected) {
  auto file = parse_file(json, expected);
  if (!file) return std::move(file).error();
  return parse_google_credentials(*file, expected);
}

Result<std::string> required_member(const JsonObject& file, const char* name) {
  std::string text = file.text(name);
  if (!text.empty()) return text;
  return credentials_error(
      fmt::format("the Google credential file of the type \"{}\" has no \"{}\"",
                  clip(printable(file.text("type")), 60), name));
}

}  // namespace ek
