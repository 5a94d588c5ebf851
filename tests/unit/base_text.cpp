#include "base/text.hpp"

#include "base/error.hpp"
#include "catch.hpp"

using namespace video;
using namespace std::string_view_literals;

namespace {

// Returns why a text is refused; empty if it is accepted.
std::string textComplaint(std::string_view text, std::size_t least, std::size_t most) {
  try {
    checkText("name", text, least, most);
    return {};
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::malformed);
    return error.detail();
  }
}

}  // namespace

TEST_CASE("UTF-8 is validated as in RFC 3629") {
  for (const std::string_view text :
       {""sv, "abc"sv, "\0"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
        "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "\xef\xbb\xbfx"sv})
    CHECK(isUtf8(text));
  const std::string_view bad[] = {
      "\x80"sv,
      "\xbf"sv,
      "\xff"sv,
      "\xfe"sv,
      "a\xc3"sv,
      "\xe2\x82"sv,
      "\xf0\x9f\x98"sv,
      "\xc3x"sv,  // truncated
      "\xc0\x80"sv,
      "\xc1\xbf"sv,
      "\xe0\x9f\xbf"sv,
      "\xf0\x8f\xbf\xbf"sv,  // overlong
      "\xed\xa0\x80"sv,
      "\xed\xbf\xbf"sv,  // surrogates
      "\xf4\x90\x80\x80"sv,
      "\xf5\x80\x80\x80"sv,
      "\xf8\x88\x80\x80\x80"sv,  // beyond U+10FFFF
  };
  for (const std::string_view text : bad) CHECK_FALSE(isUtf8(text));
}

TEST_CASE("each invalid byte is replaced by U+FFFD") {
  CHECK(repairedUtf8("") == "");
  CHECK(repairedUtf8("aé€😀") == "aé€😀");
  CHECK(repairedUtf8("a\xff"
                     "b") ==
        "a\uFFFD"
        "b");
  CHECK(repairedUtf8("\xed\xa0\x80") == "\uFFFD\uFFFD\uFFFD");
  CHECK(repairedUtf8("\xe2\x82") == "\uFFFD\uFFFD");
  CHECK(repairedUtf8("\xc3x") == "\uFFFDx");
}

TEST_CASE("length is counted in characters, and control characters are refused") {
  CHECK(textComplaint("äöü", 3, 3).empty());
  CHECK(textComplaint("😀", 1, 1).empty());
  CHECK(textComplaint("", 0, 1).empty());
  CHECK(textComplaint("", 1, 2) == "name: has 0 characters, 1 to 2 are allowed");
  CHECK(textComplaint("abc", 1, 2) == "name: has 3 characters, 1 to 2 are allowed");
  for (const std::string_view text : {"\0"sv, "a\n"sv, "\t"sv, "\x1f"sv, "\x7f"sv, "\xc2\x80"sv, "\xc2\x9f"sv})
    CHECK(textComplaint(text, 0, 9) == "name: has a control character");
  CHECK(textComplaint("\xc2\xa0", 0, 9).empty());
  CHECK(textComplaint("a\xff", 0, 9) == "name: not valid UTF-8");
}

TEST_CASE("a user name has 1 to 64 letters, digits, dots, hyphens and underscores") {
  for (const char* name : {"a", "_", "0", "Ada.Lovelace-1_", "a..b"}) CHECK(isUserName(name));
  CHECK(isUserName(std::string(64, 'a')));
  CHECK_FALSE(isUserName(std::string(65, 'a')));
  for (const std::string_view name : {""sv, ".a"sv, "-a"sv, "a b"sv, "a/b"sv, "\xc3\xa4"sv, "a\0"sv, "a\n"sv, "a@b"sv})
    CHECK_FALSE(isUserName(name));
}

TEST_CASE("comparison ignores the case of ASCII letters only, and trimming removes spaces and tabs only") {
  CHECK(equalWithoutCase("Content-TYPE", "content-type"));
  CHECK(equalWithoutCase("", ""));
  CHECK_FALSE(equalWithoutCase("a", "ab"));
  CHECK_FALSE(equalWithoutCase("[", "{"));
  CHECK_FALSE(equalWithoutCase("Ä", "ä"));
  CHECK(trimmed(" \t a b\t ") == "a b");
  CHECK(trimmed(" \t").empty());
  CHECK(trimmed("\na\r") == "\na\r");
}

TEST_CASE("letters of any script are put into lower case, each by itself") {
  CHECK(foldedCase("ABC xyz 1") == "abc xyz 1");
  CHECK(foldedCase("GRÖẞE Ж Ω 🎬 字") == "größe ж ω 🎬 字");
  CHECK(foldedCase("") == "");
  CHECK(foldedCase("ok\xff") == "ok");  // valid UTF-8 only
}

TEST_CASE("the name of a person has no bidirectional formatting and is not blank") {
  const auto refused = [](std::string_view text) {
    try {
      checkPersonName("name", text, 1, 3);
      return std::string();
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::malformed);
      return error.detail();
    }
  };
  for (const std::string_view good : {"a", "Ж", "字字字", " a ", "אבג", "\u3000a", "\u2800a"})
    CHECK(refused(good).empty());
  for (const std::string_view bad : {"\u202a", "\u202ea", "a\u2066", "\u2069", "\u200e", "\u200fa", "\u061c"})
    CHECK(refused(bad) == "name: has a bidirectional control character");
  for (const std::string_view bad : {"a\u200b", "\u200d", "\ufeffa", "\u2060", "\u00ada", "\u3164", "a\u206a",
                                     "a\u2028", "a\u2029", "a\u17b4", "a\u180f", "a\ufe0f", "a\ufff9", "a\u2065",
                                     "a\ufffb", "a\U0001d173", "a\U000e0001", "a\U000e0041", "a\U000e0fff"}) {
    CAPTURE(bad);
    CHECK(refused(bad) == "name: has an invisible character");
  }
  for (const std::string_view bad : {" ", "   ", "\u3000", "\u00a0 ", "\u2800", "\u2003", "\u1680", "\u202f", "\u205f"})
    CHECK(refused(bad) == "name: must not be blank");
  CHECK_FALSE(refused("").empty());
  CHECK_FALSE(refused("abcd").empty());
}

TEST_CASE("the name of a video made of a file name is one that a video can have") {
  CHECK(repairedName("Größe 1.mp4") == "Größe 1.mp4");
  CHECK(repairedName("a\xff\xe5\x9b.mp4") == "a___.mp4");
  CHECK(repairedName("a\nb\r\tc\x1b[2J\x7f\u009b") == "a_b__c_[2J__");
  CHECK(repairedName("a\u202eb") == "a\u202eb");  // shown harmlessly, but kept
  CHECK(repairedName(std::string(300, 'x')) == std::string(200, 'x'));
  std::string many;
  for (int i = 0; i < 85; ++i) many += "字";  // 255 bytes, the longest name of a file
  CHECK(repairedName(many) == many);
  for (const std::string_view odd : {"\xff", "\n", "\xf0\x9f"}) checkText("name", repairedName(odd), 1, 200);
}

TEST_CASE("a file name made of a text stays in its folder and shows what it is") {
  CHECK(safeFileName("Größe 1.mp4") == "Größe 1.mp4");
  CHECK(safeFileName("../a/b\\c\n\x7f") == "_.._a_b_c__");
  CHECK(safeFileName("photo\u202egpj.exe\u2066\u200f\u061c\u0085") == "photo_gpj.exe____");
  CHECK(safeFileName("") == "_");
  CHECK(safeFileName("-rf") == "_-rf");
  CHECK(safeFileName(std::string(199, 'a') + "ö") == std::string(199, 'a'));
  CHECK(safeFileName("a\xff") == "a");
}

TEST_CASE("a name may be folded if it has letters with case, or marks, that are not ASCII") {
  for (const char* const kept : {"", "Holiday (2).mp4", "\u6687\u671f \u304c\u4e00", "\uae40"})
    CHECK_FALSE(mayBeFolded(kept));
  for (const char* const folded : {"\u00e9", "e\u0301", "\u304b\u3099", "\uff21", "\u0416", "\ua722", "\U0001f3ac"})
    CHECK(mayBeFolded(folded));
}
