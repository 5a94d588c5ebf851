#include "base/language_tag.hpp"

#include "catch.hpp"

using namespace video;

TEST_CASE("a language tag is read in any case and written in its usual one") {
  for (const auto& [text, tag] :
       std::initializer_list<std::pair<const char*, const char*>>{{"en", "en"},
                                                                  {"EN", "en"},
                                                                  {"en-us", "en-US"},
                                                                  {"ZH-HANT-tw", "zh-Hant-TW"},
                                                                  {"es-419", "es-419"},
                                                                  {"sl-rozaj-biske", "sl-rozaj-biske"},
                                                                  {"de-CH-1996", "de-CH-1996"},
                                                                  {"en-x-US", "en-x-us"},
                                                                  {"und", "und"}})
    CHECK(normalLanguageTag(text) == tag);
}

TEST_CASE("what is no language tag is refused") {
  for (const char* text : {"", "e", "engl", "x-private", "en-", "-en", "en--us", "en_US", "en us", "en-abcdefghi",
                           "en-x", "12", "e1", "../en", "en-a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q", "d\xc3\xa9"})
    CHECK(normalLanguageTag(text) == std::nullopt);
}
