#include "signing/google/certificate_subject.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "signing/chain.hpp"
#include "signing/credentials_error.hpp"
#include "signing/google/key_file.hpp"

namespace ek {
namespace {

constexpr std::string_view config_variable = "GOOGLE_API_CERTIFICATE_CONFIG";

struct Places {
  std::string config{};  // "" for the default one
  std::string chain{};   // "" for none
};

Error wrong(std::string_view why) {
  return credentials_error(
      fmt::format("the \"certificate\" of an external account's credential_source {}", why));
}

Result<std::string> config_path(const Places& places, const Environment& environment) {
  if (!places.config.empty()) return places.config;
  if (auto path = variable(environment, config_variable)) return *std::move(path);
  if (auto path = gcloud_file_path(environment, "certificate_config.json")) return *std::move(path);
  return wrong(
      fmt::format("uses the default certificate configuration, but neither {} nor a home folder "
                  "says where that is",
                  config_variable));
}

Result<TlsIdentity> identity_of(const Places& places, const Environment& environment) {
  const auto path = config_path(places, environment);
  if (!path) return path.error();
  const auto text = environment.read_file(*path);
  if (!text) {
    return wrong(fmt::format("needs the certificate configuration, and {}", text.error().message));
  }
  const auto config = JsonObject::parse(*text);
  const auto configs = config ? config->object("cert_configs") : std::nullopt;
  const auto workload = configs ? configs->object("workload") : std::nullopt;
  TlsIdentity identity;
  if (workload) identity.file = workload->text("cert_path");
  if (workload) identity.key_file = workload->text("key_path");
  if (!identity.file.empty() && !identity.key_file.empty()) return identity;
  return wrong(
      fmt::format("needs cert_configs.workload with \"cert_path\" and \"key_path\" in \"{}\"",
                  printable(*path)));
}

Result<std::vector<std::string>> read_certificates(const std::string& path,
                                                   const Environment& environment) {
  const auto text = environment.read_file(path);
  if (!text) return text.error();
  return certificates_in(*text, path);
}

Result<Secret> subject_token(const Places& places, const SigningServices& services) {
  const Environment& environment = *services.environment;
  const auto identity = identity_of(places, environment);
  if (!identity) return identity.error();
  const auto own = read_certificates(identity->file, environment);
  if (!own) return own.error();
  if (places.chain.empty()) return certificate_subject_token(own->front(), {});
  const auto chain = read_certificates(places.chain, environment);
  if (!chain) return chain.error();
  return certificate_subject_token(own->front(), *chain);
}

}  // namespace

Result<SubjectSource> read_certificate_source(const JsonObject& source, const SubjectPurpose&) {
  const auto certificate = source.object("certificate");
  if (!certificate) return wrong("is no object");
  Places places{.config = certificate->text("certificate_config_location"),
                .chain = certificate->text("trust_chain_path")};
  const bool by_default = certificate->boolean("use_default_certificate_config").value_or(false);
  if (by_default != places.config.empty()) {
    return wrong(
        "needs either \"use_default_certificate_config\": true or a "
        "\"certificate_config_location\"");
  }
  SubjectSource out{.description =
                        fmt::format("the client certificate of {}",
                                    by_default ? std::string(config_variable) : places.config)};
  out.fetch = [places](const SigningServices& services, const SignContext&) {
    return subject_token(places, services);
  };
  out.identity = [places = std::move(places)](const SigningServices& services) {
    return identity_of(places, *services.environment);
  };
  return out;
}

Result<std::vector<std::string>> certificates_in(std::string_view pem, std::string_view where) {
  constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view end = "-----END CERTIFICATE-----";
  std::vector<std::string> certificates;
  for (auto at = pem.find(begin); at != std::string_view::npos; at = pem.find(begin)) {
    pem.remove_prefix(at + begin.size());
    std::string body(pem.substr(0, pem.find(end)));
    body.erase(std::remove_if(body.begin(), body.end(),
                              [](char c) { return c == '\n' || c == '\r' || c == ' '; }),
               body.end());
    auto der = base64_decode(body);
    if (!der || der->empty() || pem.find(end) == std::string_view::npos) {
      return credentials_error(fmt::format("certificate {} of \"{}\" is damaged",
                                           certificates.size() + 1, printable(where)));
    }
    certificates.push_back(*std::move(der));
  }
  if (!certificates.empty()) return certificates;
  return credentials_error(
      fmt::format("expected a PEM certificate in \"{}\", there is none", printable(where)));
}

Result<Secret> certificate_subject_token(const std::string& leaf,
                                         const std::vector<std::string>& chain) {
  const auto own = std::find(chain.begin(), chain.end(), leaf);
  if (own != chain.begin() && own != chain.end()) {
    return wrong(
        "has a trust chain that holds the workload's own certificate elsewhere than first: put it "
        "first, or leave it out");
  }
  nlohmann::json all = nlohmann::json::array({base64_encode(leaf)});
  for (const std::string& der : chain) {
    if (der != leaf) all.push_back(base64_encode(der));
  }
  return Secret(all.dump());
}

}  // namespace ek
