#include "capi/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "capi/options.hpp"

namespace ek::capi {
namespace {

using std::string_view;

constexpr string_view prefix = "credentials.";
constexpr string_view truth = "true or false";
constexpr string_view file_types =
    "any, service_account, authorized_user, external_account, external_account_authorized_user or "
    "impersonated_service_account";

constexpr std::array<Key, 33> keys{{
    {"credentials.aws.access_key_id", of_endpoint, is_text, ""},
    {"credentials.aws.mfa_code", of_endpoint, is_text, ""},
    {"credentials.aws.profile", of_endpoint, is_text, ""},
    {"credentials.aws.secret_access_key", of_endpoint, is_text, ""},
    {"credentials.aws.session_token", of_endpoint, is_text, ""},
    {"credentials.azure.assertion", of_endpoint, is_text, ""},
    {"credentials.azure.authority_host", of_endpoint, is_text, ""},
    {"credentials.azure.certificate", of_endpoint, is_text, ""},
    {"credentials.azure.certificate_file", of_endpoint, is_text, ""},
    {"credentials.azure.certificate_password", of_endpoint, is_text, ""},
    {"credentials.azure.client_id", of_endpoint, is_text, ""},
    {"credentials.azure.client_secret", of_endpoint, is_text, ""},
    {"credentials.azure.endpoint.auth", of_endpoint, is_listed, "key or token"},
    {"credentials.azure.endpoint.name", of_endpoint, is_text, ""},
    {"credentials.azure.endpoint.resource_group", of_endpoint, is_text, ""},
    {"credentials.azure.endpoint.resource_manager", of_endpoint, is_text, ""},
    {"credentials.azure.endpoint.subscription_id", of_endpoint, is_text, ""},
    {"credentials.azure.endpoint.workspace", of_endpoint, is_text, ""},
    {"credentials.azure.object_id", of_endpoint, is_text, ""},
    {"credentials.azure.resource_id", of_endpoint, is_text, ""},
    {"credentials.azure.rs256", of_endpoint, is_listed, truth},
    {"credentials.azure.send_chain", of_endpoint, is_listed, truth},
    {"credentials.azure.source", of_endpoint, is_listed,
     "cli, default, developer_cli, managed, power_shell or workload"},
    {"credentials.azure.subscription", of_endpoint, is_text, ""},
    {"credentials.azure.tenant_id", of_endpoint, is_text, ""},
    {"credentials.azure.timeout_ms", of_endpoint, is_duration, duration_wanted},
    {"credentials.azure.token_file", of_endpoint, is_text, ""},
    {"credentials.bearer", of_endpoint, is_text, ""},
    {"credentials.google.file_json", of_endpoint, is_text, ""},
    {"credentials.google.file_type", of_endpoint, is_listed, file_types},
    {"credentials.google.id_token_audience", of_endpoint, is_text, ""},
    {"credentials.google.key_json", of_endpoint, is_text, ""},
    {"credentials.google.proof", of_endpoint, is_listed, "jwt_grant or self_signed"},
}};

// The credentials.* options of one call, by what follows the prefix. Each reader takes its own out.
class Given {
 public:
  explicit Given(const epk_options* options) {
    if (options == nullptr) return;
    const auto end = options->values.end();
    for (auto at = options->values.lower_bound(prefix); at != end; ++at) {
      if (!string_view(at->first).starts_with(prefix)) break;
      values_.emplace(at->first.substr(prefix.size()), at->second);
    }
  }

  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] bool has(string_view name) const { return values_.contains(name); }
  [[nodiscard]] const std::string& first() const { return values_.begin()->first; }

  Secret secret(string_view name) {
    const auto found = values_.find(name);
    if (found == values_.end()) return {};
    Secret value = std::move(found->second);
    values_.erase(found);
    return value;
  }
  std::string text(string_view name, const std::string& otherwise = {}) {
    return has(name) ? secret(name).reveal() : otherwise;
  }
  bool truth_of(string_view name) { return text(name) == "true"; }
  Secret needed(string_view name) {
    Secret value = secret(name);
    if (value.empty()) {
      refuse(
          fmt::format("option credentials.{} is missing; it belongs to the other credentials.{}* "
                      "that are set",
                      name, name.substr(0, name.find('.') + 1)));
    }
    return value;
  }

 private:
  std::map<std::string, Secret, std::less<>> values_;
};

Credentials bearer(Given& given) { return Credentials::bearer(given.needed("bearer")); }

Credentials access_key(Given& given) {
  std::string id = given.needed("aws.access_key_id").reveal();
  Secret secret = given.needed("aws.secret_access_key");
  return Credentials::aws_keys(std::move(id), std::move(secret), given.secret("aws.session_token"));
}

Credentials profile(Given& given) {
  std::string name = given.needed("aws.profile").reveal();
  if (!given.has("aws.mfa_code")) return Credentials::aws_profile(std::move(name));
  return Credentials::aws_profile(
      std::move(name),
      [code = given.secret("aws.mfa_code")](const std::string&) { return Result<Secret>(code); });
}

Credentials service_account_key(Given& given) {
  const bool self_signed = given.text("google.proof") == "self_signed";
  return Credentials::google_service_account(
             JsonText{given.needed("google.key_json").reveal()},
             self_signed ? GoogleProof::self_signed : GoogleProof::jwt_grant)
      .value();
}

Credentials credential_file(Given& given) {
  // In the order of the enumeration.
  constexpr std::array<string_view, 6> names = {"any",
                                                "service_account",
                                                "authorized_user",
                                                "external_account",
                                                "external_account_authorized_user",
                                                "impersonated_service_account"};
  const std::string type = given.needed("google.file_type").reveal();
  const auto at = std::find(names.begin(), names.end(), type) - names.begin();
  return Credentials::google_from_json(JsonText{given.needed("google.file_json").reveal()},
                                       static_cast<GoogleFileType>(at))
      .value();
}

template <class Application>
Application application_of(Given& given) {
  Application out;
  out.tenant_id = given.needed("azure.tenant_id").reveal();
  out.client_id = given.needed("azure.client_id").reveal();
  out.authority_host = given.text("azure.authority_host", out.authority_host);
  return out;
}

Credentials client_secret(Given& given) {
  auto application = application_of<AzureClientSecret>(given);
  application.client_secret = given.needed("azure.client_secret");
  return Credentials::azure_client_secret(std::move(application)).value();
}

Credentials certificate(Given& given) {
  auto application = application_of<AzureCertificate>(given);
  application.certificate = given.secret("azure.certificate");
  application.certificate_path = given.text("azure.certificate_file");
  application.password = given.secret("azure.certificate_password");
  application.send_chain = given.truth_of("azure.send_chain");
  application.rs256 = given.truth_of("azure.rs256");
  return Credentials::azure_certificate(std::move(application)).value();
}

Credentials federated(Given& given) {
  auto application = application_of<AzureFederated>(given);
  application.assertion = [token = given.needed("azure.assertion")] {
    return Result<Secret>(token);
  };
  return Credentials::azure_federated(std::move(application)).value();
}

Credentials workload(Given& given) {
  return Credentials::azure_workload_identity(
      {.tenant_id = given.text("azure.tenant_id"),
       .client_id = given.text("azure.client_id"),
       .token_file = given.text("azure.token_file"),
       .authority_host = given.text("azure.authority_host")});
}

Credentials managed(Given& given) {
  return Credentials::azure_managed_identity({.client_id = given.text("azure.client_id"),
                                              .object_id = given.text("azure.object_id"),
                                              .resource_id = given.text("azure.resource_id")})
      .value();
}

template <Result<Credentials> (*make)(AzureLogin)>
Credentials login(Given& given) {
  AzureLogin who{.tenant_id = given.text("azure.tenant_id"),
                 .subscription = given.text("azure.subscription")};
  if (given.has("azure.timeout_ms"))
    who.timeout = std::chrono::milliseconds(to_number(given.text("azure.timeout_ms")));
  return make(std::move(who)).value();
}

Credentials usual_chain(Given&) { return Credentials::azure_default(); }

// An identity is known by one of its keys; for one without a key of its own, by the source's name.
struct Kind {
  string_view mark;
  string_view source;
  Credentials (*make)(Given&);
};
constexpr std::array<Kind, 15> kinds{{
    {"aws.access_key_id", "", access_key},
    {"aws.profile", "", profile},
    {"azure.assertion", "", federated},
    {"azure.certificate", "", certificate},
    {"azure.certificate_file", "", certificate},
    {"azure.client_secret", "", client_secret},
    {"azure.source", "cli", login<Credentials::azure_cli>},
    {"azure.source", "default", usual_chain},
    {"azure.source", "developer_cli", login<Credentials::azure_developer_cli>},
    {"azure.source", "managed", managed},
    {"azure.source", "power_shell", login<Credentials::azure_power_shell>},
    {"azure.source", "workload", workload},
    {"bearer", "", bearer},
    {"google.file_json", "", credential_file},
    {"google.key_json", "", service_account_key},
}};

const Kind& kind_of(const Given& given, string_view source) {
  const Kind* found = nullptr;
  std::string marks;
  for (const Kind& kind : kinds) {
    if (marks.find(kind.mark) == std::string::npos)
      marks += fmt::format(" credentials.{},", kind.mark);
    const bool named = kind.source.empty() ? given.has(kind.mark) : kind.source == source;
    if (!named) continue;
    if (found != nullptr) {
      refuse(fmt::format("credentials.{} and credentials.{} are set together; choose one kind",
                         found->mark, kind.mark));
    }
    found = &kind;
  }
  if (found != nullptr) return *found;
  marks.pop_back();
  refuse(
      fmt::format("credentials.{} is set, but nothing that it belongs to. An identity has one of{}",
                  given.first(), marks));
}

Credentials only_identity(Given& given) {
  const std::string source = given.text("azure.source");
  const Kind& kind = kind_of(given, source);
  Credentials made = kind.make(given);
  if (!given.empty()) {
    refuse(fmt::format("credentials.{} does not belong to credentials.{}{}{}", given.first(),
                       kind.mark, source.empty() ? "" : " ", source));
  }
  return made;
}

Credentials endpoint_key(Given& given) {
  const bool token = given.text("azure.endpoint.auth") == "token";
  AzureMlEndpoint endpoint;
  endpoint.subscription_id = given.needed("azure.endpoint.subscription_id").reveal();
  endpoint.resource_group = given.needed("azure.endpoint.resource_group").reveal();
  endpoint.workspace = given.needed("azure.endpoint.workspace").reveal();
  endpoint.endpoint = given.needed("azure.endpoint.name").reveal();
  endpoint.resource_manager =
      given.text("azure.endpoint.resource_manager", endpoint.resource_manager);
  const Credentials who = given.empty() ? Credentials::azure_default() : only_identity(given);
  return (token ? Credentials::azure_ml_token(std::move(endpoint), who)
                : Credentials::azure_ml_key(std::move(endpoint), who))
      .value();
}

}  // namespace

std::span<const Key> credentials_keys() noexcept { return keys; }

Credentials credentials(const epk_options* options) {
  Given given(options);
  if (given.empty()) return Credentials::from_environment();
  if (given.has("azure.endpoint.name")) return endpoint_key(given);
  if (!given.has("google.id_token_audience")) return only_identity(given);
  std::string audience = given.text("google.id_token_audience");
  return Credentials::google_id_token(
      std::move(audience), given.empty() ? Credentials::from_environment() : only_identity(given));
}

}  // namespace ek::capi
