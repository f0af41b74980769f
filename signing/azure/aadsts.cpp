#include "signing/azure/aadsts.hpp"

#include <algorithm>
#include <array>

namespace ek {
namespace {

struct Advice {
  std::string_view code;
  std::string_view text;
};

// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
constexpr std::array<Advice, 31> advices = {{
    {"7000215", "Give the secret's value, not its ID; the value is shown only when it is created"},
    {"7000222", "The client secret has expired: create a new one for the application"},
    {"700016", "The application is not in this tenant: check the client id and the tenant id"},
    {"90002",
     "There is no such tenant, or it is in another cloud: check the tenant id and the "
     "authority host"},
    {"70011", "The scope must be one resource followed by /.default"},
    {"1002012", "The scope must be one resource followed by /.default"},
    {"500011", "The tenant does not know this resource: check the scope and the tenant id"},
    {"500014", "The resource is disabled in this tenant"},
    {"7000112", "The application is disabled in its tenant"},
    {"70001", "The application is unknown or disabled in this tenant"},
    {"50194", "The application is for one tenant only: give that tenant's id"},
    {"9001023", "Give the id of a tenant, not \"common\" or \"organizations\""},
    {"90038", "The tenant is in another cloud: set the authority host of that cloud"},
    {"900432", "The tenant is in another cloud: set the authority host of that cloud"},
    {"900382", "The tenant is in another cloud: set the authority host of that cloud"},
    {"53003", "A conditional access policy of the tenant blocks the application"},
    {"700024",
     "Check the clock of this machine; with a federated token, that its file is renewed in time"},
    {"700027",
     "The application does not know this certificate, or it has expired: upload it to the "
     "application"},
    {"700030", "Subject or issuer of the certificate are not the ones that the application trusts"},
    {"70021", "No federated credential of the application matches; a new one takes some minutes"},
    {"700211", "No federated credential of the application has the issuer of this token"},
    {"700212", "No federated credential of the application has the audience of this token"},
    {"700213", "No federated credential of the application has the subject of this token"},
    {"70023", "The federated token lives longer than Entra allows: use a projected one"},
    {"50049", "There is no such authority: check the authority host"},
    {"650057", "The application may not ask for this resource: check the scope"},
    {"50076", "Several factors are wanted: sign in again, or use an identity without a person"},
    {"50079", "Several factors are wanted: sign in again, or use an identity without a person"},
    {"90014", "A field is missing in the request: check the scope"},
    {"900144", "A field is missing in the request: check the scope"},
    {"50196", "The same request was sent too often; wait some minutes"},
}};

constexpr std::array<std::string_view, 5> passing = {"90006", "90012", "90024", "90033", "90055"};

}  // namespace

std::string_view aadsts_code(std::string_view description) noexcept {
  constexpr std::string_view prefix = "AADSTS";
  const auto at = description.find(prefix);
  if (at == std::string_view::npos) return {};
  description.remove_prefix(at + prefix.size());
  return description.substr(0, description.find_first_not_of("0123456789"));
}

std::string_view aadsts_advice(std::string_view code) noexcept {
  const auto found = std::find_if(advices.begin(), advices.end(),
                                  [&](const Advice& advice) { return advice.code == code; });
  return found == advices.end() ? std::string_view() : found->text;
}

bool is_passing_aadsts(std::string_view code) noexcept {
  return std::find(passing.begin(), passing.end(), code) != passing.end();
}

}  // namespace ek
