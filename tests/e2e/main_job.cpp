// The main job with the real programs, a real ffmpeg-made video and the tools that people have: curl, ffprobe, ffmpeg.
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/nginx.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// 30 s of 720p with sound, over 20 MB; made once per build folder.
fs::path sample() {
  const fs::path made = fs::path(VIDEO_BINARY_DIR) / "e2e-sample.mp4";
  if (fs::exists(made)) return made;
  const std::string part = made.string() + ".part.mp4";
  need(run({"ffmpeg",
            "-nostdin",
            "-loglevel",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=1280x720:rate=25:duration=30",
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=330:duration=30",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-b:v",
            "8M",
            "-minrate",
            "8M",
            "-maxrate",
            "8M",
            "-bufsize",
            "8M",
            "-x264-params",
            "nal-hrd=cbr",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "-movflags",
            "+faststart",
            part}));
  fs::rename(part, made);
  REQUIRE(fs::file_size(made) > 20'000'000);
  return made;
}

std::string sha256(const fs::path& file) {
  return need(run({"sha256sum", file.string()})).substr(0, 64);
}

std::string curl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"curl", "-sS", "--fail-with-body", "--max-time", "60"});
  return need(run(arguments));
}

// What root in direct mode needs of every command.
std::vector<std::string> direct(const Daemon& daemon, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--direct", "--data-dir", daemon.dataDirectory().string()});
  return arguments;
}

std::vector<std::string> remote(const Daemon& daemon, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--server", daemon.url()});
  return arguments;
}

void addUserTo(const Daemon& daemon, const std::string& name, const std::string& role = "user") {
  need(videoctl(direct(daemon, {"user", "add", name, "--role", role, "--password-stdin"}),
                {{}, "password of " + name, {}}));
}

std::string newSession(const Daemon& daemon, const std::string& name) {
  const auto reply =
      nlohmann::json::parse(curl({"-d", R"({"user_name":")" + name + R"(","pwd":"password of )" + name + R"("})",
                                  daemon.url() + "/user/" + name}));
  return reply.at("session_id");
}

std::string tokenOf(const Daemon& daemon, const std::string& name, const std::string& scope = "full") {
  return line(need(videoctl(direct(
      daemon, {"--as", name, "-o", "tsv", "--no-header", "token", "create", "--label", "test", "--scope", scope}))));
}

std::string addVideo(const Daemon& daemon, const std::string& session, const std::string& name) {
  return nlohmann::json::parse(curl({"-H", "X-Session-Id: " + session, "-d", R"({"name":")" + name + R"("})",
                                     daemon.url() + "/user/ada/videos"}))
      .at("id");
}

std::size_t countFiles(const fs::path& folder) {
  return static_cast<std::size_t>(std::count_if(fs::recursive_directory_iterator(folder), {},
                                                [](const auto& entry) { return entry.is_regular_file(); }));
}

std::size_t residentKiB(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string row; std::getline(status, row);)
    if (row.starts_with("VmRSS:")) return std::stoul(row.substr(6));
  return 0;
}

// A file of `size` bytes that begins as an mp4 does; the rest is a hole.
fs::path bigFile(const TempDirectory& folder, const std::string& name, std::uintmax_t size) {
  const fs::path file = folder / name;
  std::ofstream(file, std::ios::binary) << mp4Front();
  fs::resize_file(file, size);
  return file;
}

}  // namespace

TEST_CASE("a real video uploaded in any way downloads unchanged in any way") {
  const Daemon daemon;
  const TempDirectory folder;
  const fs::path file = sample();
  const std::string hash = sha256(file);
  addUserTo(daemon, "ada");
  const std::string session = newSession(daemon, "ada");
  const std::string token = tokenOf(daemon, "ada");
  const Given byToken{{{"VIDEOCTL_TOKEN", token}}, {}, {}};

  std::vector<std::string> ids;
  ids.push_back(line(need(videoctl(direct(daemon, {"-o", "id", "video", "upload", file.string(), "--user", "ada"})))));
  ids.push_back(line(need(videoctl({"--data-dir", daemon.dataDirectory().string(), "-o", "id", "video", "upload",
                                    file.string(), "--user", "ada"}))));
  ids.push_back(
      line(need(videoctl(remote(daemon, {"-o", "id", "video", "upload", file.string(), "--user", "ada"}), byToken))));
  ids.push_back(addVideo(daemon, session, "form"));
  CHECK(curl({"-H", "X-Session-Id: " + session, "-F", "file=@" + file.string(),
              daemon.url() + "/upload/" + ids.back()}) == "Uploaded successfully");
  ids.push_back(addVideo(daemon, session, "put"));
  CHECK(curl({"-H", "X-Session-Id: " + session, "-T", file.string(), daemon.url() + "/upload/" + ids.back()}) ==
        "Uploaded successfully");

  for (const std::string& id : ids) {
    INFO(id);
    const std::string url = daemon.url() + "/videos/" + id;
    const std::string copy = (folder / "copy.mp4").string();
    curl({"-o", copy, url});
    CHECK(sha256(copy) == hash);
    need(videoctl(direct(daemon, {"video", "download", id, "--to", copy + ".direct"})));
    CHECK(sha256(copy + ".direct") == hash);
    need(videoctl(remote(daemon, {"video", "download", id, "--to", copy + ".remote"}), byToken));
    CHECK(sha256(copy + ".remote") == hash);
    fs::remove(copy + ".direct");
    fs::remove(copy + ".remote");
  }

  const std::string url = daemon.url() + "/videos/" + ids.front();
  CHECK(
      need(run({"ffprobe", "-v", "error", "-show_entries", "format=duration:stream=codec_type", "-of", "csv=p=0", url}))
          .find("30.") != std::string::npos);
  const std::string frame = (folder / "frame.png").string();
  need(run({"ffmpeg", "-nostdin", "-loglevel", "error", "-ss", "20", "-i", url, "-frames:v", "1", frame}));
  CHECK(fs::file_size(frame) > 1000);
}

TEST_CASE("a video is deleted and then purged from the command line while the daemon runs") {
  Daemon daemon("[task.video-clear]\nevery = \"1h\"\n");
  addUserTo(daemon, "ada");
  const std::string session = newSession(daemon, "ada");
  const TempDirectory folder;
  const fs::path file = bigFile(folder, "small.mp4", 50'000);
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i)
    ids.push_back(
        line(need(videoctl(direct(daemon, {"-o", "id", "video", "upload", file.string(), "--user", "ada"})))));
  curl({"-H", "X-Session-Id: " + session, "-d", R"({"content":"hello"})",
        daemon.url() + "/videos/" + ids[0] + "/comments"});
  std::vector<std::string> command = {"video", "delete"};
  command.insert(command.end(), ids.begin(), ids.end());
  need(videoctl(direct(daemon, command)));
  CHECK(run({"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", daemon.url() + "/videos/" + ids[0]}).out == "404");
  CHECK(curl({daemon.url() + "/user/ada/videos"}).starts_with(R"({"videos":[],)"));
  CHECK(countFiles(daemon.dataDirectory() / "blobs") == 8);

  need(videoctl(direct(daemon, {"queue", "drain", "--include-not-due", "--yes"})));
  CHECK(countFiles(daemon.dataDirectory() / "blobs") == 0);
  CHECK(need(videoctl(direct(daemon, {"-o", "id", "queue", "list"}))).empty());
  for (const std::string& id : ids) CHECK(videoctl(direct(daemon, {"video", "show", id})).status == 4);
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("kill -9 in the middle of work loses nothing that was acknowledged") {
  const TempDirectory home;
  const fs::path data = home / "data";
  const fs::path file = bigFile(home, "video.mp4", 3'000'000);
  std::vector<std::string> comments;
  std::vector<std::string> videos;
  for (int round = 0; round < 3; ++round) {
    Daemon daemon({}, {}, data);
    if (round == 0) addUserTo(daemon, "ada");
    const std::string session = newSession(daemon, "ada");
    const std::string header = "X-Session-Id: " + session;
    const std::string id = addVideo(daemon, session, "round");
    curl({"-H", header, "-T", file.string(), daemon.url() + "/upload/" + id});
    videos.push_back(id);
    // A writer and an upload that never ends are at work when the signal comes.
    const std::string open = addVideo(daemon, session, "open");
    Program upload(
        {"curl", "-sS", "-H", header, "-T", file.string(), "--limit-rate", "20K", daemon.url() + "/upload/" + open});
    auto writer = std::async(std::launch::async, [&, from = comments.size()] {
      std::vector<std::string> said;
      for (int i = 0;; ++i) {
        const std::string text = std::to_string(round) + "-" + std::to_string(i);
        const Ended posted = run({"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", header, "-d",
                                  R"({"content":")" + text + R"("})", daemon.url() + "/videos/" + id + "/comments"});
        if (posted.out != "201") return said;
        said.push_back(text);
        if (i == 20) daemon.kill();
      }
    });
    for (std::string& text : writer.get()) comments.push_back(std::move(text));
  }
  Daemon daemon({}, {}, data);
  CHECK(comments.size() >= 63);
  std::string all;
  for (const std::string& id : videos) all += curl({daemon.url() + "/videos/" + id + "/comments?limit=1000"});
  for (const std::string& text : comments) CHECK(all.find("\"content\":\"" + text + "\"") != std::string::npos);
  for (const std::string& id : videos) {
    curl({"-o", (home / "back.mp4").string(), daemon.url() + "/videos/" + id});
    CHECK(sha256(home / "back.mp4") == sha256(file));
  }
  const std::string session = newSession(daemon, "ada");
  const auto pending =
      nlohmann::json::parse(curl({"-H", "X-Session-Id: " + session, daemon.url() + "/user/ada/videos?state=pending"}));
  CHECK(pending.at("videos").size() == 3);
  CHECK(countFiles(data / "blobs") == 3);
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("an interrupted upload keeps the old content and leaves nothing behind") {
  const Daemon daemon;
  const TempDirectory folder;
  addUserTo(daemon, "ada");
  const std::string session = newSession(daemon, "ada");
  const fs::path file = bigFile(folder, "video.mp4", 1'000'000);
  const std::string id = addVideo(daemon, session, "x");
  curl({"-H", "X-Session-Id: " + session, "-T", file.string(), daemon.url() + "/upload/" + id});
  Descriptor socket = connectTo(daemon.address());
  const std::string start = "PUT /upload/" + id + " HTTP/1.1\r\nHost: x\r\nX-Session-Id: " + session +
                            "\r\nContent-Length: 5000000\r\n\r\n" + mp4Front() + std::string(100'000, 'x');
  REQUIRE(::send(socket.number(), start.data(), start.size(), 0) == static_cast<ssize_t>(start.size()));
  const auto isUnderWay = [&] {
    return curl({"-H", "X-Session-Id: " + session, daemon.url() + "/upload/" + id + "/status"})
               .find("\"under_way\":true") != std::string::npos;
  };
  test::waitFor("the upload is under way", isUnderWay);
  socket.reset();
  test::waitFor("the upload has ended", [&] { return !isUnderWay(); });
  CHECK(countFiles(daemon.dataDirectory() / "incoming") == 0);
  CHECK(countFiles(daemon.dataDirectory() / "blobs") == 1);
  curl({"-o", (folder / "back.mp4").string(), daemon.url() + "/videos/" + id});
  CHECK(sha256(folder / "back.mp4") == sha256(file));
}

TEST_CASE("uploads need no memory, and slow readers occupy no worker") {
  const Daemon daemon(
      "[http]\nmax_connections_per_ip = 0\n[stream]\nmax_connections = 3000\nmax_connections_per_ip = 3000\n"
      "[storage]\nfree_space_floor = 0\n");
  const TempDirectory folder;
  addUserTo(daemon, "ada");
  const std::string session = newSession(daemon, "ada");
  const std::string header = "X-Session-Id: " + session;
  const std::size_t before = residentKiB(daemon.pid());
  const fs::path file = bigFile(folder, "big.mp4", 200'000'000);
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(addVideo(daemon, session, "big"));
  std::vector<std::unique_ptr<Program>> uploads;
  for (const std::string& id : ids)
    uploads.push_back(std::make_unique<Program>(std::vector<std::string>{
        "curl", "-sS", "-f", "-H", header, "-T", file.string(), daemon.url() + "/upload/" + id}));
  for (auto& upload : uploads) CHECK(upload->wait().status == 0);
  const std::size_t after = residentKiB(daemon.pid());
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(after < before + 30 * 1024);
#else
  CHECK(after >= before / 2);
#endif

  std::vector<Descriptor> readers;
  const std::string request = "GET /videos/" + ids[0] + " HTTP/1.1\r\nHost: x\r\n\r\n";
  for (int i = 0; i < 400; ++i) {
    readers.push_back(connectTo(daemon.address()));
    REQUIRE(::send(readers.back().number(), request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
  }
  for (const Descriptor& reader : readers) {
    char byte = 0;
    REQUIRE(::recv(reader.number(), &byte, 1, 0) == 1);  // each one is being served, and none reads on
  }
  for (int i = 0; i < 50; ++i) CHECK(curl({daemon.url() + "/user/ada/videos?limit=1"}).starts_with("{\"videos\":["));
}

TEST_CASE("an upload that is too large is refused before it is sent, as a file and as a form") {
  const Daemon daemon("[stream]\nmax_upload = \"16MiB\"\n");
  addUserTo(daemon, "ada");
  const std::string session = newSession(daemon, "ada");
  const std::string id = addVideo(daemon, session, "large");
  const auto statusOf = [&](const std::string& method, const std::string& fields) {
    const Descriptor socket = connectTo(daemon.address());
    const std::string head = method + " /upload/" + id + " HTTP/1.1\r\nHost: x\r\nX-Session-Id: " + session + "\r\n" +
                             fields + "Content-Type: multipart/form-data; boundary=b\r\n\r\n";
    REQUIRE(::send(socket.number(), head.data(), head.size(), 0) == static_cast<ssize_t>(head.size()));
    char answer[1024]{};
    REQUIRE(::recv(socket.number(), answer, sizeof answer - 1, 0) > 0);
    const std::string text = answer;
    return text.substr(9, 3);
  };
  const std::string asks = "Expect: 100-continue\r\n";
  // The original answers a form so.
  for (const auto& [method, refused] : {std::pair<std::string, std::string>{"PUT", "413"}, {"POST", "400"}}) {
    for (const std::string length : {"50000000", "1000000000000000"}) {
      CHECK(statusOf(method, asks + "Content-Length: " + length + "\r\n") == refused);
      CHECK(statusOf(method, "Content-Length: " + length + "\r\n") == refused);
    }
    CHECK(statusOf(method, asks + "Content-Length: 16777216\r\n") == "100");
  }
  // A form is larger than its file.
  CHECK(statusOf("PUT", asks + "Content-Length: 17000000\r\n") == "413");
  CHECK(statusOf("POST", asks + "Content-Length: 17000000\r\n") == "100");
}

TEST_CASE("uploads at full speed do not keep other requests from being answered") {
  const Daemon daemon("[storage]\nfree_space_floor = 0\n");
  addUserTo(daemon, "ada");
  const std::string header = "X-Session-Id: " + newSession(daemon, "ada");
  const std::string session = header.substr(header.rfind(' ') + 1);
  const std::string piece = mp4Front() + std::string(1 << 20, 'x');
  std::atomic<unsigned> sending = 0;
  const unsigned count = std::thread::hardware_concurrency() + 1;
  std::vector<std::jthread> clients;
  for (unsigned i = 0; i < count; ++i)
    clients.emplace_back([&, id = addVideo(daemon, session, "endless")](const std::stop_token& enough) {
      const Descriptor socket = connectTo(daemon.address());
      const std::string head =
          "PUT /upload/" + id + " HTTP/1.1\r\nHost: x\r\n" + header + "\r\nContent-Length: 2000000000\r\n\r\n";
      ::send(socket.number(), head.data(), head.size(), MSG_NOSIGNAL);
      for (int sent = 0;
           !enough.stop_requested() && ::send(socket.number(), piece.data(), piece.size(), MSG_NOSIGNAL) > 0; ++sent)
        if (sent == 8) ++sending;
    });
  test::waitFor("every upload sends", [&] { return sending == count; });
  for (int i = 0; i < 20; ++i)
    CHECK(curl({"--max-time", "20", daemon.url() + "/user/ada/videos?limit=1"}).starts_with("{\"videos\":["));
  CHECK(countFiles(daemon.dataDirectory() / "incoming") == count);
}

TEST_CASE("files that root creates in direct mode belong to the directory's owner, and the daemon can use them") {
  if (::geteuid() != 0) {
    WARN("needs root: not run");
    return;
  }
  const TempDirectory home;
  const fs::path data = home / "data";
  fs::permissions(home.path(), fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  fs::create_directory(data);
  REQUIRE(::chown(data.c_str(), 65534, 65534) == 0);
  const std::string videod = builtProgram("videod");
  Program daemon({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", videod, "--data-dir", data.string(),
                  "--listen", "127.0.0.1:0"});
  const std::string address = daemon.waitForError("listening address=");
  const std::string url = "http://" + address.substr(0, address.find(' '));
  daemon.waitForError("msg=ready");
  const std::vector<std::string> base = {"--direct", "--data-dir", data.string()};
  const auto ctl = [&](std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), base.begin(), base.end());
    return need(videoctl(arguments, {{}, input, {}}));
  };
  const fs::path file = bigFile(home, "secret.mp4", 70'000);
  fs::permissions(file, fs::perms::owner_read);  // root's own: opened before root becomes the owner
  ctl({"user", "add", "ada", "--password-stdin"}, "password of ada");
  const std::string id = line(ctl({"-o", "id", "video", "upload", file.string(), "--user", "ada"}));
  for (const auto& entry : fs::recursive_directory_iterator(data)) {
    struct stat info {};
    REQUIRE(::lstat(entry.path().c_str(), &info) == 0);
    INFO(entry.path());
    CHECK(info.st_uid == 65534);
    CHECK(info.st_gid == 65534);
  }
  curl({"-o", (home / "back.mp4").string(), url + "/videos/" + id});
  CHECK(sha256(home / "back.mp4") == sha256(file));
  need(videoctl({"--data-dir", data.string(), "video", "delete", id, "--now", "--yes"}));
  need(videoctl({"--data-dir", data.string(), "queue", "drain"}));
  CHECK(countFiles(data / "blobs") == 0);
  daemon.signal(SIGTERM);
  CHECK(daemon.wait().status == 0);
}
