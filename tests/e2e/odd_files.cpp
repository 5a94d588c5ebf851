// Uploads of files with odd names, of odd kinds, and that change meanwhile; what errors and summaries say.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/units.hpp"
#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/terminal.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// A small video that is another one for each number.
std::string numbered(int number) {
  return mp4Front() + "number " + std::to_string(number) + std::string(500, 'x');
}

// Fills a folder with files of every name that is hard to take, and with what is no video. Returns how many are videos.
int fill(const fs::path& in) {
  int videos = 0;
  const auto add = [&](const fs::path& path) { write(path, numbered(videos++)); };
  fs::create_directories(in / "sub/deep");
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '/') continue;
    const std::string name = std::string("n") + static_cast<char>(static_cast<unsigned char>(byte)) + "x.mp4";
    add((byte % 2 == 0 ? in : in / "sub") / name);
  }
  std::string han;
  for (int i = 0; i < 83; ++i) han += "\u5b57";
  for (const std::string& name :
       {std::string(251, 'l') + ".mp4", han + ".mp4", std::string("\u202egpj.mp4"), std::string("\u200b.mp4"),
        std::string("-rf.mp4"), std::string("--help.mp4"), std::string("~.mp4"), std::string("$(id).mp4"),
        std::string("no extension"), std::string("two  spaces .mp4 "), std::string("a.mp4.MP4"),
        std::string("e\u0301.mp4"), std::string("\u00e9.mp4"), std::string("\xc3.mp4"), std::string("\xed\xa0\x80.mp4"),
        std::string("\xf4\x90\x80\x80.mp4"), std::string("CON.mp4"), std::string("*.mp4"), std::string("[a].mp4")})
    add(in / "sub/deep" / name);
  fs::create_directory(in / "dir.mp4");
  add(in / "dir.mp4/inside.mp4");
  write(in / "future.mp4", numbered(videos++));
  fs::last_write_time(in / "future.mp4", fs::file_time_type::clock::now() + std::chrono::hours{24 * 365});
  // None of these is a video.
  for (const char* name : {"empty.mp4", "sub/empty", "sub/deep/also empty.mkv"}) write(in / name, "");
  for (int i = 0; i < 20; ++i) write(in / ("text" + std::to_string(i) + ".mp4"), "no video " + std::to_string(i));
  write(in / "large.mp4", std::string(300'000, 'x'));
  write(in / ".hidden.mp4", content('h'));
  fs::create_symlink("future.mp4", in / "link.mp4");
  fs::create_symlink("nowhere", in / "dangling.mp4");
  fs::create_symlink(".", in / "loop");
  REQUIRE(::mkfifo((in / "fifo.mp4").c_str(), 0600) == 0);
  return videos;
}

// The results of a JSON document by status.
std::map<std::string, int> counted(const std::string& json) {
  std::map<std::string, int> counts;
  for (const auto list = nlohmann::json::parse(json); const auto& one : list.at("results"))
    ++counts[one.at("status").get<std::string>()];
  return counts;
}

// Changes a file all the time, until it goes.
class Changing {
 public:
  Changing(const fs::path& path, bool grows) : file_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)) {
    REQUIRE(file_);
    thread_ = std::jthread([this, grows](const std::stop_token& over) {
      off_t size = ::lseek(file_.number(), 0, SEEK_END);
      while (!over.stop_requested()) {
        size += grows ? 1 : -1;
        if (::ftruncate(file_.number(), size) != 0) return;
      }
    });
  }

 private:
  Descriptor file_;
  std::jthread thread_;
};

}  // namespace

TEST_CASE("a folder with every odd name and kind is imported, and the second night is silent") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way, std::string(idle) + "[storage]\nsynchronous = \"normal\"\n");
  const fs::path in = site.folder / "in";
  const int videos = fill(in);
  CHECK(videos > 270);
  const Given given{{{"XDG_CACHE_HOME", (site.folder / "cache").string()}}, {}, {}};
  const Words import{"video", "upload", in.string(), "--recursive", "--skip-existing", "--user", "ada"};
  const Ended first = site.run("ada", join({"-o", "json"}, import), given);
  INFO(first.err);
  CHECK(first.status == 0);
  const std::map<std::string, int> counts = counted(first.out);
  CHECK(counts.at("uploaded") == videos);
  CHECK(counts.at("ignored") == 3 + 20 + 1);
  CHECK(counts.size() == 2);
  CHECK(first.err.find(std::to_string(videos) + " new, 24 ignored, ") != std::string::npos);
  for (const auto list = nlohmann::json::parse(first.out); const auto& one : list.at("results")) {
    const std::string path = one.at("path");
    const bool isOdd = path.find('\n') != std::string::npos || path.find("\uFFFD") != std::string::npos;
    if (isOdd) CHECK(one.at("detail").get<std::string>().starts_with("named \""));
  }
  // What was ignored has made no row, and so no deletion.
  CHECK(site.run("", {"-o", "id", "queue", "list"}).out.empty());
  CHECK(site.run("", {"-o", "id", "video", "list", "--state", "pending"}).out.empty());

  const Ended second = site.run("ada", join({"-q"}, import), given);
  CHECK(second.status == 0);
  CHECK(second.out.empty());
  CHECK(second.err.empty());
  const Ended settled = site.run("ada", join({"-o", "json"}, join(import, {"--min-age", "1ms"})), given);
  CHECK(counted(settled.out).at("skipped") == videos);  // one from the future too
  const Ended young = site.run("ada", join({"-o", "json"}, join(import, {"--min-age", "1h"})), given);
  CHECK(counted(young.out).empty());
}

TEST_CASE("a folder walk goes on past what it cannot read") {
  const TempDirectory home;
  fs::permissions(home.path(), fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  const fs::path data = home / "data";
  const fs::path in = home / "in";
  for (const fs::path& folder : {data, in, in / "locked", in / "open"}) fs::create_directory(folder);
  write(in / "locked/a.mp4", content('a'));
  write(in / "open/b.mp4", content('b'));
  write(in / "secret.mp4", content('s'));
  write(in / "z.mp4", content('z'));
  fs::permissions(in / "locked", fs::perms::none);
  fs::permissions(in / "secret.mp4", fs::perms::none);
  Words ctl{builtProgram("videoctl"), "--direct", "--data-dir", data.string()};
  if (::geteuid() == 0) {
    REQUIRE(::chown(data.c_str(), 65534, 65534) == 0);
    ctl = join({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, ctl);
  }
  const Given given{{{"HOME", data.string()}}, "password of ada", {}};
  REQUIRE(run(join(ctl, {"data", "init"}), given).status == 0);
  REQUIRE(run(join(ctl, {"user", "add", "ada", "--password-stdin"}), given).status == 0);
  const Ended ended =
      run(join(ctl, {"-o", "json", "video", "upload", in.string(), "--recursive", "--user", "ada"}), given);
  fs::permissions(in / "locked", fs::perms::owner_all);
  INFO(ended.out << ended.err);
  CHECK(ended.status == 3);
  CHECK(counted(ended.out) == std::map<std::string, int>{{"failed", 2}, {"uploaded", 2}});
  for (const fs::path& path : {in / "locked", in / "secret.mp4"})
    CHECK(ended.err.find("videoctl: " + path.string() + ": Permission denied\n") != std::string::npos);
  CHECK(ended.err.find("2 new, 2 failed, ") != std::string::npos);
}

TEST_CASE("a file that grows or shrinks while it is uploaded is refused in each way") {
  const std::string way = GENERATE("direct", "socket", "remote");
  const bool grows = GENERATE(true, false);
  CAPTURE(way, grows);
  Site site(way);
  const fs::path file = write(site.folder / "a.mp4", content('a') + std::string(4 << 20, 'a'));
  Ended ended;
  {
    const Changing changing(file, grows);
    ended = site.run("ada", {"video", "upload", file.string(), "--user", "ada"});
  }
  INFO(ended.err);
  CHECK(ended.status == 5);
  CHECK(ended.err.find("a.mp4: ") != std::string::npos);
  CHECK(site.run("", {"-o", "id", "video", "list"}).out.empty());
  CHECK(site.run("", {"-o", "id", "video", "list", "--state", "pending"}).out.empty());
}

TEST_CASE("standard input is read from where it stands, by any of its names") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  site.run("ada", {"video", "list"});
  write(site.folder / "in", "a line\n" + content('a'));
  std::string ctl = builtProgram("videoctl") + (way == "direct" ? " --data-dir " + site.daemon.dataDirectory().string()
                                                                : " --server " + site.daemon.url());
  const std::string name = GENERATE("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0");
  const Ended ended = run({"sh", "-c",
                           "{ dd bs=7 count=1 status=none of=/dev/null; " + ctl + " -o id video upload " + name +
                               " --name x --user ada; } < in"},
                          {{{"VIDEOCTL_TOKEN", site.tokens["ada"]}}, {}, site.folder.path()});
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  CHECK(site.run("ada", {"video", "download", line(ended.out), "--to", "-"}).out == content('a'));
}

TEST_CASE("every error names its item, in every format and with -q") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  const std::string good = write(site.folder / "a.mp4", content('a'));
  const std::string notes = write(site.folder / "notes.txt", "no video");
  const std::string none = (site.folder / "none.mp4").string();
  for (const char* const format : {"table", "tsv", "json", "ndjson", "id"}) {
    CAPTURE(format);
    for (const std::string& bad : {notes, none}) {
      const Ended one = site.run("ada", {"-q", "-o", format, "video", "upload", bad});
      CHECK(one.err.starts_with("videoctl: " + bad + ": "));
      const std::size_t brace = one.err.find('{');
      if (brace != std::string::npos) {
        const std::string said = nlohmann::json::parse(one.err.substr(brace)).at("error");
        CHECK(one.err.starts_with("videoctl: " + said + "\n"));  // JSON and text say the same
      }
    }
    const Ended several = site.run("ada", {"-q", "-o", format, "video", "upload", good, notes, none});
    CHECK(several.status == 3);
    for (const std::string& bad : {notes, none})
      CHECK(several.err.find("videoctl: " + bad + ": ") != std::string::npos);
    CHECK(several.err.find("new") == std::string::npos);
  }
  const Ended shown = site.run("ada", {"video", "upload", good, good, notes});
  CHECK(shown.err.find("videoctl: 2 new, 1 failed, " + formatSize(2 * content('a').size()) + '\n') !=
        std::string::npos);
}

TEST_CASE("video verify names each damaged video and how, also with -q") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  std::map<char, std::string> ids;
  for (const char letter : {'m', 's', 'h', 'o'}) {
    const std::string file = write(site.folder / (std::string(1, letter) + ".mp4"), content(letter));
    ids[letter] = line(site.run("ada", {"-o", "id", "video", "upload", file}).out);
  }
  for (const auto& entry : fs::recursive_directory_iterator(site.daemon.dataDirectory() / "blobs")) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read(entry.path());
    if (bytes == content('m')) fs::remove(entry.path());
    if (bytes == content('s')) write(entry.path(), bytes.substr(1));
    if (bytes == content('h')) write(entry.path(), bytes.substr(1) + "x");
  }
  const Ended ended = site.run("ada", {"-q", "video", "verify", "--all"});
  INFO(ended.err);
  CHECK(ended.status == 10);
  CHECK(ended.out.empty());
  CHECK(ended.err.find("video " + ids['m'] + ": damaged: its file is missing") != std::string::npos);
  CHECK(ended.err.find("video " + ids['s'] + ": damaged: its file has 30") != std::string::npos);
  CHECK(ended.err.find("video " + ids['h'] + ": damaged: its file has another SHA-256") != std::string::npos);
  CHECK(ended.err.find(ids['o']) == std::string::npos);
}

TEST_CASE("progress shows the whole beside the file") {
  const Site site("direct");
  Words upload{"--data-dir", site.daemon.dataDirectory().string(), "video", "upload", "--user", "ada"};
  for (const char letter : {'a', 'b'})
    upload.push_back(
        write(site.folder / (std::string(1, letter) + ".mp4"), content(letter) + std::string(2'000'000, letter)));
  Terminal shown(upload);
  CHECK(shown.wait() == 0);
  CHECK(shown.shown.find("[1/2, 50%] a.mp4: 1.9 MiB of 1.9 MiB") != std::string::npos);
  CHECK(shown.shown.find("[2/2, 100%] b.mp4: 1.9 MiB of 1.9 MiB") != std::string::npos);
  CHECK(shown.shown.find("2 new, 3.8 MiB") != std::string::npos);
}

TEST_CASE("what was deleted on the server is counted by itself, a rehearsal is never silent, a list is read on") {
  Site site("direct");
  const std::string a = write(site.folder / "a.mp4", content('a'));
  const std::string b = write(site.folder / "b.mp4", content('b'));
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", a}).out);
  REQUIRE(site.run("ada", {"video", "delete", id}).status == 0);
  const Words upload{"video", "upload", a, b, "--skip-existing"};
  CHECK(site.run("ada", upload).err.find("1 new, 1 deleted on the server") != std::string::npos);
  CHECK(site.run("ada", join({"-q", "--dry-run"}, join(upload, {"--again"}))).out.find("would-upload\t\t" + a) !=
        std::string::npos);
  const std::string list = write(site.folder / "list", "nothing\n" + b + "\n");
  site.run("ada", {"user", "list"});
  const Ended rest =
      run({"sh", "-c", "(read -r first; exec \"$0\" \"$@\") <" + list, builtProgram("videoctl"), "--data-dir",
           site.daemon.dataDirectory().string(), "--as", "ada", "video", "upload", "--files-from", "/dev/stdin"});
  CAPTURE(rest.err);
  CHECK(rest.status == 0);
  const fs::path empty = write(site.folder / "token", "");
  fs::permissions(empty, fs::perms::owner_read | fs::perms::owner_write);
  CHECK(videoctl({"--server", site.daemon.url(), "--token-file", empty.string(), "video", "list"})
            .err.find(empty.string() + ": is empty\n") != std::string::npos);
}
