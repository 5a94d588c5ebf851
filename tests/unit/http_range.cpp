#include "http/range.hpp"

#include "catch.hpp"

using video::http::chooseRange;
using Kind = video::http::RangeChoice::Kind;

TEST_CASE("a Range header chooses the whole, a part or nothing") {
  struct Case {
    const char* header;
    Kind kind;
    std::uint64_t first = 0;
    std::uint64_t length = 0;
    std::uint64_t size = 10;
  };
  const Case cases[] = {
      {"", Kind::whole},
      {"items=0-1", Kind::whole},
      {"bytes 0-1", Kind::whole},
      {"bytes=0-0", Kind::part, 0, 1},
      {"bytes=0-9", Kind::part, 0, 10},
      {"BYTES=9-9", Kind::part, 9, 1},
      {"bytes=8-99", Kind::part, 8, 2},
      {"bytes=3-", Kind::part, 3, 7},
      {"bytes=0-", Kind::part, 0, 10},
      {"bytes=-3", Kind::part, 7, 3},
      {"bytes=-99", Kind::part, 0, 10},
      {"bytes= 2-3 ", Kind::part, 2, 2},
      {"bytes=,2-3,", Kind::part, 2, 2},
      {"bytes=0-99999999999999999999999", Kind::part, 0, 10},
      {"bytes=-99999999999999999999999", Kind::part, 0, 10},
      {"bytes=00000000000000000000000000002-3", Kind::part, 2, 2},
      {"bytes=0-18446744073709551615", Kind::part, 0, 10},
      {"bytes=10-", Kind::unsatisfiable},
      {"bytes=20-30", Kind::unsatisfiable},
      {"bytes=99999999999999999999999-", Kind::unsatisfiable},
      {"bytes=-0", Kind::unsatisfiable},
      {"bytes=5-4", Kind::unsatisfiable},
      {"bytes", Kind::unsatisfiable},
      {"bytes=", Kind::unsatisfiable},
      {"bytes=-", Kind::unsatisfiable},
      {"bytes=--1", Kind::unsatisfiable},
      {"bytes=1", Kind::unsatisfiable},
      {"bytes=a-b", Kind::unsatisfiable},
      {"bytes=0x1-2", Kind::unsatisfiable},
      {"bytes=1-2-3", Kind::unsatisfiable},
      {"bytes=1 - 2", Kind::unsatisfiable},
      {"bytes=+1-2", Kind::unsatisfiable},
      {"bytes=20-,30-", Kind::unsatisfiable},
      {"bytes=0-1,4-5", Kind::whole},
      {"bytes=0-1,30-", Kind::whole},
      {"bytes=0-", Kind::unsatisfiable, 0, 0, 0},
      {"bytes=-1", Kind::whole, 0, 0, 0},
      {"bytes=18446744073709551614-", Kind::part, UINT64_MAX - 1, 1, UINT64_MAX},
      {"bytes=18446744073709551614-18446744073709551615", Kind::part, UINT64_MAX - 1, 1, UINT64_MAX},
  };
  for (const Case& one : cases) {
    INFO(one.header << " of " << one.size);
    const auto choice = chooseRange(one.header, one.size);
    CHECK(choice.kind == one.kind);
    if (one.kind != Kind::part) continue;
    CHECK(choice.first == one.first);
    CHECK(choice.length == one.length);
  }
}
