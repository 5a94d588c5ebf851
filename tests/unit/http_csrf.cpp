#include "http/routing/csrf.hpp"

#include "catch.hpp"

using namespace video::http;

TEST_CASE("requests from other sites may not change anything") {
  const std::vector<std::string> origins{"https://front.example"};
  struct Case {
    bool cookie;
    bool credential;
    const char* site;
    const char* origin;
    const char* host;
    bool may;
  };
  const Case cases[] = {
      // a secret in a header or a link is never sent by a browser on its own
      {false, true, "cross-site", "https://evil.example", "a", true},
      {false, true, "", "", "a", true},
      // Sec-Fetch-Site decides if it is present
      {true, true, "same-origin", "", "a", true},
      {true, true, "none", "", "a", true},
      {true, true, "same-site", "", "a", false},
      {true, true, "cross-site", "", "a", false},
      {true, true, "cross-site", "http://a", "a", false},
      {true, true, "same-origin", "http://b", "a", true},
      {true, true, "Same-Origin", "", "a", false},
      {false, false, "same-origin", "", "a", true},
      {false, false, "none", "", "a", true},
      {false, false, "same-site", "", "a", false},
      {false, false, "cross-site", "", "a", false},
      // otherwise Origin must be the Host, with any scheme and with or without the default port
      {true, true, "", "http://a", "a", true},
      {true, true, "", "https://a", "a", true},
      {true, true, "", "https://A", "a:443", true},
      {true, true, "", "http://a:80", "a", true},
      {true, true, "", "http://a:8000", "a:8000", true},
      {true, true, "", "http://[::1]:8000", "[::1]:8000", true},
      {true, true, "", "http://a:8000", "a:8001", false},
      {true, true, "", "http://a", "a:8000", false},
      {true, true, "", "http://a.evil.example", "a", false},
      {true, true, "", "http://evil-a", "a", false},
      {true, true, "", "ftp://a", "a", false},
      {true, true, "", "null", "a", false},
      {true, true, "", "null", "null", false},
      {true, true, "", "http://", "", false},
      {true, true, "", "http://:80", "", false},
      {false, false, "", "http://a", "a", true},
      {false, false, "", "http://evil.example", "a", false},
      {false, false, "", "null", "a", false},
      // a configured origin is allowed
      {true, true, "", "https://front.example", "a", true},
      {true, true, "", "https://Front.Example", "a", true},
      {true, true, "cross-site", "https://front.example", "a", true},
      {true, true, "", "http://front.example", "a", false},
      {true, true, "", "https://front.example.evil", "a", false},
      // without either header, which no current browser omits, only requests without a cookie are allowed
      {true, true, "", "", "a", false},
      {false, false, "", "", "a", true},
  };
  for (const Case& one : cases) {
    INFO("cookie " << one.cookie << ", credential " << one.credential << ", Sec-Fetch-Site " << one.site << ", Origin "
                   << one.origin << ", Host " << one.host);
    CHECK(mayChange({one.cookie, one.credential, one.site, one.origin, one.host}, origins) == one.may);
  }
}
