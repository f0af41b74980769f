#include "signing/aws/link_local.hpp"

#include <algorithm>
#include <utility>

#include "signing/oauth.hpp"

namespace ek {
namespace {

using std::chrono::milliseconds;

bool may_pass(const Result<HttpResponse>& answer) {
  if (!answer) return is_passing(answer.error());
  return answer->head.status == 429 || answer->head.status >= 500;
}

Result<HttpResponse> ask(const SigningServices& services, const SignContext& context,
                         HttpRequest request, const LinkLocalLimits& limits) {
  const SteadyTime due = services.environment->steady_now() + limits.timeout;
  return fetch(*services.transport, std::move(request),
               {.deadline = std::min(context.deadline, due),
                .stop = context.stop,
                .connect_timeout = std::min(limits.timeout, limits.connect),
                .bypass_proxy = true,
                .now = services.environment->steady_now});
}

}  // namespace

bool gave_up(const SigningServices& services, const SignContext& context) {
  return context.stop.stop_requested() || services.environment->steady_now() >= context.deadline;
}

Result<HttpResponse> ask_link_local(const SigningServices& services, const SignContext& context,
                                    HttpRequest request, milliseconds limit) {
  return ask(services, context, std::move(request), {.timeout = limit});
}

Result<HttpResponse> ask_link_local_again(const SigningServices& services,
                                          const SignContext& context, const HttpRequest& request,
                                          const LinkLocalLimits& limits) {
  for (int made = 1;; ++made) {
    auto answer = ask(services, context, request, limits);
    if (made == limits.attempts || !may_pass(answer) || gave_up(services, context)) return answer;
  }
}

}  // namespace ek
