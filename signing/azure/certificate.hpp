// Entra applications with a certificate: a short-lived JWT signed with its key is the proof.
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "endpointkit/azure_credentials.hpp"
#include "endpointkit/error.hpp"
#include "signing/azure/entra_signer.hpp"
#include "signing/crypto/certificate.hpp"
#include "signing/signer.hpp"

namespace ek {

/// Errors: as check_application(); authentication for a certificate that cannot be used. That of a
/// file is looked at when a token is wanted.
Result<AzureCertificate> check_certificate(AzureCertificate application);

/// How an assertion is signed and what its header tells.
struct AssertionForm {
  bool rs256 = false;
  bool send_chain = false;
};
/// Compact JSON.
std::string assertion_header(const ClientCertificate& certificate, const AssertionForm& form);
/// Compact JSON; valid for ten minutes.
std::string assertion_claims(std::string_view audience, std::string_view client_id,
                             std::string_view id, std::chrono::sys_seconds now);

/// `application` must have passed check_certificate().
EntraMethod certificate_method(AzureCertificate application);
std::shared_ptr<const Identity> make_certificate_identity(AzureCertificate application);

}  // namespace ek
