#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <vector>

#include "loop_disk.hpp"
#include "store/sqlite_system_calls.hpp"
#include "store_scratch.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::store;

namespace {

/// Passes lines from a child to its parent through a file, which survives if the child is killed.
class Notes {
 public:
  explicit Notes(std::filesystem::path path)
      : path_(std::move(path)), file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}
  ~Notes() { ::close(file_); }
  void add(const std::string& line) const {
    const std::string text = line + "\n";
    if (::write(file_, text.data(), text.size()) < 0) std::abort();
  }
  std::vector<std::string> all() const {
    std::ifstream in(path_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::filesystem::path path_;
  int file_;
};

std::set<std::string> allBlobs(const std::filesystem::path& path) {
  Database database(openAt(path), small());
  return database.read([](Reader& reader) {
    std::set<std::string> found;
    Query query = reader.query("SELECT blob FROM blob_del_rec");
    while (query.next()) found.emplace(query.text(0));
    return found;
  });
}

}  // namespace

TEST_CASE("two busy processes take turns writing", "[store]") {
  const Scratch scratch;
  openAt(scratch.data());
  constexpr int each = 150;
  const auto write = [&](const char* name) {
    Database database(openAt(scratch.data()), small());
    // Two threads, so that one write always waits.
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < each; ++i)
          database.write(Purpose::grow, [&](Transaction& one) {
            addBlob(one, std::string(name) + std::to_string(t) + "." + std::to_string(i));
            one.query("INSERT INTO users (login_name, pwd, create_time) VALUES (?, '', ?)",
                      std::string(name) + std::to_string(t) + "." + std::to_string(i),
                      static_cast<std::int64_t>(::getpid()))
                .run();
          });
      });
    threads.clear();
    return 0;
  };
  const pid_t first = start([&] { return write("first"); });
  const pid_t second = start([&] { return write("second"); });
  REQUIRE(statusOf(first) == 0);
  REQUIRE(statusOf(second) == 0);
  // The order of the ids is the order of the writes.
  Database database(openAt(scratch.data()), small());
  const auto writers = database.read([](Reader& reader) {
    std::vector<std::int64_t> found;
    Query query = reader.query("SELECT create_time FROM users ORDER BY id");
    while (query.next()) found.push_back(query.integer(0));
    return found;
  });
  REQUIRE(writers.size() == 4 * each);
  // Both were busy between the first write of the process that began later and the last write of the one that ended
  // earlier.
  const auto begin =
      std::max(std::find(writers.begin(), writers.end(), first), std::find(writers.begin(), writers.end(), second));
  const auto end = std::min(std::find(writers.rbegin(), writers.rend(), first).base(),
                            std::find(writers.rbegin(), writers.rend(), second).base());
  int run = 0;
  int longest = 0;
  int changes = 0;
  for (auto at = begin; at < end; ++at) {
    const bool same = at != begin && *at == *(at - 1);
    run = same ? run + 1 : 1;
    changes += !same;
    longest = std::max(longest, run);
  }
  CAPTURE(end - begin, changes);
  REQUIRE(end - begin > each / 2);
  CHECK(changes > (end - begin) / 10);
  CHECK(longest <= each / 2);  // a process that is not scheduled misses its turn
}

TEST_CASE("every acknowledged write survives kill -9", "[store]") {
  const Scratch scratch;
  openAt(scratch.data());
  const Notes answered(scratch.path() / "answered");
  for (int round = 0; round < 3; ++round) {
    const pid_t child = start([&] {
      Database database(openAt(scratch.data()), small());
      std::vector<std::jthread> threads;
      for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
          for (int i = 0;; ++i) {
            const std::string name = std::to_string(round) + "." + std::to_string(t) + "." + std::to_string(i);
            database.write(Purpose::grow, [&](Transaction& one) { addBlob(one, name); });
            answered.add(name);
          }
        });
      threads.clear();
      return 0;
    });
    const std::size_t wanted = answered.all().size() + 200;
    test::waitFor("the child writes", [&] { return answered.all().size() >= wanted; });
    ::kill(child, SIGKILL);
    CHECK(statusOf(child) == -SIGKILL);
    const auto found = allBlobs(scratch.data());
    for (const std::string& name : answered.all()) CHECK(found.count(name) == 1);
    CHECK(found.size() <= answered.all().size() + 4 * (static_cast<std::size_t>(round) + 1));
  }
}

TEST_CASE("on a disk that fills up, acknowledged writes are stored and refused ones are not", "[store]") {
  const Scratch scratch;
  const SmallDisk disk("40m");
  if (!disk.isMounted()) return;
  const Notes good(scratch.path() / "good");
  const Notes failed(scratch.path() / "failed");
  const Notes kept(scratch.path() / "kept");
  // One child exits, the other is killed, so that the WAL is read back from the disk alone.
  const bool dies = GENERATE(false, true);
  const pid_t child = start([&] {
    const auto directory = openAt(disk / "data");
    Database database(directory, small());
    if (!std::filesystem::exists(disk / "data" / "reserve")) return 8;
    std::atomic<int> full = 0;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        const std::string filler(2000, 'f');
        for (int i = 0; i < 1000 && full < 60; ++i) {
          const std::string name = std::to_string(t) + "." + std::to_string(i) + filler;
          const auto fault =
              faultOf([&] { database.write(Purpose::grow, [&](Transaction& one) { addBlob(one, name); }); });
          if (!fault) {
            good.add(name);
          } else {
            failed.add(name);
            if (*fault != Fault::diskFull) ::_exit(3);
            ++full;
          }
        }
      });
    threads.clear();
    if (full == 0) return 4;
    // The first ones fit in pages that the refused writes left.
    for (int i = 0; i < 5 || std::filesystem::exists(disk / "data" / "reserve"); ++i) {
      const std::string name = "kept" + std::to_string(i) + std::string(2000, 'k');
      if (faultOf([&] { database.write(Purpose::keep, [&](Transaction& one) { addBlob(one, name); }); })) return 5;
      kept.add(name);
    }
    if (!database.isReady()) return 7;
    if (dies) ::kill(::getpid(), SIGKILL);
    return 0;
  });
  const int status = statusOf(child);
  REQUIRE(status == (dies ? -SIGKILL : 0));
  const auto found = allBlobs(disk / "data");
  CHECK(good.all().size() > 100);
  CHECK(kept.all().size() >= 5);
  for (const std::string& name : good.all()) CHECK(found.count(name) == 1);
  for (const std::string& name : kept.all()) CHECK(found.count(name) == 1);
  for (const std::string& name : failed.all()) CHECK(found.count(name) == 0);
  CHECK(found.size() == good.all().size() + kept.all().size());
}

TEST_CASE("a batch that meets a full disk fails as a whole, but its keep writes go on", "[store]") {
  const SmallDisk disk("6m");
  if (!disk.isMounted()) return;
  const auto directory = openAt(disk / "data");
  Database database(directory, small());
  // The disk is too small for a real reserve, so this file replaces it.
  {
    std::ofstream reserve(disk / "data" / "reserve");
    reserve << std::string(1 << 20, 'r');
  }
  {
    // Fills the disk except for less than a batch needs.
    std::ofstream filler(disk / "filler");
    filler << std::string(directory->freeSpace() - (64 << 10), 'x') << std::flush;
  }
  std::atomic<int> grown = 0;
  std::atomic<int> refused = 0;
  std::atomic<int> kept = 0;
  {
    std::atomic<bool> inside = false;
    std::atomic<bool> go = false;
    const std::jthread holding([&] {
      database.write(Purpose::keep, [&](Transaction&) {
        inside = true;
        test::soon([&] { return go.load(); });
      });
    });
    test::waitFor("the writer is inside the operation", [&] { return inside.load(); });
    std::vector<std::jthread> threads;
    for (int t = 0; t < 40; ++t)
      threads.emplace_back([&, t] {
        const bool keep = t % 4 == 0;
        const auto fault = faultOf([&] {
          database.write(keep ? Purpose::keep : Purpose::grow, [&](Transaction& one) {
            addBlob(one, std::to_string(t) + std::string(keep ? 10 : 20000, 'b'));
          });
        });
        if (keep && !fault) ++kept;
        if (!keep && !fault) ++grown;
        if (!keep && fault == Fault::diskFull) ++refused;
      });
    go = true;
  }
  CHECK(kept == 10);
  CHECK(grown + refused == 30);
  CHECK(refused > 0);
  CHECK(countBlobs(database) == grown + kept);
}

TEST_CASE("grow writes cannot use space released by the reserve, and the reserve is restored", "[store]") {
  const SmallDisk disk("40m");
  if (!disk.isMounted()) return;
  const auto directory = openAt(disk / "data");
  StoreOptions options = small();
  options.freeSpaceFloor = 1 << 20;
  Database database(directory, options);
  const auto reserve = disk / "data" / "reserve";
  // Even a disk of 40 MiB has a reserve, of a size that leaves space for data.
  REQUIRE(std::filesystem::file_size(reserve) == (8U << 20));
  int number = 0;
  const auto write = [&](Purpose purpose) {
    const std::string name = std::to_string(++number) + std::string(20000, 'b');
    return faultOf([&] { database.write(purpose, [&](Transaction& one) { addBlob(one, name); }); });
  };
  {
    std::ofstream filler(disk / "filler");
    filler << std::string(directory->freeSpace() - (32 << 10), 'x') << std::flush;
  }
  const std::uint64_t held = std::filesystem::file_size(reserve);
  while (std::filesystem::exists(reserve)) {
    REQUIRE(write(Purpose::keep) == std::nullopt);
    REQUIRE(number < 1000);
  }
  CHECK(directory->freeSpace() > held / 2);
  CHECK(write(Purpose::grow) == Fault::diskFull);
  CHECK(faultOf([&] { database.requireSpace(0); }) == Fault::diskFull);
  CHECK(write(Purpose::keep) == std::nullopt);
  std::filesystem::remove(disk / "filler");
  CHECK(directory->reserve().make(options.freeSpaceFloor));
  CHECK(std::filesystem::file_size(reserve) == (8U << 20));
}

TEST_CASE("a reserve released while opening is not for growth, and is made again when there is space", "[store]") {
  const SmallDisk disk("40m");
  if (!disk.isMounted()) return;
  const auto data = disk / "data";
  StoreOptions options = small();
  options.freeSpaceFloor = 1 << 20;
  options.reserveEvery = std::chrono::milliseconds{0};
  Database(openAt(data), options);
  REQUIRE(std::filesystem::exists(data / "reserve"));
  for (const char* const part : {"video.db-wal", "video.db-shm"}) std::filesystem::remove(data / part);
  {
    std::ofstream filler(disk / "filler");
    for (const std::string& piece : {std::string(64 << 10, 'x'), std::string(1 << 10, 'x')})
      while (filler << piece << std::flush) continue;
  }
  Database database(openAt(data), options);
  CHECK_FALSE(std::filesystem::exists(data / "reserve"));
  CHECK(faultOf([&] { database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "a"); }); }) ==
        Fault::diskFull);
  std::filesystem::remove(disk / "filler");
  database.write(Purpose::keep, [](Transaction& one) { addBlob(one, "b"); });
  CHECK(test::soon([&] { return std::filesystem::exists(data / "reserve"); }));
}

TEST_CASE("the memory that SQLite shares has all its blocks", "[store]") {
  const LoopDisk disk("mkfs.ext4 -q -b 1024", off_t{32} << 20);
  if (!disk.isMounted()) {
    WARN("skipped: ext4 cannot be made or mounted here");
    return;
  }
  // What unixShmMap does: whoever is first cuts the file to 3 bytes, and then the last byte of each page is written.
  prepareSqlite();
  sqlite3_vfs* const files = sqlite3_vfs_find(nullptr);
  sqlite3_syscall_ptr found = nullptr;
  for (const char* const name : {"pwrite", "pwrite64"})  // one of them, as SQLite was built
    if (found == nullptr) found = files->xGetSystemCall(files, name);
  REQUIRE(found != nullptr);
  const auto write = reinterpret_cast<ssize_t (*)(int, const void*, std::size_t, off_t)>(found);
  const Descriptor file(::open((disk / "video.db-shm").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::ftruncate(file.number(), 3) == 0);
  for (const off_t page : {0, 4096, 8192}) {
    REQUIRE(write(file.number(), "", 1, page + 4095) == 1);
    struct stat is {};
    REQUIRE(::fstat(file.number(), &is) == 0);
    CHECK(is.st_size == page + 4096);
    CHECK(is.st_blocks * 512 >= is.st_size);
  }
}

TEST_CASE("a process that reads all the time does not keep another from checkpointing the WAL", "[store]") {
  const Scratch scratch;
  openAt(scratch.data());
  const pid_t reader = start([&] {
    Database database(openAt(scratch.data()), small());
    test::waitFor("the writer's last row", [&] { return hasBlob(database, "end"); });
    return 0;
  });
  StoreOptions options = small();
  options.synchronous = Synchronous::normal;
  {
    Database database(openAt(scratch.data()), options);
    const std::string filler(3000, 'f');
    for (int i = 0; i < 4000; ++i)
      database.write(Purpose::grow, [&](Transaction& one) { addBlob(one, filler + std::to_string(i)); });
    CHECK(std::filesystem::file_size(scratch.data() / "video.db-wal") < (40U << 20));
    database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "end"); });
  }
  CHECK(statusOf(reader) == 0);
}
