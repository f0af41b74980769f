#include "wire/whole_body.hpp"

#include <gtest/gtest.h>

#include "wire/frames.hpp"

namespace ek::wire {
namespace {

MakeDecoder whole(std::size_t max) {
  return [max] { return std::make_unique<WholeBodyDecoder>(max); };
}

TEST(WholeBodyDecoder, GivesOneFrameAtTheEnd) {
  EXPECT_EQ(run(whole(64), "{\n\"a\": 1\n}\n").frames, std::vector{event("{\n\"a\": 1\n}\n")});
  EXPECT_EQ(run(whole(64), "").frames, std::vector{event("")});
}

TEST(WholeBodyDecoder, RefusesABodyThatIsTooLarge) {
  EXPECT_EQ(run(whole(4), "0123").error, "");
  EXPECT_EQ(run(whole(4), "01234"),
            (Outcome{{},
                     "server_error/decode",
                     "the body exceeds 4 bytes; raise max_frame_bytes if this is meant"}));
}

}  // namespace
}  // namespace ek::wire
