#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/program.hpp"
#include "e2e/proxy.hpp"
#include "loop_disk.hpp"
#include "os/copy_on_write.hpp"
#include "temp.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::e2e;

namespace {

std::string movie(const std::filesystem::path& path, std::uintmax_t size) {
  std::ofstream file(path, std::ios::binary);
  file << std::string(
              "\0\0\0\x18"
              "ftypisom",
              12)
       << std::flush;
  std::filesystem::resize_file(path, size);
  return path.string();
}

}  // namespace

TEST_CASE("on a full disk uploads are refused, and operations that free space work") {
  const TempDirectory folder;
  const SmallDisk disk("64m");
  if (!disk.isMounted()) return;
  const std::filesystem::path data = disk / "data";
  const std::string config =
      "[storage]\nfree_space_floor = \"4MiB\"\n[deletion]\ndelay = 0\n[access]\nregistrations_per_hour = 0\n";
  Daemon daemon(config, {}, data);
  std::ofstream(folder / "ctl.toml") << "data_dir = \"" << data.string() << "\"\n" << config;
  const auto ctl = [&](std::vector<std::string> words, const Given& given = {}) {
    words.insert(words.begin(), {"--config", (folder / "ctl.toml").string(), "-o", "id"});
    return videoctl(words, given);
  };
  REQUIRE(ctl({"user", "add", "ada", "--password-stdin"}, {{}, "password of ada", {}}).status == 0);

  // More than half of what is free: it needs its room once.
  const std::string large = movie(folder / "large.mp4", 32 * mega);
  const Ended first = ctl({"video", "upload", large, "--user", "ada"});
  REQUIRE(first.status == 0);
  const Ended second = ctl({"video", "upload", large, "--user", "ada"});
  CHECK(second.status == 11);
  INFO(second.err);
  CHECK(second.err.find("free some disk space") != std::string::npos);
  CHECK(ctl({"video", "list"}).out == first.out);
  CHECK(std::filesystem::is_empty(data / "incoming"));

  // Not a byte is left but for the reserve.
  const auto fill = [&] {
    std::ofstream filler(disk / "filler", std::ios::app);
    for (const std::string& piece : {std::string(64 << 10, 'x'), std::string(1 << 10, 'x')})
      while (filler << piece << std::flush) continue;
  };
  fill();
  REQUIRE(std::filesystem::space(data).available == 0);

  // A start on it gives the reserve up, and serves. The sqlite3 shell takes these files away.
  CHECK(daemon.terminate() == 0);
  for (const char* const part : {"video.db-wal", "video.db-shm"}) std::filesystem::remove(data / part);
  fill();
  Daemon again(config, {}, data);
  CHECK_FALSE(std::filesystem::exists(data / "reserve"));
  const auto status = [&](const std::vector<std::string>& flags, const std::string& path) {
    std::vector<std::string> words{"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", again.url() + path};
    words.insert(words.end(), flags.begin(), flags.end());
    return run(words).out;
  };
  CHECK(status({"-d", R"({"user_name":"ada","pwd":"password of ada"})"}, "/user/ada") == "200");
  // What was free a second ago may still be believed.
  std::string answer = "201";
  for (int i = 0; answer == "201" && i < 1000; ++i)
    answer = status({"-d", R"({"user_name":"eve)" + std::to_string(i) + R"(","pwd":"password of eve"})"}, "/user");
  CHECK(answer == "507");
  CHECK(status({}, "/videos/" + line(first.out)) == "200");
  // A download that fills the caller's disk is not the server's trash to blame.
  const SmallDisk callers("4m");
  const Ended back = ctl({"video", "download", line(first.out), "--to", (callers / "back.mp4").string()});
  INFO(back.err);
  CHECK(back.status == 11);
  CHECK(back.err.find("hint: free some space on the disk of that file") != std::string::npos);
  CHECK(back.err.find("queue drain") == std::string::npos);
  CHECK(ctl({"video", "delete", line(first.out)}).status == 0);
  CHECK(ctl({"queue", "drain"}).status == 0);
  CHECK(ctl({"queue", "list"}).out.empty());
  // The daemon may still have the content open for the download that broke off.
  test::waitFor("the space is free", [&] { return std::filesystem::space(data).available >= 32 * mega; });
  CHECK(again.terminate() == 0);
}

TEST_CASE("an upload that fills the disk gives its room back, and leaves the reserve alone") {
  const TempDirectory folder;
  const SmallDisk disk("96m");
  if (!disk.isMounted()) return;
  const std::filesystem::path data = disk / "data";
  const std::string config = "[storage]\nfree_space_floor = 0\n";
  const Daemon daemon(config, {}, data);
  Proxy proxy((data / "videod.sock").string(), folder / "proxy.sock");
  write(folder / "ctl.toml",
        "data_dir = \"" + data.string() + "\"\nadmin_socket = \"" + (folder / "proxy.sock").string() + "\"\n" + config);
  const Words ctl{"--config", (folder / "ctl.toml").string(), "-o", "id"};
  REQUIRE(videoctl(join(ctl, {"user", "add", "ada", "--password-stdin"}), {{}, "password of ada", {}}).status == 0);
  const std::string large = movie(folder / "large.mp4", 32 * mega);
  proxy.holdAfter(12 * mega);
  Program program(join(join({builtProgram("videoctl")}, ctl), {"video", "upload", large, "--user", "ada"}),
                  {{{"XDG_STATE_HOME", folder.path()}}, {}, {}});
  proxy.waitUntilHeld();
  std::ofstream filler(disk / "filler");
  while (filler << std::string(1 << 10, 'x') << std::flush) continue;
  proxy.release();
  const Ended ended = program.wait();
  INFO(ended.err);
  CHECK(ended.status == 11);
  CHECK(std::filesystem::exists(data / "reserve"));
  CHECK(std::filesystem::is_empty(data / "incoming"));
  CHECK(videoctl(join(ctl, {"upload", "list"})).out.empty());
  CHECK(videoctl(join(ctl, {"video", "list"})).out.empty());
}

TEST_CASE("without inodes a directory opens, deletes and drains, and people sign in") {
  const TempDirectory folder;
  const SmallDisk disk("64m,nr_inodes=80");
  if (!disk.isMounted()) return;
  const std::filesystem::path data = disk / "data";
  const std::string config = "[storage]\nfree_space_floor = 0\n[deletion]\ndelay = 0\n";
  std::ofstream(folder / "ctl.toml") << "data_dir = \"" << data.string() << "\"\n" << config;
  const auto ctl = [&](std::vector<std::string> words, const Given& given = {}) {
    words.insert(words.begin(), {"--config", (folder / "ctl.toml").string(), "-o", "id"});
    return videoctl(words, given);
  };
  REQUIRE(ctl({"data", "init"}).status == 0);
  REQUIRE(std::filesystem::exists(data / "reserve.3"));
  REQUIRE(ctl({"user", "add", "ada", "--password-stdin"}, {{}, "password of ada", {}}).status == 0);
  const Ended video = ctl({"video", "upload", movie(folder / "a.mp4", mega), "--user", "ada"});
  REQUIRE(video.status == 0);
  for (int i = 0; std::ofstream(disk / ("filler" + std::to_string(i))); ++i) continue;

  const Ended listed = ctl({"video", "list"});
  INFO(listed.err);
  CHECK(listed.out == video.out);
  CHECK(ctl({"video", "delete", line(video.out)}).status == 0);
  const Ended drained = ctl({"queue", "drain"});
  INFO(drained.err);
  CHECK(drained.status == 0);
  CHECK(ctl({"queue", "list"}).out.empty());
  Daemon daemon(config, {}, data);
  CHECK(run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", daemon.url() + "/user/ada", "-d",
             R"({"user_name":"ada","pwd":"password of ada"})"})
            .out == "200");
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("a full disk ends no process, whatever its file system", "[long]") {
  const auto [make, size] = GENERATE(table<std::string, std::uintmax_t>({{"mkfs.ext4 -q -b 1024", 128 * mega},
                                                                         {"mkfs.ext4 -q -b 4096", 128 * mega},
                                                                         {"mkfs.xfs -q", 320 * mega},
                                                                         {"mkfs.btrfs -q", 128 * mega}}));
  CAPTURE(make);
  const LoopDisk disk(make, static_cast<off_t>(size));
  if (!disk.isMounted()) {
    WARN("skipped: cannot be made or mounted here: " << make);
    return;
  }
  utsname system{};
  ::uname(&system);
  if (make.starts_with("mkfs.btrfs") && !os::canWriteInPlace(system.release)) {
    WARN("skipped: Linux reserves space on btrfs before 6.17");
    return;
  }
  const TempDirectory folder;
  const std::filesystem::path data = disk / "data";
  const std::string config = "[storage]\nfree_space_floor = \"100000T\"\n";  // no reserve is made
  std::ofstream(folder / "ctl.toml") << "data_dir = \"" << data.string() << "\"\n" << config;
  const auto list = [&] {
    return videoctl({"--direct", "--config", (folder / "ctl.toml").string(), "-o", "id", "video", "list"});
  };
  const Descriptor mounted(::open((disk / "").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto sync = [&] { ::syncfs(mounted.number()); };
  const auto step = [&](int i) { return disk / ("step" + std::to_string(i)); };
  constexpr int steps = 12;
  REQUIRE(list().status == 8);
  REQUIRE(videoctl({"--config", (folder / "ctl.toml").string(), "data", "init"}).status == 0);
  for (int i = 0; i < steps; ++i) std::ofstream(step(i)) << std::string(4096, 'x');
  sync();
  const auto fill = [&](const std::string& name) {
    for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{4096}, std::size_t{512}, std::size_t{4096}}) {
      const Descriptor filler(
          ::open((disk / (name + std::to_string(piece))).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0600));
      const std::string bytes(piece, 'x');
      while (::write(filler.number(), bytes.data(), bytes.size()) > 0) continue;
      sync();
    }
  };
  fill("filler");
  // With a few blocks left for the memory that SQLite shares, more from run to run.
  for (int i = 0; i < steps; ++i) {
    const Ended listed = list();
    CAPTURE(i, listed.err);
    CHECK((listed.status == 0 || listed.status == 11));
    std::filesystem::remove(step(i));
    sync();
  }
  // Who has it mapped when the disk becomes full goes on.
  std::filesystem::remove(disk / "filler1048576");
  Daemon daemon(config, {}, data);
  CHECK(daemon.log().find("SIGBUS") == std::string::npos);
  // XFS frees some of what was removed later.
  const auto isFull = [&] {
    fill("more");
    const Descriptor filler(::open((disk / "last").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0600));
    const std::string bytes(4096, 'x');
    return (!filler || ::write(filler.number(), bytes.data(), bytes.size()) < 0) && errno == ENOSPC;
  };
  for (int i = 0; i < 5; ++i) {
    test::waitFor("a full disk", isFull);
    CHECK(run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", daemon.url() + "/user/ada", "-d",
               R"({"user_name":"ada","pwd":"password of ada"})"})
              .out != "000");
  }
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("data init warns of a file system on which a full disk may end processes") {
  const LoopDisk disk("mkfs.btrfs -q", static_cast<off_t>(128 * mega));
  if (!disk.isMounted()) {
    WARN("skipped: btrfs cannot be made or mounted here");
    return;
  }
  const std::string data = (disk / "data").string();
  const auto ctl = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"--direct", "--data-dir", data});
    return videoctl(words);
  };
  REQUIRE(ctl({"data", "init"}).status == 0);
  // As from before data directories had the flag.
  os::setCopyOnWrite(Descriptor(::open(data.c_str(), O_RDONLY | O_CLOEXEC)).number(), true);
  for (const char* const part : {"video.db-wal", "video.db-shm"}) std::filesystem::remove(disk / "data" / part);
  REQUIRE(ctl({"video", "list"}).status == 0);
  const Ended again = ctl({"data", "init"});
  CHECK(again.status == 0);
  CHECK(again.err.find("SIGBUS") != std::string::npos);
}

#if !defined(__SANITIZE_ADDRESS__)  // UBSan needs descriptors of its own
TEST_CASE("too many open files while opening is worth trying again") {
  const TempDirectory folder;
  const std::string data = (folder / "data").string();
  REQUIRE(videoctl({"--data-dir", data, "data", "init"}).status == 0);
  bool opened = false;
  for (int files = 4; files < 40 && !opened; ++files) {
    const Ended ended =
        run({"sh", "-c", "ulimit -n " + std::to_string(files) + "; exec \"$0\" --direct --data-dir \"$1\" user list",
             builtProgram("videoctl"), data});
    opened = ended.status == 0;
    // With too few its libraries cannot be loaded.
    if (ended.status == 127) continue;
    INFO(files << ": " << ended.status << ' ' << ended.err);
    CHECK((ended.status == 0 || ended.status == 9));
  }
  CHECK(opened);
}
#endif
