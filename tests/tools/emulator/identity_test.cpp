#include "tools/emulator/identity.hpp"

#include <sys/stat.h>

#include "emulator_fixture.hpp"
#include "support/test_path.hpp"

namespace ek::emulator {
namespace {

using Identity = EmulatorTest;

TEST_F(Identity, RefusesWhatItDoesNotKnowOrHasNoFolderFor) {
  const auto unknown = Emulator::start({.identities = {"nobody"}, .identity_folder = "/tmp"});
  EXPECT_THAT(unknown, test::FailsWith(testing::HasSubstr("known are imds, ecs")));
  EXPECT_THAT(Emulator::start({.identities = {"imds"}}),
              test::FailsWith(testing::HasSubstr("folder")));
  EXPECT_THAT(Emulator::start({.identities = {"certificate"}, .identity_folder = "/tmp"}),
              test::FailsWith(testing::HasSubstr("needs a certificate")));
}

TEST_F(Identity, TakesOnePlaceACloudAndLeavesTheOthersTheirKeys) {
  start({.identities = {"imds", "adc-metadata"}, .identity_folder = test::test_path("two")});
  EXPECT_EQ(variable("AWS_ACCESS_KEY_ID"), "");
  EXPECT_EQ(variable("GCE_METADATA_HOST").empty(), false);
  EXPECT_EQ(variable("AZURE_CLIENT_SECRET").empty(), false);
}

TEST_F(Identity, WritesFilesForTheirOwnerOnly) {
  start_at("irsa");
  struct stat info {};
  ASSERT_EQ(stat(variable("AWS_WEB_IDENTITY_TOKEN_FILE").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

}  // namespace
}  // namespace ek::emulator
