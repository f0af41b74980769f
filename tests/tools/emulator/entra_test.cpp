#include <array>

#include "emulator_fixture.hpp"

namespace ek::emulator {
namespace {

using testing::HasSubstr;

using Entra = EmulatorTest;

TEST_F(Entra, IssuesATokenForTheSecret) {
  const Got got = entra(entra_form());
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.parsed()["token_type"], "Bearer");
  EXPECT_EQ(got.parsed()["expires_in"], 3599);
  EXPECT_EQ(json::parse(emulator_->stats_json())["tokens_issued"]["entra"], 1);
}

TEST_F(Entra, KeepsTheDoubleSlashOfAnAudienceWithASlash) {
  auto form = entra_form();
  form["scope"] = "https://management.azure.com//.default";
  EXPECT_EQ(entra(form).status, 200);
}

struct WrongField {
  const char* name;
  const char* value;
  int status;
  const char* error;
  int code;
};
constexpr auto wrong_fields = std::to_array<WrongField>({
    {"client_id", "00000000-0000-0000-0000-000000000000", 400, "unauthorized_client", 700016},
    {"client_secret", "wrong", 401, "invalid_client", 7000215},
    {"client_assertion", "a.b.c", 400, "invalid_request", 900144},
    {"scope", "https://ml.azure.com", 400, "invalid_scope", 1002012},
    {"scope", "https://ml.azure.com/.default openid", 400, "invalid_scope", 70011},
    {"scope", "https://example.com/.default", 400, "invalid_resource", 500011},
    {"scope", "", 400, "invalid_request", 900144},
    {"grant_type", "", 400, "invalid_request", 900144},
    {"grant_type", "password", 400, "unsupported_grant_type", 70003},
});

TEST_F(Entra, RefusesWrongFieldsByTheirCode) {
  for (const WrongField& wrong : wrong_fields) {
    auto form = entra_form();
    form[wrong.name] = wrong.value;
    const Got got = entra(form);
    EXPECT_EQ(got.status, wrong.status) << wrong.name << ' ' << wrong.value;
    EXPECT_EQ(got.parsed()["error"], wrong.error) << wrong.name << ' ' << wrong.value;
    EXPECT_EQ(got.parsed()["error_codes"], json::array({wrong.code}));
    EXPECT_THAT(got.parsed()["error_description"].get<std::string>(),
                HasSubstr("AADSTS" + std::to_string(wrong.code) + ": "));
  }
}

TEST_F(Entra, RefusesAnotherTenant) {
  const Got unknown = post_form("/contoso.onmicrosoft.com/oauth2/v2.0/token", entra_form());
  EXPECT_EQ(unknown.parsed()["error_codes"], json::array({90002}));
  const Got common = post_form("/common/oauth2/v2.0/token", entra_form());
  EXPECT_EQ(common.parsed()["error_codes"], json::array({50194}));
}

TEST_F(Entra, TellsWhereItsTokenEndpointIsAlsoBehindTls) {
  const std::string tenant = variable("AZURE_TENANT_ID");
  const std::string path = "/" + tenant + "/v2.0/.well-known/openid-configuration";
  const Got plain = send("GET", path, {}, "");
  EXPECT_EQ(plain.parsed()["token_endpoint"],
            emulator_->base_url() + "/" + tenant + "/oauth2/v2.0/token");
  const Got tls = send("GET", path, {{"Host", "localhost:1"}, {"X-Forwarded-Proto", "https"}}, "");
  EXPECT_EQ(tls.parsed()["token_endpoint"], "https://localhost:1/" + tenant + "/oauth2/v2.0/token");
  EXPECT_EQ(send("GET", "/other/v2.0/.well-known/openid-configuration", {}, "").status, 400);
}

TEST_F(Entra, DoesNotRepeatTheSecret) {
  auto form = entra_form();
  form["client_id"] = "wrong";
  EXPECT_THAT(entra(form).body, testing::Not(HasSubstr(form["client_secret"])));
}

}  // namespace
}  // namespace ek::emulator
