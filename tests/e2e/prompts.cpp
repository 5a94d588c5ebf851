// Questions and passwords on a terminal of their own.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
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
  explicit Terminal(Words words) {
    words.insert(words.begin(), builtProgram("videoctl"));
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int master = -1;
    pid_ = ::forkpty(&master, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
      ::execv(arguments[0], arguments.data());
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
