// What `data check` finds, one of each kind, and what a repair makes of it.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/sha256.hpp"
#include "catch.hpp"
#include "contract/database.hpp"
#include "contract/site.hpp"
#include "data/fields.hpp"
#include "quiet_log.hpp"
#include "store_scratch.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;

namespace {

// A data directory with a user ada, which is open or not.
class CheckedPlace {
 public:
  CheckedPlace() {
    settings_.dataDirectory = folder_.path() / "data";
    settings_.store.freeSpaceFloor = 0;
    settings_.store.synchronous = store::Synchronous::normal;
    settings_.store.lockTimeout = std::chrono::milliseconds{50};
    settings_.access.passwordMemlimit = 8192;
    settings_.access.passwordOpslimit = 1;
    openLocal(settings_, "the test", true);
    NewUser ada;
    ada.name = "ada";
    ada.password = "long enough";
    open().users().add(Operator{}, ada);
  }

  LocalToolkit& open() {
    if (!toolkit_) toolkit_ = openLocal(settings_, "the test");
    return *toolkit_;
  }
  void close() { toolkit_.reset(); }
  fs::path data() const { return settings_.dataDirectory; }

  // Adds a video whose content is a movie of this seed, and returns its ID.
  std::string video(int seed) {
    const VideoId id = open().videos().add(Operator{}, {"ada", fmt::format("video {}", seed)}).id;
    open().uploads().put(Operator{}, {id, {}}, sourceOf(movie(3000, seed)));
    return id.text;
  }
  void trash(const std::string& id) {
    RemoveVideo removing;
    removing.id = VideoId{id};
    open().videos().remove(Operator{}, removing);
  }
  fs::path contentOf(const std::string& id) const {
    const std::string blob = *Database(data()).run("SELECT blob FROM video_info WHERE id = '" + id + "'").begin();
    return data() / "blobs" / blob.substr(0, 2) / blob;
  }
  fs::path plant(const std::string& path, const std::string& bytes) const {
    const fs::path file = data() / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours{1});
    return file;
  }

  std::vector<Finding> check(bool hash = true, bool repair = false) const {
    std::vector<Finding> found;
    openData(settings_, "the test")->check({hash, repair}, [&](const Finding& one) { found.push_back(one); }, {});
    return found;
  }

 private:
  TempDirectory folder_;
  Settings settings_;
  std::unique_ptr<LocalToolkit> toolkit_;
};

// `kind state id` of each finding; of what is in lost+found only that it is there.
std::multiset<std::string> briefly(const std::vector<Finding>& findings) {
  std::multiset<std::string> all;
  for (const Finding& one : findings)
    if (one.kind != FindingKind::lost)
      all.insert(fmt::format("{} {} {}", nameOf(one.kind), nameOf(one.state), one.id));
    else
      CHECK(one.state == FindingState::information);
  return all;
}

// Adds a row to a table behind an index's back.
void damageIndex(const fs::path& data) {
  std::string definition;
  std::string page;
  {
    Database database(data);
    definition = *database.run("SELECT sql FROM sqlite_master WHERE name = 'task_runs_by_task'").begin();
    page = *database.run("SELECT rootpage FROM sqlite_master WHERE name = 'task_runs_by_task'").begin();
    database.run("PRAGMA writable_schema = 1; DELETE FROM sqlite_master WHERE name = 'task_runs_by_task'");
  }
  Database(data).run(
      "INSERT INTO task_runs (task, asked, began, ended, outcome, done, failed) VALUES ('x', 1, 1, 1, 'done', 0, 0)");
  Database(data).run(
      fmt::format("PRAGMA writable_schema = 1; INSERT INTO sqlite_master VALUES ('index', 'task_runs_by_task', "
                  "'task_runs', {}, '{}')",
                  page, definition));
}

}  // namespace

TEST_CASE("a check finds nothing in a directory that is in order, also while it is uploaded to") {
  const QuietLog quiet;
  CheckedPlace place;
  const std::string first = place.video(1);
  place.trash(place.video(2));
  place.open().uploads().put(Operator{}, {VideoId{first}, {}}, sourceOf(movie(5000, 3)));  // replaces its content
  CHECK(briefly(place.check()).empty());
  const VideoId id = place.open().videos().add(Operator{}, {"ada", "under way"}).id;
  const std::string bytes = movie(9000, 4);
  ByteSource source = sourceOf(bytes, 1000);
  int checks = 0;
  const auto push = source.push;
  source.push = [&](const ByteSink& sink) {
    push([&](std::span<const std::byte> piece) {
      sink(piece);
      if (checks++ == 4) CHECK(briefly(place.check()).empty());
    });
  };
  place.open().uploads().put(Operator{}, {id, {}}, source);
  CHECK(checks == 9);
  CHECK(briefly(place.check()).empty());
  // What others have open is not repaired.
  requireFault([&] { place.check(false, true); }, Fault::busy);
}

TEST_CASE("a check finds one of each kind, a repair mends it, and the next check finds nothing") {
  const QuietLog quiet;
  CheckedPlace place;
  const std::string missing = place.video(1);
  const std::string flipped = place.video(2);
  const std::string grown = place.video(3);
  const std::string dead = place.video(4);
  const std::string unqueued = place.video(5);
  for (const std::string& id : {dead, unqueued}) place.trash(id);
  place.close();

  const std::map<std::string, std::string> contents{
      {missing, movie(3000, 1)}, {flipped, movie(3000, 2)}, {grown, movie(3000, 3)}};
  const fs::path lost = place.data() / "lost+found";
  const fs::path gone = place.contentOf(missing);
  fs::rename(gone, lost / gone.filename());
  fs::copy_file(place.contentOf(flipped), lost / "saved by hand");
  std::string damaged = contents.at(flipped);
  damaged[2000] ^= 1;
  std::ofstream(place.contentOf(flipped), std::ios::binary) << damaged;
  fs::copy_file(place.contentOf(grown), lost / (place.contentOf(grown).filename().string() + ".00000000"));
  std::ofstream(place.contentOf(grown), std::ios::binary | std::ios::app) << 'x';
  const std::string orphan(32, '7');
  place.plant("blobs/77/" + orphan, "nobody's");
  place.plant("derived/nobody/play-1.mp4", "nobody's");
  place.plant("incoming/left-over", "half");
  place.plant("incoming/some-upload", "1234");
  damageIndex(place.data());
  {
    Database database(place.data());
    database.run("PRAGMA foreign_keys = OFF");
    database.run(
        "INSERT INTO comments (id, video_id, author_id, content, time) VALUES ('c1', 'nothing', 1, 'to whom?', 1)");
    database.run(
        "INSERT INTO uploads (id, owner_id, video_id, made_video, by_link, metadata, create_time, expires) "
        "VALUES ('some-upload', 1, 'v', 0, 0, '', 1, 9999999999999)");
    database.run("UPDATE uploads SET bytes = 10");
    database.run("UPDATE video_del_rec SET state = 'dead', tries = 8, last_error = 'why' WHERE video_id = '" + dead +
                 "'");
    database.run("DELETE FROM video_del_rec WHERE video_id = '" + unqueued + "'");
    database.run("UPDATE video_info SET play = 'play-gone.mp4' WHERE id = '" + grown + "'");
    database.run("UPDATE video_info SET beside_size = 5 WHERE id = '" + missing + "'");
    database.run("UPDATE users SET bytes_used = bytes_used + 7");
  }
  const auto all = [&](const std::string& state) {
    return std::multiset<std::string>{"damaged_database " + state + " video.db",
                                      "damaged_database " + state + " video.db",
                                      "broken_reference " + state + " comments",
                                      "orphan " + state + " blobs/77/" + orphan,
                                      "orphan " + state + " derived/nobody",
                                      "leftover_upload " + state + " incoming/left-over",
                                      "lost_bytes " + state + " some-upload",
                                      "missing_content " + state + " " + missing,
                                      "wrong_hash " + state + " " + flipped,
                                      "wrong_size " + state + " " + grown,
                                      "missing_derived " + state + " " + grown,
                                      "dead_deletion " + state + " " + dead,
                                      "dead_deletion " + state + " " + unqueued,
                                      "wrong_sums " + state + " " + missing,
                                      "wrong_sums " + state + " ada"};
  };
  const std::vector<Finding> found = place.check();
  CHECK(briefly(found) == all("found"));
  CHECK(briefly(place.check()) == all("found"));  // a check changes nothing
  for (const Finding& one : found)
    if (one.kind != FindingKind::lost) CHECK_FALSE(one.repair.starts_with("none"));
  const auto withoutHashes = briefly(place.check(false));
  CHECK(withoutHashes.size() == all("found").size() - 1);  // reads no content

  CHECK(briefly(place.check(true, true)) == all("repaired"));
  CHECK(briefly(place.check()).empty());
  for (const auto& [id, content] : contents) CHECK(bytesOf(place.contentOf(id)) == content);
  CHECK(bytesOf(lost / orphan) == "nobody's");
  CHECK(bytesOf(lost / "derived-nobody" / "play-1.mp4") == "nobody's");
  CHECK(bytesOf(lost / "left-over") == "half");
  CHECK(bytesOf(lost / (place.contentOf(flipped).filename().string() + ".damaged")) == damaged);
  bool isRowKept = false;
  for (const auto& entry : fs::directory_iterator(lost))
    if (entry.path().filename().string().starts_with("rows-comments-"))
      isRowKept = bytesOf(entry.path()).find("to whom?") != std::string::npos;
  CHECK(isRowKept);
  Database database(place.data());
  CHECK(database.run("SELECT bytes FROM uploads") == std::set<std::string>{"4"});
  CHECK(database.run("SELECT state FROM video_del_rec") == std::set<std::string>{"waiting"});
  CHECK(database.run("SELECT video_id FROM video_del_rec") == std::set<std::string>{dead, unqueued});
  CHECK(
      database.run("SELECT video_id FROM rendition_queue WHERE form = 'play' AND video_id = '" + grown + "'").size() ==
      1);
  CHECK(place.open().users().show(Operator{}, {"ada"}).bytesUsed == 5 * 3000 + 4);
}

TEST_CASE("what cannot be repaired is found again") {
  const QuietLog quiet;
  CheckedPlace place;
  const std::string id = place.video(1);
  place.close();
  const fs::path content = place.contentOf(id);
  place.plant("lost+found/another", movie(3000, 2));  // of the right size
  fs::remove(content);
  const std::multiset<std::string> found{"missing_content found " + id};
  const std::vector<Finding> repaired = place.check(false, true);
  CHECK(briefly(repaired) == found);
  CHECK(repaired.front().repair.starts_with("none"));
  CHECK(briefly(place.check()) == found);
  CHECK(fs::exists(place.data() / "lost+found/another"));
}

TEST_CASE("a row that names a file elsewhere moves nothing") {
  const QuietLog quiet;
  CheckedPlace place;
  const std::string id = place.video(1);
  place.close();
  const fs::path outside = place.data().parent_path() / "outside";
  std::ofstream(outside) << "somebody's";
  place.plant("lost+found/copy", movie(3000, 1));
  for (const char* name : {"../../../outside", "a", ""}) {
    Database(place.data()).run(fmt::format("UPDATE video_info SET blob = '{}' WHERE id = '{}'", name, id));
    const std::vector<Finding> repaired = place.check(true, true);
    CHECK(briefly(repaired).count("missing_content found " + id) == (*name == '\0' ? 0U : 1U));
    CHECK(bytesOf(outside) == "somebody's");
    CHECK(fs::exists(place.data() / "lost+found/copy"));
  }
}

TEST_CASE("what cannot be read is a finding, and the rest is checked") {
  const QuietLog quiet;
  CheckedPlace place;
  const std::string id = place.video(1);
  const std::string other = place.video(2);
  place.close();
  const fs::path content = place.contentOf(id);
  fs::remove(content);
  fs::create_directory(content);
  fs::create_directories(place.data() / "blobs/.snapshot/x");
  place.plant("blobs/stray", "a file where folders are");
  fs::create_symlink("nowhere", place.data() / "lost+found/link");
  fs::remove(place.contentOf(other));
  CHECK(briefly(place.check()) == std::multiset<std::string>{"missing_content found " + id,
                                                             "missing_content found " + other,
                                                             "orphan found blobs/stray"});
}

TEST_CASE("a damaged page of the database is a finding") {
  const QuietLog quiet;
  CheckedPlace place;
  place.video(1);
  place.close();
  const std::string page =
      *Database(place.data()).run("SELECT rootpage FROM sqlite_master WHERE name = 'users'").begin();
  const std::string size = *Database(place.data()).run("PRAGMA page_size").begin();
  {
    std::fstream file(place.data() / "video.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((std::stol(page) - 1) * std::stol(size));
    file << std::string(static_cast<std::size_t>(std::stol(size)), '\x5a');
  }
  for (const bool repair : {false, true}) {
    const std::vector<Finding> found = place.check(false, repair);
    REQUIRE(!found.empty());
    CHECK(found.front().kind == FindingKind::damagedDatabase);
    CHECK(found.front().state == FindingState::found);
    CHECK(found.front().repair == "none: restore a backup");
  }
}

TEST_CASE("a database that was copied without its journal mode is opened") {
  const QuietLog quiet;
  CheckedPlace place;
  place.video(1);
  place.close();
  Database(place.data()).run("PRAGMA journal_mode = DELETE");
  CHECK(place.open().videos().list(Operator{}, {}).items.size() == 1);
  place.close();
  CHECK(Database(place.data()).run("PRAGMA journal_mode") == std::set<std::string>{"wal"});
}
