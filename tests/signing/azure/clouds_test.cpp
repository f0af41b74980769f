#include "signing/azure/clouds.hpp"

#include <gtest/gtest.h>

namespace ek::test {
namespace {

TEST(AzureClouds, AreToldByTheHostOfTheScope) {
  struct Case {
    const char *scope, *authority;
  };
  const Case cases[] = {
      {"https://ml.azure.com/.default", "https://login.microsoftonline.com"},
      {"https://ml.azure.us/.default", "https://login.microsoftonline.us"},
      {"https://Management.UsGovCloudApi.net", "https://login.microsoftonline.us"},
      {"https://cognitiveservices.azure.cn:443/.default",
       "https://login.partner.microsoftonline.cn"},
      {"https://azure.us.example/.default", "https://login.microsoftonline.com"},
      {"https://notazure.us.example/ml.azure.us", "https://login.microsoftonline.com"},
      {"api://AzureADTokenExchange", "https://login.microsoftonline.com"},
      {"", "https://login.microsoftonline.com"}};
  for (const Case& test : cases) EXPECT_EQ(azure_cloud_of(test.scope).authority, test.authority);
}

TEST(AzureClouds, KnowTheNamesOfTheirAuthorities) {
  EXPECT_EQ(preferred_authority("STS.windows.net"), "login.microsoftonline.com");
  EXPECT_EQ(preferred_authority("login.chinacloudapi.cn"), "login.partner.microsoftonline.cn");
  EXPECT_EQ(preferred_authority("login.example"), std::nullopt);
}

TEST(AzureResource, IsAScopeWithoutItsEnd) {
  EXPECT_EQ(resource_of("https://a/.default"), "https://a");
  EXPECT_EQ(resource_of("https://a//.default"), "https://a/");
  EXPECT_EQ(resource_of("https://a/"), "https://a/");
  EXPECT_EQ(resource_of("x/.default y/.default"), "x/.default y/.default");
}

}  // namespace
}  // namespace ek::test
