// What contents say about themselves: at upload, in lists, by the task media-probe; and removing where they were taken.
#include <fcntl.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "contract/pieces.hpp"
#include "contract/site.hpp"
#include "media_bytes.hpp"
#include "quiet_log.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

// A small file that ffmpeg has made.
std::string sample(const std::string& folder, const std::string& name) {
  return sampleFile(VIDEO_SOURCE_DIR, folder, name);
}

// What a database has that was written before contents were looked into.
void forget(Site& site) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open((site.data() / "video.db").c_str(), &database) == SQLITE_OK);
  sqlite3_busy_timeout(database, 10'000);
  CHECK(sqlite3_exec(database,
                     "UPDATE video_info SET probed = 0, duration_ms = 0, width = NULL, height = NULL, video_codec = "
                     "NULL, audio_codec = NULL, faststart = NULL, fragmented = NULL, has_location = NULL",
                     nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

TaskRun probeOnce(Site& site) {
  Tasks& tasks = site.at(Operator{}).tasks();
  const TaskAsked asked = tasks.run(Operator{}, {"media-probe"});
  TaskRunQuery query;
  query.name = "media-probe";
  TaskRun found;
  waitFor("the run is recorded", [&] {
    const auto runs = tasks.history(Operator{}, query).items;
    if (runs.empty() || runs[0].began < asked.asked) return false;
    found = runs[0];
    return true;
  });
  return found;
}

void byHand(Settings& settings) {
  for (auto& [name, timing] : settings.tasks.timings) timing.enabled = false;
}

}  // namespace

TEST_CASE("an upload finds out what the content says about itself, and another replaces it") {
  Site site(GENERATE(eachWay()), byHand);
  const Credential ada = site.user("ada");
  Videos& videos = site.at(ada).videos();
  const VideoId id = videos.add(ada, {"ada", "x"}).id;
  CHECK_FALSE(videos.show(ada, {id, {}}).durationMs);
  CHECK(videos.show(ada, {id, {}}).notes == std::vector<std::string>());

  const auto put = [&](const std::string& bytes) {
    return site.at(ada).uploads().put(ada, {id, {}}, sourceOf(bytes)).notes;
  };
  const std::string late = "the index is at the end: playback starts late";
  CHECK(put(sample("boxes", "rotated")) == std::vector<std::string>{late});
  Video shown = videos.show(ada, {id, {}});
  CHECK(shown.durationMs == 400);
  CHECK(shown.width == 48);
  CHECK(shown.height == 64);
  CHECK(shown.videoCodec == "avc1.42c00a");
  CHECK(shown.audioCodec == "mp4a.40.2");
  CHECK(shown.faststart == false);
  CHECK(shown.fragmented == false);
  CHECK(shown.hasLocation == false);
  CHECK(shown.notes == std::vector<std::string>{late});
  const Video listed = videos.list(ada, {}).items.at(0);
  CHECK(listed.videoCodec == "avc1.42c00a");
  CHECK_FALSE(listed.notes);

  CHECK(put(sample("elements", "webm")).empty());
  shown = videos.show(ada, {id, {}});
  CHECK(shown.videoCodec == "vp9");
  CHECK(shown.width == 64);
  CHECK_FALSE(shown.faststart);
  CHECK(shown.notes == std::vector<std::string>());

  const std::vector<std::string> unreadable{"the structure of the file cannot be read: it may not play"};
  CHECK(put(movie()) == unreadable);
  shown = videos.show(ada, {id, {}});
  CHECK(shown.state == VideoState::ready);
  CHECK_FALSE(shown.videoCodec);
  CHECK_FALSE(shown.durationMs);
  CHECK(shown.notes == unreadable);
  CHECK(site.at(ada).uploads().status(ada, {id, {}, {}}).notes == unreadable);
}

TEST_CASE("videos are sorted by duration, in pages") {
  Site site(GENERATE(eachWay()), byHand);
  const Credential ada = site.user("ada");
  const VideoId middle = site.video(ada, "ada", "middle", sample("elements", "webm"));
  const VideoId longest = site.video(ada, "ada", "longest", sample("boxes", "fragmented"));
  const VideoId unknown = site.video(ada, "ada", "unknown");
  const VideoId shortest = site.video(ada, "ada", "shortest", sample("boxes", "mp4"));
  const VideoId other = site.video(ada, "ada", "unknown too", movie(2000, 3));
  VideoQuery query;
  query.sort = VideoSort::duration;
  query.limit = 1;
  std::vector<VideoId> walked;
  for (;;) {
    const Page<Video> page = site.at(ada).videos().list(ada, query);
    walked.push_back(page.items.at(0).id);
    if (!page.nextCursor) break;
    query.cursor = *page.nextCursor;
  }
  CHECK(walked == std::vector<VideoId>{unknown, other, shortest, middle, longest});
}

TEST_CASE("only the owner, admins and the operator see that a file says where it was taken") {
  Site site(GENERATE(eachWay()), byHand);
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const VideoId id = site.video(ada, "ada", "x", sample("boxes", "xyz_mov"));
  const std::string told = "the file says where it was taken";
  const auto shownTo = [&](const Credential& by) { return site.at(by).videos().show(by, {id, {}}); };
  for (const Credential& by : {ada, root, Credential(Operator{})}) {
    CHECK(shownTo(by).hasLocation == true);
    CHECK(shownTo(by).notes.value().back() == told);
  }
  for (const Credential& by : {bob, Credential(Anonymous{})}) {
    CHECK_FALSE(shownTo(by).hasLocation);
    CHECK_FALSE(shownTo(by).originalSha256);
    CHECK(shownTo(by).notes.value().back() != told);
    CHECK(shownTo(by).videoCodec == "avc1.42c00a");
    CHECK_FALSE(site.at(by).videos().newest(by, {}).items.at(0).hasLocation);
    CHECK_FALSE(site.at(by).videos().listOf(by, {{}, "ada", {}}).items.at(0).hasLocation);
  }
  CHECK(site.at(ada).videos().newest(ada, {}).items.at(0).hasLocation == true);

  // Whatever a moderator does, the reply does not say so; nor that it was removed.
  const Credential mod = site.user("mod", Role::moderator);
  const auto blockBy = [&](const Credential& by) {
    const Video blocked = site.at(by).videos().block(by, {id, "x"});
    site.at(by).videos().unblock(by, {id, {}});
    return blocked;
  };
  CHECK(blockBy(root).hasLocation == true);
  CHECK_FALSE(blockBy(mod).hasLocation);
  site.at(ada).uploads().stripLocation(ada, {id, {}});
  CHECK(shownTo(ada).originalSha256);
  for (const Credential& by : {bob, mod, Credential(Anonymous{})}) CHECK_FALSE(shownTo(by).originalSha256);
  CHECK_FALSE(blockBy(mod).originalSha256);
  CHECK(blockBy(root).originalSha256);
}

TEST_CASE("blocking a content finds the videos that the location was removed from, and keeps them in the trash") {
  Site site(GENERATE(eachWay()), byHand);
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  const VideoId id = site.video(ada, "ada", "x", sample("boxes", "xyz_mov"));
  const std::string original = site.at(ada).videos().show(ada, {id, {}}).sha256;
  site.at(ada).uploads().stripLocation(ada, {id, {}});
  const VideoId deleted = site.video(ada, "ada", "y", sample("boxes", "xyz_mov"));
  site.at(ada).uploads().stripLocation(ada, {deleted, {}});
  site.at(ada).videos().remove(ada, {{deleted, {}}, {}});
  CHECK(site.at(root).contents().block(root, {original, "x"}).videos == std::vector<VideoId>{id, deleted});
  requireFault([&] { site.at(ada).videos().restore(ada, {deleted, {}}); }, Fault::forbidden, "is blocked");
}

TEST_CASE("media-probe looks into contents that were not looked into, and not twice") {
  const test::QuietLog quiet;
  Site site(GENERATE(eachWay()), byHand);
  const Credential ada = site.user("ada");
  std::vector<VideoId> all;
  const std::int64_t count = 120;  // more than two steps
  for (std::int64_t i = 0; i < count - 2; ++i)
    all.push_back(site.video(Operator{}, "ada", "x", sample("boxes", "faststart")));
  const VideoId broken = site.video(ada, "ada", "broken", movie());
  const std::string lostBytes = sample("boxes", "keys");  // no other has its size
  const VideoId lost = site.video(ada, "ada", "lost", lostBytes);
  CHECK(probeOnce(site).done == 0);
  forget(site);
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(site.data() / "blobs"))
    if (entry.is_regular_file() && entry.file_size() == lostBytes.size()) file = entry.path();
  const std::filesystem::path away = site.data() / "away";
  std::filesystem::rename(file, away);

  TaskRun run = probeOnce(site);
  CHECK(run.done == count - 1);
  CHECK(run.failed == 1);
  Videos& videos = site.at(ada).videos();
  for (const VideoId& id : all) CHECK(videos.show(ada, {id, {}}).durationMs == 400);
  CHECK_FALSE(videos.show(ada, {lost, {}}).durationMs);
  CHECK(videos.show(ada, {broken, {}}).notes.value().size() == 1);

  // The missing one is recorded, and not tried again before it is found sound.
  run = probeOnce(site);
  CHECK(run.done == 0);
  CHECK(run.failed == 0);
  std::filesystem::rename(away, file);
  videos.verify(ada, {lost, {}});
  waitFor("it is found sound", [&] { return videos.verifyStatus(ada, {lost, {}}).sound; });
  run = probeOnce(site);
  CHECK(run.done == 1);
  CHECK(run.failed == 0);
  CHECK(videos.show(ada, {lost, {}}).durationMs == 400);
  CHECK(probeOnce(site).done == 0);
}

TEST_CASE("where a file was taken is removed from it, and nothing else") {
  Site site(GENERATE(eachWay()), byHand);
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  for (const auto& [folder, name] : {std::pair("boxes", "xyz_mov"), std::pair("boxes", "loci"),
                                     std::pair("boxes", "keys"), std::pair("elements", "location")}) {
    CAPTURE(name);
    const std::string bytes = sample(folder, name);
    const VideoId id = site.video(ada, "ada", name, bytes);
    const Video before = site.at(ada).videos().show(ada, {id, {}});
    CHECK(before.hasLocation == true);
    requireFault([&] { site.at(bob).uploads().stripLocation(bob, {id, {}}); }, Fault::forbidden);
    requireFault([&] { site.at(Anonymous{}).uploads().stripLocation(Anonymous{}, {id, {}}); }, Fault::unauthenticated);

    const Uploaded stripped = site.at(ada).uploads().stripLocation(ada, {id, {}});
    CHECK(stripped.replaced);
    const std::string now = readAll(site.at(ada).videos().open(ada, {id, {}}));
    CHECK(now.size() == bytes.size());
    CHECK(now.find("48.8577") == std::string::npos);
    const Video after = site.at(ada).videos().show(ada, {id, {}});
    CHECK(after.hasLocation == false);
    CHECK(after.sha256 == hashOf(now));
    CHECK(after.originalSha256 == before.sha256);
    CHECK(after.videoCodec == before.videoCodec);
    CHECK(after.durationMs == before.durationMs);
    requireFault(
        [&] {
          site.at(ada).uploads().stripLocation(ada, {id, {}});
        },
        Fault::conflict, "does not say where it was taken");
    CHECK(site.at(ada).users().show(ada, {"ada"}).bytesUsed >= after.size);
    // An import need not send the original again, not even after the video was deleted.
    CHECK(site.at(ada).videos().known(ada, {"ada", before.sha256}).state == ContentState::present);
    CHECK(site.at(ada).videos().known(ada, {"ada", after.sha256}).state == ContentState::present);
    site.at(ada).videos().remove(ada, {{id, {}}, {}});
    CHECK(site.at(ada).videos().known(ada, {"ada", before.sha256}).state == ContentState::deleted);
  }
  site.at(Operator{}).deletions().drain(Operator{}, {});
  CHECK(countFiles(site.data() / "incoming") == 0);
}

TEST_CASE("removing where a file was taken replaces what the next upload replaces") {
  Site site(GENERATE(eachWay()), byHand);
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x", sample("boxes", "xyz_mov"));
  site.at(ada).uploads().stripLocation(ada, {id, {}});
  CHECK(site.at(ada).videos().show(ada, {id, {}}).originalSha256);
  site.at(ada).uploads().put(ada, {id, {}}, sourceOf(sample("boxes", "mp4")));
  CHECK_FALSE(site.at(ada).videos().show(ada, {id, {}}).originalSha256);

  const VideoId pending = site.at(ada).videos().add(ada, {"ada", "pending"}).id;
  requireFault([&] { site.at(ada).uploads().stripLocation(ada, {pending, {}}); }, Fault::conflict, "no content");
  requireFault([&] { site.at(ada).uploads().stripLocation(ada, {{"nothing"}, {}}); }, Fault::notFound);
  const VideoId blocked = site.video(ada, "ada", "y", sample("boxes", "xyz_mov"));
  site.at(Operator{}).videos().block(Operator{}, {blocked, "x"});
  requireFault([&] { site.at(ada).uploads().stripLocation(ada, {blocked, {}}); }, Fault::conflict, "is blocked");
}

TEST_CASE("a video whose structure is hostile is kept, and nothing is known of it") {
  Site site(GENERATE(eachWay()), byHand);
  const Credential ada = site.user("ada");
  const auto box = [](std::string_view type, const std::string& content) {
    const std::size_t size = 8 + content.size();
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift & 0xff);
    return bytes.append(type).append(content);
  };
  const std::string start = box("ftyp", std::string("isom\0\0\2\0isom", 12));
  std::string deep;
  for (int depth = 0; depth < 10'000; ++depth) deep = box("moov", deep);
  for (const std::string& bytes :
       {start + std::string("\0\0\0\7moov", 8) + box("mdat", "x"), start + deep, start + box("moov", deep),
        start + std::string("\0\0\0\1moov\0\0\0\0\xc0\0\0\0", 16)}) {
    const VideoId id = site.video(ada, "ada", "x", bytes);
    const Video shown = site.at(ada).videos().show(ada, {id, {}});
    CHECK(shown.state == VideoState::ready);
    CHECK_FALSE(shown.durationMs);
    CHECK_FALSE(shown.width);
    CHECK_FALSE(shown.videoCodec);
    CHECK_FALSE(shown.faststart);
    CHECK_FALSE(shown.hasLocation);
    CHECK(readAll(site.at(ada).videos().open(ada, {id, {}})) == bytes);
  }
}

TEST_CASE("of an index of 3 GiB no more than 64 MiB are read") {
  constexpr std::uint64_t size = 3ULL << 30;
  Site site(Way::local, [](Settings& settings) {
    byHand(settings);
    settings.uploads.maxUpload = settings.videos.maxUpload = 4ULL << 30;
  });
  const Credential ada = site.user("ada");
  // Sparse, on the file system of the data directory, so that it is not copied.
  const std::string front(
      "\0\0\0\x14"
      "ftypisom\0\0\2\0isom\0\0\0\1moov\0\0\0\0\xbf\xff\xff\xec",
      36);
  const std::filesystem::path path = site.data().parent_path() / "movie.mp4";
  std::ofstream(path, std::ios::binary) << front;
  std::filesystem::resize_file(path, size);
  ByteSource source;
  source.size = size;
  source.repeatable = true;
  source.push = [&](const ByteSink& sink) {
    std::string piece = front + std::string((1 << 20) - front.size(), '\0');
    for (std::uint64_t sent = 0; sent < size; sent += piece.size()) {
      sink(std::as_bytes(std::span(piece)));
      if (sent == 0) piece.assign(piece.size(), '\0');
    }
  };
  // What this process has read from files, in bytes.
  const auto readSoFar = [] {
    std::ifstream file("/proc/self/io");
    std::string name;
    std::uint64_t count = 0;
    file >> name >> count;
    return count;
  };
  const VideoId id = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  const MovedFile moved{std::make_shared<const Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
                        [&] { std::filesystem::remove(path); }};
  const std::uint64_t before = readSoFar();
  CHECK(site.at(ada).uploads().put(ada, {id, {}, moved}, source).size == static_cast<std::int64_t>(size));
  CHECK(readSoFar() - before < 68ULL << 20);
  const Video shown = site.at(ada).videos().show(ada, {id, {}});
  CHECK(shown.state == VideoState::ready);
  CHECK_FALSE(shown.durationMs);
  CHECK_FALSE(shown.faststart);
  CHECK(shown.notes.value() == std::vector<std::string>{"the structure of the file cannot be read: it may not play"});
}

TEST_CASE("positions in the samples of a track are said to stay when a location is removed") {
  Site site(GENERATE(eachWay()), byHand);
  const Credential ada = site.user("ada");
  const std::string both = sample("boxes", "gpmd_xyz");
  const VideoId id = site.video(ada, "ada", "x", both);
  CHECK(site.at(ada).videos().show(ada, {id, {}}).hasLocation == true);
  const Uploaded stripped = site.at(ada).uploads().stripLocation(ada, {id, {}});
  const std::string stays =
      "a track of sensor data says where it was taken, which cannot be removed without making the file anew";
  CHECK(stripped.notes.back() == stays);
  const Video now = site.at(ada).videos().show(ada, {id, {}});
  CHECK(now.hasLocation == true);
  CHECK(now.originalSha256);
  CHECK(readAll(site.at(ada).videos().open(ada, {id, {}})).find("48.8577") == std::string::npos);
  requireFault([&] { site.at(ada).uploads().stripLocation(ada, {id, {}}); }, Fault::conflict, "track of sensor data");
}
