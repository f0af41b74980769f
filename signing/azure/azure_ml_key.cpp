#include "signing/azure/azure_ml_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "signing/azure/authority.hpp"
#include "signing/azure/invalid.hpp"
#include "signing/bearer.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr std::string_view service = "Azure Resource Manager";
constexpr std::string_view api_version = "2024-10-01";
// A key has no end; asking once a day lets one hear of a new one before the old is gone.
constexpr seconds key_lifetime = std::chrono::hours(24);

bool is_segment(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '(' || c == ')';
  }) && text.find_first_not_of('.') != std::string_view::npos;
}

Error no_proof(AzureMlProof proof, std::string_view what) {
  return {.code = ErrorCode::server_error,
          .phase = Phase::credentials,
          .message = fmt::format("expected the endpoint's {} from {}, but {}",
                                 proof == AzureMlProof::key ? "keys" : "token", service, what)};
}

std::optional<seconds> until(const json& reply, const char* name, std::chrono::sys_seconds now) {
  const auto found = reply.find(name);
  if (found == reply.end() || !found->is_number_integer()) return std::nullopt;
  const auto time = found->get<std::int64_t>();
  constexpr std::int64_t last_second = 253'402'300'799;
  if (time < 0 || time > last_second) return std::nullopt;
  return std::max(seconds(time) - now.time_since_epoch(), seconds(0));
}

Error arm_refusal(const HttpResponse& response, AzureMlProof proof) {
  std::string advice;
  if (response.head.status == 401 || response.head.status == 403) {
    advice = fmt::format(
        "The identity that asks needs the action "
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/{}/action",
        proof == AzureMlProof::key ? "listKeys" : "token");
  } else if (response.head.status == 404) {
    advice = "Check subscription, resource group, workspace and the endpoint's name";
  }
  Error error = refusal(service, response, advice);
  if (response.head.status == 403) error.code = ErrorCode::permission;
  if (response.head.status == 404) error.code = ErrorCode::not_found;
  const json reply = json::parse(response.body, nullptr, false);
  const auto said = reply.is_object() ? reply.find("error") : reply.end();
  if (said != reply.end() && said->is_object() && said->contains("code") &&
      said->at("code").is_string()) {
    error.provider_code = said->at("code").get<std::string>();
  }
  error.request_id = response.head.header("x-ms-request-id");
  return error;
}

Result<HttpResponse> ask(const std::string& url, Signer& signer, const SigningServices& services,
                         const SignContext& context) {
  std::vector<Header> shown;
  const auto make = [&]() -> Result<HttpRequest> {
    HttpRequest request{.method = "POST", .url = url, .headers = {{"accept", "application/json"}}};
    auto proof = signer.sign(request, context);
    if (!proof) return std::move(proof).error();
    shown = *std::move(proof);
    request.headers.insert(request.headers.end(), shown.begin(), shown.end());
    return request;
  };
  auto answer = ask_token_service(services, context, service, make);
  if (answer && answer->head.status == 401 && signer.renew_after(answer->head, shown))
    answer = ask_token_service(services, context, service, make);
  if (answer && answer->head.status != 200) {
    for (const Header& header : shown)
      scrub(answer->body, Secret(header.value.substr(header.value.find(' ') + 1)));
  }
  return answer;
}

class AzureMlIdentity final : public Identity {
 public:
  AzureMlIdentity(AzureMlEndpoint endpoint, AzureMlProof proof, std::shared_ptr<const Identity> who)
      : endpoint_(std::move(endpoint)), proof_(proof), who_(std::move(who)) {}

  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (!scope.accepts_key) return cannot_serve("a key of an Azure ML endpoint", scope);
    auto signer = who_->signer_for(
        {.entra_scope = endpoint_.resource_manager + "/.default", .service = std::string(service)},
        services);
    if (!signer) return std::move(signer).error();
    std::string url = azure_ml_url(endpoint_, proof_);
    TokenSource source{.key = fmt::format("azure ml {} {}", url, who_->describe()),
                       .fetch = [url, proof = proof_, signer = *std::move(signer),
                                 lent = SigningServices{.transport = services.transport,
                                                        .environment = services.environment}](
                                    const SignContext& context) -> Result<Token> {
                         auto answer = ask(url, *signer, lent, context);
                         if (!answer) return std::move(answer).error();
                         if (answer->head.status != 200) return arm_refusal(*answer, proof);
                         return parse_azure_ml_proof(
                             proof, answer->body,
                             std::chrono::floor<seconds>(lent.environment->now()));
                       }};
    return make_token_signer(std::move(source), describe(), services);
  }
  [[nodiscard]] std::string describe() const override {
    return fmt::format("{} of the Azure ML endpoint {} in workspace {}, fetched with {}",
                       proof_ == AzureMlProof::key ? "key" : "token", endpoint_.endpoint,
                       endpoint_.workspace, who_->describe());
  }

 private:
  const AzureMlEndpoint endpoint_;
  const AzureMlProof proof_;
  const std::shared_ptr<const Identity> who_;
};

}  // namespace

Result<AzureMlEndpoint> check_azure_ml_endpoint(AzureMlEndpoint endpoint) {
  for (const auto& [what, text] : {std::pair{"subscription id", &endpoint.subscription_id},
                                   std::pair{"resource group", &endpoint.resource_group},
                                   std::pair{"workspace", &endpoint.workspace},
                                   std::pair{"endpoint's name", &endpoint.endpoint}}) {
    if (!is_segment(*text)) {
      return invalid_identity(
          fmt::format("expected the {} of the Azure ML endpoint (letters, digits, - _ . and "
                      "brackets), got \"{}\"",
                      what, clip(printable(*text), 80)));
    }
  }
  auto host = check_authority_host(std::move(endpoint.resource_manager));
  if (!host) return std::move(host).error();
  endpoint.resource_manager = *std::move(host);
  return endpoint;
}

std::string azure_ml_url(const AzureMlEndpoint& endpoint, AzureMlProof proof) {
  return fmt::format(
      "{}/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/"
      "workspaces/{}/onlineEndpoints/{}/{}?api-version={}",
      endpoint.resource_manager, endpoint.subscription_id, endpoint.resource_group,
      endpoint.workspace, endpoint.endpoint, proof == AzureMlProof::key ? "listKeys" : "token",
      api_version);
}

Result<Token> parse_azure_ml_proof(AzureMlProof proof, std::string_view body,
                                   std::chrono::sys_seconds now) {
  const json reply = json::parse(body, nullptr, false);
  if (!reply.is_object()) return no_proof(proof, "its answer is not a JSON object");
  const char* name = proof == AzureMlProof::key ? "primaryKey" : "accessToken";
  const auto value = reply.find(name);
  if (value == reply.end() || !value->is_string() || value->get_ref<const std::string&>().empty())
    return no_proof(proof, fmt::format("its answer has no \"{}\"", name));
  Token token{.value = Secret(value->get<std::string>()), .lifetime = key_lifetime};
  if (proof == AzureMlProof::key) return token;
  const auto end = until(reply, "expiryTimeUtc", now);
  if (!end) return no_proof(proof, "its \"expiryTimeUtc\" is no time");
  token.lifetime = std::min<seconds>(*end, std::chrono::hours(24 * 366));
  token.refresh_in = until(reply, "refreshAfterTimeUtc", now);
  return token;
}

std::shared_ptr<const Identity> make_azure_ml_identity(AzureMlEndpoint endpoint, AzureMlProof proof,
                                                       std::shared_ptr<const Identity> who) {
  return std::make_shared<AzureMlIdentity>(std::move(endpoint), proof, std::move(who));
}

}  // namespace ek
