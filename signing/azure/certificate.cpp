#include "signing/azure/certificate.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "base/uuid.hpp"
#include "signing/azure/authority.hpp"
#include "signing/azure/entra.hpp"
#include "signing/azure/invalid.hpp"
#include "signing/crypto/sha1.hpp"
#include "signing/crypto/sha256.hpp"
#include "signing/json_members.hpp"
#include "signing/jwt.hpp"

namespace ek {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::seconds lifetime = std::chrono::minutes(10);

Result<ClientCertificate> load(const AzureCertificate& application,
                               const Environment& environment) {
  if (!application.certificate.empty())
    return parse_client_certificate(application.certificate.reveal(), application.password);
  auto text = environment.read_file(application.certificate_path);
  if (!text) return std::move(text).error();
  const Secret bytes(*std::move(text));
  return parse_client_certificate(bytes.reveal(), application.password);
}

Result<EntraProof> prove(const AzureCertificate& application, const std::string& audience,
                         const Environment& environment) {
  auto certificate = load(application, environment);
  if (!certificate) return std::move(certificate).error();
  const AssertionForm form{.rs256 = application.rs256 || is_adfs(application.tenant_id),
                           .send_chain = application.send_chain};
  const auto now = std::chrono::floor<std::chrono::seconds>(environment.now());
  auto token = sign_jws(
      assertion_header(*certificate, form),
      assertion_claims(audience, application.client_id, make_uuid(environment.random), now),
      certificate->key, form.rs256 ? JwsAlgorithm::rs256 : JwsAlgorithm::ps256);
  if (!token) return std::move(token).error();
  return EntraProof{.value = Secret(*std::move(token))};
}

}  // namespace

Result<AzureCertificate> check_certificate(AzureCertificate application) {
  auto checked = check_application({.tenant_id = application.tenant_id,
                                    .client_id = application.client_id,
                                    .authority_host = application.authority_host});
  if (!checked) return std::move(checked).error();
  application.authority_host = std::move(checked->authority_host);
  if (application.certificate.empty() && application.certificate_path.empty())
    return invalid_identity("give a certificate, or the path of its file");
  if (application.certificate.empty()) return application;
  auto good = parse_client_certificate(application.certificate.reveal(), application.password);
  if (!good) return std::move(good).error();
  return application;
}

std::string assertion_header(const ClientCertificate& certificate, const AssertionForm& form) {
  const std::string& own = certificate.chain.front();
  ordered_json header;
  if (form.rs256) {
    const std::string thumbprint = sha1(own);
    std::string key_id = to_hex(thumbprint);
    std::transform(key_id.begin(), key_id.end(), key_id.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
    header = {{"x5t", base64url_encode(thumbprint)}, {"kid", key_id}, {"alg", "RS256"}};
    header["typ"] = "JWT";
  } else {
    header = {
        {"alg", "PS256"}, {"typ", "JWT"}, {"x5t#S256", base64url_encode(view(Sha256().hash(own)))}};
  }
  if (form.send_chain) {
    // Base64 with padding here, unlike all around it (RFC 7515 §4.1.6).
    for (const std::string& der : certificate.chain) header["x5c"].push_back(base64_encode(der));
  }
  return dump(header);
}

std::string assertion_claims(std::string_view audience, std::string_view client_id,
                             std::string_view id, std::chrono::sys_seconds now) {
  const auto begin = now.time_since_epoch();
  return dump(ordered_json{{"aud", audience},
                           {"iss", client_id},
                           {"sub", client_id},
                           {"jti", id},
                           {"nbf", begin.count()},
                           {"exp", (begin + lifetime).count()}});
}

EntraMethod certificate_method(AzureCertificate application) {
  EntraApplication who{.tenant_id = application.tenant_id,
                       .client_id = application.client_id,
                       .authority_host = application.authority_host};
  return application_method(std::move(who), "certificate",
                            [application = std::move(application)](const std::string& audience,
                                                                   const Environment& environment) {
                              return prove(application, audience, environment);
                            });
}

std::shared_ptr<const Identity> make_certificate_identity(AzureCertificate application) {
  return make_entra_identity("an Azure application", certificate_method(std::move(application)));
}

}  // namespace ek
