// An upgrade by the daemon, and the way back that doc/upgrade.md describes.
#include <fmt/format.h>

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <string>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "store/directory.hpp"
#include "store/schema.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// The first shell script in a document.
std::string scriptIn(const std::string& document) {
  constexpr std::string_view fence = "```sh\n";
  const std::size_t from = document.find(fence) + fence.size();
  return document.substr(from, document.find("```", from) - from);
}

std::string withReplaced(std::string text, const std::string& old, const std::string& by) {
  const std::size_t at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), by);
}

}  // namespace

TEST_CASE("a daemon migrates an older schema and says so, and the documented way back works") {
  const fs::path root = VIDEO_SOURCE_DIR;
  const std::int64_t older = store::latestSchema() - 1;
  const TempDirectory folder;
  const fs::path data = folder / "data";
  store::DataDirectory::create(data);
  fs::remove(data / "video.db");
  SQLite::Database(data / "video.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec(read(root / fmt::format("tests/schemas/{:04}.sql", older)));
  const Words here{"--direct", "--data-dir", data.string()};
  CHECK(videoctl(join(here, {"user", "list"})).status == 12);
  {
    Daemon daemon(idle, {}, data);
    CHECK(daemon.log().find("migrating: copying the database") != std::string::npos);
    CHECK(daemon.log().find("migrating, step 1 of 1") != std::string::npos);
    REQUIRE(videoctl(join(here, {"user", "add", "eve", "--password-stdin"}), {{}, "password of eve", {}}).status == 0);
    CHECK(videoctl(join(here, {"--lock-timeout", "50ms", "data", "migrate"})).status == 9);
    CHECK(daemon.terminate() == 0);
  }
  REQUIRE(store::schemaOf(data / "video.db") == older + 1);

  std::string script = scriptIn(read(root / "doc/upgrade.md"));
  script = withReplaced(script, "/var/lib/videod", data.string());
  script = withReplaced(script, "before-N", fmt::format("before-{}", older));
  const Ended ended = run({"sh", "-euc", "systemctl() { echo \"$1\"; }\n" + script});
  INFO(script << ended.err);
  REQUIRE(ended.status == 0);
  CHECK(ended.out == "stop\nstart\n");
  CHECK(store::schemaOf(data / "video.db") == older);
  CHECK(store::schemaOf(data / "video.db.newer") == older + 1);

  // Upgraded once more, what was there before is there again.
  REQUIRE(videoctl(join(here, {"data", "migrate"})).status == 0);
  CHECK(videoctl(join(here, {"-o", "tsv", "user", "list", "--columns", "user_name", "--no-header"})).out ==
        "ada\nBob.B\n");
  const Ended checked = videoctl(join(here, {"-o", "json", "data", "check"}));
  CHECK(checked.status == 10);  // the videos of that database have no files here
  CHECK(checked.out.find("\"kind\":\"missing_content\"") != std::string::npos);
}
