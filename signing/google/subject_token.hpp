// Where a workload that is not at Google gets the token that it exchanges: the "credential_source"
// of an external account (AIP-4117). Each kind is read once and asked at every exchange, since
// such tokens live for minutes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/network.hpp"
#include "endpointkit/secret.hpp"
#include "signing/json_object.hpp"
#include "signing/signer.hpp"

namespace ek {

/// What the token is for; sources pass parts of it on.
struct SubjectPurpose {
  std::string audience{};
  std::string token_type{};         ///< "urn:ietf:params:oauth:token-type:jwt"
  std::string impersonated_mail{};  ///< "" if no service account is impersonated.
};

struct SubjectSource {
  std::string description{};  ///< "the file /var/run/token", for people and cache keys.
  /// Blocks. Safe from all threads. Errors: authentication/credentials, naming the source.
  std::function<Result<Secret>(const SigningServices& services, const SignContext& context)>
      fetch{};
  /// Shown to the token service in the TLS handshake; null if the token proves itself. Names files
  /// and reads no key.
  std::function<Result<TlsIdentity>(const SigningServices& services)> identity{};
};

/// Errors: authentication/credentials if there is no source, more than one, or one that is not
/// complete or not trusted.
Result<SubjectSource> read_subject_source(const JsonObject& credential_source,
                                          const SubjectPurpose& purpose);

/// How a file or an answer holds the token.
struct SubjectFormat {
  std::string field{};  ///< Of a JSON object; "" if the whole text is the token.
};
Result<SubjectFormat> read_subject_format(const JsonObject& credential_source);
/// Errors: authentication/credentials, naming `where`, if there is no token in `text`.
Result<Secret> subject_token_in(std::string_view text, const SubjectFormat& format,
                                std::string_view where);

}  // namespace ek
