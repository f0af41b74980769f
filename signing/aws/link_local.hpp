// One question to a service on this host's link that hands out keys. It answers within
// milliseconds or not at all, and what it says is for nobody else: no proxy, short timers.
#pragma once

#include <chrono>
#include <functional>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/transport.hpp"
#include "signing/signer.hpp"

namespace ek {

/// Errors: those of fetch(); timeout/credentials after `limit`, which includes connecting.
Result<HttpResponse> ask_link_local(const SigningServices& services, const SignContext& context,
                                    HttpRequest request, std::chrono::milliseconds limit);

struct LinkLocalLimits {
  std::chrono::milliseconds timeout{2000};  ///< Of each try.
  int attempts = 3;                         ///< In total.
  std::chrono::milliseconds connect{1000};  ///< Of that, for connecting.
};
/// The same several times. No connection, a cut answer, 429 and 5xx are tried again; at once, since
/// waiting longer is left to the retry of the call.
Result<HttpResponse> ask_link_local_again(const SigningServices& services,
                                          const SignContext& context, const HttpRequest& request,
                                          const LinkLocalLimits& limits = {});

/// True if the caller gave up: then nothing was learnt about the service.
bool gave_up(const SigningServices& services, const SignContext& context);

}  // namespace ek
