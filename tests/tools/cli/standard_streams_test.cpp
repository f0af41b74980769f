#include "tools/cli/standard_streams.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <sstream>

#include "support/matchers.hpp"

namespace ek::cli {
namespace {

// While it lives, standard input is `fd`, which it closes.
class InputFrom {
 public:
  explicit InputFrom(int fd) : before_(::dup(STDIN_FILENO)) {
    ::dup2(fd, STDIN_FILENO);
    ::close(fd);
  }
  ~InputFrom() {
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
  }
  InputFrom(const InputFrom&) = delete;
  InputFrom& operator=(const InputFrom&) = delete;

 private:
  int before_;
};

TEST(ReadAll, GivesEveryByte) {
  const std::string text(200'000, '\0');
  std::istringstream in(text);
  EXPECT_EQ(read_all(in).value(), text);
  std::istringstream empty;
  EXPECT_EQ(read_all(empty).value(), "");
}

TEST(StandardInput, IsReadToItsEnd) {
  int ends[2] = {};
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "two\nlines", 9), 9);
  ::close(ends[1]);
  const InputFrom pipe(ends[0]);
  StandardInput in;
  EXPECT_EQ(read_all(in).value(), "two\nlines");
}

TEST(StandardInput, IsNotEmptyWhenItCannotBeRead) {
  const InputFrom folder(::open("/", O_RDONLY | O_DIRECTORY));
  StandardInput in;
  const auto text = read_all(in);
  EXPECT_THAT(text, test::FailsWith(testing::HasSubstr("standard input cannot be read")));
  EXPECT_EQ(text.error().phase, Phase::request) << "which the command line ends with 2 for";
}

}  // namespace
}  // namespace ek::cli
