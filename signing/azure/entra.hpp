// Entra applications: the client credentials grant, proved by a secret or by a signed assertion.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/transport.hpp"
#include "endpointkit/secret.hpp"
#include "signing/azure/entra_signer.hpp"
#include "signing/signer.hpp"
#include "signing/token_cache.hpp"

namespace ek {

struct EntraApplication {
  std::string tenant_id{};
  std::string client_id{};
  std::string authority_host{};  ///< "" for that of the cloud that the scope belongs to.
};

/// The application with its authority without a trailing slash.
/// Errors: invalid_request if a member is empty or wrong; see check_tenant() and
/// check_authority_host().
Result<EntraApplication> check_application(EntraApplication application);

/// Where `ask` goes. The tenant "adfs" means Active Directory Federation Services, which has a path
/// of its own.
std::string token_url(const EntraApplication& application, const EntraAsk& ask);

/// What the application shows: a secret, or a signed assertion (RFC 7523).
struct EntraProof {
  Secret value{};
  bool is_assertion = true;
};
HttpRequest token_request(const EntraApplication& application, const EntraAsk& ask,
                          const EntraProof& proof);

/// Makes the proof for one request, which goes to `audience`; called anew for each.
using MakeEntraProof =
    std::function<Result<EntraProof>(const std::string& audience, const Environment& environment)>;

/// `application` must have passed check_application(). `proof` names the kind of proof: "secret".
EntraMethod application_method(EntraApplication application, std::string_view proof,
                               MakeEntraProof make);

/// What an error answer of Entra means, and what to do about it.
Error entra_refusal(const HttpResponse& response);

}  // namespace ek
