// The seam between who one is and what is proved. A cloud names the scope; an identity makes a
// signer for it; the call asks the signer for headers at every attempt.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek {

/// What the proof is for. A cloud fills the members of the schemes that it takes; an identity that
/// finds its members empty refuses.
struct SigningScope {
  std::string aws_service{};  ///< SigV4 signing name, "sagemaker"
  std::string aws_region{};
  std::string google_scope{};  ///< OAuth scope URL
  std::string entra_scope{};   ///< "https://ml.azure.com/.default"
  bool accepts_key = false;    ///< A key or ready token as `Authorization: Bearer`
  std::string service{};       ///< For messages: "SageMaker"
  bool operator==(const SigningScope&) const = default;
};

/// For the fetch of a token, should one be needed.
struct SignContext {
  SteadyTime deadline{};
  std::stop_token stop{};
};

/// Proves one identity to one scope. Safe from all threads.
class Signer {
 public:
  virtual ~Signer() = default;
  /// Headers to add to `request`. Fast once a token is there; else fetches one.
  /// Errors: authentication/credentials, naming what is missing or what the token service said.
  virtual Result<std::vector<Header>> sign(const HttpRequest& request,
                                           const SignContext& context) = 0;
  /// The provider refused (401) what sign() gave last. True if signing again will give a new proof.
  virtual bool renew(const std::vector<Header>& refused) = 0;
  /// Who signs, without secrets.
  [[nodiscard]] virtual std::string describe() const = 0;
};

class TokenCache;

/// What a client lends to its signers; outlives them.
struct SigningServices {
  std::shared_ptr<Transport> transport{};
  std::shared_ptr<const Environment> environment{};
  std::shared_ptr<TokenCache> tokens{};
};

/// A way to prove who one is. Immutable; safe from all threads.
class Identity {
 public:
  virtual ~Identity() = default;
  /// Errors: invalid_request for a scope that this identity cannot serve (a Google key for
  /// SageMaker), with both named. Touches no network.
  virtual Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                                     const SigningServices& services) const = 0;
  [[nodiscard]] virtual std::string describe() const = 0;
};

/// An empty one; in signing/token_cache.cpp.
std::shared_ptr<TokenCache> make_token_cache();

}  // namespace ek
