// Signs with Entra tokens, wherever they come from, and answers claims challenges: a service that
// wants more of a token (continuous access evaluation) refuses it and says what, and the next one
// is asked for with these claims.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "endpointkit/error.hpp"
#include "signing/signer.hpp"
#include "signing/token_cache.hpp"

namespace ek {

/// What one token is asked for.
struct EntraAsk {
  std::string scope{};
  std::string claims{};  ///< JSON out of a challenge, or "".
  std::string tenant{};  ///< The one that a challenge named, or "".
};

/// One way to get tokens.
struct EntraMethod {
  std::string key{};          ///< What makes its tokens different from those of others. No secrets.
  std::string description{};  ///< Who, without secrets.
  /// Blocks. The services come without a token cache.
  std::function<Result<Token>(const EntraAsk& ask, const SigningServices& services,
                              const SignContext& context)>
      fetch{};
};

/// For a scope with an Entra scope.
std::shared_ptr<Signer> make_entra_signer(EntraMethod method, const SigningScope& scope,
                                          const SigningServices& services);

/// Fetches a token, if none is there, and keeps it in the cache, where the method's signer finds
/// it: to know whether a source that cannot be seen from outside (a program, a metadata service)
/// has an identity. Errors: those of the fetch.
Result<void> try_entra(const EntraMethod& method, const SigningScope& scope,
                       const SigningServices& services, const SignContext& context);

/// `make` gives the method when an endpoint is opened, and may read the environment; its errors are
/// those of opening. `kind` says what it is, for messages: "an Azure application".
using MakeEntraMethod = std::function<Result<EntraMethod>(const Environment& environment)>;
std::shared_ptr<const Identity> make_entra_identity(std::string kind, std::string description,
                                                    MakeEntraMethod make);
/// The same for a method that depends on nothing.
std::shared_ptr<const Identity> make_entra_identity(std::string kind, EntraMethod method);

}  // namespace ek
