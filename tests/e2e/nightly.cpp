// Importing folders, downloads that go on, and what --dry-run says.
#include <fcntl.h>
#include <sys/file.h>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

void age(const fs::path& file) {
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours{1});
}

// `status path` of each result, paths below `folder`, one a line.
std::string summary(const Ended& ended, const fs::path& folder) {
  std::string out;
  INFO(ended.out << ended.err);
  const auto document = nlohmann::json::parse(ended.out);
  for (const auto& one : document.at("results"))
    out += one.at("status").get<std::string>() + ' ' +
           fs::path(one.at("path").get<std::string>()).lexically_relative(folder).string() + '\n';
  return out;
}

}  // namespace

TEST_CASE("a nightly import of a folder uploads new files, and none twice") {
  const std::string way = GENERATE("direct", "socket", "remote");
  Site site(way);
  const fs::path in = site.folder / "in";
  fs::create_directories(in / "sub");
  fs::create_directories(in / ".git");
  for (const char* name : {"a.mp4", "sub/b.mp4", ".hidden.mp4", ".git/c.mp4", "tmp.mp4"})
    age(write(in / name, content(name[0])));
  age(write(in / "notes.txt", "no video"));
  write(in / "young.mp4", content('y'));
  fs::create_symlink(in / "a.mp4", in / "link.mp4");
  const Given given{{{"XDG_CACHE_HOME", (site.folder / "cache").string()}}, {}, {}};
  const auto import = [&](const Words& more = {}) {
    const Words words{"-o",     "json",      "video",       "upload",          in.string(),
                      "--user", "ada",       "--recursive", "--skip-existing", "--min-age",
                      "5m",     "--exclude", "tmp*"};
    return site.run("ada", join(words, more), given);
  };
  CHECK(summary(import({"--dry-run"}), in) == "would-upload a.mp4\nwould-ignore notes.txt\nwould-upload sub/b.mp4\n");
  CHECK(site.run("", {"-o", "id", "video", "list"}).out.empty());
  const Ended first = import();
  CHECK(first.status == 0);
  CHECK(summary(first, in) == "uploaded a.mp4\nignored notes.txt\nuploaded sub/b.mp4\n");
  CHECK(read(site.folder / "cache/videoctl/hashes").size() > 3 * 64);
  CHECK(summary(import({"--include", "*.mp4"}), in) == "skipped a.mp4\nskipped sub/b.mp4\n");

  const auto results = nlohmann::json::parse(first.out).at("results");
  REQUIRE(site.run("ada", {"video", "delete", results[0].at("id").get<std::string>()}).status == 0);
  CHECK(summary(import({"--include", "a.*", "--include", "sub/*"}), in) ==
        "skipped-deleted a.mp4\nskipped sub/b.mp4\n");
  REQUIRE(site.run("", {"queue", "drain", "--include-not-due", "--yes"}).status == 0);
  REQUIRE(site.run("", {"-o", "id", "queue", "list"}).out.empty());
  CHECK(summary(import({"--include", "a.*", "--dry-run"}), in) == "skipped-deleted a.mp4\n");
  CHECK(summary(import({"--include", "a.*"}), in) == "skipped-deleted a.mp4\n");
  CHECK(summary(import({"--include", "a.*", "--again"}), in) == "uploaded a.mp4\n");
  CHECK(import({"--include", "a.*", "-o", "id"}).out.empty());

  const std::string list = write(site.folder / "list", (in / "young.mp4").string() + "\n" + (in / "no.mp4").string());
  const Ended listed = site.run("ada", {"video", "upload", "--files-from", list, "-o", "json"});
  CHECK(listed.status == 3);
  CHECK(nlohmann::json::parse(listed.out).at("results")[0].at("status") == "uploaded");
  CHECK(nlohmann::json::parse(listed.out).at("results")[1].at("status") == "failed");
  CHECK(site.run("ada", {"video", "upload", (in / "notes.txt").string()}).status == 7);
  CHECK(site.run("ada", {"video", "upload", in.string()}).status == 2);
  CHECK(site.run("ada", {"video", "upload", in.string(), "--again"}).status == 2);
}

TEST_CASE("an interrupted download resumes where it stopped, and the result is verified") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  const std::string all = content('a') + content('b');
  const std::string file = write(site.folder / "a.mp4", all);
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  const fs::path to = site.folder / "back.mp4";
  const fs::path part = site.folder / "back.mp4.part";
  const Words download{"video", "download", id, "--to", to.string()};
  const Words resume = join(download, {"--resume"});
  const auto needResumed = [&] {
    CHECK(site.run("ada", resume).status == 0);
    CHECK(read(to) == all);
    CHECK_FALSE(fs::exists(part));
    fs::remove(to);
  };
  write(part, all.substr(0, 3500));
  needResumed();
  write(part, "of another file");
  CHECK(site.run("ada", resume).status == 1);
  CHECK_FALSE(fs::exists(to));
  needResumed();           // from the beginning now
  write(part, all + all);  // longer than it can be
  needResumed();

  write(part, all.substr(0, 3500));
  CHECK(site.run("ada", {"video", "download", "nothing", "--to", to.string()}).status == 4);
  CHECK(read(part) == all.substr(0, 3500));
  {
    const Descriptor other(::open(part.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(::flock(other.number(), LOCK_EX) == 0);
    const Ended busy = site.run("ada", download);
    CHECK(busy.status == 9);
    CHECK(busy.err.find("another program is writing to it") != std::string::npos);
    CHECK(read(part) == all.substr(0, 3500));
  }
  CHECK(site.run("ada", download).status == 0);
  // What is there already is complete, or another file.
  const Ended complete = site.run("ada", join(resume, {"--no-header"}));
  CHECK(complete.status == 0);
  CHECK(complete.out == "skipped\t" + id + '\t' + to.string() + "\talready downloaded\n");
  write(to, "of somebody");
  CHECK(site.run("ada", resume).status == 5);
  CHECK(site.run("ada", download).status == 5);
  CHECK(read(to) == "of somebody");
  CHECK(site.run("ada", join(resume, {"--overwrite"})).status == 0);
  CHECK(read(to) == all);

  const Words range = join(download, {"--overwrite", "--range"});
  CHECK(site.run("ada", join(range, {"10-19"})).status == 0);
  CHECK(read(to) == all.substr(10, 10));
  CHECK(site.run("ada", {"video", "download", id, "--to", "-", "--range", "6000-"}).out == all.substr(6000));
  CHECK(site.run("ada", join(range, {"100000-"})).status == 7);
  CHECK(site.run("ada", {"video", "upload", "--files-from", site.folder.path().string()}).status == 7);
  for (const char* wrong : {"x", "5", "9-3", "-5"})
    CHECK(site.run("ada", join(download, {std::string("--range=") + wrong})).status == 2);
  CHECK(site.run("ada", join(download, {"--range", "0-1", "--resume"})).status == 2);
}

TEST_CASE("--dry-run tells an upload-only token what it may do") {
  Site site("remote");
  const std::string ready =
      line(site.run("ada", {"-o", "id", "video", "upload", write(site.folder / "a.mp4", content('a'))}).out);
  const Ended made = site.direct({"--as", "ada", "token", "create", "--label", "x", "--scope", "upload"});
  const std::string token = line(made.out);
  site.tokens["ada"] = token;
  const Ended added = run({"curl", "-sf", site.daemon.url() + "/user/ada/videos", "-H",
                           "Authorization: Bearer " + token, "-d", R"({"name":"pending"})"});
  const auto pending = nlohmann::json::parse(added.out).at("id").get<std::string>();
  const Words rehearse{"--dry-run", "--no-header", "video", "delete"};
  CHECK(site.run("ada", join(rehearse, {ready})).status == 6);
  CHECK(site.run("ada", join(rehearse, {pending})).out == "would-delete\t" + pending + "\t\tpending\n");
  CHECK(site.run("ada", {"--dry-run", "video", "restore", ready}).status == 6);
  CHECK(site.run("ada", {"--dry-run", "queue", "drain"}).status == 6);
  CHECK(site.run("ada", {"--dry-run", "user", "delete", "ada"}).status == 6);
  CHECK(site.run("ada", {"--dry-run", "video", "upload", "a.mp4"}).out.find("would-upload") != std::string::npos);
  CHECK(site.run("ada", {"video", "delete", ready}).status == 6);
  CHECK(site.run("ada", {"video", "delete", pending}).status == 0);
}

TEST_CASE("--dry-run says what would happen and changes nothing") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string gone = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  const std::string kept = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  REQUIRE(site.run("ada", {"video", "delete", gone}).status == 0);
  const auto everything = [&] {
    return site.run("", {"-o", "json", "video", "list"}).out + site.run("", {"-o", "json", "queue", "list"}).out +
           site.run("", {"-o", "json", "user", "list"}).out;
  };
  const std::string before = everything();
  const auto rehearse = [&](const std::string& user, Words words) {
    return site.run(user, join({"--dry-run", "--no-header"}, words));
  };
  // Each beside its status when it is done.
  CHECK(rehearse("ada", {"video", "delete", kept}).out == "would-delete\t" + kept + "\t\ta.mp4\n");
  CHECK(rehearse("ada", {"video", "delete", gone}).status == 5);
  CHECK(rehearse("ada", {"video", "delete", "nothing"}).status == 4);
  CHECK(rehearse("ada", {"video", "delete", kept, "nothing"}).status == 3);
  CHECK(rehearse("ada", {"video", "restore", gone}).out == "would-restore\t" + gone + "\t\ta.mp4\n");
  CHECK(rehearse("ada", {"video", "restore", kept}).status == 5);
  CHECK(rehearse("", {"queue", "drain"}).out.empty());
  CHECK(rehearse("", {"queue", "drain", "--include-not-due"}).out == "would-purge\t" + gone + "\t\t\n");
  CHECK(rehearse("", {"user", "delete", "ada"}).out.starts_with("would-delete\tada\t\twith "));
  CHECK(rehearse("", {"user", "delete", "nobody"}).status == 4);
  CHECK(rehearse("ada", {"video", "upload", file}).out == "would-upload\t\t" + file + "\t\n");
  CHECK(rehearse("ada", {"video", "upload", file, "--name", std::string(201, 'x')}).status == 7);
  CHECK(rehearse("ada", {"video", "upload", write(site.folder / "notes.txt", "no video")}).status == 7);
  CHECK(rehearse("ada", {"video", "upload", write(site.folder / "empty.mp4", "")}).status == 7);
  CHECK(rehearse("", {"video", "upload", file, "--user", "nobody"}).status == 4);
  // What cannot be rehearsed is not done either.
  CHECK(rehearse("", {"user", "disable", "ada"}).status == 2);
  CHECK(everything() == before);
  REQUIRE(site.direct({"user", "add", "eve", "--password-stdin"}, {{}, "password of eve", {}}).status == 0);
  CHECK(rehearse("eve", {"video", "delete", kept}).status == 6);
}
