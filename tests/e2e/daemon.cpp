#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "e2e/nginx.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;
using namespace std::chrono_literals;

namespace {

Ended videod(std::vector<std::string> arguments, const Given& given = {}) {
  arguments.insert(arguments.begin(), builtProgram("videod"));
  return run(arguments, given);
}

// What makes videoctl find a daemon's socket.
Given onSocket(const Daemon& daemon) {
  const std::string file = write(daemon.dataDirectory().parent_path() / "client.toml",
                                 "data_dir = \"" + daemon.dataDirectory().string() + "\"\n");
  return {{{"VIDEOD_CONFIG", file}}, {}, {}};
}

// A Unix socket in a data directory; listening where `listens`.
Descriptor socketAt(const std::filesystem::path& path, bool listens) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(made.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  if (listens) REQUIRE(::listen(made.number(), 5) == 0);
  return made;
}

}  // namespace

TEST_CASE("videod serves, reports its addresses, and exits with 0") {
  const int number = GENERATE(SIGTERM, SIGINT);
  Daemon daemon;
  CHECK(daemon.address().starts_with("127.0.0.1:"));
  CHECK(daemon.address() != "127.0.0.1:0");
  CHECK(get(daemon.url() + "/healthz").first == "200");
  CHECK(get(daemon.url() + "/readyz").first == "200");
  CHECK(get(daemon.url() + "/version").second.find("\"version\"") != std::string::npos);
  CHECK(get(daemon.url() + "/no/such/path").first == "404");
  daemon.signal(number);
  CHECK(daemon.wait() == 0);
  CHECK(daemon.log().find("msg=stopping") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(daemon.dataDirectory() / "videod.sock"));
}

TEST_CASE("the operator socket exists while the daemon runs, for the daemon's group only") {
  Daemon daemon;
  const std::filesystem::path socket = daemon.dataDirectory() / "videod.sock";
  struct stat status {};
  REQUIRE(::stat(socket.c_str(), &status) == 0);
  CHECK(S_ISSOCK(status.st_mode));
  CHECK((status.st_mode & 07777) == 0660);
  CHECK(get("http://localhost/user", {"--unix-socket", socket.string()}).first == "200");
  CHECK(get(daemon.url() + "/user").first == "401");

  Daemon second("", {}, daemon.dataDirectory());  // goes on without the socket, and says so
  CHECK(second.log().find("another daemon owns the operator socket") != std::string::npos);
  CHECK(get(second.url() + "/readyz").first == "200");
  CHECK(second.terminate() == 0);
  CHECK(get("http://localhost/user", {"--unix-socket", socket.string()}).first == "200");
  daemon.kill();
  Daemon third("", {}, daemon.dataDirectory());  // a dead daemon's socket is taken over
  CHECK(get("http://localhost/user", {"--unix-socket", socket.string()}).first == "200");
  CHECK(third.terminate() == 0);
}

TEST_CASE("members of the daemon's group are the operator, also through a supplementary group") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can be somebody else");
    return;
  }
  Daemon daemon;
  const std::filesystem::path socket = daemon.dataDirectory() / "videod.sock";
  namespace fs = std::filesystem;
  for (const fs::path& folder : {daemon.dataDirectory(), daemon.dataDirectory().parent_path()})
    fs::permissions(folder, fs::perms::others_exec | fs::perms::group_exec, fs::perm_options::add);
  fs::permissions(socket, fs::perms::all);  // whoever may connect is asked who he is
  const auto status = [&](const std::string& groups) {
    return run({"setpriv", "--reuid=65534", "--regid=65534", groups, "curl", "-s", "-o", "/dev/null", "-w",
                "%{http_code}", "--unix-socket", socket.string(), "http://localhost/user"})
        .out;
  };
  CHECK(status("--groups=0") == "200");
  CHECK(status("--groups=100") == "403");
  CHECK(status("--clear-groups") == "403");
}

TEST_CASE("a request in progress is answered before the daemon stops") {
  Daemon daemon("[http]\nshutdown_timeout = \"20s\"\n");
  const std::string body = R"({"user_name":"anna","pwd":"correct horse"})";
  const Descriptor socket = connectTo(daemon.address());
  send(socket, "POST /user HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: none\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\nExpect: 100-continue\r\n\r\n");
  char answer[1024]{};
  REQUIRE(::recv(socket.number(), answer, sizeof answer, 0) > 0);  // 100 Continue: the request is under way
  daemon.signal(SIGTERM);
  daemon.waitForLog("msg=stopping");
  send(socket, body);
  std::string text;
  for (ssize_t got = 0; (got = ::recv(socket.number(), answer, sizeof answer, 0)) > 0;)
    text.append(answer, static_cast<std::size_t>(got));
  CHECK(text.starts_with("HTTP/1.1 201"));
  CHECK(daemon.wait() == 0);
}

TEST_CASE("a second signal stops the daemon at once") {
  Daemon daemon("[http]\nshutdown_timeout = \"1h\"\n");
  const Descriptor socket = connectTo(daemon.address());
  send(socket, "POST /user HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
  char answer[256];
  REQUIRE(::recv(socket.number(), answer, sizeof answer, 0) > 0);
  daemon.signal(SIGTERM);
  daemon.waitForLog("msg=stopping");
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("SIGHUP applies reloadable settings, keeps the others, and drops no connection") {
  Daemon daemon("[stream]\nmax_connections = 7\n");
  const auto limits = [&] {
    const auto parsed = nlohmann::json::parse(videoctl({"-o", "json", "server", "limits"}, onSocket(daemon)).out);
    return parsed.at("limits").at(0).at("most").get<int>();
  };
  const Descriptor kept = connectTo(daemon.address());
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
  char answer[1024]{};
  send(kept, request);
  REQUIRE(::recv(kept.number(), answer, sizeof answer, 0) > 0);
  CHECK(limits() == 7);

  const std::string others =
      "[http]\nbacklog = 99\n[log]\nlevel = \"debug\"\n[task.orphan-sweep]\nevery = \"10ms\"\njitter = \"0s\"\n";
  daemon.configure("[stream]\nmax_connections = 9\n[moderation]\nwords = [\"spam\"]\n" + others);
  daemon.signal(SIGHUP);
  CHECK(daemon.waitForLog("msg=reloaded changed=") ==
        "\"log.level moderation.words stream.max_connections task.orphan-sweep.cron task.orphan-sweep.every "
        "task.orphan-sweep.jitter\"");
  CHECK(daemon.waitForLog("some settings need a restart\" kept=") == "http.backlog");
  CHECK(limits() == 9);
  const std::vector<std::string> swept{"-o", "tsv", "--no-header", "task", "show", "orphan-sweep", "--columns", "runs"};
  test::waitFor("the task runs", [&] { return videoctl(swept, onSocket(daemon)).out != "0\n"; });
  CHECK(daemon.waitForLog("level=debug msg=\"task run: nothing to do\" task=") == "orphan-sweep");

  daemon.configure("[stream]\n\nmax_connection = 11\n");
  daemon.signal(SIGHUP);
  CHECK(daemon.waitForLog("keeping the old configuration\" error=").find(":3: stream.max_connection: unknown key") !=
        std::string::npos);
  CHECK(limits() == 9);
  CHECK(videoctl({"server", "reload"}, onSocket(daemon)).status == 7);

  daemon.configure("[stream]\nmax_connections = 12\n[moderation]\nwords = [\"spam\"]\n" + others);
  const Ended reload = videoctl({"-o", "tsv", "--no-header", "server", "reload"}, onSocket(daemon));
  CHECK(reload.status == 0);
  CHECK(reload.out == "changed\tstream.max_connections\t\t\nkept\thttp.backlog\t\ttakes effect after a restart\n");
  CHECK(limits() == 12);

  send(kept, request);
  REQUIRE(::recv(kept.number(), answer, sizeof answer, 0) > 0);
  CHECK(std::string_view(answer).starts_with("HTTP/1.1 200"));
  daemon.signal(SIGUSR1);
  daemon.waitForLog("no log file");
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("a flood of connections leaves the operator socket answering, and is counted") {
  const int most = GENERATE(0, 4);
  Daemon daemon("[http]\nmax_connections = 8\nmax_connections_per_ip = " + std::to_string(most) + "\n");
  std::vector<Descriptor> flood;
  for (int i = 0; i < 400; ++i) flood.push_back(connectTo(daemon.address()));
  for (int i = 0; i < 3; ++i) CHECK(videoctl({"server", "status"}, onSocket(daemon)).status == 0);
  const std::string socket = (daemon.dataDirectory() / "videod.sock").string();
  const std::string counter = most == 0 ? "\nvideod_connections_refused_total 392\n"
                                        : "\nvideod_tokens_refused_total{bucket=\"connection_address\"} 396\n";
  test::waitFor("all are refused or served", [&] {
    return get("http://localhost/metrics", {"--unix-socket", socket}).second.find(counter) != std::string::npos;
  });
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("server status shows the daemon, and fails with status 8 if none runs") {
  Daemon daemon;
  const Ended status = videoctl({"-o", "json", "server", "status"}, onSocket(daemon));
  REQUIRE(status.status == 0);
  const auto parsed = nlohmann::json::parse(status.out);
  CHECK(parsed.at("pid") == daemon.pid());
  CHECK(parsed.at("ready") == true);
  CHECK(get(daemon.url() + "/server/status").first == "401");
  CHECK(get(daemon.url() + "/metrics").first == "401");
  const std::vector<std::string> direct{"--data-dir", daemon.dataDirectory().string(), "server", "limits"};
  CHECK(videoctl(direct).status == 0);
  const auto [code, text] =
      get("http://localhost/metrics", {"--unix-socket", (daemon.dataDirectory() / "videod.sock").string()});
  CHECK(code == "200");
  for (const char* const line :
       {"videod_tokens{bucket=\"streams\"} 0", "videod_tokens_max{bucket=\"uploads\"} 64",
        "videod_answers_total{op=\"server.status\",status=\"4xx\"} 1", "videod_deletions{state=\"dead\"} 0",
        "videod_deletions_cleared_total 0", "videod_task_runs_total{task=\"backup\"} 0",
        "videod_answer_seconds_bucket{le=\"+Inf\"}", "videod_connections ", "videod_sent_bytes_total"})
    CHECK(text.find(line) != std::string::npos);
  daemon.terminate();
  const Ended none = videoctl(direct);
  CHECK(none.status == 8);
  CHECK(none.err.find("none answers") != std::string::npos);
}

TEST_CASE("server check-config judges a configuration as the daemon does") {
  const TempDirectory folder;
  const std::string file = (folder / "videod.toml").string();
  const auto check = [&](std::string_view text) {
    std::ofstream(file) << text;
    return videoctl({"server", "check-config", file, "--no-header"});
  };
  const Ended good = check("[log]\naccess = false\n");
  CHECK(good.status == 0);
  CHECK(good.out == "good\t\t" + file + "\t\n");
  const Ended bad = check("[log]\naccess = 3\n");
  CHECK(bad.status == 10);
  CHECK(bad.out == "bad\t\t" + file + "\t" + file + ":2: log.access: must be true, false or an absolute path\n");
  CHECK(check("[log\n").status == 10);
  CHECK(videoctl({"server", "check-config", (folder / "none.toml").string()}).status == 10);
}

TEST_CASE("one process on the four ports of the original site: each port serves only its role") {
  const std::string config = R"([[listener]]
address = "127.0.0.1:0"
roles = ["api"]
[[listener]]
address = "127.0.0.1:0"
roles = ["stream"]
[[listener]]
address = "127.0.0.1:0"
roles = ["scheduler"]
trusted = true
[[listener]]
address = "127.0.0.1:0"
roles = ["web"]
)";
  Daemon daemon(config);
  REQUIRE(daemon.addresses().size() == 4);
  const auto status = [&](std::size_t listener, const std::string& path) {
    return get("http://" + daemon.addresses()[listener] + path).first;
  };
  const std::string video = "/videos/01930000-0000-7000-8000-000000000000";
  for (std::size_t at = 0; at < 4; ++at) CHECK(status(at, "/readyz") == "200");
  const std::string version = get("http://" + daemon.addresses()[3] + "/version").second;
  for (const auto& [role, at] : {std::pair("api", 0), std::pair("stream", 1), std::pair("scheduler", 2)})
    CHECK(nlohmann::json::parse(version).at("roles").at(role) ==
          "http://" + daemon.addresses()[static_cast<std::size_t>(at)]);
  CHECK(status(0, video + "/comments") == "404");  // there is no such video
  CHECK(get("http://" + daemon.addresses()[0] + video).second.find("no such path") != std::string::npos);
  CHECK(status(0, "/user") == "401");
  CHECK(status(1, "/user") == "404");
  CHECK(status(2, "/user") == "404");
  CHECK(status(3, "/user") == "401");  // pages never cross origins
  CHECK(status(2, "/deletions") == "401");
  CHECK(status(0, "/deletions") == "404");
  CHECK(status(3, "/deletions") == "404");
  CHECK(status(2, "/metrics") == "200");  // trusted
  CHECK(status(0, "/metrics") == "401");
  const auto onTrusted = [&](std::vector<std::string> flags) {
    return get("http://" + daemon.addresses()[2] + "/metrics", std::move(flags)).first;
  };
  const std::string port = daemon.addresses()[2].substr(daemon.addresses()[2].rfind(':'));
  CHECK(onTrusted({"-H", "Host: localhost" + port}) == "200");
  CHECK(onTrusted({"-H", "Host: rebound.example" + port}) == "403");
  CHECK(onTrusted({"-H", "Origin: http://" + daemon.addresses()[0]}) == "403");
  CHECK(onTrusted({"-H", "Sec-Fetch-Site: cross-site"}) == "403");
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("four processes share a data directory, each with a role") {
  const auto only = [](const char* role) {
    return fmt::format("[[listener]]\naddress = \"127.0.0.1:0\"\nroles = [\"{}\"]\n", role);
  };
  Daemon api(only("api"));
  Daemon stream(only("stream"), {}, api.dataDirectory());
  Daemon scheduler(only("scheduler"), {}, api.dataDirectory());
  Daemon web(only("web"), {}, api.dataDirectory());
  const auto reply = [](const std::vector<std::string>& arguments, const std::string& url) {
    return nlohmann::json::parse(get(url, arguments).second);
  };
  const std::string session =
      reply({"-d", R"({"user_name":"anna","pwd":"long enough"})"}, api.url() + "/user")["session_id"];
  const std::string header = "X-Session-Id: " + session;
  const std::string id = reply({"-H", header, "-d", R"({"name":"clip"})"}, web.url() + "/user/anna/videos")["id"];
  const TempDirectory home;
  const std::string file = write(home / "clip.mp4", mp4Front() + "and so on");
  CHECK(get(stream.url() + "/upload/" + id, {"-H", header, "-T", file}).first == "201");
  CHECK(get(web.url() + "/videos/" + id).second.ends_with("and so on"));
  CHECK(get(api.url() + "/video/" + id, {"-H", header, "-X", "DELETE"}).first == "204");
  CHECK(get(stream.url() + "/videos/" + id).first == "404");
  CHECK(get(scheduler.url() + "/deletions", {"-H", header}).first == "403");
  for (Daemon* const daemon : {&web, &scheduler, &stream, &api}) CHECK(daemon->terminate() == 0);
}

TEST_CASE("listeners on IPv6 and on a Unix socket, whose callers have no special rights") {
  const TempDirectory home;
  const std::string socket = (home / "web.sock").string();
  std::string config = "[[listener]]\naddress = \"unix:" + socket + "\"\n";
  const Descriptor six(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  const bool hasSix = ::bind(six.number(), reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
  if (hasSix) config += "[[listener]]\naddress = \"[::1]:0\"\n";
  Daemon daemon(config);
  CHECK(daemon.address() == "unix:" + socket);
  CHECK(get("http://localhost/readyz", {"--unix-socket", socket}).first == "200");
  CHECK(get("http://localhost/user", {"--unix-socket", socket}).first == "401");
  if (hasSix) {
    CHECK(daemon.addresses().at(1).starts_with("[::1]:"));
    CHECK(get("http://" + daemon.addresses()[1] + "/readyz").first == "200");
    daemon.waitForLog("address=::1");
  } else {
    WARN("skipped: this machine has no IPv6");
  }
  CHECK(daemon.terminate() == 0);
  CHECK_FALSE(std::filesystem::exists(socket));
}

TEST_CASE("a socket passed by systemd becomes the listener for its address and outlives the daemon") {
  const TempDirectory home;
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(socket.number(), 5) == 0);
  REQUIRE(::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string listen = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const auto start = [&](const std::string& at) {
    return std::make_unique<Program>(std::vector<std::string>{
        "bash", "-c", fmt::format("exec 3<&{}; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", socket.number()), "-",
        builtProgram("videod"), "--data-dir", (home / "data").string(), "--listen", at});
  };
  const auto first = start(listen);
  first->waitForError("msg=ready ");
  CHECK(get("http://" + listen + "/readyz").first == "200");
  first->signal(SIGTERM);
  CHECK(first->wait().status == 0);
  const Descriptor waiting = connectTo(listen);  // nobody serves, and nobody is refused
  send(waiting, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto second = start(listen);
  char answer[64]{};
  const ssize_t got = ::recv(waiting.number(), answer, sizeof answer, 0);
  REQUIRE(got > 0);
  CHECK(std::string_view(answer, static_cast<std::size_t>(got)).starts_with("HTTP/1.1 200"));
  second->signal(SIGTERM);
  CHECK(second->wait().status == 0);
  const Ended stranger = start("127.0.0.1:0")->wait();
  CHECK(stranger.status == 2);
  CHECK(stranger.err.find(listen) != std::string::npos);
}

TEST_CASE("videod starts again after being killed at any time") {
  const TempDirectory home;
  for (int i = 0; i < 3; ++i) {
    Daemon daemon("", {}, home / "data");
    CHECK(get(daemon.url() + "/readyz").first == "200");
    daemon.kill();
  }
}

TEST_CASE("the flags --help, --version and --check") {
  const TempDirectory home;
  const Ended version = videod({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out == "videod " VIDEO_VERSION "\n");
  const Ended help = videod({"--help"});
  CHECK(help.status == 0);
  for (const char* const flag : {"--config", "--data-dir", "--listen", "--no-tasks", "--check", "--version"})
    CHECK(help.out.find(flag) != std::string::npos);
  CHECK(videod({"--check", "--config", std::string(VIDEO_SOURCE_DIR) + "/etc/videod.toml"}).status == 0);
  const std::string file = write(home / "videod.toml", "data_dir = \"" + (home / "data").string() + "\"\n");
  const Ended check = videod({"--check"}, {{{"VIDEOD_CONFIG", file}}, {}, {}});
  CHECK(check.status == 0);
  CHECK(check.out == file + ": ok\n");
  CHECK_FALSE(std::filesystem::exists(home / "data"));  // it looks, and touches nothing
}

TEST_CASE("an invalid flag or configuration exits with 2 and names the place") {
  const TempDirectory home;
  CHECK(videod({"--no-such-flag"}).status == 2);
  CHECK(videod({"stray"}).status == 2);
  CHECK(videod({"--config"}).status == 2);
  const Ended listen = videod({"--listen", "8000", "--data-dir", (home / "data").string()});
  CHECK(listen.status == 2);
  CHECK(listen.err == "videod: --listen: \"8000\" is not HOST:PORT, [V6]:PORT or unix:PATH\n");
  const Ended missing = videod({"--config", (home / "none.toml").string()});
  CHECK(missing.status == 2);
  CHECK(missing.err == "videod: configuration file " + (home / "none.toml").string() + ": No such file or directory\n");
  const std::string file = write(home / "bad.toml", "[http]\n\nworker = 8\n");
  const Ended bad = videod({"--config", file, "--check"});
  CHECK(bad.status == 2);
  CHECK(bad.err == "videod: " + file + ":3: http.worker: unknown key\n");
  CHECK_FALSE(std::filesystem::exists(home / "data"));
}

TEST_CASE("an unusable directory or address exits with 8") {
  const TempDirectory home;
  const std::string inFile = write(home / "file", "no folder").string() + "/data";
  const Ended missing = videod({"--data-dir", inFile, "--listen", "127.0.0.1:0"});
  CHECK(missing.status == 8);
  CHECK(missing.err.find("videod: ") != std::string::npos);
  CHECK(missing.err.find(inFile) != std::string::npos);

  std::filesystem::create_directory(home / "other");
  write(home / "other/letter.txt", "not ours");
  CHECK(videod({"--data-dir", (home / "other").string(), "--listen", "127.0.0.1:0"}).status == 8);
  CHECK(std::distance(std::filesystem::directory_iterator(home / "other"), {}) == 1);

  Daemon daemon;
  const Ended taken = videod({"--data-dir", (home / "data").string(), "--listen", daemon.address()});
  CHECK(taken.status == 8);
  CHECK(taken.err.find(daemon.address()) != std::string::npos);
}

TEST_CASE("a directory in which others may write exits with 6") {
  const TempDirectory home;
  const std::string data = (home / "data").string();
  REQUIRE(videoctl({"--data-dir", data, "data", "init"}).status == 0);
  std::filesystem::permissions(data, std::filesystem::perms::group_write, std::filesystem::perm_options::add);
  const Ended daemon = videod({"--data-dir", data, "--listen", "127.0.0.1:0"});
  CHECK(daemon.status == 6);
  CHECK(daemon.err.find("chmod go-w " + data) != std::string::npos);
  const Ended direct = videoctl({"--direct", "--data-dir", data, "user", "list"});
  CHECK(direct.status == 6);
  CHECK(direct.err.find("chmod go-w " + data) != std::string::npos);
}

TEST_CASE("a newer schema exits with 12 and is left unchanged") {
  Daemon first;
  REQUIRE(first.terminate() == 0);
  const std::string database = (first.dataDirectory() / "video.db").string();
  REQUIRE(run({"sqlite3", database, "PRAGMA user_version = 9999"}).status == 0);
  const Ended newer = videod({"--data-dir", first.dataDirectory().string(), "--listen", "127.0.0.1:0"});
  CHECK(newer.status == 12);
  CHECK(run({"sqlite3", database, "PRAGMA user_version"}).out == "9999\n");
}

TEST_CASE(
    "without readers of its log, or without any stdin, stdout and stderr, videod serves, and stops when told to") {
  const TempDirectory home;
  const std::string data = (home / "data").string();
  const std::string socket = (home / "web.sock").string();
  const std::string fifo = (home / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const Descriptor unread(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  const std::string how = GENERATE("2>\"$0\"", "<&- >&- 2>&-");
  INFO(how);
  Program daemon({"sh", "-c", "umask 077; exec \"$@\" " + how, fifo, builtProgram("videod"), "--data-dir", data,
                  "--listen", "unix:" + socket});
  const std::vector<std::string> local{"--unix-socket", socket, "-m", "20"};
  test::waitFor("it serves", [&] { return get("http://localhost/readyz", local).first == "200"; });
  // More lines than a pipe holds.
  const Ended answers = run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}\n", "-m", "20", "--unix-socket",
                             socket, "http://localhost/healthz?[1-2000]"});
  CHECK(std::count(answers.out.begin(), answers.out.end(), '\n') == 2000);
  CHECK(answers.out.find("000") == std::string::npos);
  daemon.signal(SIGTERM);
  CHECK(daemon.wait().status == 0);
  CHECK(std::filesystem::file_size(home / "data" / "LOCK") == 0);
  struct stat lock {};
  REQUIRE(::stat((data + "/videod.sock.lock").c_str(), &lock) == 0);
  CHECK((lock.st_mode & 07777) == 0640);  // whatever the umask
}

TEST_CASE("the access log can be switched on and off by a reload") {
  const std::string off = "[log]\naccess = false\n";
  Daemon daemon(off);
  const auto ask = [&](const std::string& path) { CHECK(get(daemon.url() + path).first == "404"); };
  const auto reload = [&](const std::string& config) {
    daemon.configure(config);
    CHECK(videoctl({"server", "reload"}, onSocket(daemon)).status == 0);
  };
  ask("/first");
  reload("");
  ask("/second");
  daemon.waitForLog("path=/second ");
  reload(off);
  ask("/third");
  CHECK(daemon.terminate() == 0);
  CHECK(daemon.log().find("path=/first") == std::string::npos);
  CHECK(daemon.log().find("path=/third") == std::string::npos);
}

TEST_CASE("a listener on a Unix socket that another daemon serves is refused with 8, and goes on there") {
  const TempDirectory home;
  const std::string socket = (home / "web.sock").string();
  Daemon daemon("[[listener]]\naddress = \"unix:" + socket + "\"\n");
  const Ended refused = videod({"--data-dir", (home / "other").string(), "--listen", "unix:" + socket});
  CHECK(refused.status == 8);
  CHECK(refused.err.find("unix:" + socket + ": another process listens there") != std::string::npos);
  CHECK(get("http://localhost/readyz", {"--unix-socket", socket}).first == "200");
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("--lock-timeout counts through the socket and HTTP too") {
  Daemon daemon("[storage]\nlock_timeout = \"20ms\"\n");
  Given given = onSocket(daemon);
  given.input = "password of ada";
  REQUIRE(videoctl({"user", "add", "ada", "--role", "admin", "--password-stdin"}, given).status == 0);
  const std::string token =
      videoctl({"--as", "ada", "token", "create", "--label", "x", "--scope", "admin"}, onSocket(daemon)).out;
  const bool bySocket = GENERATE(true, false);
  Given caller = bySocket ? onSocket(daemon) : Given{};
  if (!bySocket) caller.environment = {{"VIDEOCTL_SERVER", daemon.url()}, {"VIDEOCTL_TOKEN", token.substr(0, 47)}};
  const std::vector<std::string> set{"user", "set", "ada", "--quota", "5MiB"};
  const auto with = [&](const std::string& timeout) {
    std::vector<std::string> all{builtProgram("videoctl"), "--lock-timeout", timeout};
    all.insert(all.end(), set.begin(), set.end());
    return all;
  };
  std::optional<Descriptor> lock(::open((daemon.dataDirectory() / "WRITE").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(::flock(lock->number(), LOCK_EX) == 0);
  CHECK(run(with("150ms"), caller).status == 9);
  Program waits(with("1m"), caller);
  daemon.waitForLog("op=users.change method=PATCH path=/user/ada status=503");
  const auto refusals = [&] {
    const std::string log = daemon.log();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find("op=users.change", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  const std::size_t before = refusals();
  test::waitFor("it asks again", [&] { return refusals() >= before + 2; });
  lock.reset();
  CHECK(waits.wait().status == 0);
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("an operator socket that does not answer is status 8; one that nobody serves is ignored") {
  const TempDirectory folder;
  const std::filesystem::path data = folder / "data";
  REQUIRE(videoctl({"--data-dir", data.string(), "data", "init"}).status == 0);
  const std::string config = write(folder / "videod.toml", "data_dir = \"" + data.string() + "\"\n");
  {
    const Descriptor silent = socketAt(data / "videod.sock", true);
    const Ended ended = videoctl({"--config", config, "--timeout", "300ms", "user", "list"});
    CHECK(ended.status == 8);
    CHECK(ended.err.find("videod.sock") != std::string::npos);
  }
  std::filesystem::remove(data / "videod.sock");
  const Descriptor stale = socketAt(data / "videod.sock", false);
  const Ended ended = videoctl({"-v", "--config", config, "user", "list"});
  CHECK(ended.status == 0);
  CHECK(ended.err.starts_with("videoctl: direct "));
}
