#include "http/content/conditions.hpp"

#include "catch.hpp"

using namespace video::http;
using Headers = std::vector<std::pair<std::string, std::string>>;

namespace {

// Sun, 06 Nov 1994 08:49:37 GMT, and a quarter of a second.
const video::ContentMeta clip{10, "video/mp4", "\"abc\"", video::Time{std::chrono::milliseconds{784111777250}}, "x"};
constexpr const char* exact = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* after = "Sun, 06 Nov 1994 08:49:38 GMT";

Head headOf(const Headers& headers) {
  Head head;
  head.headers.assign(headers.begin(), headers.end());
  return head;
}

}  // namespace

TEST_CASE("conditions are evaluated in the order of RFC 9110") {
  constexpr auto proceed = Condition::proceed;
  constexpr auto failed = Condition::failed;
  constexpr auto notModified = Condition::notModified;
  const std::pair<Headers, Condition> cases[] = {
      {{}, proceed},
      {{{"If-Match", "\"abc\""}}, proceed},
      {{{"if-match", "\"x\" ,\"abc\""}}, proceed},
      {{{"If-Match", "\"x\""}, {"If-Match", "\"abc\""}}, proceed},
      {{{"If-Match", "*"}}, proceed},
      {{{"If-Match", "W/\"abc\""}}, failed},
      {{{"If-Match", "\"x\""}}, failed},
      {{{"If-Match", "abc"}}, failed},
      {{{"If-Match", "\"x,\"abc\""}}, failed},
      {{{"If-Match", ""}}, failed},
      {{{"If-Match", "\"abc\""}, {"If-Unmodified-Since", earlier}}, proceed},
      {{{"If-Match", "\"x\""}, {"If-None-Match", "\"abc\""}}, failed},
      {{{"If-Match", "\"abc\""}, {"If-None-Match", "\"abc\""}}, notModified},
      {{{"If-Unmodified-Since", earlier}}, failed},
      {{{"If-Unmodified-Since", exact}}, proceed},
      {{{"If-Unmodified-Since", "yesterday"}}, proceed},
      {{{"If-Unmodified-Since", earlier}, {"If-None-Match", "\"abc\""}}, failed},
      {{{"If-None-Match", "\"abc\""}}, notModified},
      {{{"If-None-Match", "W/\"abc\""}}, notModified},
      {{{"If-None-Match", "\"x\", W/\"abc\""}}, notModified},
      {{{"If-None-Match", "*"}}, notModified},
      {{{"If-None-Match", "\"x\""}}, proceed},
      {{{"If-None-Match", "\"x\""}, {"If-Modified-Since", after}}, proceed},
      {{{"If-Modified-Since", exact}}, notModified},
      {{{"If-Modified-Since", after}}, notModified},
      {{{"If-Modified-Since", earlier}}, proceed},
      {{{"If-Modified-Since", "0"}}, proceed},
      {{{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}, notModified},
      {{{"If-Modified-Since", "Sun Nov  6 08:49:37 1994"}}, notModified},
  };
  for (const auto& [headers, expected] : cases) {
    for (const auto& [name, value] : headers) UNSCOPED_INFO(name << ": " << value);
    CHECK(weigh(headOf(headers), clip) == expected);
  }
}

TEST_CASE("with If-Range a range applies only if the content is unchanged") {
  const std::pair<const char*, bool> cases[] = {{"\"abc\"", true}, {"W/\"abc\"", false}, {"\"x\"", false},
                                                {exact, true},     {earlier, false},     {after, false},
                                                {"junk", false},   {"*", false}};
  const video::Time later = clip.modified + std::chrono::hours{1};
  CHECK(rangeApplies(headOf({}), clip, later));
  for (const auto& [value, applies] : cases) {
    INFO(value);
    CHECK(rangeApplies(headOf({{"If-Range", value}}), clip, later) == applies);
  }
  video::ContentMeta weak = clip;
  weak.etag = "W/\"abc\"";
  CHECK_FALSE(rangeApplies(headOf({{"If-Range", "W/\"abc\""}}), weak, later));
  // Until its second is over, the content may be replaced under the same date.
  using std::chrono::milliseconds;
  CHECK_FALSE(rangeApplies(headOf({{"If-Range", exact}}), clip, clip.modified));
  CHECK_FALSE(rangeApplies(headOf({{"If-Range", exact}}), clip, clip.modified + milliseconds{749}));
  CHECK(rangeApplies(headOf({{"If-Range", exact}}), clip, clip.modified + milliseconds{750}));
  CHECK(rangeApplies(headOf({{"If-Range", "\"abc\""}}), clip, clip.modified));
}
