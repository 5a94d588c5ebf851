#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "failing_files.hpp"
#include "quiet_log.hpp"
#include "store/schema.hpp"
#include "store_scratch.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::store;

namespace {

// Holds the writer inside an operation until it is released, so that the writes requested meanwhile become one batch.
class Held {
 public:
  explicit Held(Database& database)
      : thread_([this, &database] {
          database.write(Purpose::keep, [this](Transaction&) {
            isInside_ = true;
            test::soon([this] { return isReleased_.load(); });
          });
        }) {
    test::waitFor("the writer is inside the operation", [this] { return isInside_.load(); });
  }
  ~Held() { release(); }
  void release() { isReleased_ = true; }

 private:
  std::atomic<bool> isInside_ = false;
  std::atomic<bool> isReleased_ = false;
  std::jthread thread_;
};

}  // namespace

TEST_CASE("values of every type are read back as written", "[store]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  const std::string longText(5000, 'x');
  const std::int64_t id = database.write(Purpose::grow, [&](Transaction& transaction) {
    const std::int64_t changed =
        transaction
            .query("INSERT INTO users (login_name, pwd, create_time, deleted, bytes_quota_own) VALUES (?, ?, ?, ?, ?)",
                   std::string("ann"), longText, Time{std::chrono::milliseconds{1234}}, std::nullopt,
                   std::optional<std::int64_t>(77))
            .run();
    CHECK(changed == 1);
    Query query = transaction.query("SELECT id FROM users");
    REQUIRE(query.next());
    return query.integer(0);
  });
  CHECK(id == 1);
  database.read([&](Reader& reader) {
    Query query = reader.query(
        "SELECT login_name, pwd, create_time, deleted, bytes_quota_own FROM users WHERE id = ? AND disabled = ?",
        UserId{id}, false);
    REQUIRE(query.next());
    CHECK(query.text(0) == "ann");
    CHECK(query.text(1) == longText);
    CHECK(query.time(2) == Time{std::chrono::milliseconds{1234}});
    CHECK(query.isNull(3));
    CHECK(!query.optionalText(3));
    CHECK(query.optionalInteger(4) == 77);
    CHECK(!query.next());
    CHECK(!query.next());
  });
}

TEST_CASE("a statement can be run while the same statement is being read", "[store]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  database.write(Purpose::grow, [](Transaction& transaction) {
    addBlob(transaction, "a");
    addBlob(transaction, "b");
  });
  int pairs = 0;
  database.read([&](Reader& reader) {
    Query outer = reader.query("SELECT blob FROM blob_del_rec ORDER BY blob");
    while (outer.next()) {
      Query inner = reader.query("SELECT blob FROM blob_del_rec ORDER BY blob");
      while (inner.next()) ++pairs;
    }
  });
  CHECK(pairs == 4);
}

TEST_CASE("a reader cannot write, and misuse throws at once", "[store]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  CHECK(faultOf([&] { database.read([](Reader& reader) { reader.query("DELETE FROM blob_del_rec").run(); }); }) ==
        Fault::databaseFailed);
  CHECK(faultOf([&] { database.read([](Reader& reader) { reader.query("SELECT nonsense FROM users").next(); }); }) ==
        Fault::databaseFailed);
  database.read([](Reader& reader) {
    CHECK_THROWS_AS(reader.query("SELECT id FROM users WHERE id = ?"), std::logic_error);
    CHECK_THROWS_AS(reader.query("SELECT 1; SELECT 2"), std::logic_error);
  });
  CHECK(!insideWrite());
  CHECK_THROWS_AS(database.write(Purpose::keep, [&](Transaction&) { countBlobs(database); }), std::logic_error);
  CHECK_THROWS_AS(database.write(Purpose::keep,
                                 [&](Transaction&) {
                                   CHECK(insideWrite());
                                   database.write(Purpose::keep, [](Transaction&) {});
                                 }),
                  std::logic_error);
  CHECK_THROWS_AS(database.write(Purpose::keep, [&](Transaction&) { database.snapshot([](Reader&) {}); }),
                  std::logic_error);
  CHECK(faultOf([&] { database.write(Purpose::keep, [](Transaction& one) { one.query("COMMIT").run(); }); }) ==
        Fault::databaseFailed);
  database.write(Purpose::keep, [](Transaction& transaction) { addBlob(transaction, "after"); });
  CHECK(hasBlob(database, "after"));
}

TEST_CASE("a snapshot sees one state, a reader the latest", "[store]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  const auto count = [](Reader& reader) {
    Query query = reader.query("SELECT count(*) FROM blob_del_rec");
    query.next();
    return query.integer(0);
  };
  database.snapshot([&](Reader& reader) {
    CHECK(count(reader) == 0);
    std::jthread([&] { database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "new"); }); }).join();
    CHECK(count(reader) == 0);
  });
  CHECK(countBlobs(database) == 1);
}

TEST_CASE("an operation that fails does not affect the others in its batch", "[store]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  std::atomic<int> good = 0;
  std::atomic<int> refused = 0;
  {
    Held held(database);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 20; ++i)
      threads.emplace_back([&, i] {
        const auto fault = faultOf([&] {
          database.write(Purpose::grow, [&](Transaction& transaction) {
            addBlob(transaction, "op" + std::to_string(i));
            if (i % 4 == 0) throw Error(Fault::conflict, "no");
            if (i % 4 == 1) addBlob(transaction, "op" + std::to_string(i));
          });
        });
        if (!fault) ++good;
        if (fault == (i % 4 == 0 ? Fault::conflict : Fault::databaseFailed)) ++refused;
      });
    held.release();
  }
  CHECK(good == 10);
  CHECK(refused == 10);
  CHECK(countBlobs(database) == 10);
  for (int i = 0; i < 20; ++i) CHECK(hasBlob(database, "op" + std::to_string(i)) == (i % 4 >= 2));
}

TEST_CASE("many writers share commits", "[store]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  std::vector<std::jthread> threads;
  for (int t = 0; t < 32; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 30; ++i)
        database.write(Purpose::grow, [&](Transaction& transaction) {
          addBlob(transaction, std::to_string(t) + "." + std::to_string(i));
        });
    });
  threads.clear();
  const WriterCounters counters = database.counters();
  CHECK(counters.operations == 960);
  CHECK(counters.commits < 480);
  CHECK(std::accumulate(counters.batches.begin(), counters.batches.end(), std::uint64_t{0}) == counters.commits);
  CHECK(counters.batches[0] < counters.commits);  // some had more than one operation
  CHECK(counters.failedBatches == 0);
  CHECK(countBlobs(database) == 960);
}

TEST_CASE("a waiting write fails when the database is closed", "[store]") {
  const Scratch scratch;
  auto database = std::make_optional<Database>(openAt(scratch.data()), small());
  // WRITE is locked elsewhere, so the operation cannot begin.
  const auto directory = openAt(scratch.data());
  const int write = ::open((scratch.data() / "WRITE").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(write, LOCK_EX) == 0);
  std::optional<Fault> fault;
  std::jthread waiting([&] { fault = faultOf([&] { database->write(Purpose::keep, [](Transaction&) {}); }); });
  // The writer holds NEXT as soon as it has something to write.
  const int next = ::open((scratch.data() / "NEXT").c_str(), O_RDWR | O_CLOEXEC);
  test::waitFor("the writer holds NEXT", [&] {
    if (::flock(next, LOCK_EX | LOCK_NB) != 0) return true;
    ::flock(next, LOCK_UN);
    return false;
  });
  database.reset();
  waiting.join();
  CHECK(fault == Fault::unavailable);
  ::close(next);
  ::close(write);
}

TEST_CASE("a write waits for another process no longer than the lock timeout", "[store]") {
  const Scratch scratch;
  StoreOptions options = small();
  options.lockTimeout = std::chrono::milliseconds{100};
  Database database(openAt(scratch.data()), options);
  const int write = ::open((scratch.data() / "WRITE").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(write, LOCK_EX) == 0);
  const auto began = std::chrono::steady_clock::now();
  CHECK(faultOf([&] { database.write(Purpose::keep, [](Transaction&) {}); }) == Fault::busy);
  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds{100});
  CHECK(countBlobs(database) == 0);
  ::close(write);
  database.write(Purpose::keep, [](Transaction& transaction) { addBlob(transaction, "now"); });
  CHECK(hasBlob(database, "now"));
}

TEST_CASE("below the free-space floor, grow writes are refused and keep writes succeed", "[store]") {
  const Scratch scratch;
  StoreOptions options = small();
  options.freeSpaceFloor = 1ULL << 60;
  Database database(openAt(scratch.data()), options);
  CHECK(faultOf([&] { database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "a"); }); }) ==
        Fault::diskFull);
  database.write(Purpose::keep, [](Transaction& one) { addBlob(one, "b"); });
  CHECK(faultOf([&] { database.requireSpace(); }) == Fault::diskFull);
  CHECK(!hasBlob(database, "a"));
  CHECK(hasBlob(database, "b"));
  CHECK(!std::filesystem::exists(scratch.data() / "reserve"));
}

TEST_CASE("after an I/O error the connection is reopened, and the database is not ready until a write succeeds",
          "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  Database database(directory, small());
  database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "before"); });
  REQUIRE(database.isReady());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  // No file may grow beyond the current size of the WAL: a write there fails with EFBIG.
  rlimit tight = old;
  tight.rlim_cur = std::filesystem::file_size(scratch.data() / "video.db-wal");
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const auto fault = faultOf([&] { database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "lost"); }); });
  const bool ready = database.isReady();
  const std::int64_t seen = countBlobs(database);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
  CHECK(fault == Fault::databaseFailed);
  CHECK(!ready);
  CHECK(seen == 1);
  CHECK(database.isReady());
  database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "after"); });
  CHECK(database.isReady());
  CHECK(countBlobs(database) == 2);
  CHECK(database.counters().failedBatches >= 1);
}

TEST_CASE("an I/O error is not taken for what an earlier call has met whose failure was ignored", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  StoreOptions options = small();
  options.mapped = 0;
  Database database(directory, options);
  database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "a"); });
  database.checkpoint();
  const std::string file = std::filesystem::canonical(scratch.data() / "video.db");
  const auto meetTooManyFiles = [&] {
    rlimit old{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &old) == 0);
    rlimit none = old;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    sqlite3_close(opened);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &old) == 0);
    REQUIRE(code == SQLITE_CANTOPEN);
  };
  meetTooManyFiles();
  CHECK(faultOf([&] { schemaOf(scratch.path() / "missing"); }) == Fault::databaseFailed);

  // A database that cannot be read.
  const Descriptor unusable(::open(file.c_str(), O_PATH | O_CLOEXEC));
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const int number = std::stoi(entry.path().filename());
    if (std::filesystem::read_symlink(entry, gone) == file && number != unusable.number())
      REQUIRE(::dup2(unusable.number(), number) == number);
  }
  meetTooManyFiles();
  CHECK(faultOf([&] { countBlobs(database); }) == Fault::databaseFailed);
}

TEST_CASE("a checkpoint empties the WAL", "[store]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  for (int i = 0; i < 50; ++i)
    database.write(Purpose::grow, [&](Transaction& one) { addBlob(one, std::to_string(i)); });
  CHECK(std::filesystem::file_size(scratch.data() / "video.db-wal") > 0);
  database.checkpoint();
  CHECK(std::filesystem::file_size(scratch.data() / "video.db-wal") == 0);
  CHECK(countBlobs(database) == 50);
}

TEST_CASE("the WAL does not grow without bound while readers are active", "[store]") {
  const Scratch scratch;
  StoreOptions options = small();
  options.synchronous = Synchronous::normal;
  Database database(openAt(scratch.data()), options);
  const std::jthread reading([&](std::stop_token stop) {
    while (!stop.stop_requested()) countBlobs(database);
  });
  const std::string filler(3000, 'f');
  for (int i = 0; i < 4000; ++i)
    database.write(Purpose::grow, [&](Transaction& one) { addBlob(one, filler + std::to_string(i)); });
  CHECK(std::filesystem::file_size(scratch.data() / "video.db-wal") < (40U << 20));
}

TEST_CASE("statements lists queries, not BEGIN, COMMIT or PRAGMA", "[store]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  countBlobs(database);
  const auto texts = database.statements();
  REQUIRE(texts.size() == 1);
  CHECK(texts[0] == "SELECT count(*) FROM blob_del_rec");
}

TEST_CASE("an error on the writer's thread does not end the process", "[store]") {
  const test::QuietLog quiet;
  const Scratch scratch;
  test::FailingFiles files;
  DataDirectory::create(scratch.data());
  const auto directory =
      DataDirectory::open(scratch.data(), Hold::shared, "the test", std::chrono::milliseconds{50}, files);
  StoreOptions options = small();
  options.files = &files;
  options.reserveEvery = std::chrono::milliseconds{0};
  Database database(directory, options);
  const auto add = [&](const char* name) {
    database.write(Purpose::keep, [&](Transaction& one) { addBlob(one, name); });
  };

  // The disk is full for one attempt: the reserve is released and cannot be made again.
  int attempts = 0;
  REQUIRE(std::filesystem::exists(scratch.data() / "reserve"));
  database.write(Purpose::keep, [&](Transaction& one) {
    const auto limitPages = [&](const char* pragma) { one.query(pragma).next(); };
    limitPages(attempts++ == 0 ? "PRAGMA max_page_count = 1" : "PRAGMA max_page_count = 1000000");
    if (attempts == 2) files.failAt(1, {EIO, true});
    addBlob(one, std::string(100'000, 'b'));
  });
  add("after it");
  CHECK(files.heal() > 0);
  CHECK(attempts == 2);
  CHECK_FALSE(std::filesystem::exists(scratch.data() / "reserve"));
  CHECK(hasBlob(database, "after it"));

  add("last");
  CHECK(hasBlob(database, "last"));
  CHECK(database.isReady());

  // A lock that cannot be taken.
  const std::string lock = std::filesystem::canonical(scratch.data() / "WRITE");
  int descriptor = -1;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) == lock) descriptor = std::stoi(entry.path().filename());
  }
  REQUIRE(descriptor >= 0);
  const Descriptor before(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  const Descriptor unusable(::open(lock.c_str(), O_PATH | O_CLOEXEC));
  ::dup2(unusable.number(), descriptor);
  CHECK(faultOf([&] { add("not this"); }) == Fault::internal);
  CHECK(database.whyNotReady().find("flock") != std::string::npos);
  ::dup2(before.number(), descriptor);
  CHECK(database.isReady());
  add("after the lock");
  CHECK_FALSE(hasBlob(database, "not this"));
  CHECK(hasBlob(database, "after the lock"));
}
