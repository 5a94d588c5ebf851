#include "frame/prompt.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "frame/command.hpp"
#include "frame/files.hpp"

namespace video::ctl {
namespace {

termios visible;  // the original terminal settings, for the signal handler

// Turns echo off while in scope, and on again however the scope ends.
class Hidden {
 public:
  Hidden() {
    ::tcgetattr(STDIN_FILENO, &visible);
    struct sigaction action {};
    action.sa_handler = [](int signal) {
      ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &visible);
      std::signal(signal, SIG_DFL);
      ::raise(signal);
    };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaction(signal, &action, nullptr);
    termios hidden = visible;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ECHONL;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~Hidden() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &visible);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) std::signal(signal, SIG_DFL);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
};

void show(std::string_view question) {
  if (::write(STDERR_FILENO, question.data(), question.size()) < 0) throwFileError("the terminal", errno);
}

// Reads one line byte by byte, so that nothing after it is consumed.
std::string readLine() {
  std::string line;
  for (;;) {
    char letter = 0;
    const ssize_t count = ::read(STDIN_FILENO, &letter, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throwFileError("the terminal", errno);
    if (count == 0 && line.empty()) throw Usage("no answer");
    if (count == 0 || letter == '\n') return line;
    line += letter;
  }
}

std::string askHidden(std::string_view question) {
  const Hidden hidden;
  show(question);
  return readLine();
}

}  // namespace

bool canAsk(const Flags& flags) {
  return !flags.noInput && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
}

std::string ask(std::string_view question) {
  show(harmless(question));
  return readLine();
}

std::string readPassword(const Flags& flags, const PasswordFrom& from, bool twice, std::string_view question) {
  if (from.input && !from.file.empty()) throw Usage("--password-stdin and --password-file: give only one of them");
  if (from.input) return readInput(64 * 1024);
  if (!from.file.empty()) {
    std::string password = readSecretFile(from.file);
    if (password.ends_with('\n')) password.pop_back();
    if (password.ends_with('\r')) password.pop_back();
    return password;
  }
  if (!canAsk(flags)) throw Usage("no terminal to ask for the password: use --password-stdin or --password-file FILE");
  const std::string password = askHidden(question);
  if (twice && askHidden("Repeat password: ") != password) throw Usage("the two passwords differ");
  return password;
}

void confirm(const Flags& flags, std::string_view command, std::string_view question) {
  if (flags.yes) return;
  if (!canAsk(flags)) throw Usage(fmt::format("{}: no terminal to ask for confirmation: add --yes", command));
  const std::string answer = ask(fmt::format("{} [y/N] ", question));
  if (answer != "y" && answer != "Y" && answer != "yes") throw Error(Fault::internal, "cancelled; nothing was done");
}

}  // namespace video::ctl
