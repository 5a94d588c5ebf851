#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "e2e/ctl.hpp"
#include "os/descriptor.hpp"

namespace video::e2e {

/// videoctl on a terminal; what it shows is gathered as it is waited for.
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
      if (const std::string_view text(*variable); !text.starts_with("TERM=") && !text.starts_with("COLUMNS="))
        environment.push_back(*variable);
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

  /// Waits until it has shown this, behind what was waited for before.
  void expect(const std::string& text) {
    for (std::size_t at; (at = shown.find(text, seen_)) == std::string::npos;) {
      INFO(shown);
      REQUIRE(more());
    }
    seen_ = shown.find(text, seen_) + text.size();
  }
  void resize(unsigned short columns) {
    const winsize size{24, columns, 0, 0};
    REQUIRE(::ioctl(master_.number(), TIOCSWINSZ, &size) == 0);
  }
  void type(const std::string& keys) {
    REQUIRE(::write(master_.number(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  bool echoes() const {
    termios now{};
    REQUIRE(::tcgetattr(master_.number(), &now) == 0);
    return (now.c_lflag & ECHO) != 0;
  }
  /// Its exit status, or 128 + the signal that ended it.
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

}  // namespace video::e2e
