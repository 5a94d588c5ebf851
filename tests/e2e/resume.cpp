// Large uploads that are broken off, and go on: by themselves, or when the same command is run again.
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "base/sha256.hpp"
#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/proxy.hpp"
#include "e2e/terminal.hpp"

using namespace video;
using namespace video::e2e;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// Heads of requests, and what the daemon has received of a connection that broke off, but not stored.
constexpr std::uint64_t overhead = 3 * mega;

// ada, who uploads to a daemon behind a proxy.
struct Ada {
  explicit Ada(const std::string& given = idle, bool operatorsSocket = false)
      : config(given),
        daemon(std::make_unique<Daemon>(config, Words{}, folder / "data")),
        proxy(operatorsSocket ? (folder / "data/videod.sock").string() : daemon->address(),
              operatorsSocket ? folder / "proxy.sock" : fs::path()) {
    REQUIRE(direct({"user", "add", "ada", "--password-stdin"}, {{}, "password of ada", {}}).status == 0);
    if (operatorsSocket) {
      write(folder / "ctl.toml", "data_dir = \"" + (folder / "data").string() + "\"\nadmin_socket = \"" +
                                     (folder / "proxy.sock").string() + "\"\n");
      way = {"--config", (folder / "ctl.toml").string(), "--as", "ada"};
    } else {
      token = line(direct({"--as", "ada", "token", "create", "--label", "x", "--scope", "upload"}).out);
      write(folder / "token", token);
      fs::permissions(folder / "token", fs::perms::owner_read | fs::perms::owner_write);
      way = {"--server", proxy.url, "--token-file", (folder / "token").string()};
    }
    given_.environment = {{"XDG_STATE_HOME", (folder / "state").string()},
                          {"XDG_CACHE_HOME", (folder / "cache").string()}};
  }

  // A file of so many bytes, no two MiB of which are the same.
  std::string file(const std::string& name, std::uint64_t size, char first = 'a') {
    std::string bytes = mp4Front() + first;
    bytes.reserve(size + mega);
    for (std::uint64_t i = 0; bytes.size() < size; ++i) {
      const std::string number = std::to_string(i) + first;
      while (bytes.size() % 4096 < 4000) bytes += number;
      bytes.resize((bytes.size() + 4095) / 4096 * 4096, first);
    }
    bytes.resize(size);
    Sha256 hash;
    hash.add(std::as_bytes(std::span(bytes)));
    hashes[name] = hash.hex();
    return write(folder / name, bytes);
  }

  Words words(const Words& more) const { return join(join({builtProgram("videoctl")}, way), more); }
  Words upload(const Words& more) const { return words(join({"video", "upload"}, more)); }
  Ended run(const Words& more) const { return e2e::run(upload(more), given_); }
  // Starts an upload, which the proxy holds back after so many bytes.
  std::unique_ptr<Program> startAndHold(const Words& more, std::uint64_t bytes) {
    proxy.holdAfter(bytes);
    auto program = std::make_unique<Program>(upload(more), given_);
    proxy.waitUntilHeld();
    return program;
  }
  // Breaks an upload off in the middle with a signal.
  Ended interrupt(const Words& more, std::uint64_t bytes, int signal = SIGINT) {
    const auto program = startAndHold(more, bytes);
    program->signal(signal);
    proxy.release();
    return program->wait();
  }
  // Waits until so many bytes of the only upload that is not complete are stored for certain.
  void waitUntilStored(std::uint64_t bytes) const {
    json all;
    const auto look = [&] {
      all = uploads();
      return std::any_of(all.begin(), all.end(), [&](const json& upload) {
        return upload.at("state") == "partial" && upload.at("offset").get<std::uint64_t>() >= bytes;
      });
    };
    // The daemon stores large uploads at low priority, which takes long on a busy machine.
    const bool isStored = test::soon(look) || test::soon(look);
    INFO(all.dump(2) << daemon->log());
    REQUIRE(isStored);
  }
  // Starts the daemon again, which has ended.
  void startAgain() {
    daemon.reset();
    daemon = std::make_unique<Daemon>(config, Words{}, folder / "data");
    proxy.connectTo(daemon->address());
  }

  Ended direct(const Words& more, const Given& given = {}) const {
    return videoctl(join({"--direct", "--data-dir", (folder / "data").string()}, more), given);
  }
  json uploads() const { return json::parse(direct({"-o", "json", "upload", "list"}).out).at("uploads"); }
  std::string uploadId() const {
    const json all = uploads();
    REQUIRE(all.size() == 1);
    return all[0].at("id");
  }
  std::vector<std::string> storedHashes() const {
    std::vector<std::string> all;
    const json list = json::parse(direct({"-o", "json", "video", "list", "--sort", "name"}).out);
    for (const json& video : list.at("videos")) {
      CHECK(video.at("state") == "ready");
      all.push_back(video.value("sha256", ""));
    }
    return all;
  }
  // Bytes that the daemon has received on all connections.
  std::uint64_t received() const {
    const std::string metrics =
        e2e::run({"curl", "-s", "--unix-socket", (folder / "data/videod.sock").string(), "http://x/metrics"}).out;
    std::smatch found;
    const std::regex form("\nvideod_received_bytes_total(?:\\{[^}]*\\})? ([0-9.e+]+)");
    REQUIRE(std::regex_search(metrics, found, form));
    return static_cast<std::uint64_t>(std::stod(found[1]));
  }
  // Checks how many requests for an operation the daemon has answered.
  void requireRequests(const std::string& operation, std::size_t expected) const {
    const auto count = [&] {
      const std::string log = daemon->log();
      std::size_t found = 0;
      for (std::size_t at = 0; (at = log.find("op=" + operation + " ", at)) != std::string::npos; ++at) ++found;
      return found;
    };
    test::soon([&] { return count() >= expected; });  // requests are logged after the reply
    CHECK(count() == expected);
  }
  // What is kept for later runs.
  std::vector<fs::path> records() const {
    std::vector<fs::path> all;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder / "state/videoctl/uploads", none))
      if (entry.path().filename() != "locks") all.push_back(entry.path());
    return all;
  }
  // Checks that nothing is left on either side but the files with these names, whole.
  void requireStored(const std::vector<std::string>& names) const {
    std::vector<std::string> expected;
    for (const std::string& name : names) expected.push_back(hashes.at(name));
    CHECK(storedHashes() == expected);
    CHECK(records().empty());
  }

  TempDirectory folder;
  std::string config;
  std::unique_ptr<Daemon> daemon;
  Proxy proxy;
  Words way;
  std::string token;
  std::map<std::string, std::string> hashes;
  Given given_;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("after Ctrl-C the same command continues an upload, and sends nothing twice") {
  const bool socket = GENERATE(false, true);
  Ada ada(idle, socket);
  const std::string file = ada.file("a.mp4", 24 * mega);
  const std::uint64_t before = ada.received();
  const Ended ended = ada.interrupt({file}, 12 * mega);
  INFO(ended.err);
  CHECK(ended.status == 130);
  CHECK(has(ended.err, "run the same command again to continue"));
  CHECK(has(ended.err, "`videoctl upload abort " + ada.uploadId() + "`"));
  CHECK(has(ended.err, "is kept at least until 20"));
  const auto kept = ada.records();
  REQUIRE(kept.size() == 1);
  struct stat what {};
  REQUIRE(::stat(kept[0].c_str(), &what) == 0);
  CHECK((what.st_mode & 0777) == 0600);

  ada.waitUntilStored(9 * mega);
  const Ended again = ada.run({file, "-o", "id"});
  INFO(again.err);
  CHECK(again.status == 0);
  CHECK(has(again.err, "a.mp4: continues at "));
  CHECK(ada.received() - before < 24 * mega + overhead);
  ada.requireStored({"a.mp4"});
  CHECK(line(again.out) == line(ada.direct({"-o", "id", "video", "list"}).out));
}

TEST_CASE("an upload whose videoctl was killed continues in the next run") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 24 * mega);
  const std::uint64_t before = ada.received();
  CHECK(ada.interrupt({file}, 12 * mega, SIGKILL).status == 128 + SIGKILL);
  ada.waitUntilStored(9 * mega);
  CHECK(ada.run({file}).status == 0);
  CHECK(ada.received() - before < 24 * mega + overhead);
  ada.requireStored({"a.mp4"});
}

TEST_CASE("videoctl continues by itself when the server is killed or stopped, and started again") {
  const bool killed = GENERATE(true, false);
  Ada ada;
  const std::string file = ada.file("a.mp4", 80 * mega);
  const auto program = ada.startAndHold({file, "--timeout", "60s"}, 72 * mega);
  ada.waitUntilStored(56 * mega);
  if (killed)
    ada.daemon->kill();
  else
    CHECK(ada.daemon->terminate() == 0);
  ada.proxy.release();
  program->waitForError("; trying again");
  ada.startAgain();
  const Ended ended = program->wait();
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(has(ended.err, "a.mp4: continues at "));
  CHECK(ada.received() < 24 * mega + overhead);
  ada.requireStored({"a.mp4"});
}

TEST_CASE("videoctl gives up on a server after --timeout, and a later run continues") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 80 * mega);
  const auto program = ada.startAndHold({file, "--timeout", "300ms", "-o", "json"}, 72 * mega);
  ada.waitUntilStored(56 * mega);
  ada.daemon->kill();
  ada.proxy.release();
  const Ended ended = program->wait();
  INFO(ended.err);
  CHECK(ended.status == 8);
  CHECK(has(ended.err, "run the same command again to continue"));
  ada.startAgain();
  CHECK(ada.run({file}).status == 0);
  CHECK(ada.received() < 24 * mega + overhead);
  ada.requireStored({"a.mp4"});
}

TEST_CASE("an upload goes on over connections that break again and again") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 24 * mega);
  ada.proxy.cutEach = 10 * mega;
  const Ended ended = ada.run({file});
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(ada.proxy.cuts >= 2);
  CHECK(has(ended.err, "; trying again"));
  ada.requireStored({"a.mp4"});
}

TEST_CASE("an upload that was complete when videoctl was killed is not sent again, unless its video was deleted") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 24 * mega);
  CHECK(ada.interrupt({file}, 12 * mega).status == 130);
  const fs::path record = ada.records().at(0);
  const std::string kept = read(record);
  const std::string id = line(ada.run({file, "-o", "id"}).out);
  write(record, kept);
  const std::uint64_t before = ada.received();
  CHECK(line(ada.run({file, "-o", "id"}).out) == id);
  CHECK(ada.received() - before < overhead);
  ada.requireStored({"a.mp4"});
  CHECK(ada.direct({"video", "delete", id}).status == 0);
  write(record, kept);
  const Ended again = ada.run({file, "-o", "id"});
  CHECK(again.status == 0);
  CHECK(line(again.out) != id);
  CHECK(has(again.err, "a.mp4: starts again"));
  CHECK(ada.records().empty());
}

TEST_CASE("a folder import that is killed and started again sends no finished file again") {
  Ada ada;
  fs::create_directory(ada.folder / "in");
  ada.file("in/a.mp4", 20 * mega, 'a');
  ada.file("in/b.mp4", 24 * mega, 'b');
  ada.file("in/c.mp4", 1 * mega, 'c');
  const Words import{
      (ada.folder / "in").string(), "--recursive", "--skip-existing", "--columns", "status", "--no-header"};
  const std::uint64_t before = ada.received();
  CHECK(ada.interrupt(import, 32 * mega, SIGKILL).status == 128 + SIGKILL);
  ada.waitUntilStored(9 * mega);
  const Ended again = ada.run(import);
  INFO(again.err);
  CHECK(again.status == 0);
  CHECK(again.out == "skipped\nuploaded\nuploaded\n");
  CHECK(ada.received() - before < 45 * mega + overhead);
  ada.requireStored({"in/a.mp4", "in/b.mp4", "in/c.mp4"});
}

TEST_CASE("a file that changed between two runs is sent from the beginning") {
  Ada ada;
  std::string file = ada.file("a.mp4", 24 * mega);
  CHECK(ada.interrupt({file}, 12 * mega).status == 130);
  file = ada.file("a.mp4", 24 * mega, 'b');
  const Ended again = ada.run({file});
  CHECK(again.status == 0);
  CHECK_FALSE(has(again.err, "continues at"));
  const std::string hash =
      json::parse(ada.direct({"-o", "json", "video", "list", "--state", "ready"}).out).at("videos").at(0).at("sha256");
  CHECK(hash == ada.hashes["a.mp4"]);
}

TEST_CASE("a file that changes while it is uploaded is not stored, and leaves nothing") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 24 * mega);
  const auto program = ada.startAndHold({file}, 12 * mega);
  std::ofstream(file, std::ios::app) << "more";
  ada.proxy.release();
  const Ended ended = program->wait();
  INFO(ended.err);
  CHECK(ended.status == 5);
  CHECK(has(ended.err, "a.mp4: changed while it was uploaded"));
  CHECK(ada.uploads().empty());
  ada.requireStored({});
}

TEST_CASE("an upload that has expired or was removed is started again") {
  const bool expires = GENERATE(true, false);
  Ada ada(std::string(idle) + (expires ? "[stream]\nupload_ttl = \"3s\"\n" : ""));
  const std::string file = ada.file("a.mp4", 24 * mega);
  CHECK(ada.interrupt({file}, 12 * mega).status == 130);
  const std::string id = ada.uploadId();
  if (expires) {
    const auto isExpired = [&] {
      return run({"curl", "-s", "-o", "/dev/null", "-I", "-w", "%{http_code}", "-H", "Tus-Resumable: 1.0.0", "-H",
                  "Authorization: Bearer " + ada.token, ada.daemon->url() + "/uploads/" + id})
                 .out == "410";
    };
    test::waitFor("the upload has expired", isExpired);
  } else {
    ada.waitUntilStored(9 * mega);
    CHECK(ada.direct({"upload", "abort", id}).status == 0);
  }
  const Ended again = ada.run({file});
  INFO(again.err);
  CHECK(again.status == 0);
  CHECK(has(again.err, "a.mp4: starts again"));
  CHECK_FALSE(has(again.err, "continues at"));
  CHECK(ada.records().empty());
  CHECK(json::parse(ada.direct({"-o", "json", "video", "list", "--state", "ready"}).out).at("videos").size() == 1);
}

TEST_CASE("with --no-resume a file is sent in one request, and Ctrl-C leaves nothing") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 24 * mega);
  CHECK(ada.interrupt({file, "--no-resume"}, 12 * mega).status == 130);
  ada.requireRequests("uploads.create", 0);
  ada.requireStored({});
  CHECK(ada.run({file, "--no-resume"}).status == 0);
  ada.requireRequests("uploads.create", 0);
  ada.requireStored({"a.mp4"});
  CHECK(ada.run({file, "--no-resume", "--chunk-size", "1M"}).status == 2);
}

TEST_CASE("--chunk-size limits the bytes of a request, also for files that are small otherwise") {
  Ada ada;
  const std::string small = ada.file("a.mp4", 1 * mega, 'a');
  const std::string large = ada.file("b.mp4", 20 * mega, 'b');
  CHECK(ada.run({small, large, "--chunk-size", "8M"}).status == 0);
  ada.requireRequests("uploads.append", 3);
  ada.requireRequests("uploads.put", 1);
  CHECK(ada.run({small, "--chunk-size", "256K", "--name", "c"}).status == 0);
  ada.requireRequests("uploads.append", 3 + 4);
  CHECK(ada.run({large, "--chunk-size", "0", "--name", "d"}).status == 0);
  ada.requireRequests("uploads.append", 3 + 4 + 1);
  CHECK(ada.run({small, "--chunk-size", "much"}).status == 2);
  ada.hashes["c"] = ada.hashes["a.mp4"];
  ada.hashes["d"] = ada.hashes["b.mp4"];
  ada.requireStored({"a.mp4", "b.mp4", "c", "d"});
}

TEST_CASE("a file that another videoctl is uploading is refused") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 24 * mega);
  const auto first = ada.startAndHold({file}, 12 * mega);
  first->signal(SIGSTOP);
  ada.proxy.release();
  const Ended refused = ada.run({file});
  CHECK(refused.status == 5);
  CHECK(has(refused.err, "a.mp4: another process is uploading it"));
  CHECK(ada.run({file, "--name", "b"}).status == 0);  // another video
  first->signal(SIGCONT);
  CHECK(first->wait().status == 0);
  ada.hashes["b"] = ada.hashes["a.mp4"];
  ada.requireStored({"a.mp4", "b"});
}

TEST_CASE("a videoctl whose upload another client continues says so") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 24 * mega);
  const auto program = ada.startAndHold({file}, 12 * mega);
  CHECK(run({"curl", "-s", "-o", "/dev/null", "-I", "-w", "%{http_code}", "-H", "Tus-Resumable: 1.0.0", "-H",
             "Authorization: Bearer " + ada.token, ada.daemon->url() + "/uploads/" + ada.uploadId()})
            .out == "200");
  ada.proxy.release();
  const Ended ended = program->wait();
  INFO(ended.err);
  CHECK(ended.status == 5);
  CHECK(has(ended.err, "a.mp4: another process continues its upload " + ada.uploadId()));
  CHECK(ada.run({file}).status == 0);
  ada.requireStored({"a.mp4"});
}

TEST_CASE("progress shows what an earlier run has sent") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 24 * mega);
  CHECK(ada.interrupt({file}, 12 * mega).status == 130);
  ada.waitUntilStored(9 * mega);
  REQUIRE(::setenv("XDG_STATE_HOME", (ada.folder / "state").c_str(), 1) == 0);
  Terminal terminal(join(ada.way, {"video", "upload", file}));
  ::unsetenv("XDG_STATE_HOME");
  CHECK(terminal.wait() == 0);
  INFO(terminal.shown);
  CHECK(std::regex_search(
      terminal.shown,
      std::regex("a\\.mp4: [0-9.]+ MiB of 24\\.0 MiB \\[#{7}[#.]{13}\\] [0-9]+%  [0-9.]+ MiB resumed")));
}

TEST_CASE("a new video has the visibility that was asked for, and a hash that was known before is checked") {
  Ada ada;
  const std::string file = ada.file("a.mp4", 16 * mega);
  CHECK(ada.run({file, "--visibility", "private", "--move"}).status == 0);
  CHECK_FALSE(fs::exists(file));
  ada.requireStored({"a.mp4"});
  CHECK(json::parse(ada.direct({"-o", "json", "video", "list"}).out).at("videos").at(0).at("visibility") == "private");
}

TEST_CASE("records of uploads that ended long ago are removed, and others are not") {
  Ada ada;
  const std::string first = ada.file("a.mp4", 16 * mega, 'a');
  const std::string second = ada.file("b.mp4", 16 * mega, 'b');
  CHECK(ada.interrupt({first}, 8 * mega).status == 130);
  const auto kept = ada.records();
  REQUIRE(kept.size() == 1);
  const fs::path folder = kept[0].parent_path();
  const fs::path old = folder / std::string(64, 'a');
  json record = json::parse(read(kept[0]));
  record["expires"] = "2020-01-01T00:00:00.000Z";
  write(old, record.dump());
  write(folder / std::string(64, 'b'), "not JSON");
  write(folder / "notes.txt", "of somebody else");
  CHECK(ada.run({second}).status == 0);
  std::set<fs::path> left;
  for (const fs::path& path : ada.records()) left.insert(path);
  CHECK(left == std::set<fs::path>{kept[0], folder / "notes.txt"});
}
