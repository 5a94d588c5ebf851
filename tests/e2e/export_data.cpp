// `data export`: everything out of a site, again and again, into the same folder.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// The files below a folder, with their bytes.
std::map<std::string, std::string> filesBelow(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) all[entry.path().lexically_relative(folder).string()] = read(entry.path());
  return all;
}

std::set<std::string> namesOf(const std::map<std::string, std::string>& files) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : files) names.insert(name);
  return names;
}

// `status path` of each result, in any order.
std::multiset<std::string> results(const Ended& ended) {
  std::multiset<std::string> all;
  INFO(ended.out << ended.err);
  const auto document = nlohmann::json::parse(ended.out);
  for (const auto& one : document.at("results"))
    all.insert(one.at("status").get<std::string>() + ' ' + one.at("path").get<std::string>());
  return all;
}

}  // namespace

TEST_CASE("an export has every video with what belongs to it, and the next one only what is new") {
  Site site("direct", std::string(idle) + "[storage]\nsynchronous = \"normal\"\n");
  REQUIRE(site.direct({"user", "add", "bob", "--password-stdin"}, {{}, "password of bob", {}}).status == 0);
  const auto upload = [&](const std::string& name, char letter, const std::string& user = "ada") {
    const fs::path file = write(site.folder / "upload.mp4", content(letter));
    return line(site.direct({"-o", "id", "video", "upload", file.string(), "--user", user, "--name", name}).out);
  };
  const std::string holiday = upload("Holiday.mp4", 'a');
  const std::string slashed = upload("a/b: ..\\c", 'b');
  upload("holiday", 'c');
  upload("Holiday.json", 'd');  // its name is not that of the first one's JSON
  upload("猫 🐈", 'e', "bob");
  const std::string trashed = upload("in the trash", 'f');
  REQUIRE(site.direct({"video", "delete", trashed}).status == 0);
  write(site.folder / "a.srt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n");
  REQUIRE(site.run("ada", {"video", "subtitle", "add", holiday, "a.srt", "--lang", "en"}).status == 0);
  REQUIRE(site.run("ada", {"comment", "post", holiday, "a <danmaku>", "--at", "1.5"}).status == 0);
  REQUIRE(site.run("ada", {"comment", "post", holiday, "a comment"}).status == 0);

  const fs::path out = site.folder / "deep/out";
  const auto exportAll = [&](const Words& more = {}) {
    return site.direct(join({"-o", "json", "data", "export", out.string()}, more));
  };
  const std::string day = nlohmann::json::parse(site.direct({"-o", "json", "video", "show", holiday}).out)
                              .at("create_time")
                              .get<std::string>()
                              .substr(0, 10);
  const auto at = [&](const std::string& user, const std::string& rest) { return user + '/' + day + ' ' + rest; };
  CHECK(results(exportAll({"--user", "bob"})) == std::multiset<std::string>{"exported " + at("bob", "猫 🐈.mp4")});
  CHECK(site.direct({"data", "export", out.string(), "--user", "nobody"}).status == 4);

  const Ended first = exportAll();
  CHECK(first.status == 0);
  CHECK(results(first) == std::multiset<std::string>{
                              "exported " + at("ada", "Holiday.mp4"), "exported " + at("ada", "a_b: .._c.mp4"),
                              "exported " + at("ada", "holiday (2).mp4"), "exported " + at("ada", "Holiday.json.mp4")});
  const auto files = filesBelow(out);
  CHECK(namesOf(files) ==
        std::set<std::string>{at("ada", "Holiday.mp4"), at("ada", "Holiday.json"), at("ada", "Holiday.en.vtt"),
                              at("ada", "Holiday.xml"), at("ada", "Holiday.comments.ndjson"),
                              at("ada", "a_b: .._c.mp4"), at("ada", "a_b: .._c.json"), at("ada", "holiday (2).mp4"),
                              at("ada", "holiday (2).json"), at("ada", "Holiday.json.mp4"),
                              at("ada", "Holiday.json.json"), at("bob", "猫 🐈.mp4"), at("bob", "猫 🐈.json")});
  CHECK(files.at(at("ada", "Holiday.mp4")) == content('a'));
  CHECK(files.at(at("ada", "holiday (2).mp4")) == content('c'));
  CHECK(files.at(at("ada", "Holiday.en.vtt")).starts_with("WEBVTT"));
  CHECK(files.at(at("ada", "Holiday.xml")).find("a &lt;danmaku&gt;</d>") != std::string::npos);
  CHECK(files.at(at("ada", "Holiday.xml")).find("a comment") == std::string::npos);
  CHECK(files.at(at("ada", "Holiday.comments.ndjson")).find("a comment") != std::string::npos);
  const auto record = nlohmann::json::parse(files.at(at("ada", "Holiday.json")));
  CHECK(record.at("id") == holiday);
  CHECK(record.at("name") == "Holiday.mp4");
  CHECK(record.at("subtitles").size() == 1);

  // Nothing is written again: neither file nor content.
  struct stat before {};
  struct stat after {};
  REQUIRE(::stat((out / at("ada", "Holiday.mp4")).c_str(), &before) == 0);
  CHECK(results(exportAll()).empty());
  REQUIRE(::stat((out / at("ada", "Holiday.mp4")).c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);
  CHECK(filesBelow(out) == files);

  // A new title, a new content, a lost file, and one that others have put there.
  REQUIRE(site.direct({"video", "rename", holiday, "Summer"}).status == 0);
  REQUIRE(
      run({"curl", "-sf", "-T", write(site.folder / "new.mp4", content('n')).string(),
           site.daemon.url() +
               nlohmann::json::parse(
                   run({"curl", "-sf", "-H",
                        "Authorization: Bearer " +
                            line(
                                site.direct({"--as", "ada", "token", "create", "--label", "x", "--scope", "full"}).out),
                        site.daemon.url() + "/user/ada/videos", "-d", R"({"name":"Through HTTP"})"})
                       .out)
                   .at("upload_url")
                   .get<std::string>()})
          .status == 0);
  fs::remove(out / at("ada", "a_b: .._c.mp4"));
  write(out / at("ada", "Through HTTP.xml"), "mine");
  CHECK(results(exportAll()) == std::multiset<std::string>{"moved " + at("ada", "Summer.mp4"),
                                                           "updated " + at("ada", "a_b: .._c.mp4"),
                                                           "exported " + at("ada", "Through HTTP (2).mp4")});
  const auto changed = filesBelow(out);
  CHECK(changed.size() == files.size() + 3);
  CHECK_FALSE(changed.contains(at("ada", "Holiday.mp4")));
  CHECK(changed.at(at("ada", "Summer.mp4")) == content('a'));
  CHECK(changed.at(at("ada", "Summer.en.vtt")) == files.at(at("ada", "Holiday.en.vtt")));
  CHECK(nlohmann::json::parse(changed.at(at("ada", "Summer.json"))).at("name") == "Summer");
  CHECK(changed.at(at("ada", "Holiday.json.mp4")) == content('d'));
  CHECK(changed.at(at("ada", "Through HTTP.xml")) == "mine");

  // What is gone from the site stays; an edited copy is nobody's content.
  std::ofstream(out / at("ada", "Summer.mp4"), std::ios::app) << "edited";
  REQUIRE(site.direct({"video", "delete", slashed}).status == 0);
  CHECK(results(exportAll()) == std::multiset<std::string>{"updated " + at("ada", "Summer.mp4")});
  CHECK(fs::exists(out / at("ada", "a_b: .._c.mp4")));
  CHECK(site.direct({"data", "check", "--hash"}).status == 0);
}
