#include "http/content/limiter.hpp"

#include <optional>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "catch.hpp"

using video::http::Limiter;

namespace {

template <class Take>
bool refused(Take take) {
  try {
    take();
    return false;
  } catch (const video::Error& error) {
    CHECK(error.fault() == video::Fault::tooMany);
    CHECK(error.retryAfter().has_value());
    return true;
  }
}

}  // namespace

TEST_CASE("a token is returned when its last copy is destroyed") {
  Limiter limiter({2, 2, 1});
  Limiter::Token first = limiter.takeStream("1.2.3.4");
  Limiter::Token copy = first;
  const Limiter::Token second = limiter.takeStream("");
  CHECK(refused([&] { limiter.takeStream("5.6.7.8"); }));
  first.reset();
  CHECK(limiter.counts().streams == 2);
  copy.reset();
  CHECK(limiter.counts().streams == 1);
  CHECK(limiter.counts().addresses == 0);

  {
    const Limiter::Token upload = limiter.takeUpload("");
    CHECK(refused([&] { limiter.takeUpload(""); }));
    CHECK(limiter.counts().uploads == 1);
  }
  CHECK(limiter.counts().uploads == 0);
  try {
    const Limiter::Token lost = limiter.takeStream("9.9.9.9");
    throw 1;
  } catch (int) {
    CHECK(limiter.counts().streams == 1);
  }
}

TEST_CASE("streams are limited per IPv4 address and per IPv6 /64") {
  struct Case {
    const char* one;
    const char* other;
    bool same;
  };
  const Case cases[] = {{"1.2.3.4", "1.2.3.4", true},         {"1.2.3.4", "1.2.3.5", false},
                        {"2001:db8::1", "2001:db8::2", true}, {"2001:db8::1", "2001:db8:0:0:ffff::1", true},
                        {"2001:db8::1", "2001:DB8::1", true}, {"2001:db8::1", "2001:db8:0:1::1", false},
                        {"::ffff:1.2.3.4", "1.2.3.4", true},  {"::ffff:1.2.3.4", "::ffff:1.2.3.5", false},
                        {"fe80::1%eth0", "fe80::2%lo", true}, {"", "", false}};
  for (const Case& one : cases) {
    INFO(one.one << " and " << one.other);
    Limiter limiter({10, 1, 1});
    const Limiter::Token held = limiter.takeStream(one.one);
    CHECK(refused([&] { limiter.takeStream(one.other); }) == one.same);
    CHECK(limiter.counts().streams == 1);
  }
  Limiter none({10, 0, 0});
  CHECK(refused([&] { none.takeStream("1.2.3.4"); }));
  CHECK(refused([&] { none.takeUpload(""); }));
  CHECK(none.counts().addresses == 0);
}

TEST_CASE("an address has a share of the connections, and 0 means no limit") {
  video::http::LimiterOptions options;
  options.connectionsPerAddress = 2;
  Limiter limiter(options);
  Limiter::Token one = limiter.takeConnection("2001:db8::1");
  const Limiter::Token two = limiter.takeConnection("2001:db8::2");
  CHECK(refused([&] { limiter.takeConnection("2001:db8::3"); }));
  const Limiter::Token other = limiter.takeConnection("2001:db8:0:1::1");
  CHECK(limiter.counts().busiestConnections == 2);
  CHECK(limiter.counts().connectionsOfAddressRefused == 1);
  CHECK(limiter.counts().busiestStreams == 0);  // streams have a share of their own
  one.reset();
  CHECK(limiter.takeConnection("2001:db8::3"));
  options.connectionsPerAddress = 0;
  limiter.setOptions(options);
  for (int i = 0; i < 10; ++i) CHECK_FALSE(limiter.takeConnection("2001:db8::1"));
}

TEST_CASE("an address has its own share of the uploads") {
  Limiter limiter({.uploads = 3, .uploadsPerAddress = 2});
  const Limiter::Token one = limiter.takeUpload("1.2.3.4");
  Limiter::Token two = limiter.takeUpload("::ffff:1.2.3.4");
  CHECK(refused([&] { limiter.takeUpload("1.2.3.4"); }));
  CHECK(limiter.counts().uploadsOfAddressRefused == 1);
  CHECK(limiter.counts().busiestUploads == 2);
  const Limiter::Token other = limiter.takeUpload("2001:db8::1");
  CHECK(refused([&] { limiter.takeUpload("5.6.7.8"); }));
  CHECK(limiter.counts().uploadsRefused == 1);
  two.reset();
  const Limiter::Token stream = limiter.takeStream("1.2.3.4");  // a share of its own
  two = limiter.takeUpload("1.2.3.4");
  video::http::LimiterOptions open = limiter.options();
  open.uploads = 10;
  open.uploadsPerAddress = 0;
  limiter.setOptions(open);
  const Limiter::Token more = limiter.takeUpload("1.2.3.4");
  CHECK(limiter.counts().busiestUploads == 3);
}

TEST_CASE("a token may outlive its limiter") {
  std::optional<Limiter> limiter(std::in_place, video::http::LimiterOptions{});
  Limiter::Token stream = limiter->takeStream("::1");
  Limiter::Token upload = limiter->takeUpload("::1");
  limiter.reset();
  stream.reset();
  upload.reset();
}

TEST_CASE("concurrent threads never hold more tokens than the limit, and return them all") {
  constexpr std::size_t most = 3;
  Limiter limiter({most, 2, most});
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&limiter, thread] {
        for (int i = 0; i < 2000; ++i) try {
            const auto stream = limiter.takeStream(thread % 2 == 0 ? "1.1.1.1" : "::1");
            const auto upload = limiter.takeUpload("");
            const auto counts = limiter.counts();
            if (counts.streams > most || counts.uploads > most || counts.addresses > 2) std::abort();
          } catch (const video::Error&) {
          }
      });
  }
  CHECK(limiter.counts().streams == 0);
  CHECK(limiter.counts().uploads == 0);
  CHECK(limiter.counts().addresses == 0);
}
