// A database of every schema that was ever released, as tests/schemas has it, and how it is upgraded.
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "data/make.hpp"
#include "store/schema.hpp"
#include "store_scratch.hpp"

using namespace video;
using namespace video::store;
namespace fs = std::filesystem;

namespace {

std::string fixture(std::int64_t number) {
  const fs::path path = fs::path(VIDEO_SOURCE_DIR) / fmt::format("tests/schemas/{:04}.sql", number);
  std::ifstream file(path, std::ios::binary);
  INFO(path << " is missing: run tests/schemas/make.sh " << number);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Makes a data directory with this database.
std::shared_ptr<DataDirectory> makeOld(const fs::path& data, std::int64_t number) {
  auto directory = openAt(data, Hold::exclusive);
  fs::remove(data / "video.db");
  SQLite::Database old(data / "video.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  old.exec(fixture(number));
  old.exec("PRAGMA journal_mode = WAL");
  return directory;
}

// The definitions of a database by name, each without what differs by how it came about.
std::map<std::string, std::string> definitions(const SQLite::Database& opened) {
  std::map<std::string, std::string> all;
  SQLite::Statement rows(opened, "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
  while (rows.executeStep()) {
    std::string text = rows.getColumn(1).getString();
    std::erase(text, '"');
    all[rows.getColumn(0).getString()] = text;
  }
  return all;
}

std::map<std::string, std::string> definitionsOf(const fs::path& database) {
  return definitions(SQLite::Database(database, SQLite::OPEN_READWRITE));
}

// What the migrations up to this one make.
std::map<std::string, std::string> madeDefinitions(std::int64_t number) {
  SQLite::Database made(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (const Migration& one : migrations())
    if (one.number <= number) made.exec(std::string(one.sql));
  return definitions(made);
}

std::int64_t countOf(const fs::path& data, const std::string& sql) {
  return SQLite::Database(data / "video.db", SQLite::OPEN_READWRITE).execAndGet(sql).getInt64();
}

}  // namespace

TEST_CASE("a database of every schema so far is upgraded, keeps its rows, and passes the check", "[store]") {
  const std::int64_t number = GENERATE(range(std::int64_t{1}, latestSchema()));
  CAPTURE(number);
  const TempDirectory scratch;
  const SmallDisk disk("32m");  // where a sync costs nothing
  const fs::path data = disk.isMounted() ? disk / "data" : scratch / "data";
  std::vector<std::string> said;
  {
    const auto directory = makeOld(data, number);
    REQUIRE(schemaOf(*directory) == number);
    const auto before = definitionsOf(data / "video.db");
    CHECK(before == madeDefinitions(number));  // what a released migration does is never changed
    migrate(*directory, migrations(), [&](const MigrationState& state) {
      if (state.isNew) said.push_back(fmt::format("{}/{} {}", state.step, state.steps, state.doing));
    });
    CHECK(definitionsOf(data / fmt::format("video.db.before-{}", number)) == before);
  }
  const auto steps = latestSchema() - number;
  CHECK(said.size() == static_cast<std::size_t>(steps) + 2);
  CHECK(said.front() == "0/0 copying the database");
  CHECK(said.back() == fmt::format("{0}/{0} checking references", steps));
  CHECK(definitionsOf(data / "video.db") == madeDefinitions(latestSchema()));
  const auto count = [&](const std::string& sql) { return countOf(data, "SELECT count(*) FROM " + sql); };
  CHECK(count("users WHERE login_name IN ('ada', 'Bob.B') AND deleted IS NULL") == 2);
  CHECK(count("users WHERE login_name = 'ada' AND role = 'admin' AND pwd LIKE '$argon2id$%'") == 1);
  CHECK(count("video_info") == 3);
  CHECK(count("video_info WHERE name = 'deleted ''ä'' 猫' AND state = 'deleted' AND size = 20") == 1);
  CHECK(count("comments WHERE content = '弾幕' AND position_ms = 1500") == 1);
  CHECK(count("comments") == 2);
  CHECK(count("sessions") == 1);
  CHECK(count("tokens WHERE label = 'a token'") == 1);
  CHECK(count("video_del_rec WHERE state = 'dead' AND last_error = 'why'") == 1);
  CHECK(count("blob_del_rec") == 1);
  // An upgrade lists nothing for everyone.
  if (number < 8) CHECK(count("video_info WHERE visibility = 'unlisted' AND blocked IS NULL") == 3);
  if (number >= 3) CHECK(count("shares WHERE label = 'for the family'") == 1);
  if (number >= 14) CHECK(count("uploads") == 1);
  if (number >= 15) CHECK(count("subtitles WHERE lang = 'en'") == 1);
  // The rows are in order; there are no files.
  std::vector<std::string> found;
  store::StoreOptions options;
  options.lockTimeout = std::chrono::milliseconds{50};
  options.freeSpaceFloor = 0;
  const auto operations = makeLocalData(data, "the test", options, {});
  operations->check(
      {}, [&](const Finding& one) { found.push_back(fmt::format("{} {}", static_cast<int>(one.kind), one.detail)); },
      {});
  REQUIRE(found.size() == 3);
  CHECK(found[0].find("is missing") != std::string::npos);
  CHECK(found[1].find("is missing") != std::string::npos);
  CHECK(found[2].find("was given up: why") != std::string::npos);
}

TEST_CASE("a migration that lacks space for its copy and log begins nothing", "[store]") {
  const SmallDisk disk("2m");
  if (!disk.isMounted()) return;
  {
    const auto directory = makeOld(disk / "data", 1);
    SQLite::Database(disk / "data/video.db", SQLite::OPEN_READWRITE)
        .exec(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
            "INSERT INTO comments (id, video_id, author_id, content, time) SELECT i, "
            "'018bcfe5-6800-7000-8000-000000000001', 1, printf('%07000d', i), i FROM n;"
            "PRAGMA wal_checkpoint(TRUNCATE)");
    CHECK(faultOf([&] { migrate(*directory); }) == Fault::diskFull);
    CHECK(schemaOf(*directory) == 1);
  }
  for (const auto& entry : fs::directory_iterator(disk / "data"))
    CHECK_FALSE(entry.path().filename().string().starts_with("video.db.before"));
}
