#include "base/address.hpp"
#include "catch.hpp"

using namespace video;

TEST_CASE("this machine by its names and addresses, and nothing that only looks like it", "[base]") {
  for (const char* const host : {"localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"}) {
    CAPTURE(host);
    CHECK(isLoopback(host));
  }
  for (const char* const host : {"", "[]", "localhost.example", "127.0.0.1.example", "127.evil.example", "10.0.0.1",
                                 "128.0.0.1", "::2", "[::ffff:10.0.0.1]", "0.0.0.0"}) {
    CAPTURE(host);
    CHECK_FALSE(isLoopback(host));
  }
}
