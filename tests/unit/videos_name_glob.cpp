// Patterns of names, as people write them and as SQLite matches them.
#include "videos/name_glob.hpp"

#include "base/error.hpp"
#include "catch.hpp"

using namespace video;

TEST_CASE("a set of a pattern is negated as in a shell") {
  CHECK(nameGlob("clip [!12].mp4") == "clip [^12].mp4");
  CHECK(nameGlob("[^12]*?") == "[^12]*?");
  CHECK(nameGlob("[12!]!") == "[12!]!");
  CHECK(nameGlob("[]!][!]!]x!") == "[]!][^]!]x!");  // a ] at the beginning is of the set
  CHECK(nameGlob("[[!]") == "[[!]");
  CHECK(nameGlob("[!") == "[^");
  CHECK(nameGlob("![") == "![");
}

TEST_CASE("a pattern that takes long to match is refused") {
  const auto complaint = [](std::string_view pattern) {
    try {
      nameGlob(pattern);
      return std::string();
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::malformed);
      return error.detail();
    }
  };
  CHECK(complaint("*[a]*[a]*[a]*[a]").empty());
  CHECK(complaint("*[a]*[a]*[a]*[a]*") == "name: has more than 8 of * and [ in its pattern");
  CHECK(complaint("********").empty());
  CHECK(complaint("[*[*[*[*[*[*[*[*]") == "");  // in a set they are characters
  CHECK(complaint("") == "name: has 0 characters, 1 to 200 are allowed");
}
