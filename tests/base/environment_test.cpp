#include "endpointkit/ext/environment.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/matchers.hpp"
#include "support/test_path.hpp"

namespace ek {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string file_with(const std::string& text) {
  const std::string path = test::test_path("file");
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(ReadFile, GivesEveryByteOfFilesOfAnySize) {
  for (const std::size_t size : {0U, 1U, 16383U, 16384U, 16385U, 200'000U}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7);
    const auto read = system_environment().read_file(file_with(text));
    ASSERT_THAT(read, test::IsOk());
    EXPECT_TRUE(*read == text) << size;
  }
}

TEST(ReadFile, NeverTakesForEmptyWhatCannotBeRead) {
  const std::string folder = std::filesystem::path(file_with("")).parent_path().string();
  const struct {
    std::string path;
    std::errc why;
  } cases[] = {
#ifdef __linux__
      {folder, std::errc::is_a_directory},
      {"/proc/self/mem", std::errc::io_error},  // the first page is nowhere
#endif
      {folder + "/absent", std::errc::no_such_file_or_directory}};
  for (const auto& [path, reason] : cases) {
    const std::string why = std::make_error_code(reason).message();
    EXPECT_THAT(system_environment().read_file(path),
                AllOf(test::HasCode(ErrorCode::authentication), test::HasPhase(Phase::credentials),
                      test::FailsWith(AllOf(HasSubstr(path), HasSubstr(why)))));
  }
}

}  // namespace
}  // namespace ek
