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

TEST_CASE("tokens run out, and come back with their last copy") {
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

TEST_CASE("an address has its own share: IPv4 whole, IPv6 by its first 64 bits") {
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

TEST_CASE("an address has its own share of the uploads") {
  Limiter limiter({.uploads = 3, .uploadsPerAddress = 2});
  const Limiter::Token one = limiter.takeUpload("1.2.3.4");
  Limiter::Token two = limiter.takeUpload("::ffff:1.2.3.4");
  CHECK(refused([&] { limiter.takeUpload("1.2.3.4"); }));
  CHECK(limiter.counts().uploaderRefused == 1);
  CHECK(limiter.counts().busiestUploader == 2);
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
  CHECK(limiter.counts().busiestUploader == 3);
}

TEST_CASE("a token may outlive its limiter") {
  std::optional<Limiter> limiter(std::in_place, video::http::LimiterOptions{});
  Limiter::Token stream = limiter->takeStream("::1");
  Limiter::Token upload = limiter->takeUpload("::1");
  limiter.reset();
  stream.reset();
  upload.reset();
}

TEST_CASE("threads never have more tokens than there are, and give all back") {
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
