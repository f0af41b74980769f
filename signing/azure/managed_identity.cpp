#include "signing/azure/managed_identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "signing/azure/token_reply.hpp"
#include "signing/credentials_error.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

using Kind = ManagedHostKind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds probe_limit{1000};
constexpr milliseconds connect_limit{5000};
constexpr std::chrono::minutes absence_holds{5};
constexpr std::size_t max_arc_key_bytes = 4096;

Result<HttpResponse> send(const ManagedHost& host, const HttpRequest& request,
                          const SigningServices& services, const SignContext& context,
                          milliseconds connect) {
  return fetch(*services.transport, request,
               {.deadline = context.deadline,
                .stop = context.stop,
                .connect_timeout = connect,
                .bypass_proxy = true,
                .tls = {.server_thumbprint = host.thumbprint},
                .now = services.environment->steady_now});
}

// A lane without exchanges waits for the time or for its stop, and for nothing else.
void wait_until(SteadyTime due, const SigningServices& services, const SignContext& context) {
  const auto lane = services.transport->open_lane();
  const std::stop_callback on_stop(context.stop, [&] { lane->wake(); });
  constexpr int most_wakes = 100;  // of a lane that cannot wait, and would return at once for ever
  for (int i = 0; i < most_wakes; ++i) {
    if (context.stop.stop_requested() || services.environment->steady_now() >= due) return;
    lane->wait(due);
  }
}

// How long to wait before the next try, the first being number 1; none to give up.
std::optional<milliseconds> pause_after(Kind kind, int status, int tries) {
  const bool imds = kind == Kind::imds;
  if (imds && status == 410) return tries <= 7 ? std::optional(seconds(10)) : std::nullopt;
  const bool passing = status == 404 || status == 408 || status == 429 ||
                       (imds ? status >= 500 : status == 500 || status == 503 || status == 504);
  if (!passing || tries > 3) return std::nullopt;
  return imds ? seconds(1 << (tries - 1)) : seconds(1);
}

std::string_view advice_for(Kind kind, const HttpResponse& answer) {
  if (kind == Kind::imds && answer.head.status == 400) {
    return "Nobody assigned an identity to this machine, or not the one that was asked for: assign "
           "it, or use another identity";
  }
  return "";
}

Error host_refusal(const ManagedHost& host, const HttpRequest& request, HttpResponse answer) {
  for (const Header& header : request.headers) {
    if (header.sensitive)
      scrub(answer.body, Secret(header.value.substr(header.value.find(' ') + 1)));
  }
  return refusal(fmt::format("{} (managed identity)", to_string(host.kind)), answer,
                 advice_for(host.kind, answer));
}

Error unreachable(const ManagedHost& host, Error error) {
  error.message = fmt::format("asking {} for the managed identity's token: {}{}",
                              to_string(host.kind), error.message,
                              !host.thumbprint.empty() && error.phase == Phase::tls
                                  ? ". The thumbprint is that of IDENTITY_SERVER_THUMBPRINT"
                                  : "");
  error.retryable = is_passing(error);
  return error;
}

// Sends until the host gives a token, refuses for good, or the time is over.
Result<HttpResponse> ask_host(const ManagedHost& host, const HttpRequest& request,
                              const SigningServices& services, const SignContext& context) {
  for (int tries = 1;; ++tries) {
    auto answer = send(host, request, services, context, connect_limit);
    if (!answer) {
      const bool again =
          tries == 1 && answer.error().code != ErrorCode::timeout && is_passing(answer.error());
      if (again) continue;
      return unreachable(host, std::move(answer).error());
    }
    if (answer->head.status == 200 && !is_refusal(*answer)) return answer;
    Error error = host_refusal(host, request, *answer);
    auto pause = pause_after(host.kind, answer->head.status, tries);
    if (!pause) return error;
    if (error.retry_after) pause = std::max(*pause, *error.retry_after);
    const SteadyTime due = services.environment->steady_now() + *pause;
    if (due >= context.deadline) return error;
    wait_until(due, services, context);
  }
}

// Arc proves by a file that the asker may read what only the machine's trusted may read.
Result<HttpRequest> with_arc_key(HttpRequest request, const ManagedHost& host,
                                 const SigningServices& services, const SignContext& context) {
  auto answer = send(host, request, services, context, connect_limit);
  if (!answer) return unreachable(host, std::move(answer).error());
  auto path = arc_key_path(*answer, *services.environment);
  if (!path) return std::move(path).error();
  auto text = services.environment->read_file(*path);
  if (!text) return std::move(text).error();
  const Secret key(*std::move(text));
  if (key.reveal().size() > max_arc_key_bytes) {
    return credentials_error(fmt::format("expected a key of at most {} bytes in \"{}\"",
                                         max_arc_key_bytes, printable(*path)));
  }
  request.headers.push_back({"authorization", "Basic " + std::string(trim(key.reveal())), true});
  return request;
}

// IMDS gives the same token for a day; half of its life is a good time to look for the next.
void refresh_at_half_life(Token& token) {
  if (!token.refresh_in && token.lifetime > std::chrono::hours(2))
    token.refresh_in = token.lifetime / 2;
}

// Who else answers at that address, or "" if it may be Azure.
std::string_view stranger_in(const HttpResponse& answer) noexcept {
  if (!answer.head.header("metadata-flavor").empty()) return "this is Google's";
  if (iequals(answer.head.header("server"), "EC2ws")) return "this is Amazon's";
  // Azure's own refusals are JSON. Docker Desktop answers for hosts that it cannot reach, gateways
  // for those that they let nobody reach.
  if (answer.head.status == 403 && !trim(answer.body).starts_with('{'))
    return "HTTP 403, something in between lets nobody pass";
  return "";
}

std::string name_of(const AzureManagedIdentity& identity) {
  for (const std::string* id : {&identity.client_id, &identity.object_id, &identity.resource_id}) {
    if (!id->empty()) return fmt::format("managed identity {}", clip(printable(*id), 200));
  }
  return "system-assigned managed identity";
}

}  // namespace

Result<Token> fetch_managed_identity_token(const ManagedHost& host,
                                           const AzureManagedIdentity& identity,
                                           const EntraAsk& ask, const SigningServices& services,
                                           const SignContext& context) {
  if (!ask.claims.empty()) {
    return credentials_error(
        "the service wants a token with more claims, which managed identities cannot ask for");
  }
  auto request = managed_identity_request(host, identity, ask.scope);
  if (request && host.kind == Kind::azure_arc)
    request = with_arc_key(*std::move(request), host, services, context);
  if (!request) return std::move(request).error();
  auto answer = ask_host(host, *request, services, context);
  if (!answer) return std::move(answer).error();
  auto token =
      parse_entra_token(answer->body, std::chrono::floor<seconds>(services.environment->now()));
  if (token) refresh_at_half_life(*token);
  return token;
}

Result<bool> imds_is_there(const ManagedHost& host, const SigningServices& services,
                           const SignContext& context, std::string& why_not) {
  const std::string key = "Azure " + host.endpoint;
  const SteadyTime began = services.environment->steady_now();
  if (const auto known = services.tokens->absent(key, began)) {
    why_not = known->message;
    return false;
  }
  // Without its header it gives nothing but an error, which is all that we want to see.
  const SignContext limited{.deadline = std::min(context.deadline, began + probe_limit),
                            .stop = context.stop};
  const auto answer =
      send(host, {.method = "GET", .url = host.endpoint}, services, limited, probe_limit);
  const std::string_view stranger = answer ? stranger_in(*answer) : "";
  if (answer && stranger.empty()) return true;
  const SteadyTime now = services.environment->steady_now();
  if (!answer && (context.stop.stop_requested() || now >= context.deadline)) return answer.error();
  const Error absent =
      credentials_error(fmt::format("no answer from {}: {}", to_string(host.kind),
                                    answer ? std::string(stranger) : answer.error().message));
  services.tokens->note_absent(key, absent, now + absence_holds);
  why_not = absent.message;
  return false;
}

EntraMethod managed_identity_method(const ManagedHost& host, AzureManagedIdentity identity) {
  EntraMethod method{
      .key = fmt::format("managed {} {} {} {}", host.endpoint, identity.client_id,
                         identity.object_id, identity.resource_id),
      .description = fmt::format("Azure {} of {}", name_of(identity), to_string(host.kind))};
  method.fetch = [host, identity = std::move(identity)](const EntraAsk& ask,
                                                        const SigningServices& services,
                                                        const SignContext& context) {
    return fetch_managed_identity_token(host, identity, ask, services, context);
  };
  return method;
}

std::shared_ptr<const Identity> make_managed_identity(AzureManagedIdentity identity) {
  std::string description = "Azure " + name_of(identity);
  return make_entra_identity(
      "an Azure managed identity", std::move(description),
      [identity = std::move(identity)](const Environment& environment) -> Result<EntraMethod> {
        const ManagedHost host = managed_host(detect_managed_host(environment), environment);
        return managed_identity_method(host, identity);
      });
}

}  // namespace ek
