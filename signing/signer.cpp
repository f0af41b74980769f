#include "signing/signer.hpp"

namespace ek {

Error fetch_is_due() {
  return {.code = ErrorCode::timeout,
          .phase = Phase::credentials,
          .message = "a token has to be fetched, and this thread must not wait for it"};
}

CredentialReport Signer::explain(const SignContext&) { return {.identity = describe()}; }

Result<std::string> Signer::fetch_identity(const SigningServices&, const SignContext& context) {
  CredentialReport report = explain(context);
  if (report.error) return *std::move(report.error);
  return std::move(report.identity);
}

std::string Signer::explain_refusal(const HttpRequest&, const SigningScope&,
                                    std::string_view) const {
  return {};
}

}  // namespace ek
