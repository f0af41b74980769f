#include "signing/azure/authority.hpp"

#include "support/matchers.hpp"
#include "support/test_environment.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

TEST(AzureAuthority, IsTakenApart) {
  const auto url = parse_authority_url("https://login.example:444/T-1/oauth2/authorize?x=y#z");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->host, "login.example:444");
  EXPECT_EQ(url->tenant, "T-1");
  for (const char* wrong :
       {"http://h/tenant", "https://h", "https://h/", "https://h/a b", "h/t", ""})
    EXPECT_THAT(parse_authority_url(wrong), HasCode(ErrorCode::invalid_request)) << wrong;
}

TEST(AzureTenant, IsAnotherOneOnlyWhereThatIsAllowed) {
  const std::string some[] = {"b", "c"}, all[] = {"*"};
  EXPECT_EQ(resolve_tenant("a", "", {}, "").value(), "a");
  EXPECT_EQ(resolve_tenant("a", "A", {}, "").value(), "a");
  EXPECT_EQ(resolve_tenant("a", "B", some, "").value(), "B");
  EXPECT_EQ(resolve_tenant("a", "d", all, "0").value(), "d");
  EXPECT_EQ(resolve_tenant("a", "b", some, "TRUE").value(), "a");
  EXPECT_EQ(resolve_tenant("ADFS", "b", some, "").value(), "ADFS");
  EXPECT_THAT(resolve_tenant("a", "d", some, ""),
              FailsWith(HasSubstr("AZURE_ADDITIONALLY_ALLOWED_TENANTS")));
}

TEST(AzureTenant, StaysWhereTheEnvironmentDoesNotAllowAnother) {
  const auto clock = std::make_shared<ManualClock>();
  const auto closed = make_environment(clock);
  const auto open =
      make_environment(clock, {.variables = {{"AZURE_ADDITIONALLY_ALLOWED_TENANTS", "x; b ;"}}});
  EXPECT_EQ(tenant_for("a", "b", *closed), "a");
  EXPECT_EQ(tenant_for("a", "b", *open), "b");
  EXPECT_EQ(tenant_for("a", "c", *open), "a");
}

}  // namespace
}  // namespace ek::test
