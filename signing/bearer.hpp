// Secrets that are sent as they are, and the one place that decides where they may go.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/transport.hpp"
#include "endpointkit/secret.hpp"
#include "signing/signer.hpp"
#include "signing/token_cache.hpp"

namespace ek {

/// A secret travels over https, or to this very machine.
/// Errors: authentication/credentials for http to another host, naming the URL without its query.
Result<void> check_secret_may_go_to(std::string_view url);

/// `Authorization: Bearer …` for a request that passed check_secret_may_go_to().
/// Errors: authentication/credentials if the secret cannot stand in a header.
Result<std::vector<Header>> bearer_headers(const Secret& secret);

/// Sends a token of `source` out of the client's cache. `description` says who, without secrets.
std::shared_ptr<Signer> make_token_signer(TokenSource source, std::string description,
                                          const SigningServices& services);

/// Sends `key` itself. `origin` says where it is from: "from AZUREML_ENDPOINT_API_KEY", or "".
std::shared_ptr<Signer> make_key_signer(Secret key, std::string_view origin = "");

/// For scopes that accept a key.
std::shared_ptr<const Identity> make_key_identity(Secret key);

/// invalid_request: what the identity is, and what the service takes instead.
Error cannot_serve(std::string_view identity, const SigningScope& scope);

}  // namespace ek
