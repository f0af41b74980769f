// The variables and files by which a client finds one of the emulated places of identity, instead
// of the keys and secrets themselves.
#include "tools/emulator/identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/iso_time.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;
using Variables = std::map<std::string, std::string>;

Error bad_option(std::string message) {
  return {.code = ErrorCode::invalid_request, .message = std::move(message)};
}

// What one place has to set and write.
class Setup {
 public:
  Setup(Service& service, std::string folder, Variables& variables)
      : service_(service), folder_(std::move(folder)), variables_(variables) {}

  void set(const std::string& name, std::string value) { variables_[name] = std::move(value); }
  void unset(std::initializer_list<const char*> names) {
    for (const char* name : names) variables_.erase(name);
  }
  /// Gives the path.
  std::string write(const std::string& name, std::string_view text) {
    const std::filesystem::path path = std::filesystem::path(folder_) / name;
    std::error_code ignored;  // write_private_file() will say it
    std::filesystem::create_directories(path.parent_path(), ignored);
    if (auto written = write_private_file(path.string(), text); !written && !error_)
      error_ = std::move(written).error();
    return path.string();
  }
  void set_file(const std::string& name, const std::string& file, std::string_view text) {
    set(name, write(file, text));
  }
  [[nodiscard]] Service& service() const { return service_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] const std::string& base_url() const { return service_.base_url; }
  void fail(Error error) { error_ = std::move(error); }
  [[nodiscard]] Result<void> outcome() const {
    if (error_) return *error_;
    return {};
  }

 private:
  Service& service_;
  std::string folder_;
  Variables& variables_;
  std::optional<Error> error_;
};

void without_aws_keys(Setup& setup) {
  setup.unset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"});
}

void imds(Setup& setup) {
  without_aws_keys(setup);
  setup.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", setup.base_url());
}
void ecs(Setup& setup) {
  without_aws_keys(setup);
  setup.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", setup.base_url() + "/v1/credentials");
  setup.set_file("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "eks-pod-identity-token",
                 setup.service().secrets.agent_token.reveal());
}
// An agent that is asked at its own address, 169.254.170.2: for network namespaces.
void ecs_relative(Setup& setup) {
  without_aws_keys(setup);
  setup.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ecs_path(setup.service()));
}
void irsa(Setup& setup) {
  without_aws_keys(setup);
  setup.set("AWS_ROLE_ARN", std::string(emulated_role));
  setup.set("AWS_ROLE_SESSION_NAME", "emulated");
  setup.set_file("AWS_WEB_IDENTITY_TOKEN_FILE", "aws-web-identity-token",
                 workload_token(setup.service(), "sts.amazonaws.com"));
}
void assume_role(Setup& setup) {
  const AwsKeys& keys = setup.service().secrets.aws;
  std::string text = fmt::format(
      "[default]\nrole_arn = {}\nrole_session_name = emulated\nsource_profile = base\n\n"
      "[profile base]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
      emulated_role, keys.access_key_id, keys.secret_access_key.reveal());
  if (!keys.session_token.empty())
    text += fmt::format("aws_session_token = {}\n", keys.session_token.reveal());
  without_aws_keys(setup);
  setup.set_file("AWS_CONFIG_FILE", "aws-config", text);
}

// The AWS tools keep sign-ins in the home folder, in a file named by the SHA-1 of the session's
// name, which is "emulated".
void sso(Setup& setup) {
  without_aws_keys(setup);
  const SsoSession& session = setup.service().secrets.sso;
  const std::string region = setup.service().options.region;
  setup.set_file("AWS_CONFIG_FILE", "aws-sso-config",
                 fmt::format("[default]\nsso_session = emulated\nsso_account_id = 123456789012\n"
                             "sso_role_name = emulated-role\n\n[sso-session emulated]\n"
                             "sso_region = {}\nsso_start_url = https://emulated.awsapps.com/start\n"
                             "sso_registration_scopes = sso:account:access\n",
                             region));
  const auto now = std::chrono::floor<std::chrono::seconds>(setup.service().options.now());
  const ordered_json cached = {
      {"startUrl", "https://emulated.awsapps.com/start"},
      {"region", region},
      {"accessToken", issue_sso_token(setup.service(), std::chrono::hours(1))},
      {"expiresAt", format_iso_time(now + std::chrono::hours(1))},
      {"clientId", session.client_id},
      {"clientSecret", session.client_secret.reveal()},
      {"registrationExpiresAt", format_iso_time(now + std::chrono::hours(24 * 90))},
      {"refreshToken", session.refresh_token.reveal()}};
  setup.write(".aws/sso/cache/b6886d8d615c11b80805b0bea6cd9c449aa8a0b6.json", to_text(cached, 2));
  setup.set("HOME", setup.folder());
  setup.set("AWS_ENDPOINT_URL_SSO", setup.base_url());
  setup.set("AWS_ENDPOINT_URL_SSO_OIDC", setup.base_url());
}

void adc_metadata(Setup& setup) {
  setup.unset({"GOOGLE_APPLICATION_CREDENTIALS"});
  setup.set("GCE_METADATA_HOST", setup.base_url().substr(std::string_view("http://").size()));
}

ordered_json federation(const Setup& setup, std::string_view type, ordered_json source) {
  return {{"type", "external_account"},
          {"audience", setup.service().google_audience()},
          {"subject_token_type", type},
          {"token_url", setup.base_url() + "/v1/token"},
          {"service_account_impersonation_url",
           fmt::format("{}/v1/projects/-/serviceAccounts/{}:generateAccessToken", setup.base_url(),
                       setup.service().secrets.google.client_email)},
          {"credential_source", std::move(source)}};
}
void external_account(Setup& setup) {
  const std::string path = setup.write(
      "google-subject-token",
      workload_token(setup.service(), "https:" + std::string(setup.service().google_audience())));
  const ordered_json file =
      federation(setup, "urn:ietf:params:oauth:token-type:jwt", {{"file", path}});
  setup.set_file("GOOGLE_APPLICATION_CREDENTIALS", "external-account.json", to_text(file, 2));
}
// The AWS keys of the environment prove to Google who one is.
void external_account_aws(Setup& setup) {
  const ordered_json file = federation(
      setup, "urn:ietf:params:aws:token-type:aws4_request",
      {{"environment_id", "aws1"},
       {"regional_cred_verification_url",
        "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}});
  setup.set_file("GOOGLE_APPLICATION_CREDENTIALS", "external-account-aws.json", to_text(file, 2));
}

// The certificate that the pool knows; curl and Google's libraries find the token service's own by
// SSL_CERT_FILE.
void external_account_x509(Setup& setup) {
  auto own = make_tls_certificate("emulated-workload");
  if (!own) return setup.fail(std::move(own).error());
  const std::string certificate = setup.write("workload.pem", own->certificate_pem);
  const std::string key = setup.write("workload.key", own->key_pem.reveal());
  setup.service().workload_certificate = *std::move(own);
  const ordered_json config = {
      {"cert_configs", {{"workload", {{"cert_path", certificate}, {"key_path", key}}}}}};
  setup.set_file("GOOGLE_API_CERTIFICATE_CONFIG", "certificate_config.json", to_text(config, 2));
  setup.set_file("SSL_CERT_FILE", "emulator.pem", setup.service().tls.certificate_pem);
  ordered_json file = federation(setup, "urn:ietf:params:oauth:token-type:mtls",
                                 {{"certificate", {{"use_default_certificate_config", true}}}});
  file["token_url"] = setup.service().tls_url + "/v1/token";
  setup.set_file("GOOGLE_APPLICATION_CREDENTIALS", "external-account-x509.json", to_text(file, 2));
}

void workload(Setup& setup) {
  setup.unset({"AZURE_CLIENT_SECRET"});
  setup.set_file("AZURE_FEDERATED_TOKEN_FILE", "azure-identity-token",
                 workload_token(setup.service(), "api://AzureADTokenExchange"));
}
void certificate(Setup& setup) {
  if (!setup.service().secrets.entra.certificate)
    return setup.fail(
        bad_option("the identity \"certificate\" needs a certificate: give its file"));
  setup.unset({"AZURE_CLIENT_SECRET"});
  setup.set("AZURE_CLIENT_CERTIFICATE_PATH", setup.service().options.entra_certificate);
}
void without_application(Setup& setup) {
  setup.unset({"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"});
}
void managed(Setup& setup) {
  without_application(setup);
  setup.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", setup.base_url());
}
void app_service(Setup& setup) {
  without_application(setup);
  setup.set("IDENTITY_ENDPOINT", setup.base_url() + "/msi/token");
  setup.set("IDENTITY_HEADER", setup.service().secrets.agent_token.reveal());
}
void arc(Setup& setup) {
  without_application(setup);
  setup.set("IDENTITY_ENDPOINT", setup.base_url() + "/arc/metadata/identity/oauth2/token");
  setup.set("IMDS_ENDPOINT", setup.base_url());
}

void service_fabric(Setup& setup) {
  without_application(setup);
  setup.set("IDENTITY_ENDPOINT",
            setup.service().tls_url + "/fabric/metadata/identity/oauth2/token");
  setup.set("IDENTITY_HEADER", setup.service().secrets.agent_token.reveal());
  setup.set("IDENTITY_SERVER_THUMBPRINT", setup.service().tls.thumbprint());
}

struct Place {
  std::string_view name;
  void (*set_up)(Setup& setup);
  bool needs_tls = false;
};
constexpr auto places =
    std::to_array<Place>({{"imds", imds},
                          {"ecs", ecs},
                          {"ecs-relative", ecs_relative},
                          {"irsa", irsa},
                          {"assume-role", assume_role},
                          {"sso", sso},
                          {"adc-metadata", adc_metadata},
                          {"external-account", external_account},
                          {"external-account-aws", external_account_aws},
                          {"external-account-x509", external_account_x509, true},
                          {"workload", workload},
                          {"certificate", certificate},
                          {"managed", managed},
                          {"app-service", app_service},
                          {"arc", arc},
                          {"service-fabric", service_fabric, true}});

}  // namespace

std::vector<std::string> identity_names() {
  std::vector<std::string> names;
  names.reserve(std::size(places));
  for (const Place& place : places) names.emplace_back(place.name);
  return names;
}

bool needs_tls(const std::vector<std::string>& identities) {
  return std::any_of(places.begin(), places.end(), [&](const Place& place) {
    return place.needs_tls &&
           std::find(identities.begin(), identities.end(), place.name) != identities.end();
  });
}

Result<void> set_up_identity(Service& service, std::string_view name, const std::string& folder,
                             std::map<std::string, std::string>& variables) {
  for (const Place& place : places) {
    if (place.name != name) continue;
    if (folder.empty()) return bad_option("an identity needs a folder for its files");
    Setup setup(service, folder, variables);
    place.set_up(setup);
    return setup.outcome();
  }
  return bad_option(fmt::format("no identity is called \"{}\"; known are {}", name,
                                fmt::join(identity_names(), ", ")));
}

}  // namespace ek::emulator
