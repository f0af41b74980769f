// The seam between who one is and what is proved. A cloud names the scope; an identity makes a
// signer for it; the call asks the signer for headers at every attempt.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "endpointkit/credential_report.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek {

/// What the proof is for. A cloud fills the members of the schemes that it takes; an identity that
/// finds its members empty refuses.
struct SigningScope {
  std::string aws_service{};  ///< SigV4 signing name, "sagemaker"
  std::string aws_region{};
  bool aws_bearer = false;        ///< A presigned URL as bearer token, instead of SigV4.
  std::string google_scope{};     ///< OAuth scope URL
  std::string google_audience{};  ///< If not empty: an id token for it, not one for google_scope.
  std::string entra_scope{};      ///< "https://ml.azure.com/.default"
  bool accepts_key = false;       ///< A key or ready token as `Authorization: Bearer`
  std::string service{};          ///< For messages: "SageMaker"
  bool operator==(const SigningScope&) const = default;
};

/// Whether sign() may fetch a token, and what became of that.
struct FetchNotes {
  bool may_fetch = true;
  bool due = false;   ///< It might not, and had to: what it gave is an error without meaning.
  bool made = false;  ///< It did.
};

/// For the fetch of a token, should one be needed.
struct SignContext {
  SteadyTime deadline{};
  std::stop_token stop{};
  FetchNotes* notes = nullptr;  ///< Null: it may, and nobody wants to know.

  /// To be asked before anything that may block; notes that it was due if it is not allowed.
  [[nodiscard]] bool may_fetch() const noexcept {
    if (notes != nullptr && !notes->may_fetch) notes->due = true;
    return notes == nullptr || notes->may_fetch;
  }
};

/// What sign() gives where it may not fetch and would have to.
Error fetch_is_due();

class TokenCache;

/// What a client lends to its signers; outlives them.
struct SigningServices {
  std::shared_ptr<Transport> transport{};
  std::shared_ptr<const Environment> environment{};
  std::shared_ptr<TokenCache> tokens{};
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
  /// The same for a signer that wants the whole answer: its headers may say what a better proof
  /// holds (a claims challenge) or what time it is there.
  virtual bool renew_after([[maybe_unused]] const HttpHead& answer,
                           const std::vector<Header>& refused) {
    return renew(refused);
  }
  /// True if the proof holds the time, so that a server whose clock says otherwise refuses it.
  [[nodiscard]] virtual bool is_dated() const { return false; }
  /// Who signs, without secrets.
  [[nodiscard]] virtual std::string describe() const = 0;

  /// How sign() finds its proof, who one is and until when. May fetch a token, as sign() does.
  /// Errors: in the report.
  virtual CredentialReport explain(const SignContext& context);
  /// Who the provider thinks one is: the ARN, for AWS; else what explain() knows. Asks the provider
  /// where it can be asked.
  virtual Result<std::string> fetch_identity(const SigningServices& services,
                                             const SignContext& context);
  /// Why the provider refused `sent`, which went out with the headers of sign(), as far as this
  /// identity can tell from what it `said`: a sentence, or "". Shows no secret.
  [[nodiscard]] virtual std::string explain_refusal(const HttpRequest& sent,
                                                    const SigningScope& scope,
                                                    std::string_view said) const;
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
