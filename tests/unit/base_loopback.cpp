#include "base/address.hpp"
#include "catch.hpp"

using namespace video;

TEST_CASE("only localhost and loopback addresses are loopback, not names that resemble them", "[base]") {
  for (const char* const host :
       {"localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "::ffff:127.0.0.1"}) {
    CAPTURE(host);
    CHECK(isLoopback(host));
  }
  for (const char* const host : {"", "[]", "localhost.example", "127.0.0.1.example", "127.evil.example", "10.0.0.1",
                                 "128.0.0.1", "::2", "[::ffff:10.0.0.1]", "0.0.0.0", "127.0.0.1.5", "127.1",
                                 "127.0.0.1.evil.example", "127.0.0.1@evil.example", "localhost.", "127.0.0.256"}) {
    CAPTURE(host);
    CHECK_FALSE(isLoopback(host));
  }
}
