#include "base/iso_time.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds noon{1795608000s};  // 2026-11-25T12:00:00Z

TEST(IsoTime, ReadsUtcOffsetsAndFractions) {
  for (const char* text : {"2026-11-25T12:00:00Z", "2026-11-25T12:00:00z", "2026-11-25T12:00:00UTC",
                           "2026-11-25T12:00:00.123456789Z", "2026-11-25T13:00:00+01:00",
                           "2026-11-25T06:30:00-05:30", "2026-11-25T12:00:00.5+00:00"}) {
    EXPECT_EQ(parse_iso_time(text), noon) << text;
  }
  EXPECT_EQ(parse_iso_time("2024-02-29T00:00:00Z"), std::chrono::sys_seconds{1709164800s});
}

TEST(IsoTime, IsNothingElse) {
  for (const char* text :
       {"", "2026-11-25", "2026-11-25T12:00:00", "2026-11-25 12:00:00Z", "2026-13-25T12:00:00Z",
        "2026-02-29T12:00:00Z", "2026-11-25T24:00:00Z", "2026-11-25T12:60:00Z",
        "2026-11-25T12:00:61Z", "2026-11-25T12:00:00.Z", "2026-11-25T12:00:00.5",
        "2026-11-25T12:00:00+1:00", "2026-11-25T12:00:00*01:00", "2026-11-25T12:00:00+24:00",
        "2026-11-25T12:00:00Zulu", "x026-11-25T12:00:00Z"}) {
    EXPECT_EQ(parse_iso_time(text), std::nullopt) << text;
  }
}

TEST(IsoTime, WritesWhatItReads) {
  EXPECT_EQ(format_iso_time(noon), "2026-11-25T12:00:00Z");
  for (const char* text : {"1969-12-31T23:59:59Z", "2262-04-12T00:00:00Z", "9999-12-31T23:59:59Z"})
    EXPECT_EQ(format_iso_time(parse_iso_time(text).value()), text);
}

}  // namespace
}  // namespace ek
