// Uploads that can be resumed, local and remote.
#include "uploads/fields.hpp"

#include <poll.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "catch.hpp"
#include "contract/pieces.hpp"
#include "contract/site.hpp"
#include "http/percent_encoding.hpp"
#include "shares/fields.hpp"
#include "store/blobs.hpp"
#include "store/directory.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
using namespace std::chrono_literals;

TEST_CASE("an upload goes on where it stopped, and publishes its video when it is whole") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(300'000);

  NewUpload wanted = sized(bytes.size());
  wanted.sha256 = hashOf(bytes);
  wanted.visibility = Visibility::private_;
  const ResumableUpload made = uploads.create(ada, wanted);
  CHECK(made.offset == 0);
  CHECK(made.size == 300'000);
  CHECK(made.state == UploadState::partial);
  CHECK(made.user == "ada");
  CHECK(made.name == "a film");
  CHECK(made.expires > made.created + 23h);
  CHECK_FALSE(made.lastByte);
  CHECK(site.at(ada).videos().show(ada, {made.video, {}}).state == VideoState::pending);
  CHECK(site.at(ada).videos().show(ada, {made.video, {}}).visibility == Visibility::private_);

  const ResumableUpload first = uploads.append(ada, at(made.id, 0), sourceOf(bytes.substr(0, 100'000)));
  CHECK(first.offset == 100'000);
  CHECK(first.lastByte);
  CHECK(uploads.resume(ada, {made.id}).offset == 100'000);
  CHECK(uploads.show(ada, {made.id}).offset == 100'000);
  CHECK(site.at(ada).users().show(ada, {"ada"}).bytesUsed == 100'000);
  CHECK(site.at(ada).videos().show(ada, {made.video, {}}).state == VideoState::pending);
  requireFault([&] { uploads.append(ada, at(made.id, 0), sourceOf(bytes)); }, Fault::conflict, "offset: is 100000");

  ByteSource sizeless = sourceOf(bytes.substr(100'000));
  sizeless.size.reset();
  const ResumableUpload whole = uploads.append(ada, at(made.id, 100'000), sizeless);
  CHECK(whole.offset == 300'000);
  CHECK(whole.state == UploadState::complete);
  CHECK(uploads.resume(ada, {made.id}).offset == 300'000);
  requireFault([&] { uploads.append(ada, at(made.id, 300'000), sourceOf("x")); }, Fault::conflict, "is complete");
  const Video video = site.at(ada).videos().show(ada, {made.video, {}});
  CHECK(video.state == VideoState::ready);
  CHECK(video.sha256 == hashOf(bytes));
  CHECK(readAll(site.at(ada).videos().open(ada, {made.video, {}}), 70'000) == bytes);
  CHECK(site.at(ada).users().show(ada, {"ada"}).bytesUsed == 300'000);
  CHECK(countFiles(site.data() / "incoming") == 0);
  CHECK(countFiles(site.data() / "blobs") == 1);

  const auto listed = uploads.list(ada, {}).items;
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].id == made.id);
  CHECK(listed[0].state == UploadState::complete);
  uploads.abort(ada, {made.id});  // forgets it
  CHECK(uploads.list(ada, {}).items.empty());
  CHECK(site.at(ada).videos().show(ada, {made.video, {}}).state == VideoState::ready);
}

TEST_CASE("what has arrived of a piece that broke off stays") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(200'000);
  const UploadId id = uploads.create(ada, sized(bytes.size())).id;
  std::size_t offset = 0;
  for (const std::size_t sent : {20'000U, 48'000U, 1U}) {
    const auto whole = offset + sent;
    const auto arrived = [&] { return sizeOf(site, id) >= static_cast<std::int64_t>(offset + sent) - buffered; };
    CHECK_THROWS(uploads.append(ada, at(id, offset), broken(bytes.substr(offset), sent, arrived)));
    const auto found = static_cast<std::size_t>(uploads.resume(ada, {id}).offset);
    CHECK(found >= offset);
    CHECK(found <= whole);
    offset = found;
  }
  CHECK(static_cast<std::int64_t>(offset) >= 68'000 - 2 * buffered);
  // The last byte may have been on its way still when the offset was asked for.
  waitFor("the rest has been taken", [&] {
    try {
      uploads.append(ada, at(id, offset), sourceOf(bytes.substr(offset)));
      return true;
    } catch (const Error& refused) {
      if (refused.fault() != Fault::conflict) throw;
      offset = static_cast<std::size_t>(uploads.resume(ada, {id}).offset);
      return false;
    }
  });
  CHECK(site.at(ada).videos().show(ada, {uploads.show(ada, {id}).video, {}}).sha256 == hashOf(bytes));
}

TEST_CASE("a piece with a checksum counts whole or not at all") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(50'000);
  const UploadId id = uploads.create(ada, sized(bytes.size())).id;
  const std::string first = bytes.substr(0, 30'000);
  AppendUpload wanted = at(id, 0);
  wanted.checksum = Checksum{HashFunction::sha1, hashOf("something else", HashFunction::sha1)};
  requireFault([&] { uploads.append(ada, wanted, sourceOf(first)); }, Fault::checksumMismatch);
  CHECK(uploads.resume(ada, {id}).offset == 0);
  wanted.checksum.reset();
  wanted.digest = hashOf("something else");
  requireFault([&] { uploads.append(ada, wanted, sourceOf(first)); }, Fault::malformed, "does not match the bytes");
  CHECK(uploads.show(ada, {wanted.id}).offset == 0);
  wanted.digest = hashOf(first);
  wanted.checksum = Checksum{HashFunction::sha256, hashOf(first)};
  CHECK_THROWS(
      uploads.append(ada, wanted, broken(first, 20'000, [&] { return sizeOf(site, id) >= 20'000 - buffered; })));
  CHECK(uploads.resume(ada, {id}).offset == 0);
  CHECK(uploads.append(ada, wanted, sourceOf(first)).offset == 30'000);
  AppendUpload rest = at(id, 30'000);
  rest.checksum = Checksum{HashFunction::sha1, hashOf("x", HashFunction::sha1)};
  requireFault([&] { uploads.append(ada, rest, sourceOf(bytes.substr(30'000))); }, Fault::checksumMismatch);
  rest.checksum = Checksum{HashFunction::sha1, hashOf(bytes.substr(30'000), HashFunction::sha1)};
  const ResumableUpload whole = uploads.append(ada, rest, sourceOf(bytes.substr(30'000)));
  CHECK(site.at(ada).videos().show(ada, {whole.video, {}}).sha256 == hashOf(bytes));
}

TEST_CASE("the size of an upload may be said later, and not be changed") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.uploads.maxUpload = 100'000; });
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(50'000);
  NewUpload wanted;
  const ResumableUpload made = uploads.create(ada, wanted);
  CHECK_FALSE(made.size);
  CHECK(made.name == "video");
  CHECK(uploads.append(ada, at(made.id, 0), sourceOf(bytes)).offset == 50'000);
  AppendUpload last = at(made.id, 50'000);
  last.size = 40'000;
  requireFault([&] { uploads.append(ada, last, sourceOf("")); }, Fault::malformed, "50000 bytes are stored");
  last.size = 100'001;
  requireFault([&] { uploads.append(ada, last, sourceOf("")); }, Fault::tooLarge);
  requireFault([&] { uploads.append(ada, at(made.id, 50'000), sourceOf(std::string(50'001, 'x'))); }, Fault::tooLarge);
  last.size = 50'000;
  CHECK(uploads.append(ada, last, sourceOf("")).state == UploadState::complete);
  CHECK(site.at(ada).videos().show(ada, {made.video, {}}).sha256 == hashOf(bytes));

  const UploadId second = uploads.create(ada, wanted).id;
  AppendUpload first = at(second, 0);
  first.size = 50'000;
  CHECK(uploads.append(ada, first, sourceOf(bytes.substr(0, 10))).size == 50'000);
  first = at(second, 10);
  first.size = 50'001;
  requireFault([&] { uploads.append(ada, first, sourceOf("x")); }, Fault::malformed, "size");
}

TEST_CASE("nothing is kept of a piece that goes beyond the size") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(50'000);
  const UploadId id = uploads.create(ada, sized(49'999)).id;
  for (const bool isSized : {true, false}) {
    ByteSource source = sourceOf(bytes);
    if (!isSized) source.size.reset();
    requireFault([&] { uploads.append(ada, at(id, 0), source); }, Fault::malformed);
    CHECK(uploads.resume(ada, {id}).offset == 0);
    CHECK(sizeOf(site, id) == 0);
  }
}

TEST_CASE("an upload is refused before a byte is sent") {
  Site site(GENERATE(eachWay()), [](Settings& settings) {
    settings.uploads.maxUpload = 100'000;
    settings.uploads.maxPartial = 2;
  });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(bob, "bob", "x");
  Uploads& uploads = site.at(ada).uploads();
  requireFault([&] { uploads.create(ada, sized(0)); }, Fault::malformed, "empty");
  requireFault([&] { uploads.create(ada, sized(100'001)); }, Fault::tooLarge);
  requireFault([&] { uploads.create(ada, sized(5, std::string(201, 'x'))); }, Fault::malformed, "name");
  requireFault([&] { site.at(Anonymous{}).uploads().create(Anonymous{}, sized(5)); }, Fault::unauthenticated);
  requireFault([&] { site.at(Operator{}).uploads().create(Operator{}, sized(5)); }, Fault::malformed, "user");
  NewUpload wanted = sized(5);
  wanted.sha256 = "x";
  requireFault([&] { uploads.create(ada, wanted); }, Fault::malformed, "sha256");
  wanted = sized(5);
  wanted.user = "bob";
  requireFault([&] { uploads.create(ada, wanted); }, Fault::forbidden);
  wanted = sized(5);
  wanted.video = video;
  requireFault([&] { uploads.create(ada, wanted); }, Fault::forbidden);
  wanted.video = VideoId{"unknown"};
  requireFault([&] { uploads.create(ada, wanted); }, Fault::notFound);
  setQuota(site, 1'000);
  requireFault([&] { uploads.create(ada, sized(1'001)); }, Fault::overQuota);
  for (int i = 0; i < 2; ++i) uploads.create(ada, sized(5));
  requireFault([&] { uploads.create(ada, sized(5)); }, Fault::conflict, "2 uploads");
  CHECK(uploads.list(ada, {}).items.size() == 2);
  VideoQuery pending;
  pending.state = VideoState::pending;
  CHECK(site.at(ada).videos().list(ada, pending).items.size() == 2);  // none is left of those that were refused
}

TEST_CASE("to those who have no right to it, an upload does not exist") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const std::string bytes = movie(5'000);
  const ResumableUpload made = site.at(ada).uploads().create(ada, sized(bytes.size()));
  Uploads& others = site.at(bob).uploads();
  requireFault([&] { others.resume(bob, {made.id}); }, Fault::notFound);
  requireFault([&] { others.append(bob, at(made.id, 0), sourceOf(bytes)); }, Fault::notFound);
  requireFault([&] { others.show(bob, {made.id}); }, Fault::notFound);
  requireFault([&] { others.abort(bob, {made.id}); }, Fault::notFound);
  requireFault([&] { others.resume(bob, {UploadId{"unknown"}}); }, Fault::notFound);
  requireFault([&] { site.at(Anonymous{}).uploads().show(Anonymous{}, {made.id}); }, Fault::unauthenticated);
  CHECK(others.list(bob, {}).items.empty());
  UploadQuery query;
  query.user = "ada";
  requireFault([&] { others.list(bob, query); }, Fault::forbidden);
  for (const Credential& by : {root, Credential(Operator{})}) {
    CHECK(site.at(by).uploads().list(by, {}).items.size() == 1);
    CHECK(site.at(by).uploads().list(by, query).items.size() == 1);
    CHECK(site.at(by).uploads().resume(by, {made.id}).id == made.id);
  }
  CHECK(site.at(root).uploads().append(root, at(made.id, 0), sourceOf(bytes)).state == UploadState::complete);
}

TEST_CASE("an upload that is removed takes its bytes and the video that it created along") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(50'000);
  const ResumableUpload made = uploads.create(ada, sized(bytes.size()));
  uploads.append(ada, at(made.id, 0), sourceOf(bytes.substr(0, 20'000)));
  uploads.abort(ada, {made.id});
  requireFault([&] { uploads.show(ada, {made.id}); }, Fault::notFound);
  CHECK(countFiles(site.data() / "incoming") == 0);
  CHECK(site.at(ada).users().show(ada, {"ada"}).bytesUsed == 0);
  CHECK(site.at(ada).videos().list(ada, {}).items.empty());

  const VideoId video = site.video(ada, "ada", "kept", movie(3'000, 7));
  NewUpload wanted = sized(bytes.size());
  wanted.video = video;
  const UploadId second = uploads.create(ada, wanted).id;
  uploads.append(ada, at(second, 0), sourceOf(bytes.substr(0, 20'000)));
  uploads.abort(ada, {second});
  CHECK(readAll(site.at(ada).videos().open(ada, {video, {}})) == movie(3'000, 7));
}

TEST_CASE("an upload replaces the content of a video when it is whole") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string before = movie(3'000, 7);
  const std::string bytes = movie(5'000, 8);
  const VideoId video = site.video(ada, "ada", "x", before);
  NewUpload wanted = sized(bytes.size());
  wanted.video = video;
  const UploadId id = uploads.create(ada, wanted).id;
  uploads.append(ada, at(id, 0), sourceOf(bytes.substr(0, 4'999)));
  CHECK(readAll(site.at(ada).videos().open(ada, {video, {}})) == before);
  uploads.append(ada, at(id, 4'999), sourceOf(bytes.substr(4'999)));
  CHECK(readAll(site.at(ada).videos().open(ada, {video, {}})) == bytes);

  const UploadId late = uploads.create(ada, wanted).id;
  site.at(ada).videos().remove(ada, {{video, {}}, {}});
  requireFault([&] { uploads.resume(ada, {late}); }, Fault::gone, "deleted");
  requireFault([&] { uploads.append(ada, at(late, 0), sourceOf("x")); }, Fault::gone);
}

TEST_CASE("an upload whose content is refused for what it is is removed") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string text(5'000, 'x');
  const UploadId unknown = uploads.create(ada, sized(text.size())).id;
  requireFault([&] { uploads.append(ada, at(unknown, 0), sourceOf(text)); }, Fault::unsupportedMediaType);
  NewUpload wanted = sized(5'000);
  wanted.sha256 = hashOf("another");
  const UploadId other = uploads.create(ada, wanted).id;
  requireFault([&] { uploads.append(ada, at(other, 0), sourceOf(movie(5'000))); }, Fault::malformed, "sha256");
  for (const UploadId& id : {unknown, other}) requireFault([&] { uploads.resume(ada, {id}); }, Fault::notFound);
  CHECK(countFiles(site.data() / "incoming") == 0);
  CHECK(countFiles(site.data() / "blobs") == 0);
  CHECK(site.at(ada).users().show(ada, {"ada"}).bytesUsed == 0);
}

TEST_CASE("the holder of an upload link resumes what was created through a link, and nothing else") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const AddedVideo video = site.at(ada).videos().add(ada, {"ada", "x"});
  const Credential link = linkOf(video.uploadUrl);
  const Credential other = linkOf(site.at(ada).videos().add(ada, {"ada", "y"}).uploadUrl);
  Uploads& uploads = site.at(link).uploads();
  const std::string bytes = movie(5'000);
  NewUpload wanted = sized(bytes.size(), std::nullopt);
  requireFault([&] { uploads.create(link, wanted); }, Fault::malformed, "video");
  wanted.video = video.id;
  requireFault([&] { uploads.create(other, wanted); }, Fault::forbidden);
  const UploadId own = site.at(ada).uploads().create(ada, wanted).id;
  requireFault([&] { uploads.resume(link, {own}); }, Fault::notFound);
  const UploadId id = uploads.create(link, wanted).id;
  CHECK(uploads.append(link, at(id, 0), sourceOf(bytes.substr(0, 1'000))).offset == 1'000);
  CHECK(uploads.resume(link, {id}).offset == 1'000);
  requireFault([&] { uploads.resume(other, {id}); }, Fault::forbidden);
  CHECK(uploads.append(link, at(id, 1'000), sourceOf(bytes.substr(1'000))).state == UploadState::complete);
  CHECK(site.at(ada).uploads().list(ada, {}).items.size() == 2);
  const UploadId dropped = uploads.create(link, wanted).id;
  uploads.abort(link, {dropped});
  CHECK(site.at(ada).videos().show(ada, {video.id, {}}).state == VideoState::ready);
}

TEST_CASE("an upload expires some time after its last byte, and is swept with its video") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.uploads.ttl = 1ms; });
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const ResumableUpload made = uploads.create(ada, sized(50));
  REQUIRE(soon([&] { return systemClock().now() > made.expires; }));
  requireFault([&] { uploads.resume(ada, {made.id}); }, Fault::gone, "expired");
  requireFault([&] { uploads.append(ada, at(made.id, 0), sourceOf("x")); }, Fault::gone);
  site.at(Operator{}).tasks().run(Operator{}, {"upload-sweep"});
  REQUIRE(soon([&] { return uploads.show(ada, {made.id}).state == UploadState::expired; }));
  requireFault([&] { uploads.resume(ada, {made.id}); }, Fault::gone, "expired");
  CHECK(countFiles(site.data() / "incoming") == 0);
  CHECK(site.at(ada).videos().list(ada, {}).items.empty());
}

TEST_CASE("a partial upload is kept by the sweep and by a daemon that starts, which goes on with it") {
  Site site(Way::local, [](Settings& settings) { settings.tasks.brokenUploadsAfter = 1ms; });
  const Credential ada = site.user("ada");
  const std::string bytes = movie(300'000);
  const ResumableUpload made = site.local().uploads().create(ada, sized(bytes.size()));
  site.local().uploads().append(ada, at(made.id, 0), sourceOf(bytes.substr(0, 100'000)));
  std::ofstream(site.data() / "incoming" / made.id.text, std::ios::app) << "what a killed daemon wrote last";
  REQUIRE(soon([&] { return systemClock().now() > made.created + 5ms; }));
  site.local().tasks().run(Operator{}, {"upload-sweep"});
  const auto second = openLocal(site.settings(), "the test", true);
  CHECK(second->uploads().resume(ada, {made.id}).offset == 100'000);
  CHECK(second->uploads().append(ada, at(made.id, 100'000), sourceOf(bytes.substr(100'000, 1'000))).offset == 101'000);
  CHECK(site.local().uploads().append(ada, at(made.id, 101'000), sourceOf(bytes.substr(101'000))).state ==
        UploadState::complete);
  CHECK(site.local().videos().show(ada, {made.video, {}}).sha256 == hashOf(bytes));
}

TEST_CASE("an upload that another process holds, or a daemon that stops, is locked") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const UploadId id = uploads.create(ada, sized(5'000)).id;
  {
    store::Blobs elsewhere(store::DataDirectory::open(site.data(), store::Hold::shared));
    store::HashedPart hashed;
    const store::Incoming held = elsewhere.resume(id.text, 0, hashed, [] { return false; });
    requireFault([&] { uploads.resume(ada, {id}); }, Fault::locked, "another process");
    requireFault([&] { uploads.append(ada, at(id, 0), sourceOf("x")); }, Fault::locked);
    requireFault([&] { uploads.abort(ada, {id}); }, Fault::locked);
  }
  CHECK(uploads.resume(ada, {id}).offset == 0);
  site.local().uploads().drain();
  requireFault([&] { uploads.resume(ada, {id}); }, Fault::locked, "stopping");
  requireFault([&] { uploads.append(ada, at(id, 0), sourceOf("x")); }, Fault::locked, "stopping");
  requireFault([&] { uploads.create(ada, sized(5)); }, Fault::locked, "stopping");
  CHECK(uploads.show(ada, {id}).offset == 0);
}

TEST_CASE("the newest request stops the one that sends, and keeps what it has sent") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Uploads& uploads = site.at(ada).uploads();
  const std::string bytes = movie(100'000);
  const ResumableUpload made = uploads.create(ada, sized(bytes.size()));
  ByteSource old = sourceOf(bytes);
  std::int64_t found = -1;
  std::jthread newer;
  old.push = [&](const ByteSink& sink) {
    sink(std::as_bytes(std::span(bytes).first(40'000)));
    waitFor("some bytes have arrived", [&] { return sizeOf(site, made.id) >= 40'000 - buffered; });
    newer = std::jthread([&] { found = uploads.resume(ada, {made.id}).offset; });
    if (!site.url().empty()) newer.join();  // the server does not wait for this client
    for (;; ::poll(nullptr, 0, 1)) sink(std::as_bytes(std::span(bytes).subspan(40'000, 1)));
  };
  Reason reason = Reason::none;
  try {
    uploads.append(ada, at(made.id, 0), old);
  } catch (const Error& error) {
    reason = error.reason();
  }
  // The server may have closed the connection before the client saw its reply.
  CHECK((reason == Reason::newerRequest || (!site.url().empty() && reason == Reason::noAnswer)));
  if (newer.joinable()) newer.join();
  CHECK(found >= 40'000 - buffered);
  found = uploads.resume(ada, {made.id}).offset;
  const auto offset = static_cast<std::size_t>(found);
  CHECK(uploads.append(ada, at(made.id, offset), sourceOf(bytes.substr(offset))).state == UploadState::complete);
}
