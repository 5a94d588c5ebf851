// What an export to a folder does where something is in its way: other people's files, a kill, damage, another export.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "contract/database.hpp"
#include "contract/site.hpp"
#include "data/fields.hpp"
#include "os/copy_on_write.hpp"
#include "quiet_log.hpp"
#include "store_scratch.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;

namespace {

struct Killed {};

// Does what is asked, until it ends the program.
class MortalFiles : public os::FileSystem {
 public:
  int renameat2(int from, const char* name, int to, const char* newName, unsigned flags) override {
    step();
    if (flags != 0 && isNfs) {
      errno = EINVAL;
      return -1;
    }
    return FileSystem::renameat2(from, name, to, newName, flags);
  }
  int unlinkat(int folder, const char* name) override {
    step();
    return FileSystem::unlinkat(folder, name);
  }
  int fsync(int file) override {
    step();
    return FileSystem::fsync(file);
  }

  bool isNfs = false;
  bool isDead = false;
  int left = -1;  // so many calls it does; -1: all

 private:
  void step() {
    if (isDead) throw Killed{};
    if (left < 0 || left-- > 0) return;
    isDead = true;
    throw Killed{};
  }
};

// A data directory with a user ada, and a folder beside it to export to.
class ExportPlace {
 public:
  ExportPlace() {
    settings_.dataDirectory = folder_.path() / "data";
    settings_.store.freeSpaceFloor = 0;
    settings_.store.synchronous = store::Synchronous::normal;
    settings_.access.passwordMemlimit = 8192;
    settings_.access.passwordOpslimit = 1;
    toolkit_ = openLocal(settings_, "the test", true);
    addUser("ada");
    fs::create_directory(to());
  }

  fs::path data() const { return settings_.dataDirectory; }
  fs::path to() const { return folder_.path() / "to"; }
  fs::path outside() const { return folder_.path(); }
  MortalFiles& files() { return files_; }

  void addUser(const std::string& name) {
    NewUser user;
    user.name = name;
    user.password = "long enough";
    toolkit_->users().add(Operator{}, user);
  }
  // Returns the ID of a new video of the first of May.
  std::string video(const std::string& name, int seed, const std::string& user = "ada") {
    const VideoId id = toolkit_->videos().add(Operator{}, {user, name}).id;
    toolkit_->uploads().put(Operator{}, {id, {}}, sourceOf(movie(3000, seed)));
    sql("UPDATE video_info SET create_time = 1777600000000 WHERE id = '" + id.text + "'");
    return id.text;
  }
  std::set<std::string> sql(const std::string& text) const { return Database(data()).run(text); }
  void rename(const std::string& id, const std::string& name) const {
    sql("UPDATE video_info SET name = '" + name + "' WHERE id = '" + id + "'");
  }
  fs::path contentOf(const std::string& id) const {
    const std::string blob = *sql("SELECT blob FROM video_info WHERE id = '" + id + "'").begin();
    return data() / "blobs" / blob.substr(0, 2) / blob;
  }

  // Returns `status path` of each video, or for one that failed `failed reason`.
  std::multiset<std::string> run(const DataProgress& progress = {}) {
    std::multiset<std::string> all;
    Settings settings = settings_;
    settings.store.files = &files_;
    Descriptor opened;
    const auto open = [&] {
      opened = Descriptor(::open(to().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      return opened.number();
    };
    const auto each = [&](const ExportedVideo& video) {
      if (video.outcome != ExportOutcome::unchanged)
        all.insert(fmt::format("{} {}", nameOf(video.outcome), video.detail.empty() ? video.path : video.detail));
    };
    openData(settings, "the test")->exportTo({}, open, each, progress);
    return all;
  }

  // The names below the folder, without the date.
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(to())) {
      std::string name = entry.path().filename().string();
      if (entry.is_directory() && !entry.is_symlink()) continue;
      if (name.starts_with(day)) name.erase(0, day.size());
      all.insert(entry.path().parent_path().lexically_relative(to()).string() + '/' + name);
    }
    return all;
  }

  const std::string day = "2026-05-01 ";

 private:
  TempDirectory folder_;
  MortalFiles files_;
  Settings settings_;
  std::unique_ptr<LocalToolkit> toolkit_;
};

using Lines = std::multiset<std::string>;
using FileNames = std::set<std::string>;

}  // namespace

TEST_CASE("an export goes on past what others have put into its folder") {
  const QuietLog quiet;
  ExportPlace place;
  for (const char* name : {"bob", "eve", "zoe"}) place.addUser(name);
  place.video("a", 1);
  place.video("b", 2, "bob");
  place.video("e", 3, "eve");
  place.video("z", 4, "zoe");
  fs::create_directory(place.to() / "ada");
  fs::create_directory(place.to() / "ada/folder.json");
  fs::create_symlink("/nowhere", place.to() / "ada/link.json");
  REQUIRE(::mkfifo((place.to() / "ada/fifo.json").c_str(), 0600) == 0);
  overwrite(place.to() / "ada/large.json", std::string(2U << 20, ' '));
  overwrite(place.to() / "ada/mine.new", "mine");
  fs::create_directory_symlink("..", place.to() / "bob");
  overwrite(place.to() / "eve", "a file");
  CHECK(place.run() == Lines{"exported ada/" + place.day + "a.mp4", "failed bob: Not a directory",
                             "failed eve: Not a directory", "exported zoe/" + place.day + "z.mp4"});
  CHECK(place.run() == Lines{"failed bob: Not a directory", "failed eve: Not a directory"});
  CHECK(bytesOf(place.to() / "ada/mine.new") == "mine");
}

TEST_CASE("an export stays in its folder, whatever the rows say, and out of the data directory") {
  const QuietLog quiet;
  ExportPlace place;
  place.addUser("eve");
  place.video("a", 1);
  place.video("e", 2, "eve");
  place.sql("UPDATE users SET login_name = '../escaped' WHERE login_name = 'eve'");
  fs::create_directory(place.outside() / "escaped");
  CHECK(place.run() ==
        Lines{"exported ada/" + place.day + "a.mp4", "failed the name of its user is none that a user can have"});
  CHECK(fs::is_empty(place.outside() / "escaped"));

  // A user who is called like the data directory.
  fs::remove_all(place.to());
  fs::create_directory_symlink(place.outside(), place.to());
  place.sql("UPDATE users SET login_name = 'data' WHERE login_name = 'ada'");
  CHECK(place.run() ==
        Lines{"failed data: is the data directory", "failed the name of its user is none that a user can have"});
  fs::remove(place.to());
}

TEST_CASE("an export of a damaged content fails, and leaves no content") {
  const QuietLog quiet;
  ExportPlace place;
  const std::string cut = place.video("cut", 1);
  const std::string flipped = place.video("flipped", 2);
  fs::resize_file(place.contentOf(cut), 100);
  std::string wrong = movie(3000, 2);
  wrong[2000] ^= 1;
  overwrite(place.contentOf(flipped), wrong);
  // Where bytes are shared nobody reads them.
  overwrite(place.outside() / "one", "x");
  const Descriptor one(::open((place.outside() / "one").c_str(), O_RDONLY | O_CLOEXEC));
  const Descriptor two(::open((place.outside() / "two").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (os::cloneFile(one.number(), two.number())) return;
  const std::string why = "failed its content is damaged; run `videoctl data check --hash`";
  for (int time = 0; time < 2; ++time) CHECK(place.run() == Lines{why, why});
  CHECK(place.names() == FileNames{"ada/cut.json", "ada/flipped.json"});
}

TEST_CASE("an export that was killed while it renamed goes on with the next one, wherever that was") {
  const QuietLog quiet;
  ExportPlace place;
  const std::string id = place.video("v", 1);
  place.sql("INSERT INTO comments (id, video_id, author_id, content, time) VALUES ('c', '" + id + "', 1, 'x', 1)");
  place.run();
  const auto filesOf = [](const std::string& stem) {
    return FileNames{"ada/" + stem + ".mp4", "ada/" + stem + ".json", "ada/" + stem + ".comments.ndjson"};
  };
  REQUIRE(place.names() == filesOf("v"));
  bool isDone = false;
  for (int calls = 0; !isDone; ++calls) {
    REQUIRE(calls < 100);
    place.files().left = calls;
    const std::string name = fmt::format("n{}", calls);
    place.rename(id, name);
    try {
      place.run();
      isDone = true;
    } catch (const Killed&) {
    }
    // The old title is another video's meanwhile, or the title changes once more.
    place.files().left = -1;
    place.files().isDead = false;
    if (calls % 2 == 1) place.rename(id, name + " again");
    place.run();
    INFO(calls);
    CHECK(place.names() == filesOf(calls % 2 == 1 ? name + " again" : name));
    CHECK(bytesOf(place.to() / "ada" / (place.day + name + (calls % 2 == 1 ? " again.mp4" : ".mp4"))) ==
          movie(3000, 1));
    CHECK(place.run().empty());
  }
}

TEST_CASE("an export renames also where the file system cannot keep what is there") {
  const QuietLog quiet;
  ExportPlace place;
  const std::string id = place.video("v", 1);
  place.run();
  place.rename(id, "w");
  place.files().isNfs = true;
  CHECK(place.run() == Lines{"moved ada/" + place.day + "w.mp4"});
  CHECK(place.names() == FileNames{"ada/w.mp4", "ada/w.json"});
}

TEST_CASE("an export that is ended during a copy leaves nothing half done") {
  const QuietLog quiet;
  ExportPlace place;
  place.video("v", 1);
  bool isCopying = false;
  CHECK_THROWS_AS(place.run([&](std::uint64_t, std::uint64_t) {
    for (const std::string& name : place.names()) isCopying = isCopying || name.ends_with(".new");
    if (isCopying) throw Killed{};
  }),
                  Killed);
  for (const std::string& name : place.names()) CHECK_FALSE(name.ends_with(".new"));
  CHECK(place.run().size() == 1);
}

TEST_CASE("two exports do not write to one folder at once") {
  const QuietLog quiet;
  ExportPlace place;
  place.video("v", 1);
  const Descriptor other(::open(place.to().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::flock(other.number(), LOCK_EX | LOCK_NB) == 0);
  requireFault([&] { place.run(); }, Fault::busy, "another export");
  CHECK(place.names().empty());
}

TEST_CASE("an export's names are good for Windows, too") {
  const QuietLog quiet;
  ExportPlace place;
  place.addUser("COM1.x");
  place.addUser("a.");
  place.video(R"(a/b:c*?\"<>|)", 1);
  place.video("c", 2, "COM1.x");
  place.video("d", 3, "a.");
  place.run();
  CHECK(place.names() == FileNames{"ada/a_b_c_______.json", "ada/a_b_c_______.mp4", "~COM1.x/c.json", "~COM1.x/c.mp4",
                                   "a.~/d.json", "a.~/d.mp4"});
}

TEST_CASE("a copy of a record does not take the video's place") {
  const QuietLog quiet;
  ExportPlace place;
  place.video("v", 1);
  place.run();
  for (const char* name : {"A copy.json", "zcopy.json"})
    fs::copy_file(place.to() / "ada" / (place.day + "v.json"), place.to() / "ada" / name);
  CHECK(place.run().empty());
  CHECK(place.names() == FileNames{"ada/A copy.json", "ada/v.json", "ada/v.mp4", "ada/zcopy.json"});
}

TEST_CASE("an export of many comments has all of them, and writes them again only if they differ") {
  const QuietLog quiet;
  ExportPlace place;
  const std::string id = place.video("v", 1);
  place.sql(
      "WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO comments (id, video_id, "
      "author_id, content, time, position_ms) SELECT printf('c%08d', i), '" +
      id + "', 1, 'text ' || i, i, i FROM n");
  place.run();
  const fs::path lines = place.to() / "ada" / (place.day + "v.comments.ndjson");
  const fs::path danmaku = place.to() / "ada" / (place.day + "v.xml");
  const auto countOf = [](const std::string& bytes, const std::string& what) {
    int count = 0;
    for (std::size_t at = 0; (at = bytes.find(what, at)) != std::string::npos; at += what.size()) ++count;
    return count;
  };
  CHECK(countOf(bytesOf(lines), "\n") == 2500);
  CHECK(countOf(bytesOf(danmaku), "</d>") == 2500);
  CHECK(countOf(bytesOf(danmaku), "<i>") == 1);
  CHECK(bytesOf(danmaku).ends_with("</i>\n"));
  const auto written = fs::last_write_time(danmaku);
  CHECK(place.run().empty());
  CHECK(fs::last_write_time(danmaku) == written);
  place.sql("UPDATE comments SET content = 'TEXT 1' WHERE id = 'c00000001'");
  std::ofstream(danmaku, std::ios::app) << "more";
  CHECK(place.run().size() == 1);
  CHECK(bytesOf(lines).find("TEXT 1\"") != std::string::npos);
  CHECK(bytesOf(danmaku).ends_with("</i>\n"));
}
