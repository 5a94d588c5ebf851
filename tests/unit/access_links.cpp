#include "access/links.hpp"

#include <string>

#include "base/error.hpp"
#include "catch.hpp"

using namespace video;
using namespace std::chrono_literals;
using access::checkLink;
using access::makeLink;

namespace {

const std::string linkKey(32, 'k');
const VideoId film{"0193-a"};
constexpr Time signedAt{1'000'000'000'500ms};

SignedLink parse(const std::string& link) {
  const auto part = [&](const std::string& name) {
    const auto from = link.find(name) + name.size();
    return link.substr(from, link.find('&', from) - from);
  };
  return {part("?share="), part("&exp="), part("&sig=")};
}

const SignedLink good = parse(makeLink(linkKey, "0", film, "upload", signedAt + 1h));

void refused(const SignedLink& link, const VideoId& of = film, std::string_view what = "upload", Time at = signedAt) {
  try {
    checkLink(linkKey, link, of, what, at);
    FAIL("was taken");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::forbidden);
  }
}

}  // namespace

TEST_CASE("a link is valid for its video and purpose until it expires", "[access]") {
  CHECK(good.share == "0");
  CHECK(good.expires == "1000003601");
  CHECK(good.signature.size() == 43);
  CHECK_NOTHROW(checkLink(linkKey, good, film, "upload", signedAt));
  CHECK_NOTHROW(checkLink(linkKey, good, film, "upload", Time{1'000'003'600'999ms}));
  refused(good, film, "upload", Time{1'000'003'601'000ms});
  refused(good, VideoId{"0193-b"});
  refused(good, film, "view");
}

TEST_CASE("a link that has been tampered with is refused", "[access]") {
  SignedLink link = good;
  link.share = "1";
  refused(link);
  link = good;
  link.expires = "1000003602";
  refused(link);
  link = good;
  link.signature[0] = link.signature[0] == 'A' ? 'B' : 'A';
  refused(link);
  for (const std::string& signature : {std::string(), good.signature.substr(1), good.signature + "A"}) {
    link = good;
    link.signature = signature;
    refused(link);
  }
  refused(parse(makeLink(std::string(32, 'x'), "0", film, "upload", signedAt + 1h)));
}

TEST_CASE("moving characters between the parts of a link invalidates it", "[access]") {
  const SignedLink link = parse(makeLink(linkKey, "ab", VideoId{"c"}, "upload", signedAt + 1h));
  CHECK_NOTHROW(checkLink(linkKey, link, VideoId{"c"}, "upload", signedAt));
  refused({"a", link.expires, link.signature}, VideoId{"bc"});
  refused({"abc", link.expires, link.signature}, VideoId{""});
}

TEST_CASE("an expiry that is not a number is refused", "[access]") {
  for (const std::string expires : {"", "x", "1000003601x", "99999999999999999999999"}) {
    SignedLink link = good;
    link.expires = expires;
    refused(link);
  }
}
