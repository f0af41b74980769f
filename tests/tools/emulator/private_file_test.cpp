#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/matchers.hpp"
#include "support/test_path.hpp"
#include "tools/emulator/emulator.hpp"

namespace ek::emulator {
namespace {

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(PrivateFile, IsForItsOwnerOnlyAlsoWhenItReplacesAnother) {
  const std::string path = test::test_path("private");
  std::ofstream(path) << "old and longer than the new one";
  ::chmod(path.c_str(), 0644);
  ASSERT_THAT(write_private_file(path, "new"), test::IsOk());
  EXPECT_EQ(read(path), "new");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  std::filesystem::remove(path);
}

TEST(PrivateFile, NamesThePathThatItCannotWrite) {
  EXPECT_THAT(write_private_file("/nonexistent/folder/file", "x"),
              test::FailsWith(testing::HasSubstr("/nonexistent/folder/file")));
}

TEST(RemoveOldFile, LeavesNothingAndTakesNothingForRemoved) {
  const std::string path = test::test_path("old");
  std::ofstream(path) << "of an earlier run";
  EXPECT_THAT(remove_old_file(path), test::IsOk());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_THAT(remove_old_file(path), test::IsOk());
  EXPECT_THAT(remove_old_file("/dev"), test::FailsWith(testing::HasSubstr("/dev")));
}

}  // namespace
}  // namespace ek::emulator
