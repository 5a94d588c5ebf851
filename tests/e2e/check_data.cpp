// `data check`: its statuses, beside a daemon and without one. tests/contract/check.cpp has what it finds.
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

TEST_CASE("data check exits with 10 for what is wrong, and a repair asks, and needs the directory for itself") {
  Site site("direct");
  const fs::path upload = write(site.folder / "a.mp4", content('a'));
  REQUIRE(site.direct({"video", "upload", upload.string(), "--user", "ada"}).status == 0);
  const Ended clean = site.direct({"-o", "json", "data", "check", "--hash"});
  CHECK(clean.status == 0);
  CHECK(clean.out == "{\"findings\":[]}\n");
  CHECK(videoctl({"--server", site.daemon.url(), "data", "check"}).status == 2);

  const std::string name(32, '7');
  const fs::path folder = site.daemon.dataDirectory();
  fs::create_directory(folder / "blobs/77");
  const fs::path orphan = write(folder / "blobs/77" / name, "nobody's");
  CHECK(site.direct({"data", "check"}).status == 0);  // it may be one that is just being written
  fs::last_write_time(orphan, fs::file_time_type::clock::now() - std::chrono::hours{1});
  for (const Words& words : {Words{"data", "check"}, Words{"data", "check", "--repair", "--dry-run"}}) {
    const Ended ended = site.direct(join({"-o", "id"}, words));
    CHECK(ended.status == 10);
    CHECK(ended.out == "blobs/77/" + name + "\n");
    CHECK(fs::exists(orphan));
  }
  CHECK(site.direct({"data", "check", "--repair"}).status == 2);
  CHECK(site.direct({"--lock-timeout", "50ms", "data", "check", "--repair", "--yes"}).status == 9);
  CHECK(fs::exists(orphan));
  REQUIRE(site.daemon.terminate() == 0);
  const Ended repaired = site.direct({"-o", "json", "data", "check", "--repair", "--yes"});
  INFO(repaired.err);
  CHECK(repaired.status == 0);
  const auto findings = nlohmann::json::parse(repaired.out).at("findings");
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].at("kind") == "orphan");
  CHECK(findings[0].at("state") == "repaired");
  CHECK(findings[1].at("kind") == "lost");
  CHECK(findings[1].at("state") == "information");
  CHECK(read(folder / "lost+found" / name) == "nobody's");
  CHECK(site.direct({"data", "check"}).status == 0);  // what is in lost+found is nothing wrong
}
