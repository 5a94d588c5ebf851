#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <SQLiteCpp/Database.h>

#include <fstream>
#include <vector>

#include "loop_disk.hpp"
#include "os/copy_on_write.hpp"
#include "store/schema.hpp"
#include "store_scratch.hpp"

using namespace video;
using namespace video::store;

namespace {

void run(const std::filesystem::path& data, const std::string& sql) {
  SQLite::Database(data / "video.db", SQLite::OPEN_READWRITE).exec(sql);
}

mode_t modeOf(const std::filesystem::path& path) {
  struct stat is {};
  return ::lstat(path.c_str(), &is) == 0 ? is.st_mode & 07777 : 0;
}

std::string detailOf(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const Error& error) {
    return error.detail();
  }
}

std::vector<std::string> copies(const std::filesystem::path& data) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(data))
    if (const auto name = entry.path().filename().string(); name.starts_with("video.db.before")) found.push_back(name);
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);  // by number
  });
  return found;
}

std::vector<Migration> steps(std::int64_t last, std::string_view sql = "CREATE TABLE IF NOT EXISTS added (a) STRICT") {
  std::vector<Migration> all = migrations();
  while (all.back().number < last) all.push_back({all.back().number + 1, "SELECT 1"});
  all.back().sql = sql;
  return all;
}

constexpr std::string_view newTable = "CREATE TABLE added (a INTEGER) STRICT; INSERT INTO added VALUES (1);";

}  // namespace

TEST_CASE("a data directory is created completely, with any umask", "[store]") {
  const Scratch scratch;
  const mode_t before = ::umask(0077);
  const auto path = scratch.path() / "deep" / "data";
  DataDirectory::create(path);
  for (const char* file : {"LOCK", "NEXT", "WRITE", "OWNERS", "scheduler.lock", "BACKUP"})
    CHECK(modeOf(path / file) == 0640);  // a full disk may have no inodes left for them
  {
    Database database(openAt(path), small());
    database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "x"); });
    CHECK(modeOf(path / "video.db-wal") == 0640);
    CHECK(modeOf(path / "video.db-shm") == 0640);
  }
  ::umask(before);
  CHECK(modeOf(path) == 0750);
  for (const char* folder : {"blobs", "incoming", "derived", "lost+found", "held"}) CHECK(modeOf(path / folder) == 0750);
  CHECK(modeOf(path / "video.db") == 0640);
  CHECK_FALSE(std::filesystem::exists(path / "video.db.new"));
  CHECK(schemaOf(path / "video.db") == latestSchema());
}

TEST_CASE("an existing data directory is left unchanged; anything else is a conflict", "[store]") {
  const Scratch scratch;
  {
    Database database(openAt(scratch.data()), small());
    database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "x"); });
    std::filesystem::create_directory(scratch.data() / "derived");  // earlier versions created it
    DataDirectory::create(scratch.data());
    CHECK(hasBlob(database, "x"));
  }
  const auto other = scratch.path() / "other";
  std::filesystem::create_directory(other);
  std::ofstream(other / "letter") << "dear";
  CHECK(faultOf([&] { DataDirectory::create(other); }) == Fault::conflict);
  CHECK(!std::filesystem::exists(other / "LOCK"));
  std::ofstream(other / "video.db") << "not a database, but long enough to be looked at as one"
                                    << std::string(4096, ' ');
  CHECK(faultOf([&] { DataDirectory::create(other); }) == Fault::conflict);
  CHECK(faultOf([&] { DataDirectory::open(other, Hold::shared); }) == Fault::unreachable);
  std::filesystem::remove(other / "video.db");
  SQLite::Database(other / "video.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE theirs (a)");
  CHECK(faultOf([&] { DataDirectory::create(other); }) == Fault::conflict);
  const auto file = scratch.path() / "file";
  std::ofstream(file) << "x";
  CHECK(faultOf([&] { DataDirectory::create(file); }) == Fault::unreachable);
  CHECK(faultOf([&] { DataDirectory::create(file / "below"); }).has_value());
}

TEST_CASE("an interrupted creation is finished by the next one", "[store]") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch.data() / "blobs");
  std::ofstream(scratch.data() / "LOCK");
  std::ofstream(scratch.data() / "video.db.new") << "half";
  DataDirectory::create(scratch.data());
  CHECK(schemaOf(scratch.data() / "video.db") == latestSchema());
}

TEST_CASE("a new directory has a reserve, so that it opens on a disk that has filled since", "[store]") {
  const SmallDisk disk("60m");
  if (!disk.isMounted()) return;
  const auto data = disk / "data";
  std::filesystem::create_directory(data);
  std::ofstream(data / "reserve") << "left by a creation that was killed";
  DataDirectory::create(data, os::systemFiles(), 50 << 20);
  CHECK(std::filesystem::file_size(data / "reserve") < Reserve::least);  // no space for a whole one
  std::filesystem::remove_all(data);
  DataDirectory::create(data, os::systemFiles(), 0);
  REQUIRE(std::filesystem::file_size(data / "reserve") == Reserve::least);
  std::ofstream filler(disk / "filler");
  for (const std::string& piece : {std::string(64 << 10, 'x'), std::string(1 << 10, 'x')})
    while (filler << piece << std::flush) continue;
  const auto directory = DataDirectory::open(data, Hold::shared);
  CHECK(directory->reserve().given() == Reserve::least);
  Database(directory, small()).write(Purpose::keep, [](Transaction& one) { addBlob(one, "x"); });
}

TEST_CASE("on a disk that is too small nothing of a database is created, or all of it", "[store]") {
  int made = 0;
  int refused = 0;
  for (int size = 100; size <= 700; size += 20) {
    CAPTURE(size);
    const SmallDisk disk(std::to_string(size) + "k");
    if (!disk.isMounted()) return;
    const auto path = disk / "data";
    const auto fault = faultOf([&] { DataDirectory::create(path); });
    if (fault) {
      ++refused;
      CHECK(fault == Fault::diskFull);
      CHECK_FALSE(std::filesystem::exists(path / "video.db"));
    } else {
      ++made;
      SQLite::Database database(path / "video.db", SQLite::OPEN_READONLY);
      CHECK(database.execAndGet("PRAGMA integrity_check").getString() == "ok");
      CHECK(database.execAndGet("PRAGMA user_version").getInt64() == latestSchema());
      CHECK(database.execAndGet("PRAGMA journal_mode").getString() == "wal");
    }
    for (const char* const left : {"", "-wal", "-shm", "-journal"})
      CHECK_FALSE(std::filesystem::exists(path / ("video.db.new" + std::string(left))));
    REQUIRE(::mount("tmpfs", (disk / "").c_str(), "tmpfs", MS_REMOUNT, "size=2m") == 0);
    Database(openAt(path), small()).write(Purpose::keep, [](Transaction& one) { addBlob(one, "x"); });
  }
  CHECK(made > 0);
  CHECK(refused > 0);
}

TEST_CASE("on btrfs contents have checksums, and the memory that SQLite shares is written in place", "[store]") {
  const LoopDisk disk("mkfs.btrfs -q", off_t{128} << 20);
  if (!disk.isMounted()) {
    WARN("skipped: btrfs cannot be made or mounted here");
    return;
  }
  const auto data = disk / "data";
  const auto isCopied = [&](const char* name) {
    return os::copiesOnWrite(Descriptor(::open((data / name).c_str(), O_RDONLY | O_CLOEXEC)).number());
  };
  // Killed when it had made a folder.
  std::filesystem::create_directory(data);
  os::setCopyOnWrite(Descriptor(::open(data.c_str(), O_RDONLY | O_CLOEXEC)).number(), false);
  std::filesystem::create_directory(data / "blobs");
  REQUIRE_FALSE(isCopied("blobs"));
  utsname system{};
  REQUIRE(::uname(&system) == 0);
  const bool isNew = os::canWriteInPlace(system.release);
  CHECK(openAt(data)->risk().empty() == isNew);
  CHECK(isCopied("blobs"));
  CHECK(isCopied("incoming"));
  CHECK_FALSE(isCopied("video.db"));
  Database(openAt(data), small());
  CHECK_FALSE(isCopied("video.db-shm"));

  // From before there was the flag.
  os::setCopyOnWrite(Descriptor(::open(data.c_str(), O_RDONLY | O_CLOEXEC)).number(), true);
  std::filesystem::remove(data / "video.db-shm");
  Database(DataDirectory::open(data, Hold::shared), small());
  REQUIRE(isCopied("video.db-shm"));
  if (isNew) CHECK(openAt(data)->risk().find("video.db-shm: copied on write") != std::string::npos);
  std::filesystem::remove(data / "video.db-shm");
  CHECK(openAt(data)->risk().empty() == isNew);
}

TEST_CASE("what an interrupted creation left beside a database is removed", "[store]") {
  const Scratch scratch;
  DataDirectory::create(scratch.data());
  for (const char* const left : {"video.db.new", "video.db.new-wal"}) std::ofstream(scratch.data() / left) << "half";
  DataDirectory::create(scratch.data());
  CHECK_FALSE(std::filesystem::exists(scratch.data() / "video.db.new"));
  CHECK_FALSE(std::filesystem::exists(scratch.data() / "video.db.new-wal"));
}

TEST_CASE("opening a directory fails with the reason and the origin of its path", "[store]") {
  const Scratch scratch;
  const auto open = [](const std::filesystem::path& path) { DataDirectory::open(path, Hold::shared, "--data-dir"); };
  CHECK(faultOf([&] { open(scratch.path() / "missing"); }) == Fault::unreachable);
  CHECK(detailOf([&] { open(scratch.path() / "missing"); }).find("--data-dir") != std::string::npos);
  CHECK(faultOf([&] { open(scratch.path()); }) == Fault::unreachable);
  CHECK(detailOf([&] { open(scratch.path()); }).find("data init") != std::string::npos);

  openAt(scratch.data());
  std::filesystem::remove(scratch.data() / "blobs");
  std::filesystem::create_directory_symlink("/tmp", scratch.data() / "blobs");
  CHECK(faultOf([&] { open(scratch.data()); }) == Fault::unreachable);
  std::filesystem::remove(scratch.data() / "blobs");
  open(scratch.data());
  CHECK(std::filesystem::is_directory(scratch.data() / "blobs"));
  std::filesystem::rename(scratch.data() / "video.db", scratch.path() / "elsewhere");
  std::filesystem::create_symlink(scratch.path() / "elsewhere", scratch.data() / "video.db");
  CHECK(faultOf([&] { open(scratch.data()); }) == Fault::unreachable);
}

TEST_CASE("LOCK is held shared or exclusively", "[store]") {
  const Scratch scratch;
  auto first = openAt(scratch.data());
  auto second = openAt(scratch.data());
  CHECK(faultOf([&] { openAt(scratch.data(), Hold::exclusive); }) == Fault::busy);
  first.reset();
  second.reset();
  const auto own = openAt(scratch.data(), Hold::exclusive);
  CHECK(faultOf([&] { openAt(scratch.data()); }) == Fault::busy);
  own->share();
  CHECK(openAt(scratch.data()));
  CHECK(statusOf(start([&] { return faultOf([&] { openAt(scratch.data(), Hold::exclusive); }) == Fault::busy; })) == 1);
}

TEST_CASE("an owner counts as alive until its process ends", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  const std::int64_t own = directory->leases().own();
  CHECK(own == directory->leases().own());
  CHECK(directory->leases().isAlive(own));
  CHECK(!directory->leases().isAlive(own + 1));
  auto other = openAt(scratch.data());
  const std::int64_t second = other->leases().own();
  CHECK(second != own);
  CHECK(directory->leases().isAlive(second));
  other.reset();
  CHECK(!directory->leases().isAlive(second));
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  int hold[2];
  REQUIRE(::pipe(hold) == 0);
  const pid_t child = start([&] {
    const auto its = openAt(scratch.data());
    const std::int64_t byte = its->leases().own();
    if (::write(ends[1], &byte, sizeof byte) != sizeof byte) return 1;
    char unused = 0;
    return ::read(hold[0], &unused, 1) == 1 ? 0 : 1;
  });
  std::int64_t its = 0;
  REQUIRE(::read(ends[0], &its, sizeof its) == sizeof its);
  CHECK(directory->leases().isAlive(its));
  REQUIRE(::write(hold[1], "x", 1) == 1);
  CHECK(statusOf(child) == 0);
  CHECK(!directory->leases().isAlive(its));
  for (const int end : {ends[0], ends[1], hold[0], hold[1]}) ::close(end);
}

TEST_CASE("the signing key is created once", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  std::vector<std::string> keys(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& key : keys) threads.emplace_back([&] { key = openAt(scratch.data())->signingKey().read(); });
  }
  CHECK(keys[0].size() == 32);
  for (const std::string& key : keys) CHECK(key == keys[0]);
  CHECK(modeOf(scratch.data() / "signing.key") == 0600);
  for (const auto& entry : std::filesystem::directory_iterator(scratch.data()))
    CHECK(entry.path().filename().string().find("signing.key.") == std::string::npos);
  std::ofstream(scratch.data() / "signing.key") << "short";
  CHECK(faultOf([&] { directory->signingKey().read(); }) == Fault::internal);
}

TEST_CASE("the reserve is created if space allows, and can be released", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  CHECK(!directory->reserve().release());
  directory->reserve().make(1ULL << 60);
  CHECK(!std::filesystem::exists(scratch.data() / "reserve"));
  directory->reserve().make(0);
  CHECK(std::filesystem::file_size(scratch.data() / "reserve") == 64U << 20);
  CHECK(directory->reserve().release());
  CHECK(!std::filesystem::exists(scratch.data() / "reserve"));
  CHECK(!std::filesystem::exists(scratch.data() / "reserve.1"));
  CHECK(directory->reserve().given() == 64U << 20);
  directory->reserve().make(0);
  CHECK(directory->reserve().given() == 0);
  for (const char* const whole : {"reserve", "reserve.1"}) std::filesystem::remove(scratch.data() / whole);
  CHECK(directory->reserve().release());
  CHECK(directory->reserve().given() == 0);
  CHECK(!std::filesystem::exists(scratch.data() / "reserve.3"));
  CHECK(!directory->reserve().release());
}

TEST_CASE("a directory in which others may write is refused with the command that mends it", "[store]") {
  const Scratch scratch;
  openAt(scratch.data())->signingKey().read();
  for (const char* const name : {"", "blobs", "incoming", "lost+found", "video.db", "signing.key"}) {
    const std::filesystem::path path = *name == '\0' ? scratch.data() : scratch.data() / name;
    struct stat before {};
    REQUIRE(::stat(path.c_str(), &before) == 0);
    for (const mode_t more : {020U, 02U}) {
      REQUIRE(::chmod(path.c_str(), (before.st_mode & 07777U) | more) == 0);
      for (const auto& use : {std::function<void()>([&] { openAt(scratch.data()); }),
                              std::function<void()>([&] { DataDirectory::create(scratch.data()); })}) {
        try {
          use();
          FAIL_CHECK(path << " was taken");
        } catch (const Error& error) {
          CHECK(error.fault() == Fault::forbidden);
          CHECK(error.detail().find("run `chmod go-w " + path.string() + "`") != std::string::npos);
        }
      }
      REQUIRE(std::system(("chmod go-w " + path.string()).c_str()) == 0);
      CHECK_NOTHROW(openAt(scratch.data()));
    }
  }
  // Others may read it, and a set-group-ID directory keeps its group.
  REQUIRE(::chmod(scratch.data().c_str(), 02755) == 0);
  CHECK_NOTHROW(openAt(scratch.data()));
  // A new one is not made in a folder of others either.
  const std::filesystem::path open = scratch.path() / "open";
  std::filesystem::create_directory(open);
  REQUIRE(::chmod(open.c_str(), 0777) == 0);
  CHECK_THROWS_AS(DataDirectory::create(open), Error);
  CHECK(std::filesystem::is_empty(open));
}

TEST_CASE("root becomes the owner of the directory; other users are refused", "[store]") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can become another user");
    return;
  }
  const Scratch scratch;
  REQUIRE(::chmod(scratch.path().c_str(), 0755) == 0);
  openAt(scratch.data());
  const auto give = [&](uid_t user, gid_t group) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.data()))
      REQUIRE(::lchown(entry.path().c_str(), user, group) == 0);
    REQUIRE(::chown(scratch.data().c_str(), user, group) == 0);
  };
  // User 1 has a passwd entry, user 54321 has none.
  const uid_t user = GENERATE(1U, 54321U);
  give(user, user);
  const pid_t child = start([&] {
    DataDirectory::becomeOwner(scratch.data());
    if (::getuid() != user || ::geteuid() != user || ::getegid() != user) return 1;
    if (::setuid(0) == 0) return 2;
    Database database(openAt(scratch.data()), small());
    database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "x"); });
    openAt(scratch.data())->signingKey().read();
    return 0;
  });
  CHECK(statusOf(child) == 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.data())) {
    struct stat is {};
    REQUIRE(::lstat(entry.path().c_str(), &is) == 0);
    CHECK(is.st_uid == user);
    CHECK(is.st_gid == user);
  }
  const pid_t stranger = start([&] {
    if (::setgid(2) != 0 || ::setuid(2) != 0) return 9;
    if (faultOf([&] { DataDirectory::becomeOwner(scratch.data()); }) != Fault::forbidden) return 1;
    return faultOf([&] { DataDirectory::open(scratch.data(), Hold::shared); }) == Fault::forbidden ? 0 : 2;
  });
  CHECK(statusOf(stranger) == 0);
  // A root process that stays root does not leave files owned by root either.
  {
    Database(openAt(scratch.data()), small()).write(Purpose::keep, [](Transaction& one) { addBlob(one, "y"); });
  }
  struct stat next {};
  REQUIRE(::lstat((scratch.data() / "NEXT").c_str(), &next) == 0);
  CHECK(next.st_uid == user);
  const pid_t readOnly = start([&] {
    if (::chmod(scratch.data().c_str(), 0550) != 0) return 9;
    if (::setgid(user) != 0 || ::setuid(user) != 0) return 9;
    return faultOf([&] { DataDirectory::open(scratch.data(), Hold::shared); }) == Fault::forbidden ? 0 : 2;
  });
  CHECK(statusOf(readOnly) == 0);
}

TEST_CASE("becoming the owner of a missing directory or of one's own directory changes nothing", "[store]") {
  const Scratch scratch;
  DataDirectory::becomeOwner(scratch.path() / "missing");
  DataDirectory::becomeOwner(scratch.path());
  struct stat is {};
  REQUIRE(::stat(scratch.path().c_str(), &is) == 0);
  CHECK(is.st_uid == ::geteuid());
}

TEST_CASE("another version's schema is refused, with the command to run", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  const std::int64_t other = latestSchema() + GENERATE(-1, 1);
  run(scratch.data(), "PRAGMA user_version = " + std::to_string(other));
  const auto open = [&] { Database(directory, small()); };
  CHECK(faultOf(open) == Fault::versionMismatch);
  const std::string detail = detailOf(open);
  CHECK(detail.find(std::to_string(other)) != std::string::npos);
  CHECK(detail.find(std::to_string(latestSchema())) != std::string::npos);
  CHECK(detail.find("videoctl data migrate") != std::string::npos);
  CHECK(schemaOf(*directory) == other);
}

TEST_CASE("a migration updates an older schema and keeps two backups", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data(), Hold::exclusive);
  run(scratch.data(), "INSERT INTO blob_del_rec (blob, due) VALUES ('kept', 1)");
  CHECK(migrate(*directory).now == latestSchema());
  CHECK(copies(scratch.data()).empty());

  const std::int64_t ours = latestSchema();
  const auto copyOf = [](std::int64_t number) { return "video.db.before-" + std::to_string(number); };
  const auto next = migrate(*directory, steps(ours + 2, newTable));
  CHECK(next.before == ours);
  CHECK(next.now == ours + 2);
  CHECK(schemaOf(*directory) == ours + 2);
  CHECK(copies(scratch.data()) == std::vector<std::string>{copyOf(ours)});
  CHECK(modeOf(scratch.data() / copyOf(ours)) == 0640);
  CHECK(schemaOf(scratch.data() / copyOf(ours)) == ours);
  CHECK(migrate(*directory, steps(ours + 3)).before == ours + 2);
  CHECK(migrate(*directory, steps(ours + 4)).before == ours + 3);
  CHECK(migrate(*directory, steps(ours + 5)).before == ours + 4);
  CHECK(copies(scratch.data()) == std::vector<std::string>{copyOf(ours + 3), copyOf(ours + 4)});
  CHECK(faultOf([&] { migrate(*directory); }) == Fault::versionMismatch);
  CHECK(schemaOf(*directory) == ours + 5);
  run(scratch.data(), "SELECT a FROM added");

  // Restoring the backup goes back to the older schema.
  std::filesystem::copy_file(scratch.data() / copyOf(ours + 3), scratch.data() / "video.db",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(schemaOf(*directory) == ours + 3);
}

TEST_CASE("an empty schema is migrated to the current one", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data(), Hold::exclusive);
  std::filesystem::remove(scratch.data() / "video.db");
  SQLite::Database(scratch.data() / "video.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("PRAGMA application_id = " + std::to_string(applicationId));
  CHECK(migrate(*directory).before == 0);
  directory->share();
  Database database(directory, small());
  database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "x"); });
  CHECK(countBlobs(database) == 1);
}

TEST_CASE("a migration that fails changes nothing", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data(), Hold::exclusive);
  run(scratch.data(),
      "INSERT INTO users (id, login_name, pwd, create_time) VALUES (1, 'ann', '', 1);"
      "INSERT INTO sessions VALUES ('s', 'p', 1, 'ann', 1, 1)");
  const std::string_view sql =
      GENERATE(std::string_view("CREATE TABLE half (a) STRICT; INSERT INTO nowhere VALUES (1)"),
               std::string_view("DELETE FROM users"));
  CHECK(faultOf([&] { migrate(*directory, steps(latestSchema() + 2, sql)); }) == Fault::databaseFailed);
  CHECK(schemaOf(*directory) == latestSchema());
  CHECK(copies(scratch.data()).empty());
  directory->share();
  Database database(directory, small());
  CHECK(database.read([](Reader& reader) { return reader.query("SELECT 1 FROM users").next(); }));
  CHECK(!database.read(
      [](Reader& reader) { return reader.query("SELECT 1 FROM sqlite_schema WHERE name = 'half'").next(); }));
}
