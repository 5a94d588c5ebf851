#include "catch.hpp"
#include "http/header_values.hpp"
#include "http/message.hpp"
#include "http/routing/caller.hpp"

using namespace video::http;

TEST_CASE("a list gives a weight to an item, whatever its case") {
  CHECK(weightOf("gzip, br;q=0.5", "gzip") == 1.0);
  CHECK(weightOf("gzip, BR; q=0.5", "br") == 0.5);
  CHECK(weightOf("gzip;q=0", "gzip") == 0.0);
  CHECK_FALSE(weightOf("gzip", "br"));
  CHECK_FALSE(weightOf("", "br"));
  CHECK_FALSE(weightOf("brotli", "br"));
  CHECK(weightOf("br;q=many", "br") == 0.0);
  CHECK(weightOf("br;q=7", "br") == 1.0);
  CHECK(weightOf("text/html;level=1;q=0.2", "text/html") == 0.2);
}

TEST_CASE("a cookie is found by its whole name, the first of several") {
  Head head;
  head.headers = {{"Cookie", "theme=dark; xlang=no; lang=en"}, {"cookie", "lang=zh-CN;empty="}};
  CHECK(cookieOf(head, "lang") == "en");
  CHECK(cookieOf(head, "theme") == "dark");
  CHECK(cookieOf(head, "empty").empty());
  CHECK(cookieOf(head, "none").empty());
}
