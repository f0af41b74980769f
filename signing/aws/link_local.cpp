#include "signing/aws/link_local.hpp"

#include <algorithm>
#include <utility>

namespace ek {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds connect_limit{1000};
constexpr milliseconds try_limit{2000};
constexpr int max_tries = 3;

bool may_pass(const Result<HttpResponse>& answer) {
  if (!answer) return answer.error().code != ErrorCode::cancelled;
  return answer->head.status == 429 || answer->head.status >= 500;
}

}  // namespace

bool gave_up(const SigningServices& services, const SignContext& context) {
  return context.stop.stop_requested() || services.environment->steady_now() >= context.deadline;
}

Result<HttpResponse> ask_link_local(const SigningServices& services, const SignContext& context,
                                    HttpRequest request, milliseconds limit) {
  const SteadyTime due = services.environment->steady_now() + limit;
  return fetch(*services.transport, std::move(request),
               {.deadline = std::min(context.deadline, due),
                .stop = context.stop,
                .connect_timeout = std::min(limit, connect_limit),
                .bypass_proxy = true,
                .now = services.environment->steady_now});
}

Result<HttpResponse> ask_link_local_again(const SigningServices& services,
                                          const SignContext& context, const HttpRequest& request) {
  for (int made = 1;; ++made) {
    auto answer = ask_link_local(services, context, request, try_limit);
    if (made == max_tries || !may_pass(answer) || gave_up(services, context)) return answer;
  }
}

}  // namespace ek
