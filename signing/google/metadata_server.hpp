// The metadata server of Google's machines (Compute Engine, GKE, Cloud Run, …), which knows the
// service account that is attached to them. https://cloud.google.com/compute/docs/metadata
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "signing/chain.hpp"
#include "signing/google/account.hpp"

namespace ek {

/// One question. `path` stands below /computeMetadata/v1/. GCE_METADATA_HOST, or the older
/// GCE_METADATA_ROOT, is asked in place of metadata.google.internal. Pure.
HttpRequest metadata_request(const Environment& environment, std::string_view path);

/// Asks, past every proxy. Errors: authentication/credentials if something answers that is not the
/// metadata server (it has no Metadata-Flavor header: a captive portal, say) or there is no such
/// thing (404); unavailable and rate_limit, retryable, while it starts or is asked too much.
Result<std::string> fetch_metadata(std::string_view path, const SigningServices& services,
                                   const SignContext& context);

/// The project of this machine.
Result<std::string> fetch_metadata_project(const SigningServices& services,
                                           const SignContext& context);
/// Older servers know no universe: then it is googleapis.com.
Result<std::string> fetch_metadata_universe(const SigningServices& services,
                                            const SignContext& context);

/// Whether this is a machine of Google's. What is known without asking comes first: NO_GCE_CHECK
/// and METADATA_SERVER_DETECTION, GCE_METADATA_HOST, the variables of Cloud Run and its like, the
/// BIOS. Else the server is asked once and has a second; the client remembers what came out.
/// `why_not` says how it was found that it is none. Errors: cancelled, or timeout if the caller's
/// own time ran out.
Result<bool> is_at_google(const SigningServices& services, const SignContext& context,
                          std::string& why_not);

/// The account attached to this machine, or to its pod.
GoogleAccountPtr make_metadata_account(std::string universe_domain);

CredentialSource google_metadata_source();

}  // namespace ek
