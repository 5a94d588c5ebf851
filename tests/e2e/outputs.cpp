// What videoctl writes: files, what is no file, many files at once.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <thread>

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

std::string uploadAs(Site& site, const std::string& name, char letter) {
  const std::string file = write(site.folder / "source.mp4", content(letter));
  return line(site.run("ada", {"-o", "id", "video", "upload", file, "--name", name}).out);
}

// Runs `work` where no rename can refuse to replace a file, as on NFS.
template <class Work>
auto withoutNoReplace(const Work& work) {
  decltype(work()) result;
  bool isSet = false;
  std::thread([&] {  // a filter is of its thread, and of the processes that this starts
    constexpr std::uint32_t refused = static_cast<std::uint32_t>(SECCOMP_RET_ERRNO) | EINVAL;
    constexpr auto flags = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 4 * sizeof(std::uint64_t));
    std::array<sock_filter, 6> filter{
        sock_filter(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))),
        sock_filter(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3)),
        sock_filter(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags)),
        sock_filter(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0)),
        sock_filter(BPF_STMT(BPF_RET | BPF_K, refused)),
        sock_filter(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)),
    };
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    isSet = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
            ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
    result = work();
  })
      .join();
  REQUIRE(isSet);
  return result;
}

}  // namespace

TEST_CASE("what is no regular file is written to, and a symbolic link stays") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  const std::string id = uploadAs(site, "a", 'a');
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
  const std::string id = uploadAs(site, "a", 'a');
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
  const std::string a = uploadAs(site, "a", 'a');
  const std::string b = uploadAs(site, "b", 'b');
  const std::string again = uploadAs(site, "a", 'c');  // of the same name
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
  for (const auto list = nlohmann::json::parse(second.out); const auto& one : list.at("results"))
    CHECK(one.at("status") == "skipped");
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
  const std::string id = uploadAs(site, "a", 'a');
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

TEST_CASE("a file gets its name where a rename cannot refuse to replace another") {
  Site site("direct");
  const std::string id = uploadAs(site, "a", 'a');
  const auto download = [&](const Words& more) {
    return withoutNoReplace([&] { return site.run("ada", join({"video", "download", id, "--to", "to"}, more)); });
  };
  const Ended first = download({});
  INFO(first.err);
  CHECK(first.status == 0);
  CHECK(read(site.folder / "to") == content('a'));
  CHECK_FALSE(fs::exists(site.folder / "to.part"));
  write(site.folder / "to", "mine");
  CHECK(download({}).status == 5);
  CHECK(read(site.folder / "to") == "mine");
  CHECK(download({"--overwrite"}).status == 0);
  CHECK(read(site.folder / "to") == content('a'));
}

TEST_CASE("what an earlier run has left in a part stays if a command fails before it has anything to write") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  const std::string id = uploadAs(site, "a", 'a');
  const fs::path part = write(site.folder / "to.part", "left");
  for (const Words& words : {Words{"comment", "export", "nothing", "--format", "csv", "--to", "to"},
                             Words{"video", "download", id, "--range", "999999-", "--to", "to"},
                             Words{"--server", "http://127.0.0.1:1", "comment", "export", id, "--to", "to"}}) {
    const Ended ended = site.run("ada", words);
    CAPTURE(words, ended.err);
    CHECK(ended.status != 0);
    CHECK(read(part) == "left");
  }
  CHECK(site.run("ada", {"video", "download", id, "--to", "to"}).status == 0);
  CHECK(read(site.folder / "to") == content('a'));
  CHECK_FALSE(fs::exists(part));
}

TEST_CASE("a part that is not ours alone is not used, and one that is busy fails its video only") {
  Site site("direct");
  const std::string a = uploadAs(site, "a", 'a');
  const std::string b = uploadAs(site, "b", 'b');
  const fs::path to = site.folder / "to";
  fs::create_directory(to);
  const fs::path other = write(site.folder / "other", "of others");
  const fs::path part = to / (a + ".part");
  const auto download = [&](const Words& ids) {
    return site.run("ada", join(join({"video", "download"}, ids), {"--to", to.string() + "/", "--resume"}));
  };
  fs::create_hard_link(other, part);
  const Ended linked = download({a});
  CAPTURE(linked.err);
  CHECK(linked.status == 5);
  CHECK(linked.err.find("has another name too; remove it") != std::string::npos);
  CHECK(read(other) == "of others");
  fs::remove(part);
  if (::geteuid() == 0) {
    write(part, "");
    fs::permissions(part, fs::perms::all);
    REQUIRE(::lchown(part.c_str(), 65534, 65534) == 0);
    CHECK(download({a}).status == 5);
    fs::remove(part);
  }
  const Descriptor held(::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::flock(held.number(), LOCK_EX | LOCK_NB) == 0);
  const Ended busy = download({a, b});
  CAPTURE(busy.err);
  CHECK(busy.status == 3);
  CHECK(busy.err.find("another program is writing to it") != std::string::npos);
  const Ended alone = download({a});
  CHECK(alone.status == 9);
  CHECK(alone.err.find("hint") == std::string::npos);
  CHECK(read(to / "b.mp4") == content('b'));
}

TEST_CASE("a mirror keeps what was deleted on the server, and fetches later videos of its name") {
  const std::string way = GENERATE("direct", "remote");
  const bool isDeleted = GENERATE(false, true);
  Site site(way);
  const fs::path to = site.folder / "to";
  std::string ids;
  const auto mirror = [&] {
    return site.run("ada", {"video", "download", "-", "--to", to.string() + "/", "--resume"}, {{}, ids, {}});
  };
  const std::string first = uploadAs(site, "trip", 'a');
  ids = first + '\n';
  REQUIRE(mirror().status == 0);
  const std::string second = uploadAs(site, "trip", 'b');
  ids = second + '\n' + (isDeleted ? "" : first + '\n');
  for (const char* const summary : {"1 downloaded", "1 unchanged"}) {
    const Ended ended = mirror();
    CAPTURE(ended.out, ended.err);
    CHECK(ended.status == 0);
    CHECK((ended.err.find(summary) != std::string::npos || ended.err.find("2 unchanged") != std::string::npos));
    CHECK(read(to / "trip.mp4") == content('a'));
    CHECK(read(to / ("trip-" + second + ".mp4")) == content('b'));
    CHECK(std::distance(fs::directory_iterator(to), {}) == 2);
  }
  write(to / ("trip-" + second + ".mp4"), "another");
  const Ended other = mirror();
  CHECK(other.status == 3);
  CHECK(other.err.find("is another file") != std::string::npos);
  CHECK(other.err.find("--overwrite") == std::string::npos);
}

TEST_CASE("a file that root replaces keeps its owner") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can give files away");
    return;
  }
  Site site("direct");
  const std::string id = uploadAs(site, "a", 'a');
  const fs::path to = write(site.folder / "to", "old");
  REQUIRE(::lchown(to.c_str(), 65534, 65533) == 0);
  fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  const Ended ended = site.run("ada", {"video", "download", id, "--to", "to", "--overwrite"});
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(read(to) == content('a'));
  CHECK(statusOf(to).st_uid == 65534);
  CHECK(statusOf(to).st_gid == 65533);
  CHECK((statusOf(to).st_mode & 07777) == 0640);
}

TEST_CASE("an export succeeds in a folder that the owner of the data may not enter") {
  if (::geteuid() != 0) {
    WARN("skipped: only root becomes another user");
    return;
  }
  const TempDirectory folder;
  fs::permissions(folder.path(), fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  const fs::path mine = folder / "mine";
  fs::create_directory(mine);
  fs::permissions(mine, fs::perms::owner_all);
  const std::string data = (folder / "data").string();
  const auto direct = [&](const Words& words, const std::string& input = {}) {
    return videoctl(join({"--data-dir", data}, words), {{}, input, {}});
  };
  REQUIRE(direct({"data", "init"}).status == 0);
  REQUIRE(run({"chown", "-R", "65534:65534", data}).status == 0);
  REQUIRE(direct({"user", "add", "ada", "--password-stdin"}, "password of ada").status == 0);
  const Ended ended = direct({"user", "export", "ada", (mine / "ada").string()});
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(ended.err.empty());
  CHECK_FALSE(fs::is_empty(mine / "ada"));
}
