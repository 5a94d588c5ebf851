#include "base/error.hpp"
#include "catch.hpp"
#include "http/client/client.hpp"

using namespace video;

TEST_CASE("a secret may go over plain HTTP to this machine only", "[http]") {
  for (const char* const url :
       {"http://127.0.0.1", "http://127.0.0.1:8000/site", "http://localhost:80", "http://[::1]:8000",
        "HTTP://LOCALHOST", "https://127.0.0.1.evil.example", "https://10.0.0.1"}) {
    CAPTURE(url);
    CHECK_FALSE(http::isExposed(url));
  }
  for (const char* const url :
       {"http://127.0.0.1.evil.example", "http://127.0.0.1.5", "http://127.1", "http://localhost.evil.example",
        "http://127.0.0.1\\.evil.example", "http://10.0.0.1", "http://[::2]", "http://2130706433", "http://0.0.0.0"}) {
    CAPTURE(url);
    CHECK(http::isExposed(url));
  }
  for (const char* const url : {"", "127.0.0.1", "ftp://127.0.0.1", "http://127.0.0.1@evil.example",
                                "http://user:pwd@127.0.0.1", "http://127.0.0.1?.evil.example"})
    CHECK_THROWS_AS(http::isExposed(url), Error);
}
