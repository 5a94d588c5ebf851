// tus-js-client 4, from npm, uploads to the real daemon, and resumes in other processes.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/ids.hpp"
#include "base/sha256.hpp"
#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/npm.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::e2e;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path source = fs::path(VIDEO_SOURCE_DIR) / "tests/e2e/tus";

// Where tus-js-client is; empty if it cannot be had.
const fs::path& tusModules() {
  static const fs::path found = npmModules("tus");
  return found;
}

struct Client {
  explicit Client(const std::string& config = idle) : site("socket", config) {
    token = line(site.direct({"--as", "ada", "token", "create", "--label", "tus", "--scope", "upload"}).out);
    bytes = mp4Front();
    for (int i = 0; bytes.size() < 500'000; ++i) bytes += std::to_string(i);
    write(site.folder / "a.mp4", bytes);
  }

  json operator()(const std::string& mode, int limit = 0) {
    const Ended ended =
        run({"node", (source / "upload.mjs").string(), mode, site.daemon.url() + "/uploads", token,
             (site.folder / "a.mp4").string(), (site.folder / "storage.json").string(), std::to_string(limit)},
            {{{"TUS_MODULES", tusModules().string()}}, {}, {}});
    INFO(ended.out << ended.err);
    REQUIRE(ended.status == 0);
    return json::parse(ended.out);
  }

  json uploads() { return json::parse(site.run("", {"-o", "json", "upload", "list"}).out).at("uploads"); }

  // The hash of the only ready video.
  std::string hash() {
    const json videos = json::parse(site.run("", {"-o", "json", "video", "list", "--state", "ready"}).out).at("videos");
    REQUIRE(videos.size() == 1);
    return videos[0].at("sha256");
  }
  std::string expected() const {
    Sha256 hash;
    hash.add(std::as_bytes(std::span(bytes)));
    return hash.hex();
  }

  Site site;
  std::string token;
  std::string bytes;
};

}  // namespace

TEST_CASE("tus-js-client pauses, resumes in a second process", "[long]") {
  if (tusModules().empty()) return;
  Client client;
  const json paused = client("pause", 150'000);
  CHECK(paused.at("offset").get<int>() >= 150'000);
  CHECK(client.uploads().at(0).at("state") == "partial");
  const json again = client("resume");
  CHECK(again.value("done", false));
  CHECK(again.at("url") == paused.at("url"));
  CHECK(again.at("sent").get<int>() == static_cast<int>(client.bytes.size()) - paused.at("offset").get<int>());
  CHECK(client.hash() == client.expected());
}

TEST_CASE("tus-js-client goes on at the offset that the server has after it sent a wrong one", "[long]") {
  if (tusModules().empty()) return;
  Client client;
  const json done = client("wrong");
  CHECK(done.value("done", false));
  const auto requests = done.at("requests").get<std::vector<std::string>>();
  CHECK(std::count(requests.begin(), requests.end(), "PATCH 409") == 1);
  CHECK(std::count(requests.begin(), requests.end(), "HEAD 200") == 1);
  CHECK(std::count(requests.begin(), requests.end(), "POST 201") == 1);
  CHECK(client.hash() == client.expected());
}

TEST_CASE("tus-js-client uploads with POST in place of PATCH, aborts, and starts again after an upload has expired",
          "[long]") {
  if (tusModules().empty()) return;
  {
    Client client;
    const json whole = client("override");
    CHECK(whole.value("done", false));
    CHECK(client.hash() == client.expected());
    client("abort", 150'000);
    const json left = client.uploads();
    REQUIRE(left.size() == 1);
    CHECK(left[0].at("state") == "complete");
  }
  Client brief(std::string(idle) + "[stream]\nupload_ttl = \"1s\"\n");
  const json paused = brief("pause", 150'000);
  const auto isExpired = [&] {
    return run({"curl", "-s", "-o", "/dev/null", "-I", "-w", "%{http_code}", "-H", "Tus-Resumable: 1.0.0", "-H",
                "Authorization: Bearer " + brief.token, paused.at("url").get<std::string>()})
               .out == "410";
  };
  test::waitFor("the upload has expired", isExpired);
  const json again = brief("resume");
  CHECK(again.value("done", false));
  CHECK(again.at("url") != paused.at("url"));
  CHECK(brief.hash() == brief.expected());
}
