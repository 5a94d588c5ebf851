// Verifications in the background, over contents that are read when told.
#include "videos/verifications.hpp"

#include <algorithm>
#include <atomic>

#include "base/sha256.hpp"
#include "catch.hpp"
#include "fault_of.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

class Slow : public ContentReader {
 public:
  explicit Slow(std::atomic<bool>& open, std::string bytes = "content") : open_(open), bytes_(std::move(bytes)) {}
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    waitFor("the content", [&] { return open_.load(); });
    if (bytes_.empty()) throw Error(Fault::internal, "a stored content cannot be read");
    const std::string_view rest = std::string_view(bytes_).substr(std::min<std::size_t>(offset, bytes_.size()));
    std::ranges::copy(std::as_bytes(std::span(rest)), to.begin());
    return rest.size();
  }

 private:
  std::atomic<bool>& open_;
  std::string bytes_;
};

std::string hashOf(std::string_view text) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.hex();
}

}  // namespace

TEST_CASE("who asks again while a verification is queued or running joins it; afterwards it is done again") {
  std::atomic<bool> open = false;
  Verifications verifications(systemClock(), {.threads = 1});
  const auto content = [&](const char* id) {
    return RecordedContent{VideoId{id}, std::make_shared<Slow>(open), 7, hashOf("content")};
  };
  const auto stateOf = [&](const char* id) { return verifications.find(VideoId{id}).value().state; };
  CHECK_FALSE(verifications.find(VideoId{"a"}).has_value());
  CHECK(verifications.start(1, content("a")).state == VerifyState::queued);
  REQUIRE(soon([&] { return stateOf("a") == VerifyState::running; }));
  CHECK(verifications.start(1, content("a")).state == VerifyState::running);
  CHECK(verifications.start(1, content("b")).state == VerifyState::queued);
  for (int i = 0; i < 100; ++i) CHECK(verifications.start(1, content("b")).state == VerifyState::queued);
  open = true;
  REQUIRE(soon([&] { return stateOf("b") == VerifyState::ok; }));
  const VerifiedVideo done = verifications.find(VideoId{"a"}).value();
  CHECK(done.sound);
  CHECK(done.size == 7);
  CHECK(done.sha256 == hashOf("content"));
  CHECK(done.ended.has_value());
  open = false;
  CHECK(verifications.start(1, content("a")).state == VerifyState::queued);
  CHECK_FALSE(verifications.find(VideoId{"a"}).value().ended.has_value());
  open = true;
  CHECK(soon([&] { return stateOf("a") == VerifyState::ok; }));
}

TEST_CASE("a verification that fails is told as its failure, and can be tried again") {
  std::atomic<bool> open = true;
  Verifications verifications(systemClock());
  const VideoId id{"a"};
  const auto fault = [&] { return faultOf([&] { verifications.find(id); }); };
  verifications.start(1, {id, std::make_shared<Slow>(open, ""), 7, hashOf("content")});
  CHECK(soon([&] { return fault() == Fault::internal; }));
  CHECK(verifications.start(1, {id, nullptr, 7, hashOf("content")}).state == VerifyState::queued);
  CHECK(soon([&] { return !fault() && verifications.find(id).value().state == VerifyState::damaged; }));
  CHECK(faultOf([&] { verifications.verify({id, std::make_shared<Slow>(open, ""), 7, ""}); }) == Fault::internal);
}

TEST_CASE("one account's verifications are bounded, and so are the results that are kept") {
  std::atomic<bool> open = false;
  Verifications verifications(systemClock());
  const auto start = [&](std::int64_t account, int number) {
    return faultOf([&] {
      verifications.start(account, {VideoId{std::to_string(number)}, std::make_shared<Slow>(open), 7, ""});
    });
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
