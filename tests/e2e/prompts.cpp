// Questions and passwords on a terminal of their own.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;

namespace {

// videoctl on a terminal; what it shows is gathered as it is waited for.
class Terminal {
 public:
  explicit Terminal(Words words, unsigned short columns = 200, const std::string& kind = "xterm") {
    words.insert(words.begin(), builtProgram("videoctl"));
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::string term = "TERM=" + kind;
    std::vector<char*> environment{term.data()};
    for (char** variable = environ; *variable != nullptr; ++variable)
      if (!std::string_view(*variable).starts_with("TERM=")) environment.push_back(*variable);
    environment.push_back(nullptr);
    int master = -1;
    winsize size{24, columns, 0, 0};
    pid_ = ::forkpty(&master, nullptr, nullptr, &size);
    if (pid_ == 0) {
      ::execve(arguments[0], arguments.data(), environment.data());
      ::_exit(127);
    }
    REQUIRE(pid_ > 0);
    master_ = Descriptor(master);
  }
  ~Terminal() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Waits until it has shown this, behind what was waited for before.
  void expect(const std::string& text) {
    for (std::size_t at; (at = shown.find(text, seen_)) == std::string::npos;) {
      INFO(shown);
      REQUIRE(more());
    }
    seen_ = shown.find(text, seen_) + text.size();
  }
  void type(const std::string& keys) {
    REQUIRE(::write(master_.number(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  bool echoes() const {
    termios now{};
    REQUIRE(::tcgetattr(master_.number(), &now) == 0);
    return (now.c_lflag & ECHO) != 0;
  }
  // Its exit status, or 128 + the signal that ended it.
  int wait() {
    while (more()) {
    }
    int status = 0;
    REQUIRE(::waitpid(std::exchange(pid_, -1), &status, 0) > 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string shown;

 private:
  bool more() {
    pollfd ready{master_.number(), POLLIN, 0};
    const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
    if (::poll(&ready, 1, static_cast<int>(most)) <= 0) return false;
    char piece[4096];
    const ssize_t count = ::read(master_.number(), piece, sizeof piece);
    if (count <= 0) return false;
    shown.append(piece, static_cast<std::size_t>(count));
    return true;
  }

  Descriptor master_;
  pid_t pid_ = -1;
  std::size_t seen_ = 0;
};

}  // namespace

TEST_CASE("a terminal is asked: for a new password twice and without echo, and before what cannot be undone") {
  const Site site("direct");
  const Words here{"--data-dir", site.daemon.dataDirectory().string()};
  {
    Terminal terminal(join(here, {"user", "add", "bob"}));
    terminal.expect("Password: ");
    CHECK_FALSE(terminal.echoes());
    terminal.type("password of bob\n");
    terminal.expect("again: ");
    terminal.type("password of eve\n");
    CHECK(terminal.wait() == 2);
    CHECK(terminal.shown.find("password of") == std::string::npos);
    CHECK(terminal.shown.find("differ") != std::string::npos);
  }
  {
    Terminal terminal(join(here, {"user", "add", "bob"}));
    terminal.expect("Password: ");
    terminal.type("\x03");
    CHECK(terminal.wait() == 128 + SIGINT);
    CHECK(terminal.echoes());
  }
  {
    Terminal terminal(join(here, {"user", "add", "bob"}));
    terminal.expect("Password: ");
    terminal.type("password of bob\n");
    terminal.expect("again: ");
    terminal.type("password of bob\n");
    CHECK(terminal.wait() == 0);
    CHECK(terminal.shown.find("password of bob") == std::string::npos);
  }
  {
    Terminal terminal(join(here, {"user", "delete", "bob"}));
    terminal.expect(site.daemon.dataDirectory().string());
    terminal.expect("[y/N] ");
    terminal.type("n\n");
    CHECK(terminal.wait() == 1);
  }
  {
    Terminal terminal(join(here, {"--no-input", "user", "delete", "bob"}));
    CHECK(terminal.wait() == 2);
    CHECK(terminal.shown.find("--yes") != std::string::npos);
  }
  CHECK(site.direct({"user", "show", "bob"}).status == 0);
  Terminal terminal(join(here, {"user", "delete", "bob"}));
  terminal.expect("[y/N] ");
  terminal.type("y\n");
  CHECK(terminal.wait() == 0);
  CHECK(site.direct({"user", "show", "bob"}).status == 4);
}

TEST_CASE("a table is cut to the terminal, in cells, and nowhere else") {
  const Site site("direct");
  const Words here{"--data-dir", site.daemon.dataDirectory().string()};
  const std::string file = write(site.folder / "a.mp4", content('a'));
  std::string name;
  for (int i = 0; i < 30; ++i) name += "\u6620";  // two cells, three bytes
  REQUIRE(site.direct({"video", "upload", file, "--name", name, "--user", "ada"}).status == 0);
  const Words list = join(here, {"video", "list", "--columns", "name", "--no-header"});
  Terminal terminal(list, 41);
  CHECK(terminal.wait() == 0);
  CHECK(terminal.shown == name.substr(0, 60) + "\r\n");
  CHECK(videoctl(join(list, {"-o", "table"})).out == name + "\n");
}

TEST_CASE("a terminal sees how far an upload and a download are, a dumb one and --no-progress nothing") {
  const Site site("direct");
  const Words here{"--data-dir", site.daemon.dataDirectory().string()};
  const std::string file = write(site.folder / "big.mp4", content('a') + std::string(3'000'000, 'b'));
  const Words upload = join(here, {"-o", "id", "video", "upload", file, "--user", "ada"});
  Terminal shown(upload);
  CHECK(shown.wait() == 0);
  CHECK(shown.shown.find("big.mp4: 2.9 MiB of 2.9 MiB [####################] 100%") != std::string::npos);
  CHECK(shown.shown.find("/s, 0:00 left") != std::string::npos);
  Terminal narrow(upload, 30);
  CHECK(narrow.wait() == 0);
  CHECK(narrow.shown.find("big.mp4: 2.9 MiB of 2.9 MiB [\x1b[K") != std::string::npos);
  for (const bool dumb : {true, false}) {
    Terminal quiet(join(upload, dumb ? Words{} : Words{"--no-progress"}), 200, dumb ? "dumb" : "xterm");
    CHECK(quiet.wait() == 0);
    CHECK(quiet.shown.find("MiB") == std::string::npos);
  }
  const std::string id = line(site.direct({"-o", "id", "video", "list", "--limit", "1"}).out);
  Terminal back(join(here, {"video", "download", id, "--to", (site.folder / "back.mp4").string()}));
  CHECK(back.wait() == 0);
  CHECK(back.shown.find("100%") != std::string::npos);
}
