// Uploads that can be resumed, at their limits, and beside other uploads; local and remote.
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "catch.hpp"
#include "contract/pieces.hpp"
#include "contract/site.hpp"
#include "shares/fields.hpp"
#include "uploads/fields.hpp"
#include "videos/fields.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mebibyte = 1 << 20;

// A source of unknown size.
ByteSource unsized(std::function<void(const ByteSink&)> push) {
  ByteSource source;
  source.push = std::move(push);
  return source;
}

void send(const ByteSink& sink, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += mebibyte)
    sink(std::as_bytes(std::span(bytes).subspan(at, std::min(mebibyte, bytes.size() - at))));
}

std::int64_t bytesUsedByAda(Site& site) {
  return site.local().users().show(Operator{}, {"ada"}).bytesUsed;
}

}  // namespace

TEST_CASE("an upload that cannot be published yet is published by whoever asks for its offset later") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(50'000);
  for (const bool asks : {true, false}) {
    const ResumableUpload made = uploads.create(ada, sized(bytes.size()));
    ByteSource source = sourceOf(bytes);
    source.push = [&](const ByteSink& sink) {
      sink(std::as_bytes(std::span(bytes).first(40'000)));
      waitFor("some bytes have arrived", [&] { return sizeOf(site, made.id) >= 40'000 - buffered; });
      site.local().videos().block(Operator{}, {made.video, "wait"});
      sink(std::as_bytes(std::span(bytes).subspan(40'000)));
    };
    requireFault([&] { uploads.append(ada, at(made.id, 0), source); }, Fault::conflict, "is blocked");
    const ResumableUpload found = uploads.show(ada, {made.id});
    CHECK(found.state == UploadState::partial);
    CHECK(found.offset == 50'000);
    // A client would take an offset that is the size for the end.
    requireFault([&] { uploads.resume(ada, {made.id}); }, Fault::locked);
    requireFault([&] { uploads.append(ada, at(made.id, 50'000), sourceOf("")); }, Fault::conflict);
    CHECK(uploads.show(ada, {made.id}).offset == 50'000);
    site.local().videos().unblock(Operator{}, {made.video, {}});
    const ResumableUpload whole =
        asks ? uploads.resume(ada, {made.id}) : uploads.append(ada, at(made.id, 50'000), sourceOf(""));
    CHECK(whole.state == UploadState::complete);
    CHECK(whole.offset == 50'000);
    CHECK(site.at(ada).videos().show(ada, {made.video, {}}).sha256 == hashOf(bytes));
  }
}

TEST_CASE("an upload that is refused for what it is when its offset is asked for is gone") {
  Site site(Way::local);  // over HTTP it would not be certain that all bytes had arrived
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  NewUpload wanted = sized(5'000);
  wanted.sha256 = hashOf("another");
  const UploadId id = uploads.create(ada, wanted).id;
  CHECK_THROWS(uploads.append(ada, at(id, 0), broken(movie(5'000), 5'000, [] { return true; })));
  CHECK(uploads.show(ada, {id}).offset == 5'000);
  requireFault([&] { uploads.resume(ada, {id}); }, Fault::gone, "sha256");
  requireFault([&] { uploads.show(ada, {id}); }, Fault::notFound);
  CHECK(countFiles(site.data() / "incoming") == 0);
}

TEST_CASE("a piece that is refused does not fix the size") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(5'000);
  const UploadId id = uploads.create(ada, {}).id;
  uploads.append(ada, at(id, 0), sourceOf(bytes));
  AppendUpload last = at(id, 5'000);
  last.size = 5'000;
  requireFault([&] { uploads.append(ada, last, sourceOf("x")); }, Fault::malformed);
  last.checksum = Checksum{HashFunction::sha256, hashOf("y")};
  last.size = 5'001;
  requireFault([&] { uploads.append(ada, last, sourceOf("x")); }, Fault::checksumMismatch);
  CHECK_FALSE(uploads.resume(ada, {id}).size);
  CHECK(uploads.show(ada, {id}).state == UploadState::partial);
  last.size = 5'000;
  last.checksum.reset();
  CHECK(uploads.append(ada, last, sourceOf("")).state == UploadState::complete);
}

TEST_CASE("an upload that brings no byte does not last longer") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const UploadId id = uploads.create(ada, sized(5'000)).id;
  uploads.append(ada, at(id, 0), sourceOf(movie(1'000)));
  const Time before = uploads.show(ada, {id}).expires;
  REQUIRE(soon([&] { return systemClock().now() + 24h > before + 5ms; }));
  uploads.append(ada, at(id, 1'000), sourceOf(""));
  CHECK(uploads.show(ada, {id}).expires == before);
  uploads.append(ada, at(id, 1'000), sourceOf("x"));
  CHECK(uploads.show(ada, {id}).expires > before);
}

TEST_CASE("an upload that ends leaves the video that it made to another upload that goes on") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(5'000);
  const ResumableUpload first = uploads.create(ada, sized(bytes.size()));
  NewUpload wanted = sized(bytes.size());
  wanted.video = first.video;
  const ResumableUpload second = uploads.create(ada, wanted);
  uploads.append(ada, at(second.id, 0), sourceOf(bytes.substr(0, 1'000)));
  uploads.abort(ada, {first.id});
  CHECK(site.at(ada).videos().show(ada, {first.video, {}}).state == VideoState::pending);
  CHECK(uploads.resume(ada, {second.id}).offset == 1'000);
  uploads.abort(ada, {second.id});
  CHECK(site.at(ada).videos().list(ada, {}).items.empty());
}

TEST_CASE("an upload that expires leaves the video that it made to one that goes on, and is gone, not unknown") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.uploads.ttl = 300ms; });
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const ResumableUpload first = uploads.create(ada, sized(5'000));
  NewUpload wanted = sized(5'000);
  wanted.video = first.video;
  REQUIRE(soon([&] { return systemClock().now() > first.expires; }));
  const ResumableUpload second = uploads.create(ada, wanted);
  site.local().tasks().run(Operator{}, {"upload-sweep"});
  REQUIRE(soon([&] { return uploads.show(ada, {first.id}).state == UploadState::expired; }));
  CHECK(site.at(ada).videos().show(ada, {first.video, {}}).state == VideoState::pending);
  REQUIRE(soon([&] { return systemClock().now() > second.expires; }));
  site.local().tasks().run(Operator{}, {"upload-sweep"});
  REQUIRE(soon([&] { return site.at(ada).videos().list(ada, {}).items.empty(); }));
  site.local().deletions().drain(Operator{}, {});
  const auto isVideoThere = [&] {
    try {
      site.local().videos().show(Operator{}, {first.video, {}});
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  REQUIRE(soon([&] { return !isVideoThere(); }));
  for (const UploadId& id : {first.id, second.id})
    requireFault([&] { uploads.resume(ada, {id}); }, Fault::gone, "expired");
  CHECK(uploads.list(ada, {}).items.size() == 2);
}

TEST_CASE("a content that turns out to be blocked is removed at once") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(5'000);
  site.local().contents().block(Operator{}, {hashOf(bytes), "not here"});
  const UploadId id = uploads.create(ada, sized(bytes.size())).id;
  requireFault([&] { uploads.append(ada, at(id, 0), sourceOf(bytes)); }, Fault::forbidden, "not here");
  requireFault([&] { uploads.resume(ada, {id}); }, Fault::notFound);
  CHECK(countFiles(site.data() / "incoming") == 0);
  CHECK(bytesUsedByAda(site) == 0);
}

TEST_CASE("uploads of unknown size beside each other stay within the owner's quota") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  setQuota(site, 70 * std::int64_t{mebibyte});
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(65 * mebibyte);
  const UploadId first = uploads.create(ada, {}).id;
  const UploadId second = uploads.create(ada, {}).id;
  const auto both = [&](const ByteSink& one) {
    one(std::as_bytes(std::span(bytes).first(1)));
    const auto other = [&](const ByteSink& two) {
      two(std::as_bytes(std::span(bytes).first(1)));
      send(one, bytes.substr(1));
      send(two, bytes.substr(1));
    };
    requireFault([&] { uploads.append(ada, at(second, 0), unsized(other)); }, Fault::overQuota);
  };
  CHECK(uploads.append(ada, at(first, 0), unsized(both)).offset == std::ssize(bytes));
  CHECK(bytesUsedByAda(site) <= 70 * std::int64_t{mebibyte});
  CHECK(sizeOf(site, second) == uploads.show(ada, {second}).offset);
}

TEST_CASE("nothing is kept of a long piece that goes beyond the size") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(66 * mebibyte);
  const UploadId id = uploads.create(ada, sized(65 * mebibyte + 1)).id;
  std::int64_t shown = 0;
  const auto push = [&](const ByteSink& sink) {
    send(sink, bytes.substr(0, 65 * mebibyte));
    shown = uploads.show(ada, {id}).offset;
    send(sink, bytes.substr(65 * mebibyte));
  };
  requireFault([&] { uploads.append(ada, at(id, 0), unsized(push)); }, Fault::malformed);
  CHECK(shown >= 50 * std::int64_t{mebibyte});
  CHECK(uploads.resume(ada, {id}).offset == 0);
  CHECK(sizeOf(site, id) == 0);
  CHECK(bytesUsedByAda(site) == 0);
}

TEST_CASE("a guest uploads no more than was announced, however many pieces and uploads that takes") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.uploads.maxPartial = 1; });
  const Credential ada = site.user("ada");
  NewShare share;
  share.what = ShareWhat::drop;
  share.expires = systemClock().now() + 1h;
  share.user = "ada";
  const CreatedShare drop = site.at(ada).shares().create(ada, share);
  const Credential link = linkOf(drop.url);
  const DroppedVideo announced = site.at(link).videos().drop(link, {drop.id, "a", 1'000});
  const Credential guest = linkOf(announced.uploadUrl);
  Uploads& uploads = site.at(guest).uploads();
  NewUpload wanted;
  wanted.video = announced.id;
  const UploadId first = uploads.create(guest, wanted).id;
  uploads.append(guest, at(first, 0), sourceOf(movie(1'000)));
  requireFault([&] { uploads.append(guest, at(first, 1'000), sourceOf("x")); }, Fault::tooLarge);
  const UploadId second = uploads.create(guest, wanted).id;
  requireFault([&] { uploads.resume(guest, {first}); }, Fault::notFound);
  CHECK(countFiles(site.data() / "incoming") == 0);
  CHECK(site.at(ada).uploads().create(ada, sized(5'000)).size == 5'000);  // those of guests do not count
  AppendUpload whole = at(second, 0);
  whole.size = 1'001;
  requireFault([&] { uploads.append(guest, whole, sourceOf("x")); }, Fault::tooLarge, "announced");
  whole.size = 1'000;
  CHECK(uploads.append(guest, whole, sourceOf(movie(1'000))).state == UploadState::complete);
}

TEST_CASE("an upload through a link goes on after the link has expired, but not after it was revoked") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const std::string bytes = movie(5'000);
  NewUpload wanted = sized(bytes.size());
  wanted.video = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  wanted.name.reset();
  const auto share = [&](std::chrono::milliseconds time) {
    return site.at(ada).shares().create(
        ada, {.video = wanted.video, .what = ShareWhat::upload, .expires = systemClock().now() + time, .label = {}});
  };
  const CreatedShare brief = share(1'500ms);
  const Credential link = linkOf(brief.url);
  const UploadId id = site.at(link).uploads().create(link, wanted).id;
  site.at(link).uploads().append(link, at(id, 0), sourceOf(bytes.substr(0, 1'000)));
  waitFor("the link has expired", [&] {
    try {
      site.at(link).uploads().begin(link, {*wanted.video, 5, {}});
      return false;
    } catch (const Error& error) {
      return error.fault() == Fault::forbidden;
    }
  });
  requireFault([&] { site.at(link).uploads().create(link, wanted); }, Fault::forbidden, "expired");
  CHECK(site.at(link).uploads().resume(link, {id}).offset == 1'000);
  CHECK(site.at(link).uploads().append(link, at(id, 1'000), sourceOf(bytes.substr(1'000))).state ==
        UploadState::complete);

  const CreatedShare revoked = share(1h);
  const Credential other = linkOf(revoked.url);
  const UploadId second = site.at(other).uploads().create(other, wanted).id;
  site.at(ada).shares().revoke(ada, {wanted.video, revoked.id, {}});
  requireFault([&] { site.at(other).uploads().resume(other, {second}); }, Fault::forbidden, "revoked");
}

TEST_CASE("a piece that waited while another process stored one does not overwrite that") {
  Site site(Way::local, [](Settings& settings) { settings.uploads.maxPerUser = 1; });
  const Credential ada = site.user("ada");
  Uploads& uploads = site.local().uploads();
  const auto other = openLocal(site.settings(), "the test", true);
  const UploadId busy = uploads.create(ada, sized(5'000)).id;
  const UploadId id = uploads.create(ada, sized(5'000)).id;
  std::atomic<bool> begun = false;
  bool isRefused = false;
  std::jthread waiting;
  const auto push = [&](const ByteSink& sink) {
    sink(std::as_bytes(std::span("x", 1)));
    // It has read the offset before it waits, or finds another one when it comes late.
    waiting = std::jthread([&] {
      begun = true;
      try {
        uploads.append(ada, at(id, 0), sourceOf("too late"));
      } catch (const Error&) {
        isRefused = true;
      }
    });
    waitFor("the other has begun", [&] { return begun.load(); });
    CHECK(other->uploads().append(ada, at(id, 0), sourceOf(movie(2'000))).offset == 2'000);
  };
  uploads.append(ada, at(busy, 0), unsized(push));
  waiting.join();
  CHECK(isRefused);
  CHECK(uploads.resume(ada, {id}).offset == 2'000);
  CHECK(sizeOf(site, id) == 2'000);
}

TEST_CASE("a piece that waits until its user sends fewer uploads lets a newer request pass at once") {
  Site site(Way::local, [](Settings& settings) { settings.uploads.maxPerUser = 1; });
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const UploadId busy = uploads.create(ada, sized(5'000)).id;
  const UploadId waiting = uploads.create(ada, sized(5'000)).id;
  const auto push = [&](const ByteSink& sink) {
    sink(std::as_bytes(std::span("x", 1)));
    std::atomic<bool> isEnded = false;
    std::optional<Error> ended;
    std::jthread second([&] {
      try {
        uploads.append(ada, at(waiting, 0), sourceOf("x"));
      } catch (const Error& error) {
        ended = error;
      }
      isEnded = true;
    });
    // A request that came before it had its turn does not stop it.
    waitFor("the second request has ended", [&] {
      CHECK(uploads.resume(ada, {waiting}).offset == 0);
      return isEnded.load();
    });
    REQUIRE(ended);
    CHECK(ended->fault() == Fault::locked);
    CHECK(ended->detail().find("newer") != std::string::npos);
  };
  uploads.append(ada, at(busy, 0), unsized(push));
}

TEST_CASE("a probe says what would be taken, and leaves nothing") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  uploads.probe(ada, movie(64 * 1024));
  uploads.probe(ada, movie(100));
  requireFault([&] { uploads.probe(ada, "no video"); }, Fault::unsupportedMediaType, "mp4, mov, webm");
  requireFault([&] { uploads.probe(ada, ""); }, Fault::malformed, "is empty");
  requireFault([&] { site.at(Anonymous{}).uploads().probe(Anonymous{}, movie()); }, Fault::unauthenticated);
  site.at(Operator{}).uploads().probe(Operator{}, movie());
  CHECK(site.local().videos().list(Operator{}, {}).items.empty());
  CHECK(countFiles(site.data() / "incoming") == 0);
}

TEST_CASE("what is no video is refused after its first bytes, also while its client still sends") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes(8 * mebibyte, 'x');
  std::atomic<std::size_t> sent = 0;
  const auto counting = [&] {
    ByteSource source = sourceOf(bytes);
    source.push = [&](const ByteSink& sink) {
      for (; sent < bytes.size(); sent += 4096) sink(std::as_bytes(std::span(bytes).subspan(sent, 4096)));
      waitFor("the refusal has come", [&] {  // a byte at a time, so that it is seen
        sink(std::as_bytes(std::span(bytes).first(1)));
        return false;
      });
    };
    source.size = std::nullopt;
    return source;
  };
  const VideoId video = site.at(ada).videos().add(ada, {"ada", "notes", {}}).id;
  requireFault([&] { uploads.put(ada, {video, {}}, counting()); }, Fault::unsupportedMediaType);
  if (site.url().empty()) CHECK(sent <= 4096);
  CHECK(site.local().videos().show(Operator{}, {video, {}}).state == VideoState::pending);

  sent = 0;
  const ResumableUpload made = uploads.create(ada, sized(bytes.size()));
  requireFault([&] { uploads.append(ada, at(made.id, 0), counting()); }, Fault::unsupportedMediaType);
  requireFault([&] { uploads.show(ada, {made.id}); }, Fault::notFound);
  VideoQuery pending;
  pending.state = VideoState::pending;
  CHECK(site.local().videos().list(Operator{}, pending).items.size() == 1);  // the one that was put to
  CHECK(countFiles(site.data() / "incoming") == 0);

  // A piece whose checksum is wrong says nothing about the file.
  const ResumableUpload other = uploads.create(ada, sized(mebibyte));
  AppendUpload piece = at(other.id, 0);
  piece.digest = hashOf("another");
  requireFault([&] { uploads.append(ada, piece, sourceOf(std::string(10'000, 'x'))); }, Fault::malformed);
  CHECK(uploads.show(ada, {other.id}).offset == 0);
}

TEST_CASE("a Matroska file with sound alone is refused, wherever its tracks are") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string head = "\x1a\x45\xdf\xa3\x87\x42\x82\x84webm";
  const auto sized4 = [](std::size_t size) {  // a size of four bytes
    std::string text{'\x10', '\0', '\0', '\0'};
    for (int i = 3; i > 0; --i, size >>= 8) text[static_cast<std::size_t>(i)] = static_cast<char>(size & 0xff);
    return text;
  };
  const auto fileWith = [&](char type, std::size_t before) {
    const std::string track{'\xae', '\x8e', '\xd7', '\x81', 1,   '\x83', '\x81', type,
                            '\x86', '\x86', 'A',    '_',    'O', 'P',    'U',    'S'};
    return head + "\x18\x53\x80\x67\xff" + "\xec" + sized4(before) + std::string(before, '\0') + "\x16\x54\xae\x6b" +
           static_cast<char>(0x80 | track.size()) + track + "\x1f\x43\xb6\x75\xff" + std::string(5000, '\0');
  };
  for (const std::size_t before : {10U, 20'000U, 200'000U}) {
    CAPTURE(before);
    const std::string sound = fileWith(2, before);
    const VideoId video = site.at(ada).videos().add(ada, {"ada", "sound", {}}).id;
    requireFault([&] { uploads.put(ada, {video, {}}, sourceOf(sound)); }, Fault::unsupportedMediaType);
    CHECK_NOTHROW(uploads.put(ada, {video, {}}, sourceOf(fileWith(1, before))));
  }
}

TEST_CASE("an ASF file with sound alone is refused, however it arrives and wherever its head ends") {
  Site site(GENERATE(Way::local, Way::remote));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  using namespace std::string_view_literals;
  constexpr std::string_view sound = "\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b"sv;
  std::string bytes("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"sv);
  constexpr std::size_t head = 5120;  // longer than the first bytes that are judged
  bytes += std::string{'\0', static_cast<char>(head >> 8)} + std::string(6, '\0') + std::string(sound);
  bytes.resize(6000);
  const VideoId video = site.at(ada).videos().add(ada, {"ada", "sound", {}}).id;
  requireFault([&] { uploads.put(ada, {video, {}}, sourceOf(bytes)); }, Fault::unsupportedMediaType);
  const UploadId id = uploads.create(ada, sized(bytes.size())).id;
  for (std::size_t from = 0; from < 5000; from += 1000)
    uploads.append(ada, at(id, from), sourceOf(bytes.substr(from, 1000)));
  requireFault([&] { uploads.append(ada, at(id, 5000), sourceOf(bytes.substr(5000))); }, Fault::unsupportedMediaType);
  requireFault([&] { uploads.show(ada, {id}); }, Fault::notFound);
  CHECK(site.at(ada).videos().show(ada, {video, {}}).state == VideoState::pending);
}
