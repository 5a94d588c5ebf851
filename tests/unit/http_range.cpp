#include "http/content/range.hpp"

#include <fmt/format.h>

#include "catch.hpp"

using video::http::chooseRange;

namespace {

/// Returns `whole`, `none`, or `FIRST+LENGTH` for each part.
std::string chosen(std::string_view header, std::uint64_t size) {
  using Kind = video::http::RangeChoice::Kind;
  const auto choice = chooseRange(header, size);
  CHECK(choice.parts.empty() == (choice.kind != Kind::parts));
  if (choice.kind == Kind::whole) return "whole";
  if (choice.kind == Kind::unsatisfiable) return "none";
  std::string text;
  for (const auto& part : choice.parts)
    text += fmt::format("{}{}+{}", text.empty() ? "" : " ", part.first, part.length);
  return text;
}

}  // namespace

TEST_CASE("a Range field selects the whole content, parts of it, or nothing") {
  struct Case {
    const char* header;
    std::string choice;
    std::uint64_t size = 10;
  };
  const Case cases[] = {
      {"", "whole"},
      {"items=0-1", "whole"},
      {"bytes 0-1", "whole"},
      {"bytes =0-1", "whole"},
      {"bytes=0-0", "0+1"},
      {"bytes=0-9", "0+10"},
      {"BYTES=9-9", "9+1"},
      {"bytes=8-99", "8+2"},
      {"bytes=3-", "3+7"},
      {"bytes=0-", "0+10"},
      {"bytes=-3", "7+3"},
      {"bytes=-99", "0+10"},
      {"bytes= 2-3 ", "2+2"},
      {"bytes=,2-3,", "2+2"},
      {"bytes=0-99999999999999999999999", "0+10"},
      {"bytes=-99999999999999999999999", "0+10"},
      {"bytes=00000000000000000000000000002-3", "2+2"},
      {"bytes=0-18446744073709551615", "0+10"},
      {"bytes=10-", "none"},
      {"bytes=20-30", "none"},
      {"bytes=99999999999999999999999-", "none"},
      {"bytes=-0", "none"},
      {"bytes=5-4", "none"},
      {"bytes", "whole"},
      {"bytes=", "none"},
      {"bytes=-", "none"},
      {"bytes=--1", "none"},
      {"bytes=1", "none"},
      {"bytes=a-b", "none"},
      {"bytes=0x1-2", "none"},
      {"bytes=1-2-3", "none"},
      {"bytes=1 - 2", "none"},
      {"bytes=+1-2", "none"},
      {"bytes=20-,30-", "none"},
      {"bytes=0-", "none", 0},
      {"bytes=-1", "whole", 0},
      {"bytes=18446744073709551614-", "18446744073709551614+1", UINT64_MAX},
      {"bytes=18446744073709551614-18446744073709551615", "18446744073709551614+1", UINT64_MAX},
      {"bytes=0-1,4-5", "0+2 4+2"},
      {"bytes=0-1,30-", "0+2"},
      {"bytes=30-,0-1", "0+2"},
      {"bytes=4-5,0-1", "4+2 0+2"},
      {"bytes=0-3,2-5", "0+6"},
      {"bytes=0-1,2-3", "0+4"},
      {"bytes=0-0,4-4,1-3", "0+5"},
      {"bytes=8-8,0-1,6-6,7-7", "6+3 0+2"},
      {"bytes=-2,0-0", "8+2 0+1"},
      {"bytes=0-,-5", "0+10"},
      {"bytes=0-0,0-0,0-0", "0+1"},
      {"bytes=0-1,x", "none"},
      {"bytes=0-1,5-4", "none"},
      {"bytes=0-1,,4-5", "0+2 4+2"},
      {"bytes= 0-1 , 4-5 ", "0+2 4+2"},
  };
  for (const Case& one : cases) {
    INFO(one.header << " of " << one.size);
    CHECK(chosen(one.header, one.size) == one.choice);
  }
}

TEST_CASE("more than 16 ranges select the whole content") {
  std::string header = "bytes=";
  for (int i = 0; i < 16; ++i) header += fmt::format("{}{}-{}", i == 0 ? "" : ",", i * 10, i * 10 + 1);
  CHECK(chooseRange(header, 1000).parts.size() == 16);
  CHECK(chosen(header + ",500-501", 1000) == "whole");
  CHECK(chosen(header + ",2000-2001", 1000) == "whole");
}
