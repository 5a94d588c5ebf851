// Videos and uploads, local and remote.
#include "catch.hpp"
#include "contract/site.hpp"
#include "http/client/client.hpp"
#include "http/percent_encoding.hpp"
#include "store/blobs.hpp"
#include "store/directory.hpp"
#include "videos/fields.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

std::vector<std::string> names(const Page<Video>& page) {
  std::vector<std::string> all;
  for (const Video& video : page.items) all.push_back(video.name);
  return all;
}

using Titles = std::vector<std::string>;

}  // namespace

TEST_CASE("a video is added, uploaded, shown and read back") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const AddedVideo added = site.at(ada).videos().add(ada, {"ada", "First · 第一"});
  CHECK(added.state == VideoState::pending);
  CHECK(added.author == "ada");
  CHECK(added.size == 0);
  CHECK(added.uploadUrl.starts_with("/upload/" + added.id.text + "?share="));
  requireFault([&] { site.at(ada).videos().open(ada, {added.id, std::nullopt}); }, Fault::notFound);
  requireFault([&] { site.at(Anonymous{}).videos().show(Anonymous{}, {added.id, std::nullopt}); }, Fault::notFound);
  CHECK(site.at(ada).videos().show(ada, {added.id, std::nullopt}).name == "First · 第一");

  const std::string bytes = movie(300'000);
  const Uploaded uploaded = site.at(ada).uploads().put(ada, {added.id, std::nullopt}, sourceOf(bytes, 65'536));
  CHECK_FALSE(uploaded.replaced);
  CHECK(uploaded.size == 300'000);
  CHECK(uploaded.contentType == "video/mp4");
  CHECK(uploaded.sha256.size() == 64);

  const Video shown = site.at(Anonymous{}).videos().show(Anonymous{}, {added.id, std::nullopt});
  CHECK(shown.state == VideoState::ready);
  CHECK(shown.size == 300'000);
  CHECK(shown.sha256 == uploaded.sha256);
  CHECK_NOTHROW(site.at(Anonymous{}).videos().show(Anonymous{}, {added.id, "ADA"}));
  requireFault([&] { site.at(Anonymous{}).videos().show(Anonymous{}, {added.id, "bob"}); }, Fault::notFound);

  const Content content = site.at(Anonymous{}).videos().open(Anonymous{}, {added.id, std::nullopt});
  CHECK(content.meta.size == 300'000);
  CHECK(content.meta.type == "video/mp4");
  CHECK(content.meta.etag == "\"" + uploaded.sha256 + "\"");
  CHECK(readAll(content, 40'000) == bytes);
  std::array<std::byte, 100> part{};
  REQUIRE(content.reader->read(1000, part) == 100);
  CHECK(std::string_view(reinterpret_cast<const char*>(part.data()), 100) == bytes.substr(1000, 100));

  const std::string second = movie(5000, 7);
  CHECK(site.at(ada).uploads().put(ada, {added.id, std::nullopt}, sourceOf(second)).replaced);
  CHECK(readAll(site.at(ada).videos().open(ada, {added.id, std::nullopt})) == second);
  // What was replaced counts until it is unlinked.
  const auto used = [&] { return site.at(ada).users().show(ada, {"ada"}).bytesUsed; };
  CHECK(used() == 305'000);
  site.at(Operator{}).deletions().drain(Operator{}, {});
  CHECK(test::soon([&] { return used() == 5000; }));
  CHECK(countFiles(site.data() / "blobs") == 1);
}

TEST_CASE("videos.add refuses other users' videos and invalid names") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  Videos& videos = site.at(ada).videos();
  requireFault([&] { site.at(bob).videos().add(bob, {"ada", "x"}); }, Fault::forbidden);
  requireFault([&] { site.at(Anonymous{}).videos().add(Anonymous{}, {"ada", "x"}); }, Fault::unauthenticated);
  requireFault([&] { site.at(Operator{}).videos().add(Operator{}, {"nobody", "x"}); }, Fault::notFound);
  requireFault([&] { videos.add(ada, {"ada", ""}); }, Fault::malformed, "name");
  requireFault([&] { videos.add(ada, {"ada", std::string(201, 'x')}); }, Fault::malformed, "name");
  requireFault([&] { videos.add(ada, {"ada", "a\nb"}); }, Fault::malformed, "name");
  CHECK_NOTHROW(videos.add(ada, {"ada", std::string(200, 'x')}));
  CHECK_NOTHROW(site.at(Operator{}).videos().add(Operator{}, {"ada", "by the operator"}));
}

TEST_CASE("videos are listed in pages, filtered and sorted") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const VideoId b = site.video(ada, "ada", "b", movie(3000));
  site.video(ada, "ada", "a", movie(1000));
  site.video(bob, "bob", "c", movie(2000));
  site.at(ada).videos().add(ada, {"ada", "pending"});

  VideoQuery query;
  CHECK(names(site.at(ada).videos().list(ada, query)) == Titles{"pending", "a", "b"});
  CHECK(names(site.at(root).videos().list(root, query)) == Titles{"pending", "c", "a", "b"});
  CHECK(names(site.at(Operator{}).videos().list(Operator{}, query)) == Titles{"pending", "c", "a", "b"});
  requireFault([&] { site.at(Anonymous{}).videos().list(Anonymous{}, query); }, Fault::unauthenticated);
  query.sort = VideoSort::name;
  CHECK(names(site.at(root).videos().list(root, query)) == Titles{"a", "b", "c", "pending"});
  query.sort = VideoSort::size;
  query.state = VideoState::ready;
  CHECK(names(site.at(root).videos().list(root, query)) == Titles{"a", "c", "b"});
  query.user = "ada";
  CHECK(names(site.at(root).videos().list(root, query)) == Titles{"a", "b"});
  requireFault([&] { site.at(bob).videos().list(bob, query); }, Fault::forbidden);
  query.user = "nobody";
  requireFault([&] { site.at(root).videos().list(root, query); }, Fault::notFound);

  for (const VideoSort sort : {VideoSort::created, VideoSort::name, VideoSort::size, VideoSort::duration}) {
    VideoQuery paged;
    paged.sort = sort;
    const Titles whole = names(site.at(root).videos().list(root, paged));
    paged.limit = 1;
    Titles walked;
    for (;;) {
      const Page<Video> page = site.at(root).videos().list(root, paged);
      REQUIRE(page.items.size() == 1);
      walked.push_back(page.items[0].name);
      if (!page.nextCursor) break;
      paged.cursor = *page.nextCursor;
    }
    CHECK(walked == whole);
  }

  VideoQuery same;
  same.sha256 = site.at(ada).videos().show(ada, {b, std::nullopt}).sha256;
  CHECK(names(site.at(ada).videos().list(ada, same)) == Titles{"b"});
  VideoQuery later;
  later.since = Time{std::chrono::milliseconds{4'000'000'000'000}};
  CHECK(site.at(root).videos().list(root, later).items.empty());
  VideoQuery earlier;
  earlier.until = later.since;
  CHECK(site.at(root).videos().list(root, earlier).items.size() == 4);
  VideoQuery tooMany;
  tooMany.limit = 1001;
  requireFault([&] { site.at(root).videos().list(root, tooMany); }, Fault::malformed, "limit");

  UserVideosQuery of;
  of.user = "ada";
  CHECK(names(site.at(Anonymous{}).videos().listOf(Anonymous{}, of)) == Titles{"a", "b"});
  CHECK(names(site.at(bob).videos().listOf(bob, of)) == Titles{"a", "b"});
  CHECK(names(site.at(ada).videos().listOf(ada, of)) == Titles{"pending", "a", "b"});
  of.state = VideoState::pending;
  CHECK(names(site.at(root).videos().listOf(root, of)) == Titles{"pending"});
  requireFault([&] { site.at(bob).videos().listOf(bob, of); }, Fault::forbidden);
  of.user = "nobody";
  of.state.reset();
  requireFault([&] { site.at(Anonymous{}).videos().listOf(Anonymous{}, of); }, Fault::notFound);
}

TEST_CASE("videos.set changes only the given fields") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId id = site.video(ada, "ada", "first");
  Videos& videos = site.at(ada).videos();
  const auto set = [&](std::optional<std::string> name, std::optional<std::string> description) {
    return videos.set(ada, {.id = id, .name = std::move(name), .description = std::move(description)});
  };
  const auto shown = [&] { return videos.show(ada, {id, std::nullopt}); };

  CHECK(shown().description.empty());
  CHECK(set("second", std::nullopt).name == "second");
  CHECK(set(std::nullopt, "two\nlines").name == "second");
  CHECK(shown().description == "two\nlines");
  CHECK(set(std::nullopt, std::nullopt).description == "two\nlines");
  const Video both = set("third", "");
  CHECK(both.name == "third");
  CHECK(both.description.empty());
  std::string longest;
  for (int i = 0; i < 5000; ++i) longest += "\u00e9";
  CHECK(set(std::nullopt, longest).description == longest);
  CHECK(videos.list(ada, {}).items.at(0).description == longest);
  CHECK(site.at(Anonymous{}).videos().listOf(Anonymous{}, {{}, "ada", std::nullopt}).items.at(0).description ==
        longest);

  requireFault([&] { set(std::nullopt, longest + "x"); }, Fault::malformed, "description: has 5001 characters");
  requireFault([&] { set(std::nullopt, "a\rb"); }, Fault::malformed, "description: has a control character");
  requireFault([&] { set("good", "a\tb"); }, Fault::malformed, "description");
  requireFault([&] { set("a\nb", std::nullopt); }, Fault::malformed, "name: has a control character");
  requireFault([&] { set("", "good"); }, Fault::malformed, "name");
  requireFault([&] { site.at(bob).videos().set(bob, {.id = id, .name = {}, .description = {}}); }, Fault::forbidden);
  requireFault([&] { videos.set(ada, {.id = {"nothing"}, .name = "x", .description = {}}); }, Fault::notFound);
  CHECK(shown().name == "third");
  CHECK(shown().description == longest);

  const Credential root = site.user("root", Role::admin);
  CHECK(site.at(root).videos().set(root, {.id = id, .name = "by root", .description = {}}).name == "by root");
  site.at(ada).videos().remove(ada, {{id, std::nullopt}, std::nullopt});
  requireFault([&] { set("gone", std::nullopt); }, Fault::conflict, "is deleted");
}

TEST_CASE("a content that replaces another in the same second has another Last-Modified") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x", movie(500, 1));
  const auto second = [&] {
    return std::chrono::floor<std::chrono::seconds>(site.at(ada).videos().open(ada, {video, {}}).meta.modified);
  };
  const auto first = second();
  for (int i = 1; i <= 3; ++i) {
    site.at(ada).uploads().put(ada, {video, {}}, sourceOf(movie(500, 1 + i)));
    CHECK(second() >= first + std::chrono::seconds{i});
  }
}

TEST_CASE("a refused upload leaves nothing behind") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.uploads.maxUpload = 10'000; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const std::string old = movie(4000, 1);
  const VideoId video = site.video(ada, "ada", "mine", old);
  Uploads& uploads = site.at(ada).uploads();

  requireFault([&] { uploads.put(ada, {video, std::nullopt}, sourceOf(movie(10'001))); }, Fault::tooLarge, "limit");
  ByteSource sizeless = sourceOf(movie(10'001));
  sizeless.size.reset();
  requireFault([&] { uploads.put(ada, {video, std::nullopt}, sizeless); }, Fault::tooLarge, "limit");
  requireFault([&] { uploads.put(ada, {video, std::nullopt}, sourceOf("")); }, Fault::malformed, "empty");
  requireFault(
      [&] {
        uploads.put(ada, {video, std::nullopt}, sourceOf("no video at all"));
      },
      Fault::unsupportedMediaType);
  requireFault(
      [&] {
        uploads.put(ada, {video, std::string(64, '0')}, sourceOf(movie(500)));
      },
      Fault::malformed, "does not match");
  requireFault([&] { site.at(bob).uploads().put(bob, {video, std::nullopt}, sourceOf(movie(500))); }, Fault::forbidden);
  requireFault(
      [&] {
        site.at(Anonymous{}).uploads().put(Anonymous{}, {video, std::nullopt}, sourceOf(movie(500)));
      },
      Fault::unauthenticated);
  const VideoId unknown{"0193e1a0-0000-7000-8000-000000000000"};
  requireFault(
      [&] {
        site.at(Operator{}).uploads().put(Operator{}, {unknown, std::nullopt}, sourceOf(movie(500)));
      },
      Fault::notFound, "not found");

  CHECK(readAll(site.at(ada).videos().open(ada, {video, std::nullopt})) == old);
  CHECK(countFiles(site.data() / "blobs") == 1);
  CHECK(countFiles(site.data() / "incoming") == 0);
}

TEST_CASE("an upload over the quota is refused") {
  Site site(GENERATE(eachWay()));
  NewUser limited;
  limited.name = "ada";
  limited.password = "password-of-ada";
  limited.ownQuota = Nullable<std::int64_t>(5000);
  site.at(Operator{}).users().add(Operator{}, limited);
  const Credential ada = Operator{"ada"};
  const VideoId first = site.video(ada, "ada", "first", movie(3000));
  const VideoId second = site.at(ada).videos().add(ada, {"ada", "second"}).id;
  requireFault(
      [&] {
        site.at(ada).uploads().put(ada, {second, std::nullopt}, sourceOf(movie(2001)));
      },
      Fault::overQuota);
  ByteSource sizeless = sourceOf(movie(2001));
  sizeless.size.reset();
  requireFault([&] { site.at(ada).uploads().put(ada, {second, std::nullopt}, sizeless); }, Fault::overQuota);
  CHECK_NOTHROW(site.at(ada).uploads().put(ada, {second, std::nullopt}, sourceOf(movie(2000))));
  // A replacement counts only the difference.
  CHECK_NOTHROW(site.at(ada).uploads().put(ada, {first, std::nullopt}, sourceOf(movie(2900, 3))));
}

TEST_CASE("a quota holds for what is on the disk: contents that are replaced in a loop, and uploads in progress") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.uploads.quota = 20'000; });
  const Credential ada = site.user("ada");
  const VideoId first = site.video(ada, "ada", "first", movie(15'000));
  Uploads& uploads = site.at(ada).uploads();
  const auto onDisk = [&] {
    std::uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(site.data() / "blobs")) {
      std::error_code gone;
      const std::uintmax_t size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
      if (!gone) bytes += size;
    }
    return bytes;
  };
  bool wasRefused = false;
  for (int i = 1; i <= 30; ++i) {
    try {
      uploads.put(ada, {first, std::nullopt}, sourceOf(movie(15'000, i)));
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::overQuota);
      wasRefused = true;
    }
    CHECK(onDisk() <= 35'000);
  }
  if (&site.at(ada) == &site.local()) CHECK(wasRefused);  // a daemon unlinks meanwhile
  site.at(Operator{}).deletions().drain(Operator{}, {});
  REQUIRE(test::soon([&] { return site.at(ada).users().show(ada, {"ada"}).bytesUsed == 15'000; }));

  // 3,000 bytes are on their way: of the 5,000 that are left, there is room for 2,000.
  const VideoId second = site.at(ada).videos().add(ada, {"ada", "second"}).id;
  const VideoId third = site.at(ada).videos().add(ada, {"ada", "third"}).id;
  ByteSource slow = sourceOf(movie(3'000, 2));
  slow.push = [&, push = slow.push](const ByteSink& sink) {
    REQUIRE(test::soon([&] { return uploads.status(ada, {second, std::nullopt, std::nullopt}).underWay; }));
    requireFault([&] { uploads.begin(ada, {third, 2'001, std::nullopt}); }, Fault::overQuota);
    requireFault([&] { uploads.put(ada, {third, std::nullopt}, sourceOf(movie(2'001, 3))); }, Fault::overQuota);
    ByteSource sizeless = sourceOf(movie(2'001, 3));
    sizeless.size.reset();
    requireFault([&] { uploads.put(ada, {third, std::nullopt}, sizeless); }, Fault::overQuota);
    CHECK_NOTHROW(uploads.put(ada, {third, std::nullopt}, sourceOf(movie(2'000, 3))));
    push(sink);
  };
  uploads.put(ada, {second, std::nullopt}, slow);
  CHECK(onDisk() == 20'000);
}

TEST_CASE("an upload to a video with an upload in progress is refused") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  {
    const auto directory = store::DataDirectory::open(site.data(), store::Hold::shared);
    store::Blobs elsewhere(directory);
    const store::Incoming held = elsewhere.begin(video.text);
    requireFault(
        [&] {
          site.at(ada).uploads().put(ada, {video, std::nullopt}, sourceOf(movie(500)));
        },
        Fault::conflict, "in progress");
    requireFault(
        [&] {
          site.at(ada).uploads().begin(ada, {video, 500, std::nullopt});
        },
        Fault::conflict, "in progress");
    CHECK(site.at(ada).uploads().status(ada, {video, std::nullopt, std::nullopt}).underWay);
  }
  CHECK_NOTHROW(site.at(ada).uploads().put(ada, {video, std::nullopt}, sourceOf(movie(500))));
}

TEST_CASE("a user's uploads in progress are limited, and take nothing from others") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.uploads.maxPerUser = 2; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const auto add = [&](const Credential& by, const std::string& name) {
    return site.at(by).videos().add(by, {name, "x"});
  };
  const auto put = [&](const Credential& by, const VideoId& video) {
    site.at(by).uploads().put(by, {video, std::nullopt}, sourceOf(movie()));
  };
  const AddedVideo third = add(ada, "ada");
  SignedLink link;
  for (const auto& [name, value] : http::parseQuery(third.uploadUrl.substr(third.uploadUrl.find('?') + 1)))
    (name == "share" ? link.share : name == "exp" ? link.expires : link.signature) = value;
  // Calls `then` while ada's upload to a new video is in progress.
  const auto during = [&](const std::function<void()>& then) {
    const VideoId video = add(ada, "ada").id;
    ByteSource source;
    source.push = [&, whole = sourceOf(movie(100'000))](const ByteSink& sink) {
      bool first = true;
      whole.push([&](std::span<const std::byte> piece) {
        sink(piece);
        if (!std::exchange(first, false)) return;
        waitFor("the upload", [&] { return site.local().uploads().status(ada, {video, {}, {}}).underWay; });
        then();
      });
    };
    site.at(ada).uploads().put(ada, {video, std::nullopt}, source);
  };
  during([&] {
    during([&] {
      requireFault([&] { put(ada, third.id); }, Fault::tooMany, "this user");
      requireFault([&] { put(link, third.id); }, Fault::tooMany, "this user");
      CHECK_NOTHROW(put(bob, add(bob, "bob").id));
      CHECK_NOTHROW(put(Operator{}, third.id));
      CHECK_NOTHROW(put(Operator{"ada"}, third.id));
    });
  });
  CHECK_NOTHROW(put(link, third.id));
}

TEST_CASE("a content is verified, and a damaged or missing one is found") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x");
  Videos& videos = site.at(ada).videos();
  const auto verify = [&] {
    videos.verify(ada, {video, {}});
    VerifiedVideo found;
    waitFor("the verification", [&] {
      found = videos.verifyStatus(ada, {video, {}});
      return found.state == VerifyState::ok || found.state == VerifyState::damaged;
    });
    CHECK(found.id == video);
    CHECK(found.ended.has_value());
    CHECK(found.sound == (found.state == VerifyState::ok));
    return found;
  };
  requireFault([&] { videos.verifyStatus(ada, {video, {}}); }, Fault::notFound, "no verification");
  const VerifiedVideo first = videos.verify(ada, {video, {}});
  CHECK(first.state == VerifyState::queued);
  CHECK_FALSE(first.ended.has_value());
  const VerifiedVideo sound = verify();
  CHECK(sound.state == VerifyState::ok);
  CHECK(sound.size == 3000);
  CHECK(sound.sha256 == videos.show(ada, {video, {}}).sha256);

  requireFault([&] { site.at(bob).videos().verify(bob, {video, {}}); }, Fault::forbidden);
  requireFault([&] { site.at(bob).videos().verifyStatus(bob, {video, {}}); }, Fault::forbidden);
  requireFault([&] { site.at(Anonymous{}).videos().verifyStatus(Anonymous{}, {video, {}}); }, Fault::unauthenticated);
  requireFault([&] { videos.verifyStatus(ada, {VideoId{"unknown"}, {}}); }, Fault::notFound);
  const VideoId pending = videos.add(ada, {"ada", "pending"}).id;
  requireFault([&] { videos.verify(ada, {pending, {}}); }, Fault::conflict, "no content");

  std::filesystem::path file;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(site.data() / "blobs"))
    if (entry.is_regular_file()) file = entry.path();
  std::filesystem::resize_file(file, 2999);
  const VerifiedVideo damaged = verify();
  CHECK(damaged.state == VerifyState::damaged);
  CHECK(damaged.size == 2999);
  std::filesystem::remove(file);
  const VerifiedVideo missing = verify();
  CHECK(missing.state == VerifyState::damaged);
  CHECK(missing.sha256.empty());
}

TEST_CASE("uploads.begin refuses a wrong size and recognises the same content before any byte is sent") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.uploads.maxUpload = 10'000; });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x", movie(600));
  const std::string hash = site.at(ada).videos().show(ada, {video, std::nullopt}).sha256;
  requireFault([&] { site.at(ada).uploads().begin(ada, {video, 10'001, std::nullopt}); }, Fault::tooLarge);
  requireFault([&] { site.at(ada).uploads().begin(ada, {video, -1, std::nullopt}); }, Fault::malformed, "size");
  CHECK(site.at(ada).uploads().begin(ada, {video, 600, hash}).same);
  CHECK_FALSE(site.at(ada).uploads().begin(ada, {video, 600, std::string(64, '0')}).same);
}

TEST_CASE("a rehearsed upload fails like the real one, and creates nothing") {
  Site site(GENERATE(eachWay()), [](Settings& settings) {
    settings.uploads.maxUpload = 10'000;
    settings.uploads.quota = 6'000;
  });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  Uploads& uploads = site.at(ada).uploads();
  const RehearseUpload wanted{"ada", "x", 5'000, 0, "000000186674797069736f6d"};
  const auto with = [&](const std::function<void(RehearseUpload&)>& change) {
    RehearseUpload changed = wanted;
    change(changed);
    return [&uploads, &ada, changed] { uploads.rehearse(ada, changed); };
  };
  CHECK(uploads.rehearse(ada, wanted).contentType == "video/mp4");
  requireFault(with([](auto& it) { it.size = 10'001; }), Fault::tooLarge);
  requireFault(with([](auto& it) { it.size = 6'001; }), Fault::overQuota);
  requireFault(with([](auto& it) { it.ahead = 1'001; }), Fault::overQuota);
  requireFault(with([](auto& it) { it.size = 0; }), Fault::malformed, "empty");
  for (const std::int64_t ahead : {std::int64_t{-1}, INT64_MAX})
    requireFault(with([ahead](auto& it) { it.ahead = ahead; }), Fault::malformed, "ahead: must be from 0");
  requireFault(with([](auto& it) { it.name = ""; }), Fault::malformed, "name");
  requireFault(with([](auto& it) { it.front = "6e6f"; }), Fault::unsupportedMediaType);
  requireFault(with([](auto& it) { it.front = "6E"; }), Fault::malformed, "front");
  requireFault(with([](auto& it) { it.user = "bob"; }), Fault::forbidden);
  requireFault(
      [&] {
        site.at(Operator{}).uploads().rehearse(Operator{}, {"nobody", "x", 5, 0, wanted.front});
      },
      Fault::notFound);
  CHECK(site.at(ada).videos().list(ada, {}).items.empty());
}

TEST_CASE("an upload that does not fit on the disk is refused before any byte is sent") {
  const std::string bytes = movie(8'000'000);
  TempDirectory probe;
  const std::uint64_t free = std::filesystem::space(probe.path()).available;
  Site site(GENERATE(eachWay()),
            [&](Settings& settings) { settings.store.freeSpaceFloor = free > 500'000'000 ? free - 500'000'000 : 0; });
  const Credential ada = site.user("ada");
  const VideoId video = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  requireFault([&] { site.at(ada).uploads().begin(ada, {video, 600'000'000, std::nullopt}); }, Fault::diskFull);
  CHECK(site.at(ada).uploads().put(ada, {video, std::nullopt}, sourceOf(bytes, 1'000'000)).size == 8'000'000);
}

TEST_CASE("a user has so many pending videos; the operator adds more") {
  Site site(GENERATE(eachWay()), [](Settings& settings) { settings.videos.maxPending = 2; });
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  const auto add = [&](const Credential& by) { return site.at(by).videos().add(by, {"ada", "x"}).id; };
  const VideoId first = add(ada);
  const VideoId second = add(root);
  for (const Credential& by : {ada, root}) requireFault([&] { add(by); }, Fault::conflict, "2 pending videos");
  site.at(ada).uploads().put(ada, {first, {}}, sourceOf(movie()));
  add(ada);
  requireFault([&] { add(ada); }, Fault::conflict, "pending");
  site.at(ada).videos().remove(ada, {{second, {}}, {}});
  add(ada);
  requireFault([&] { add(ada); }, Fault::conflict, "pending");
  add(Operator{});
  add(Operator{"ada"});
}
