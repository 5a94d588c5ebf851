// Uploads under bad conditions: too many files, a full server, replies that are lost.
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <list>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/units.hpp"
#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// Hands everything on to a server and back, but for the replies to uploads: there the connection breaks.
class Relay {
 public:
  explicit Relay(const std::string& address) : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    server_.sin_family = AF_INET;
    server_.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
    server_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in own = server_;
    own.sin_port = 0;
    socklen_t size = sizeof own;
    ::bind(listening_.number(), reinterpret_cast<const sockaddr*>(&own), size);
    ::listen(listening_.number(), 16);
    ::getsockname(listening_.number(), reinterpret_cast<sockaddr*>(&own), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(own.sin_port));
    accepting_ = std::jthread([this] { accept(); });
  }
  ~Relay() { ::shutdown(listening_.number(), SHUT_RDWR); }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  std::string url;
  std::atomic<int> lost = 0;

 private:
  void accept() {
    std::list<std::jthread> connections;
    for (;;) {
      Descriptor client(::accept4(listening_.number(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      connections.emplace_back([this, its = std::move(client)] { relay(its); });
    }
  }

  void relay(const Descriptor& client) {
    const Descriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(server.number(), reinterpret_cast<const sockaddr*>(&server_), sizeof server_) != 0) return;
    std::array<pollfd, 2> ready{pollfd{client.number(), POLLIN, 0}, pollfd{server.number(), POLLIN, 0}};
    std::vector<char> piece(1 << 16);
    for (bool isUpload = false; ::poll(ready.data(), ready.size(), -1) > 0;) {
      for (const std::size_t from : {0U, 1U}) {
        if (ready[from].revents == 0) continue;
        const ssize_t got = ::read(ready[from].fd, piece.data(), piece.size());
        if (got <= 0) return;
        const std::string_view text(piece.data(), static_cast<std::size_t>(got));
        if (from == 0 && text.find("PUT /upload/") != std::string_view::npos) isUpload = true;
        if (from == 1 && isUpload) {
          ++lost;
          return;
        }
        if (::send(ready[1 - from].fd, text.data(), text.size(), MSG_NOSIGNAL) != got) return;
      }
    }
  }

  Descriptor listening_;
  sockaddr_in server_{};
  std::jthread accepting_;
};

}  // namespace

TEST_CASE("one command uploads more files than may be open at once") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  constexpr int many = 80;
  fs::create_directory(site.folder / "in");
  for (int i = 0; i < many; ++i) write(site.folder / "in" / (std::to_string(i) + ".mp4"), content('a'));
  Given given;
  Words words{"sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\"", builtProgram("videoctl")};
  if (way == "remote") {
    site.run("ada", {"video", "list"});
    given.environment["VIDEOCTL_TOKEN"] = site.tokens["ada"];
    words = join(words, {"--server", site.daemon.url()});
  } else {
    words = join(words, {"--data-dir", site.daemon.dataDirectory().string()});
  }
  given.environment["XDG_CACHE_HOME"] = site.folder.path();
  const Words upload{"-o", "id", "video", "upload", (site.folder / "in").string(), "--recursive", "--user", "ada"};
  const Ended ended = run(join(words, upload), given);
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == many);
  CHECK(run(join(words, join(upload, {"--skip-existing"})), given).status == 0);
}

TEST_CASE("videoctl waits up to --lock-timeout for a server that is busy with other uploads") {
  Site site("remote", std::string(idle) + "[stream]\nmax_uploads = 1\n");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  const std::string fifo = (site.folder / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  Descriptor feed(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  const std::string start = content('b');
  REQUIRE(::write(feed.number(), start.data(), start.size()) == static_cast<ssize_t>(start.size()));
  site.run("ada", {"video", "list"});
  const Given given{{{"VIDEOCTL_TOKEN", site.tokens["ada"]}}, {}, {}};
  const Words remote{builtProgram("videoctl"), "--server", site.daemon.url(), "video", "upload"};
  Program slow(join(remote, {fifo}), given);
  test::waitFor("an upload has begun", [&] { return !fs::is_empty(site.daemon.dataDirectory() / "incoming"); });
  const Ended impatient = run(join(remote, {file, "--lock-timeout", "100ms", "-o", "json"}), given);
  CHECK(impatient.status == 9);
  const auto error = nlohmann::json::parse(impatient.err.substr(impatient.err.find('{')));
  CHECK(error.at("retryable") == true);
  CHECK_FALSE(error.at("request_id").get<std::string>().empty());
  const auto refused = [&] {
    const auto limits = nlohmann::json::parse(site.run("", {"-o", "json", "server", "limits"}).out);
    for (const auto& bucket : limits.at("limits"))
      if (bucket.at("name") == "uploads") return bucket.at("refused").get<int>();
    return -1;
  };
  const int before = refused();
  REQUIRE(before > 0);
  Program waits(join(remote, {file, "--lock-timeout", "1m"}), given);
  test::waitFor("the second is refused once more", [&] { return refused() > before; });
  feed.reset();
  CHECK(slow.wait().status == 0);
  const Ended ended = waits.wait();
  INFO(ended.err);
  CHECK(ended.status == 0);
  const std::string ready = site.run("ada", {"-o", "id", "video", "list"}).out;
  CHECK(std::count(ready.begin(), ready.end(), '\n') == 2);  // and nothing that waits for its bytes
}

TEST_CASE("an upload whose reply is lost is kept and not sent again") {
  Site site("remote");
  const std::string file = write(site.folder / "a.mp4", content('a'));
  site.run("ada", {"video", "list"});
  Relay relay(site.daemon.address());
  const Ended ended = videoctl({"--server", relay.url, "-o", "id", "video", "upload", file},
                               {{{"VIDEOCTL_TOKEN", site.tokens["ada"]}}, {}, {}});
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(relay.lost == 1);
  CHECK(site.run("ada", {"-o", "id", "video", "list", "--state", "ready"}).out == ended.out);
}

TEST_CASE("an import with an upload-only token leaves nothing behind for files that are not videos") {
  Site site("remote");
  std::filesystem::create_directory(site.folder / "in");
  write(site.folder / "in/a.mp4", content('a'));
  write(site.folder / "in/notes.txt", "no video");
  const std::string token =
      line(site.direct({"--as", "ada", "token", "create", "--label", "nightly", "--scope", "upload"}).out);
  const Ended ended = videoctl({"--server", site.daemon.url(), "--no-header", "video", "upload",
                                (site.folder / "in").string(), "--recursive", "--skip-existing", "--columns", "status"},
                               {{{"VIDEOCTL_TOKEN", token}}, {}, {}});
  CHECK(ended.status == 0);
  CHECK(ended.out == "uploaded\nignored\n");
  CHECK(ended.err == "videoctl: 1 new, 1 ignored, " + formatSize(content('a').size()) + '\n');
  CHECK(site.run("ada", {"-o", "id", "video", "list", "--state", "pending"}).out.empty());
}

TEST_CASE("a file name that is not UTF-8 still gives valid JSON, and a failed upload has no id") {
  const std::string way = GENERATE("direct", "remote");
  Site site(way);
  const std::string wrong = write(site.folder / "a\xff.mp4", content('a'));
  const Ended inJson = site.run("ada", {"-o", "json", "video", "upload", wrong, (site.folder / "none").string()});
  CHECK(inJson.status == 3);
  const auto results = nlohmann::json::parse(inJson.out).at("results");
  REQUIRE(results.size() == 2);
  CHECK(results[0].at("path") == (site.folder / "a\uFFFD.mp4").string());
  CHECK(results[0].at("status") == "uploaded");
  CHECK(results[0].at("detail").get<std::string>().starts_with("named \"a_.mp4\"; "));
  CHECK(results[1].at("status") == "failed");
  CHECK(results[1].at("id") == "");
  CHECK(site.run("ada", {"video", "upload", wrong, wrong}).out.find(wrong) != std::string::npos);  // tsv: as it is
  CHECK(site.run("ada", {"video", "upload", wrong, "--name", "named"}).status == 0);
  CHECK(site.run("ada", {"video", "upload", wrong, "--name", "two\nlines"}).status == 7);
  const Ended argument = site.run("ada", {"-o", "json", "video", "show", "\xff"});
  CHECK(argument.status == 7);
  CHECK(nlohmann::json::parse(argument.err.substr(argument.err.find('{'))).at("exit") == 7);
}

TEST_CASE("a file that is to be moved must be itself, and removable, before anything is stored") {
  Site site(GENERATE(as<std::string>(), "direct", "remote"));
  const std::string file = write(site.folder / "a.mp4", content('a'));
  fs::create_symlink(file, site.folder / "link.mp4");
  const Ended link = site.run("ada", {"video", "upload", "link.mp4", "--move"});
  CHECK(link.status == 7);
  CHECK(link.err.find("link.mp4: is a symbolic link, which --move does not follow") != std::string::npos);
  CHECK(fs::exists(file));
  CHECK(fs::hard_link_count(file) == 1);
  const Ended several = site.run("ada", {"video", "upload", "link.mp4", "a.mp4", "--move"});
  CHECK(several.status == 3);
  CHECK_FALSE(fs::exists(file));
  CHECK(fs::is_symlink(site.folder / "link.mp4"));
  const std::string ready = site.run("ada", {"-o", "id", "video", "list"}).out;
  CHECK(std::count(ready.begin(), ready.end(), '\n') == 1);
}

TEST_CASE("a file in a folder that does not let it be removed is not moved") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can be somebody else");
    return;
  }
  const TempDirectory home;
  fs::permissions(home.path(), fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  const fs::path data = home / "data";
  const fs::path in = home / "in";
  for (const fs::path& folder : {data, in}) fs::create_directory(folder);
  const std::string file = write(in / "a.mp4", content('a'));
  for (const fs::path& its : {data, fs::path(file)}) REQUIRE(::chown(its.c_str(), 65534, 65534) == 0);
  const auto asNobody = [&](const Words& words) {
    return run(join({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", builtProgram("videoctl"),
                     "--direct", "--data-dir", data.string()},
                    words),
               {{{"HOME", data.string()}}, "password of ada", {}});
  };
  REQUIRE(asNobody({"data", "init"}).status == 0);
  REQUIRE(asNobody({"user", "add", "ada", "--password-stdin"}).status == 0);
  const bool isSticky = GENERATE(false, true);
  CAPTURE(isSticky);
  if (isSticky) {
    fs::permissions(in, fs::perms::all | fs::perms::sticky_bit);
    REQUIRE(::chown(file.c_str(), 0, 0) == 0);
  }
  const Ended ended = asNobody({"video", "upload", file, "--user", "ada", "--move"});
  CHECK(ended.status == 6);
  CHECK(ended.err.find("--move must read and remove it") != std::string::npos);
  CHECK(fs::hard_link_count(file) == 1);
  CHECK(asNobody({"-o", "id", "video", "list", "--user", "ada"}).out.empty());
}

TEST_CASE("a move that was interrupted once the file was stored is finished by the next run") {
  Site site(GENERATE(as<std::string>(), "direct", "remote"));
  write(site.folder / "a.mp4", content('a'));
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", "a.mp4"}).out);
  const Words again{"--no-header", "-o", "tsv", "video", "upload", "a.mp4", "--move", "--skip-existing"};
  site.run("ada", {"video", "delete", id});
  CHECK(site.run("ada", again).out.starts_with("skipped-deleted"));
  CHECK(fs::exists(site.folder / "a.mp4"));
  site.run("ada", {"video", "restore", id});
  const Ended ended = site.run("ada", again);
  CHECK(ended.status == 0);
  CHECK(ended.out.starts_with("skipped\t" + id));
  CHECK_FALSE(fs::exists(site.folder / "a.mp4"));
}

TEST_CASE("subtitles beside a video come along by their names, and what cannot be added ends with 3") {
  Site site(GENERATE(as<std::string>(), "direct", "remote"));
  fs::create_directory(site.folder / "in");
  write(site.folder / "in/a.b.mp4", content('a'));
  const std::string cue = "1\n00:00:01,000 --> 00:00:02,000\nHello\n";
  for (const char* name : {"a.b.srt", "a.b.en.srt", "a.b.en.sdh.srt", "a.b.EN.forced.default.vtt", "a.b.hi.srt",
                           "a.b.de.hi.srt", "a.b.forced.srt", "a.b.director.srt", "a.b.en.x.y.z.w.srt"})
    write(site.folder / "in" / name, cue);
  const auto languages = [&](const std::string& id) {
    std::string all;
    const auto shown = nlohmann::json::parse(site.run("ada", {"-o", "json", "video", "show", id}).out);
    for (const auto& one : shown.at("subtitles"))
      all += one.at("lang").get<std::string>() + "=" + one.value("label", std::string()) + " ";
    return all;
  };
  const Words upload{"-o", "id", "video", "upload", "in", "--recursive"};
  const Ended ended = site.run("ada", upload);
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(languages(line(ended.out)) == "de-x-hi=SDH en= en-x-forced=forced en-x-sdh=SDH hi= und= und-x-forced=forced ");

  fs::remove_all(site.folder / "in");
  fs::create_directory(site.folder / "in");
  write(site.folder / "in/m.mp4", content('m'));
  write(site.folder / "in/m.en.srt", cue);
  write(site.folder / "in/m.en.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nother\n");
  write(site.folder / "in/m.fr.srt", "nothing");
  const Ended partly = site.run("ada", upload);
  CHECK(partly.status == 3);
  CHECK(partly.err.find("m.en.srt has the same language") != std::string::npos);
  CHECK(partly.err.find("m.fr.srt: not added") != std::string::npos);
  CHECK(languages(line(partly.out)) == "en= ");

  // A video waits for its subtitles.
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours{2};
  for (const auto& entry : fs::directory_iterator(site.folder / "in")) fs::last_write_time(entry.path(), old);
  write(site.folder / "in/m.de.srt", cue);
  const Words settled = join(upload, {"--min-age", "1h"});
  CHECK(site.run("ada", settled).out.empty());
  fs::last_write_time(site.folder / "in/m.de.srt", old);
  CHECK_FALSE(site.run("ada", settled).out.empty());
}
