// Verifications in the background, with checks that end when told.
#include "videos/verifications.hpp"

#include <atomic>

#include "catch.hpp"
#include "fault_of.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

/// Returns a check that ends when `open` is set: a sound content, or with `failure` an exception.
Verifications::Check slow(std::atomic<bool>& open, const char* failure = nullptr) {
  return [&open, failure](const auto& progress) {
    waitFor("the content", [&] { return open.load(); });
    if (failure != nullptr) throw Error(Fault::internal, failure);
    VerifiedVideo found;
    found.state = progress(7) ? VerifyState::ok : VerifyState::damaged;
    found.sound = true;
    found.size = 7;
    return found;
  };
}

}  // namespace

TEST_CASE("a request joins a queued or running verification of the same video, and starts a new one afterwards") {
  std::atomic<bool> open = false;
  Verifications verifications(systemClock(), {.threads = 1});
  const auto start = [&](const char* id) { return verifications.start(1, VideoId{id}, slow(open)); };
  const auto stateOf = [&](const char* id) { return verifications.find(VideoId{id}).value().state; };
  CHECK_FALSE(verifications.find(VideoId{"a"}).has_value());
  CHECK(start("a").state == VerifyState::queued);
  REQUIRE(soon([&] { return stateOf("a") == VerifyState::running; }));
  CHECK(start("a").state == VerifyState::running);
  CHECK(start("b").state == VerifyState::queued);
  for (int i = 0; i < 100; ++i) CHECK(start("b").state == VerifyState::queued);
  open = true;
  REQUIRE(soon([&] { return stateOf("b") == VerifyState::ok; }));
  const VerifiedVideo done = verifications.find(VideoId{"a"}).value();
  CHECK(done.sound);
  CHECK(done.size == 7);
  CHECK(done.id == VideoId{"a"});
  CHECK(done.ended.has_value());
  open = false;
  CHECK(start("a").state == VerifyState::queued);
  CHECK_FALSE(verifications.find(VideoId{"a"}).value().ended.has_value());
  open = true;
  CHECK(soon([&] { return stateOf("a") == VerifyState::ok; }));
}

TEST_CASE("a failed verification reports its failure and can be repeated") {
  std::atomic<bool> open = true;
  Verifications verifications(systemClock());
  const VideoId id{"a"};
  const auto fault = [&] { return faultOf([&] { verifications.find(id); }); };
  verifications.start(1, id, slow(open, "the content cannot be read"));
  CHECK(soon([&] { return fault() == Fault::internal; }));
  CHECK(verifications.start(1, id, slow(open)).state == VerifyState::queued);
  CHECK(soon([&] { return !fault() && verifications.find(id).value().state == VerifyState::ok; }));
}

TEST_CASE("the verifications of an account and the remembered results are limited") {
  std::atomic<bool> open = false;
  Verifications verifications(systemClock());
  const auto start = [&](std::int64_t account, int number) {
    return faultOf([&] { verifications.start(account, VideoId{std::to_string(number)}, slow(open)); });
  };
  int refused = 0;
  for (int i = 0; i < 100; ++i) refused += start(1, i) == Fault::tooMany ? 1 : 0;
  CHECK(refused >= 100 - 17);  // 16 wait, and one may run
  CHECK(refused <= 100 - 16);
  CHECK_FALSE(verifications.find(VideoId{"99"}).has_value());
  CHECK(start(2, 1000) == std::nullopt);
  open = true;
  const int last = 2000 + static_cast<int>(Verifications::most) + 50;
  for (int i = 2000; i < last;) i += start(1, i) == std::nullopt ? 1 : 0;
  CHECK(soon([&] { return verifications.find(VideoId{std::to_string(last - 1)}).value().ended.has_value(); }));
  CHECK_FALSE(verifications.find(VideoId{"0"}).has_value());
  CHECK_FALSE(verifications.find(VideoId{"2000"}).has_value());
}
