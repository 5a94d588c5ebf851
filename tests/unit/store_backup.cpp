// The parts that a backup is made of.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <fstream>

#include "base/tar.hpp"
#include "base/units.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/backup_folder.hpp"
#include "store/backup_manifest.hpp"
#include "store/backup_reader.hpp"
#include "store/folder_filler.hpp"
#include "store/held_files.hpp"
#include "store/online_copy.hpp"
#include "store_scratch.hpp"

using namespace video;
using namespace video::store;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string get(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> namesIn(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

Descriptor openFor(const fs::path& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}

void makeSet(const fs::path& path) {
  BackupFolder folder(os::systemFiles(), path);
  put(path.parent_path() / fs::read_symlink(fmt::format("/proc/self/fd/{}", folder.number())) / "manifest.json", "{}");
  folder.place();
}

}  // namespace

TEST_CASE("a database is copied in short steps, with the state of the moment when the copy began", "[backup]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  const std::string large(200'000, 'x');
  const auto fill = [&](int from, int to) {
    database.write(Purpose::grow, [&](Transaction& one) {
      for (int i = from; i < to; ++i) addBlob(one, fmt::format("{}-{}", i, large));
    });
  };
  fill(0, 60);
  const Descriptor file = openFor(scratch / "copy", O_RDWR | O_CREAT);
  {
    constexpr int pages = 256;
    OnlineCopy copy(database.directory().databasePath(), file);
    int steps = 0;
    int left = 0;
    for (bool isMore = true; isMore; ++steps) {
      isMore = copy.step(pages);
      if (steps > 0) CHECK(left - copy.left() <= pages);
      left = copy.left();
      fill(100 + steps,
           101 + steps);  // writers go on between two steps, and it neither waits for them nor starts again
    }
    CHECK(copy.pages() > 4 * pages);
    CHECK(steps == (copy.pages() + pages - 1) / pages);
  }
  CHECK(countBlobs(database) > 60);
  SQLite::Database copied = openUnchanging(file);
  CHECK(copied.execAndGet("SELECT count(*) FROM blob_del_rec").getInt() == 60);
  CHECK(copied.execAndGet("PRAGMA integrity_check").getString() == "ok");
}

TEST_CASE("while a backup runs, what is removed is held until it ends", "[backup]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  const auto remove = [&](const std::string& name) {
    put(scratch.data() / "blobs" / name, name);
    const Descriptor folder = openFor(scratch.data() / "blobs", O_RDONLY | O_DIRECTORY);
    removeOrHold(*directory, folder.number(), name, BackupLock::isHeld(*directory));
    removeOrHold(*directory, folder.number(), name, BackupLock::isHeld(*directory));  // it is gone
    CHECK_FALSE(fs::exists(scratch.data() / "blobs" / name));
  };
  remove("before");
  CHECK(fs::is_empty(scratch.data() / "held"));
  {
    const BackupLock lock(*directory, std::chrono::milliseconds{0});
    CHECK(faultOf([&] { BackupLock(*directory, std::chrono::milliseconds{0}); }) == Fault::busy);
    CHECK(BackupLock::isHeld(*openAt(scratch.data())));
    remove("meanwhile");
    emptyHeld(*directory);
    CHECK(openHeld(*directory, "meanwhile"));
    CHECK_FALSE(openHeld(*directory, "before"));
  }
  CHECK_FALSE(BackupLock::isHeld(*directory));
  CHECK(fs::is_empty(scratch.data() / "held"));
  put(scratch.data() / "held" / "late", "of a purge that had looked before the backup ended");
  emptyHeld(*directory);
  CHECK(fs::is_empty(scratch.data() / "held"));
}

TEST_CASE("a set gets its name when it is finished, and what killed ones left is removed", "[backup]") {
  const Scratch scratch;
  const fs::path set = scratch / "set";
  {
    const BackupFolder folder(os::systemFiles(), set);
    CHECK(fs::status(fmt::format("/proc/self/fd/{}", folder.number())).permissions() == fs::perms::owner_all);
    const BackupFolder other(os::systemFiles(), scratch / "other");  // leaves it alone
    CHECK(namesIn(scratch.path()).size() == 2);
    CHECK_FALSE(fs::exists(set));
  }
  CHECK(fs::is_empty(scratch.path()));
  put(scratch / ".videod-backup-0123456789abcdef" / "blobs" / "00" / "x", "of a process that was killed");
  const std::set<std::string> others{".backup-mine", ".backup-0123456789abcdef", ".videod-backup-mine",
                                     ".videod-backup-0123456789abcdef0", ".videod-backup-0123456789ABCDEF"};
  for (const std::string& other : others) put(scratch / other / "x", "of somebody else");
  makeSet(set);
  CHECK_FALSE(fs::exists(scratch / ".videod-backup-0123456789abcdef"));
  for (const std::string& other : others) {
    CHECK(fs::exists(scratch / other / "x"));
    fs::remove_all(scratch / other);
  }
  CHECK(namesIn(scratch.path()) == std::set<std::string>{"set"});
  CHECK(faultOf([&] { BackupFolder(os::systemFiles(), set); }) == Fault::conflict);
  CHECK(faultOf([&] { BackupFolder(os::systemFiles(), scratch / "none" / "set"); }) == Fault::notFound);
  CHECK(faultOf([&] { BackupFolder(os::systemFiles(), scratch / ".videod-backup-0123456789abcdef"); }) ==
        Fault::malformed);
  {
    BackupFolder folder(os::systemFiles(), scratch / "taken");
    fs::create_directory(scratch / "taken");
    CHECK(faultOf([&] { folder.place(); }) == Fault::conflict);
  }
  CHECK(namesIn(scratch.path()) == std::set<std::string>{"set", "taken"});
}

TEST_CASE("the newest sets of the task are kept, and nothing else is removed", "[backup]") {
  const Scratch scratch;
  CHECK(backupNameOf(1795749300) == "2026-11-27T031500Z");
  for (int day = 1; day <= 5; ++day) makeSet(scratch / backupNameOf(86'400 * day));
  makeSet(scratch / "mine");
  put(scratch / "1970-01-01T000000Z" / "video.db", "not a set");
  keepNewestBackups(os::systemFiles(), scratch.path(), 2, backupNameOf(86'400 * 5));
  CHECK(namesIn(scratch.path()) ==
        std::set<std::string>{"1970-01-01T000000Z", backupNameOf(86'400 * 4), backupNameOf(86'400 * 5), "mine"});
  // The others were made while the clock was ahead.
  makeSet(scratch / backupNameOf(86'400));
  keepNewestBackups(os::systemFiles(), scratch.path(), 2, backupNameOf(86'400));
  CHECK(namesIn(scratch.path()) ==
        std::set<std::string>{"1970-01-01T000000Z", backupNameOf(86'400), backupNameOf(86'400 * 5), "mine"});
}

TEST_CASE("a manifest is read back as it was written, and one that is none is refused", "[backup]") {
  BackupManifest manifest;
  manifest.head.program = "videod \"1\"";
  manifest.head.schema = 19;
  manifest.head.time = *parseTime("2026-11-27T03:15:00Z");
  manifest.head.problems = {{"missing", "blobs/aa/aa", "is gone"}};
  for (int i = 0; i < 2000; ++i) manifest.files.push_back({fmt::format("blobs/{}", i), 7, std::string(64, 'a')});
  manifest.head.count = 2000;
  std::string text;
  manifest.write([&](std::string_view piece) { text += piece; });
  const BackupManifest read = parseManifest(text);
  CHECK(read.head.program == manifest.head.program);
  CHECK(read.head.time == manifest.head.time);
  REQUIRE(read.head.problems.size() == 1);
  CHECK(read.head.problems[0].detail == "is gone");
  REQUIRE(read.files.size() == 2000);
  CHECK(read.files[1999].path == "blobs/1999");
  for (const std::string_view bad : {"", "{", "[]", "1", R"({"format":1})", R"({"files":[{"sha256":"x"}]})"})
    CHECK(faultOf([&] { parseManifest(bad); }) == Fault::malformed);
  const std::size_t at = text.find("\"format\":1");
  CHECK(faultOf([&] { parseManifest(std::string(text).replace(at, 10, "\"format\":2")); }) == Fault::versionMismatch);
  CHECK(faultOf([&] { parseManifest(std::string(text).replace(text.find("2000"), 4, "1999")); }) == Fault::malformed);
  for (const std::string_view path : {"a", "a/b", ".a/..b"}) CHECK(isPlainPath(path));
  for (const std::string_view path : {"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b"})
    CHECK_FALSE(isPlainPath(path));
}

TEST_CASE("an archive is one folder that has each file once", "[backup]") {
  const auto whyNot = [](const std::vector<std::string>& paths) -> std::string {
    std::string archive;
    for (const std::string& path : paths) archive += tarHeader({path, 0, Time{}});
    archive += tarEnd();
    try {
      verifyBackupArchive([&](const auto& push) { push(std::as_bytes(std::span(archive))); });
    } catch (const Error& error) {
      return error.detail();
    }
    return {};
  };
  CHECK(whyNot({"a/video.db", "a/blobs/00/x"}).find("has no manifest.json") != std::string::npos);
  CHECK(whyNot({"a/video.db", "b/blobs/00/x"}).find("more than one folder") != std::string::npos);
  CHECK(whyNot({"a/video.db", "a/video.db"}).find("twice") != std::string::npos);
  for (const std::string path : {"video.db", "../video.db", "./video.db", "a/../video.db"})
    CHECK(whyNot({path}).find("has the file") != std::string::npos);
}

TEST_CASE("files are written below a folder, or get a second name there", "[backup]") {
  const Scratch scratch;
  const fs::path to = scratch / "to";
  fs::create_directory(to);
  put(scratch / "other" / "blobs" / "aa" / "linked", "linked");
  const Descriptor folder = openFor(to, O_RDONLY | O_DIRECTORY);
  const Descriptor other = openFor(scratch / "other", O_RDONLY | O_DIRECTORY);
  FolderFiller filler(os::systemFiles(), folder.number());
  const std::string large(40U << 20, 'l');
  for (const auto& [path, text] : {std::pair<std::string, std::string>{"top", "1"},
                                   {"blobs/aa/a", "2"},
                                   {"blobs/bb/b", large},
                                   {"derived/one/x", "4"},
                                   {"derived/two/x", "5"},
                                   {"derived/one/y", "6"}}) {
    REQUIRE(filler.begin(path));
    filler.write(std::as_bytes(std::span(text)));
    filler.end();
    CHECK_FALSE(filler.begin(path));
  }
  CHECK(filler.link(other.number(), "blobs/aa/linked", 6));
  CHECK_FALSE(filler.link(other.number(), "blobs/aa/linked", 6));  // exists
  CHECK_FALSE(filler.link(other.number(), "blobs/aa/missing", 6));
  CHECK_FALSE(filler.link(other.number(), "blobs/bb/linked", 6));
  put(scratch / "other" / "top2", "too long");
  CHECK_FALSE(filler.link(other.number(), "top2", 7));
  CHECK(filler.link(other.number(), "top2", 8));
  filler.remove("derived/one/y");
  filler.flush();
  CHECK(get(to / "blobs/bb/b") == large);
  CHECK(get(to / "derived/two/x") == "5");
  CHECK_FALSE(fs::exists(to / "derived/one/y"));
  CHECK(fs::hard_link_count(to / "blobs/aa/linked") == 2);
  fs::create_symlink(scratch / "other" / "blobs", to / "link");
  CHECK(openBelow(os::systemFiles(), folder.number(), "derived/one/x"));
  CHECK_FALSE(openBelow(os::systemFiles(), folder.number(), "derived/three/x"));
  CHECK(faultOf([&] { openBelow(os::systemFiles(), folder.number(), "link/aa/linked"); }) == Fault::internal);
}
