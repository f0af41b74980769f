#include "signing/azure/challenge.hpp"

#include <gmock/gmock.h>

#include "base/base64.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

HttpHead answer(std::vector<std::string> challenges) {
  HttpHead head{.status = 401};
  for (std::string& one : challenges) head.headers.push_back({"WWW-Authenticate", std::move(one)});
  return head;
}
std::string insufficient(const std::string& claims) {
  return R"(Bearer realm="", error="insufficient_claims", claims=")" + base64_encode(claims) + '"';
}

TEST(Challenge, IsReadWithQuotesListsAndSeveralSchemes) {
  const auto all =
      parse_challenges(R"(Basic realm="a, \"b\"", Bearer  error=x ,Claims="y==", Negotiate)");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].scheme, "basic");
  EXPECT_EQ(all[0].parameters.at("realm"), "a, \"b\"");
  EXPECT_EQ(all[1].parameters.at("error"), "x");
  EXPECT_EQ(all[1].parameters.at("claims"), "y==");
  EXPECT_EQ(all[2].scheme, "negotiate");
}

TEST(Challenge, EndsWhereItIsNoMore) {
  for (const char* text : {"", " , ", "=", "a=b", "\"", "Bearer x=\"open", "Bearer x=\"\\"})
    EXPECT_LE(parse_challenges(text).size(), 1u) << text;
}

TEST(ClaimsChallenge, IsFoundAndMergedWithWhatWeCan) {
  const auto found = find_claims_challenge(
      answer({"Basic realm=x",
              "PoP error=\"insufficient_claims\", claims=\"e30=\", " +
                  insufficient(R"({"access_token":{"nbf":{"essential":true,"value":"1"}}})")}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->claims, R"({"access_token":{"nbf":{"essential":true,"value":"1"},)"
                           R"("xms_cc":{"values":["CP1"]}}})");
  EXPECT_EQ(found->tenant, "");
}

TEST(ClaimsChallenge, NamesTheTenantUnlessItIsAShared) {
  const auto tenant = [](const std::string& uri) {
    return find_claims_challenge(
               answer({insufficient("{}") + ", authorization_uri=\"" + uri + '"'}))
        ->tenant;
  };
  EXPECT_EQ(tenant("https://login.windows.net/T/oauth2/authorize"), "T");
  EXPECT_EQ(tenant("https://login.windows.net/common/oauth2/authorize"), "");
  EXPECT_EQ(tenant("http://login.windows.net/T"), "");
}

TEST(ClaimsChallenge, IsNothingElse) {
  const std::vector<std::string> none[] = {
      {},
      {"Bearer"},
      {R"(Bearer error="invalid_token", claims="e30=")"},
      {R"(Bearer error="insufficient_claims")"},
      {R"(Bearer error="insufficient_claims", claims="!")"},
      {R"(Bearer error="insufficient_claims", claims=")" + base64_encode("[]") + '"'}};
  for (const auto& challenges : none) EXPECT_FALSE(find_claims_challenge(answer(challenges)));
}

}  // namespace
}  // namespace ek::test
