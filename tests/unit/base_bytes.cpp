#include "base/bytes.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/waiting.hpp"
#include "catch.hpp"
#include "os/descriptor.hpp"

using namespace video;

namespace {

int openNull() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool isOpen(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}

std::string sumOf(std::string_view text, std::size_t step) {
  Sha256 sum;
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size())))
    sum.add(std::as_bytes(std::span(text.substr(0, step))));
  return sum.hex();
}

struct Counting final : WaitObserver {
  Counting() { current() = this; }
  ~Counting() override { current() = nullptr; }
  void waitBegins() noexcept override { ++begun; }
  void waitEnds() noexcept override { ++ended; }
  int begun = 0;
  int ended = 0;
};

}  // namespace

TEST_CASE("a descriptor is closed once, by its last owner") {
  const int number = openNull();
  REQUIRE(number >= 0);
  {
    Descriptor first(number);
    Descriptor second(std::move(first));
    CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move)
    CHECK(second.number() == number);
    const int other = openNull();
    Descriptor third(other);
    third = std::move(second);
    CHECK_FALSE(isOpen(other));
    CHECK(third.number() == number);
    Descriptor& self = third;
    third = std::move(self);
    CHECK(isOpen(number));
  }
  CHECK_FALSE(isOpen(number));
  Descriptor none;
  CHECK_FALSE(none);
  none.reset();
  CHECK(none.number() == -1);
}

TEST_CASE("a sink offers a buffer only if it was given one") {
  std::size_t seen = 0;
  std::array<std::byte, 4> memory{};
  const ByteSink plain = [&](std::span<const std::byte> piece) { seen += piece.size(); };
  plain(memory);
  CHECK(seen == 4);
  CHECK(plain.room().empty());
  const ByteSink buffered([](std::span<const std::byte>) {}, [&] { return std::span<std::byte>(memory); });
  CHECK(buffered.room().data() == memory.data());
}

TEST_CASE("SHA-256 matches FIPS 180-4, however the input is split") {
  CHECK(Sha256().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (const std::size_t step : {1u, 7u, 55u, 56u, 1000u})
    CHECK(sumOf(text, step) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sumOf(std::string(1'000'000, 'a'), 4096) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("an address key is the whole IPv4 address or the /64 of an IPv6 address") {
  CHECK(addressKey("192.0.2.7") != addressKey("192.0.2.8"));
  CHECK(addressKey("::ffff:192.0.2.7") == addressKey("192.0.2.7"));
  CHECK(addressKey("2001:db8:0:1::1") == addressKey("2001:db8:0:1:ffff::2%eth0"));
  CHECK(addressKey("2001:db8:0:1::1") != addressKey("2001:db8:0:2::1"));
  CHECK(addressKey("::1") == addressKey("0:0:0:0:0:0:0:1"));
  CHECK(addressKey("192.0.2.7").size() == 4);
  CHECK(addressKey("2001:db8::").size() == 8);
  for (const char* other : {"", "unix", "192.0.2", "192.0.2.07x", "1.2.3.4.5", ":::"})
    CHECK(addressKey(other) == other);
}

TEST_CASE("a wait is reported to the observer of its thread, beginning and end") {
  { const Waiting unseen; }
  Counting counting;
  {
    const Waiting waiting;
    CHECK(counting.begun == 1);
    CHECK(counting.ended == 0);
  }
  CHECK(counting.ended == 1);
  try {
    const Waiting waiting;
    throw Error(Fault::busy);
  } catch (const Error&) {
    CHECK(counting.ended == 2);
  }
}

TEST_CASE("the system clock returns the time in milliseconds") {
  const auto before = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const Time now = systemClock().now();
  CHECK(now >= before);
  CHECK(now <= std::chrono::system_clock::now());
  CHECK(&systemClock() == &systemClock());
}
