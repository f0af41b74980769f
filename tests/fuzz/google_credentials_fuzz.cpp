// Credential files of strangers: whatever one says, a POST, which is what carries secrets, goes to
// Google or to this machine, and no program runs.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "conformance/scripted_web.hpp"
#include "signing/google/credential_file.hpp"
#include "support/test_environment.hpp"

namespace {

using namespace ek;

void require(bool good) {
  if (!good) std::abort();
}

bool is_trusted(const Uri& uri, const std::string& universe) {
  const std::string host = to_lower(uri.host);
  return is_loopback(host) || (uri.scheme == "https" &&
                               (host.ends_with(".googleapis.com") ||
                                host == "accounts.google.com" || host.ends_with('.' + universe)));
}

std::shared_ptr<const Environment> make_environment() {
  Environment out = *test::make_environment(std::make_shared<test::ManualClock>());
  out.read_file = [](const std::string&) -> Result<std::string> { return std::string("a file"); };
  out.run_command = [](const std::vector<std::string>&, std::chrono::milliseconds,
                       const std::stop_token&) -> Result<CommandOutput> { std::abort(); };
  return std::make_shared<const Environment>(std::move(out));
}

void use(const GoogleAccount& account) {
  const auto web = std::make_shared<conformance::ScriptedWeb>();
  web->repeat({.head = {.status = 200},
               .body = R"({"access_token":"t","expires_in":3600,"accessToken":"t",)"
                       R"("expireTime":"2030-01-01T00:00:00Z","token":"a.b.c"})"});
  const SigningServices services{.transport = web, .environment = make_environment()};
  const SignContext context{.deadline = SteadyTime::max()};
  (void)account.fetch_access_token("scope", services, context);
  (void)account.fetch_id_token("audience", services, context);
  for (const HttpRequest& request : web->requests()) {
    const auto uri = parse_uri(request.url);
    require(uri && (uri->scheme == "https" || uri->scheme == "http"));
    require(request.method != "POST" || is_trusted(*uri, account.universe_domain()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto account = parse_google_credentials(input, GoogleFileType::any);
  int types = 0;
  for (const auto type :
       {GoogleFileType::service_account, GoogleFileType::authorized_user,
        GoogleFileType::external_account, GoogleFileType::external_account_authorized_user,
        GoogleFileType::impersonated_service_account}) {
    types += parse_google_credentials(input, type) ? 1 : 0;
  }
  require(types == (account ? 1 : 0));
  if (account) use(**account);
  return 0;
}
