#include "signing/google/key_file.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string user =
    R"({"type":"authorized_user","client_id":"client-0001","client_secret":"PLANTED",)"
    R"("refresh_token":"PLANTED"})";
const std::string gcloud_file = "/home/u/.config/gcloud/application_default_credentials.json";

Result<std::shared_ptr<Signer>> find(const CredentialSource& source, const World& world,
                                     std::string* why = nullptr) {
  const Bench bench(world);
  std::string why_not;
  auto signer = source.find(vertex_scope(), bench.services(), bench.context(), why_not);
  if (why != nullptr) *why = why_not;
  return signer;
}

TEST(KeyFile, MayBeOfAnyType) {
  const auto signer = find(google_key_file_source(),
                           {.variables = {{"GOOGLE_APPLICATION_CREDENTIALS", "/user.json"}},
                            .files = {{"/user.json", user}}})
                          .value();
  EXPECT_EQ(signer->describe(), "Google user of the OAuth client clie…0001");
}

TEST(KeyFile, IsAnErrorIfTheVariableNamesNoUsableFile) {
  const World worlds[] = {{.variables = {{"GOOGLE_APPLICATION_CREDENTIALS", "/none.json"}}},
                          {.variables = {{"GOOGLE_APPLICATION_CREDENTIALS", "/none.json"}},
                           .files = {{"/none.json", R"({"web":{"client_secret":"PLANTED"}})"}}}};
  for (const World& world : worlds) {
    EXPECT_THAT(find(google_key_file_source(), world),
                FailsWith(AllOf(HasSubstr("GOOGLE_APPLICATION_CREDENTIALS"),
                                HasSubstr("/none.json"), Not(HasSubstr("PLANTED")))));
  }
}

#ifndef _WIN32
TEST(GcloudFile, IsInTheFolderOfTheVariableOrInTheHome) {
  const auto path = [](World world) {
    return gcloud_file_path(*make_environment(std::make_shared<ManualClock>(), std::move(world)));
  };
  EXPECT_EQ(path({.variables = {{"HOME", "/home/u"}}}), gcloud_file);
  EXPECT_EQ(path({.variables = {{"HOME", "/home/u"}, {"CLOUDSDK_CONFIG", "/c"}}}),
            "/c/application_default_credentials.json");
  EXPECT_EQ(path({.variables = {{"HOME", "/home/u"}, {"CLOUDSDK_CONFIG", ""}}}), gcloud_file);
  EXPECT_EQ(path({}), std::nullopt);
}

TEST(GcloudFile, GivesItsUserOrSaysThatItIsNotThere) {
  World world{.variables = {{"HOME", "/home/u"}}};
  std::string why_not;
  EXPECT_EQ(find(google_gcloud_file_source(), world, &why_not).value(), nullptr);
  EXPECT_THAT(why_not, HasSubstr(gcloud_file));
  world.files[gcloud_file] = user;
  EXPECT_NE(find(google_gcloud_file_source(), world).value(), nullptr);
  world.files[gcloud_file] = "{}";
  EXPECT_THAT(find(google_gcloud_file_source(), world),
              FailsWith(AllOf(HasSubstr("gcloud's file"), HasSubstr(gcloud_file))));
}
#endif

TEST(GcloudFile, IsNotLookedForWithoutAHome) {
  std::string why_not;
  EXPECT_EQ(find(google_gcloud_file_source(), {}, &why_not).value(), nullptr);
  EXPECT_THAT(why_not, Not(IsEmpty()));
}

}  // namespace
}  // namespace ek::test
