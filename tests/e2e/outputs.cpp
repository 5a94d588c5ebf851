// What videoctl writes: files, what is no file, many files at once.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

struct stat statusOf(const fs::path& path) {
  struct stat is {};
  REQUIRE(::lstat(path.c_str(), &is) == 0);
  return is;
}

std::string upload(Site& site, const std::string& name, char letter) {
  const std::string file = write(site.folder / "source.mp4", content(letter));
  return line(site.run("ada", {"-o", "id", "video", "upload", file, "--name", name}).out);
}

}  // namespace

TEST_CASE("what is no regular file is written to, and a symbolic link stays") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  const std::string id = upload(site, "a", 'a');
  const std::string all = content('a');
  const auto download = [&](const Words& more) { return site.run("ada", join({"video", "download", id}, more)); };

  const fs::path fifo = site.folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  Program reader({"cat", fifo.string()});
  CHECK(download({"--to", fifo.string()}).status == 0);
  CHECK(reader.wait().out == all);
  CHECK(S_ISFIFO(statusOf(fifo).st_mode));
  CHECK(download({"--to", fifo.string(), "--resume"}).status == 7);

  const Ended toOutput = download({"--to", "/dev/stdout"});
  CHECK(toOutput.status == 0);
  CHECK(toOutput.out == all);
  CHECK(download({"--to", "/dev/fd/1"}).out == all);
  fs::create_symlink("/dev/stdout", site.folder / "out");
  CHECK(download({"--to", (site.folder / "out").string()}).out == all);
  CHECK(fs::is_symlink(site.folder / "out"));

  write(site.folder / "target", "old");
  fs::create_symlink("target", site.folder / "link");
  CHECK(download({"--to", (site.folder / "link").string()}).status == 5);
  CHECK(download({"--to", (site.folder / "link").string(), "--overwrite"}).status == 0);
  CHECK(fs::is_symlink(site.folder / "link"));
  CHECK(read(site.folder / "target") == all);
  fs::create_symlink("new", site.folder / "dangling");
  CHECK(download({"--to", (site.folder / "dangling").string()}).status == 0);
  CHECK(fs::is_symlink(site.folder / "dangling"));
  CHECK(read(site.folder / "new") == all);
  fs::create_symlink("round", site.folder / "round");
  CHECK(download({"--to", (site.folder / "round").string()}).status == 7);

  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (site.folder / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(download({"--to", (site.folder / "socket").string()}).status == 7);
  CHECK(S_ISSOCK(statusOf(site.folder / "socket").st_mode));

  // The same as /dev/null, which must not be at stake here.
  const fs::path null = site.folder / "null";
  if (::mknod(null.c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0 && ::access(null.c_str(), W_OK) == 0) {
    for (const bool overwrite : {false, true})
      CHECK(download({"--to", null.string(), overwrite ? "--overwrite" : "--no-progress"}).status == 0);
    CHECK(S_ISCHR(statusOf(null).st_mode));
    CHECK(site.run("ada", {"comment", "export", id, "--format", "csv", "--to", null.string()}).status == 0);
    CHECK(S_ISCHR(statusOf(null).st_mode));
  } else {
    WARN("no device can be made here: not tried");
  }
}

TEST_CASE("an existing file is refused, and replaced with --overwrite, which keeps its mode") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  const std::string id = upload(site, "a", 'a');
  const fs::path to = write(site.folder / "a.mp4", "mine");
  fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write);
  const std::vector<Words> ways{{"video", "download", id, "--to", to.string()},
                                {"video", "download", id},
                                {"comment", "export", id, "--format", "csv", "--to", to.string()}};
  for (const Words& words : ways) {
    const Ended refused = site.run("ada", words);
    INFO(refused.err);
    CHECK(refused.status == 5);
    CHECK(refused.err.find("a.mp4: exists; --overwrite replaces it\n") != std::string::npos);
    CHECK(read(to) == "mine");
  }
  for (const Words& words : ways) {
    write(to, "mine");
    CHECK(site.run("ada", join(words, {"--overwrite"})).status == 0);
    CHECK(read(to) != "mine");
    CHECK((statusOf(to).st_mode & 0777) == 0600);
    CHECK_FALSE(fs::exists(to.string() + ".part"));
  }
}

TEST_CASE("many videos are downloaded with one call, and a second one with --resume has nothing to do") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  const std::string a = upload(site, "a", 'a');
  const std::string b = upload(site, "b", 'b');
  const std::string again = upload(site, "a", 'c');  // of the same name
  const Words download{"-o", "json", "video", "download", "--to", (site.folder / "to").string() + "/"};
  const std::string ids = a + '\n' + b + '\n' + again + "\nnothing\n";
  const Ended first = site.run("ada", join(download, {"-"}), {{}, ids, {}});
  INFO(first.out << first.err);
  CHECK(first.status == 3);
  const auto results = nlohmann::json::parse(first.out).at("results");
  REQUIRE(results.size() == 4);
  CHECK(read(results[0].at("path").get<std::string>()) == content('a'));
  CHECK(read(results[1].at("path").get<std::string>()) == content('b'));
  CHECK(read(results[2].at("path").get<std::string>()) == content('c'));
  CHECK(results[3].at("status") == "failed");
  CHECK(first.err.find("3 downloaded, 1 failed") != std::string::npos);
  CHECK(std::distance(fs::directory_iterator(site.folder / "to"), {}) == 3);

  const Ended second = site.run("ada", join(download, {a, b, again, "--resume"}));
  CHECK(second.status == 0);
  for (const auto& one : nlohmann::json::parse(second.out).at("results")) CHECK(one.at("status") == "skipped");
  CHECK(site.run("ada", join(download, {a, b})).status == 3);
  CHECK(site.run("ada", join(download, {a, b, again, "--overwrite"})).status == 0);
  CHECK(std::distance(fs::directory_iterator(site.folder / "to"), {}) == 3);
  CHECK(site.run("ada", {"video", "download", a, b, "--to", (site.folder / "file").string()}).status == 2);
  CHECK(site.run("ada", {"video", "download", a, b, "--to", "-"}).status == 2);
}

TEST_CASE("root follows no link that somebody else has put into a folder for everyone") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can be somebody else");
    return;
  }
  Site site("direct");
  const std::string id = upload(site, "a", 'a');
  const fs::path shared = site.folder / "shared";
  fs::create_directory(shared);
  fs::permissions(shared, fs::perms::all | fs::perms::sticky_bit);
  fs::create_symlink(site.folder / "victim", shared / "x");
  REQUIRE(::lchown((shared / "x").c_str(), 65534, 65534) == 0);
  CHECK(site.run("ada", {"video", "download", id, "--to", (shared / "x").string(), "--overwrite"}).status == 6);
  CHECK_FALSE(fs::exists(site.folder / "victim"));
}

TEST_CASE("the child that opens files for root keeps one capability, gains none, and ends with its parent") {
  if (::geteuid() != 0) {
    WARN("skipped: only root has such a child");
    return;
  }
  const Site site("direct");
  const fs::path fifo = site.folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const Program program({builtProgram("videoctl"), "--data-dir", site.daemon.dataDirectory().string(), "video",
                         "upload", fifo.string(), "--name", "x", "--user", "ada"});
  const std::string id = std::to_string(program.pid());
  std::string child;
  test::waitFor("there is a child that has given up its rights", [&] {
    child = line(read("/proc/" + id + "/task/" + id + "/children"));
    child = child.substr(0, child.find(' '));
    return !child.empty() && read("/proc/" + child + "/status").find("NoNewPrivs:\t1") != std::string::npos;
  });
  test::waitFor("it has one capability at most", [&] {
    const std::string status = read("/proc/" + child + "/status");
    return status.find("CapEff:\t0000000000000004") != std::string::npos ||
           status.find("CapEff:\t0000000000000000") != std::string::npos;
  });
  program.signal(SIGKILL);
  test::waitFor("the child has ended", [&] {
    const std::string status = read("/proc/" + child + "/status");
    return status.empty() || status.find("State:\tZ") != std::string::npos;
  });
}
