// A whole site taken in from the original, and out into plain files.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.hpp"
#include "base/units.hpp"
#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// Path below a folder and content of every file in it.
std::map<std::string, std::string> allFiles(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = read(entry.path());
  return files;
}

std::set<std::string> namesOf(const std::map<std::string, std::string>& files) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : files) names.insert(name);
  return names;
}

// The numbers of results by status.
std::map<std::string, int> statusesIn(const Ended& ended) {
  std::map<std::string, int> counts;
  const auto json = nlohmann::json::parse(ended.out);
  for (const auto& result : json.at("results")) ++counts[result.at("status").get<std::string>()];
  return counts;
}

std::string today() {
  return formatTime(systemClock().now()).substr(0, 10);
}

}  // namespace

TEST_CASE(
    "data import takes the original site over beside a running daemon, and its exit status says what is missing") {
  Site site("direct");
  const fs::path videos = site.folder / "videos";
  fs::create_directories(videos / "folder");
  write(videos / "7", content('7'));
  const fs::path dump = fs::path(VIDEO_SOURCE_DIR) / "tests/dumps/plain.dump";
  const Words words{"data", "import", "--mysql-dump", dump.string(), "--videos", videos.string(), "-o", "json"};
  const Ended dry = site.direct(join(words, {"--dry-run"}));
  CHECK(dry.status == 3);
  const Ended first = site.direct(words);
  INFO(first.err);
  CHECK(first.status == 3);  // a video without a file, a comment without a video
  std::map<std::string, std::string> statuses;
  const auto items = nlohmann::json::parse(first.out);
  for (const auto& item : items.at("items"))
    statuses[item.at("kind").get<std::string>() + ' ' + item.at("old_id").get<std::string>()] =
        item.at("status").get<std::string>() + ' ' + item.at("name").get<std::string>();
  CHECK(statuses["user 1"] == "renamed ada_2");  // the site has an ada
  CHECK(statuses["user 2"] == "renamed o_hara");
  CHECK(statuses["video 7"] == "imported 在湖边 🏖");
  CHECK(statuses["video 0f0a5c62-0d6c-4a4e-8a39-b3b0f3b6d1a1"] == "skipped ");
  CHECK(first.err.find("secret") == std::string::npos);
  CHECK(first.out.find("5e1") == std::string::npos);  // a session's secret
  const std::string page = line(site.run("user_3", {"-o", "id", "video", "list"}).out);
  CHECK(page.size() == 36);
  CHECK(statusesIn(site.direct({"-o", "json", "data", "export", (site.folder / "out").string(), "--user", "user_3"})) ==
        std::map<std::string, int>{{"exported", 1}});
  CHECK(namesOf(allFiles(site.folder / "out")) ==
        std::set<std::string>{"user_3/2026-11-22 在湖边 🏖.json", "user_3/2026-11-22 在湖边 🏖.mp4"});

  CHECK(site.direct({"data", "import", "--mysql-dump", "/dev/null", "--videos", videos.string()}).status == 3);
  CHECK(site.direct({"data", "import", "--mysql-dump", dump.string(), "--videos", "/nowhere"}).status == 4);
  CHECK(site.direct({"data", "import", "--mysql-dump", "/nowhere", "--videos", videos.string()}).status == 4);
  write(site.folder / "cut.dump", read(dump).substr(0, 3000));
  CHECK(
      site.direct({"data", "import", "--mysql-dump", (site.folder / "cut.dump").string(), "--videos", videos.string()})
          .status == 7);
}

TEST_CASE("data export copies every video out with what belongs to it, and again only what is new") {
  Site site("direct");
  const auto upload = [&](const std::string& name, char letter) {
    const fs::path file = write(site.folder / "a.mp4", content(letter));
    return line(site.direct({"-o", "id", "video", "upload", file.string(), "--user", "ada", "--name", name}).out);
  };
  const std::string id = upload("Holiday.mp4", 'a');
  upload("holiday", 'b');
  upload("../etc/passwd", 'c');
  const std::string gone = upload("gone", 'd');
  REQUIRE(site.direct({"video", "delete", gone}).status == 0);
  write(site.folder / "a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n");
  REQUIRE(site.direct({"video", "subtitle", "add", id, (site.folder / "a.vtt").string(), "--lang", "en"}).status == 0);
  REQUIRE(site.direct({"--as", "ada", "comment", "post", id, "nice", "--at", "0:01"}).status == 0);
  const fs::path out = site.folder / "out";
  const Words words{"-o", "json", "data", "export", out.string()};
  const Ended first = site.direct(words);
  INFO(first.err);
  REQUIRE(first.status == 0);
  CHECK(statusesIn(first) == std::map<std::string, int>{{"exported", 3}});
  auto files = allFiles(out);
  REQUIRE(files.size() == 8);
  const auto isOne = [&](const std::string& end, const std::string& part) {
    return std::count_if(files.begin(), files.end(), [&](const auto& file) {
             return file.first.starts_with("ada/" + today()) && file.first.ends_with(end) &&
                    file.second.find(part) != std::string::npos;
           }) == 1;
  };
  CHECK(isOne(" (2).mp4", std::string(100, 'a')));  // Holiday is a file's name already where holiday was exported
  CHECK(isOne(" holiday.mp4", std::string(100, 'b')));
  CHECK(isOne("passwd.mp4", std::string(100, 'c')));
  CHECK(isOne(" (2).json", id));
  CHECK(isOne(" (2).en.vtt", "hello"));
  CHECK(isOne(" (2).xml", ">nice</d>"));

  CHECK(statusesIn(site.direct(words)) == std::map<std::string, int>{{"unchanged", 3}});
  CHECK(allFiles(out) == files);

  // A copy is nobody else's: changing it does not change the site. A new name keeps the files, and what is lost comes
  // back.
  REQUIRE(site.direct({"video", "rename", id, "At the lake"}).status == 0);
  for (const auto& [name, bytes] : files)
    if (name.ends_with("passwd.mp4")) write(out / name, "short");
  upload("another", 'e');
  CHECK(statusesIn(site.direct(words)) ==
        std::map<std::string, int>{{"exported", 1}, {"unchanged", 1}, {"updated", 2}});
  files = allFiles(out);
  CHECK(files.size() == 10);
  CHECK(isOne(" (2).json", "At the lake"));
  CHECK(isOne("passwd.mp4", std::string(100, 'c')));

  // A content that is missing fails alone.
  for (const auto& entry : fs::recursive_directory_iterator(site.daemon.dataDirectory() / "blobs"))
    if (entry.is_regular_file() && read(entry.path()) == content('b')) fs::remove(entry.path());
  CHECK(statusesIn(site.direct({"-o", "json", "data", "export", (site.folder / "second").string()})) ==
        std::map<std::string, int>{{"exported", 3}, {"failed", 1}});
  CHECK(site.direct(words).status == 0);  // it was exported before
  CHECK(site.direct({"data", "export", (site.daemon.dataDirectory() / "out").string()}).status == 7);
  CHECK(site.direct({"data", "export", out.string(), "--user", "nobody"}).status == 4);
}
