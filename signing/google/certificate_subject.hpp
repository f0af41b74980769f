// A workload that is known by an X.509 certificate: it is shown to the token service in the TLS
// handshake, and named by the subject token.
// https://cloud.google.com/iam/docs/workload-identity-federation-with-x509-certificates
#pragma once

#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "signing/google/subject_token.hpp"

namespace ek {

/// "certificate": {"use_default_certificate_config": true} or {"certificate_config_location":
/// PATH}, and maybe "trust_chain_path". The configuration is a file with the paths of certificate
/// and key; the default one is that of GOOGLE_API_CERTIFICATE_CONFIG, else gcloud's own. All files
/// are read again at each exchange, since such certificates live for hours.
/// Errors: authentication/credentials, naming the member.
Result<SubjectSource> read_certificate_source(const JsonObject& source,
                                              const SubjectPurpose& purpose);

/// The DER of each certificate in a PEM text, in its order. Errors: authentication/credentials if
/// there is none, or one that is damaged; `where` names the text.
Result<std::vector<std::string>> certificates_in(std::string_view pem, std::string_view where);

/// The subject token: a JSON array of the certificates, the leaf first. A chain may begin with the
/// leaf, or go without it. Errors: authentication/credentials if it has the leaf elsewhere.
Result<Secret> certificate_subject_token(const std::string& leaf,
                                         const std::vector<std::string>& chain);

}  // namespace ek
