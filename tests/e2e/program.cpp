#include "e2e/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <regex>
#include <set>
#include <stdexcept>

#include "catch.hpp"
#include "os/descriptor.hpp"

extern char** environ;

namespace video::e2e {
namespace {

struct Pipe {
  Descriptor reading;
  Descriptor writing;

  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
    reading = Descriptor(ends[0]);
    writing = Descriptor(ends[1]);
  }
};

std::vector<std::string> environmentFor(const Given& given) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    const bool isOurs = name.starts_with("VIDEO") || name.starts_with("XDG") || name.ends_with("_proxy") ||
                        name.ends_with("_PROXY") || name == "NOTIFY_SOCKET" || name == "COLUMNS" ||
                        name == "JOURNAL_STREAM";
    if (!isOurs && !given.environment.contains(name)) all.push_back(text);
  }
  for (const auto& [name, value] : given.environment) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

struct Secrets {
  std::mutex mutex;
  std::set<std::string> all;
};

Secrets& secrets() {
  static Secrets known;
  return known;
}

// The first secret that a text has in it; empty where there is none.
std::string secretIn(std::string_view text) {
  const std::lock_guard lock(secrets().mutex);
  for (const std::string& secret : secrets().all)
    if (text.find(secret) != std::string_view::npos) return secret;
  return {};
}

void learnSecrets(const std::string& out) {
  static const std::regex form(R"rx(vdt_[A-Za-z0-9_-]{43}|"session_id":"[A-Za-z0-9_-]{43})rx");
  for (std::sregex_iterator found(out.begin(), out.end(), form), end; found != end; ++found)
    keepSecret(found->str().substr(found->str().rfind('"') + 1));
}

}  // namespace

void keepSecret(const std::string& secret) {
  constexpr std::size_t least = 8;  // what is shorter stands in other words too
  if (secret.size() < least) return;
  const std::lock_guard lock(secrets().mutex);
  secrets().all.insert(secret);
}

struct Program::Gathered {
  std::mutex mutex;
  std::condition_variable changed;
  std::string out;
  std::string err;
  bool closed = false;

  // Feeds `input` and reads both streams until they are closed.
  void gather(Descriptor in, std::string_view input, const Descriptor& outEnd, const Descriptor& errEnd) {
    if (input.empty()) in.reset();
    std::array<pollfd, 3> polled{pollfd{in.number(), POLLOUT, 0}, pollfd{outEnd.number(), POLLIN, 0},
                                 pollfd{errEnd.number(), POLLIN, 0}};
    std::array<char, 65536> buffer;
    while (polled[1].fd >= 0 || polled[2].fd >= 0) {
      if (::poll(polled.data(), polled.size(), -1) < 0) continue;
      if (polled[0].fd >= 0 && polled[0].revents != 0) {
        const ssize_t written = ::write(in.number(), input.data(), input.size());
        if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
        if (input.empty() || (written < 0 && errno != EAGAIN)) {
          in.reset();
          polled[0].fd = -1;
        }
      }
      for (const std::size_t stream : {1U, 2U}) {
        if (polled[stream].fd < 0 || polled[stream].revents == 0) continue;
        const ssize_t got = ::read(polled[stream].fd, buffer.data(), buffer.size());
        const std::lock_guard lock(mutex);
        if (got > 0)
          (stream == 1 ? out : err).append(buffer.data(), static_cast<std::size_t>(got));
        else
          polled[stream].fd = -1;
        changed.notify_all();
      }
    }
    const std::lock_guard lock(mutex);
    closed = true;
    changed.notify_all();
  }
};

std::string builtProgram(const std::string& name) {
  return std::string(VIDEO_BINARY_DIR) + "/" + name;
}

Program::Program(const std::vector<std::string>& arguments, const Given& given)
    : gathered_(std::make_shared<Gathered>()) {
  ::signal(SIGPIPE, SIG_IGN);
  ours_ = arguments.at(0).starts_with(VIDEO_BINARY_DIR);
  if (ours_)
    for (const std::string& argument : arguments)
      if (!secretIn(argument).empty()) throw std::runtime_error("a secret stands in the arguments: " + argument);
  Pipe in;
  Pipe out;
  Pipe err;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, in.reading.number(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.writing.number(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.writing.number(), STDERR_FILENO);
  if (!given.folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, given.folder.c_str());
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> texts = arguments;
  std::vector<std::string> variables = environmentFor(given);
  const int failure = ::posix_spawnp(&pid_, arguments.at(0).c_str(), &actions, &attributes, pointersTo(texts).data(),
                                     pointersTo(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failure != 0) throw std::runtime_error("cannot start " + arguments.at(0));

  ::fcntl(in.writing.number(), F_SETFL, O_NONBLOCK);
  gatherer_ = std::jthread(
      [gathered = gathered_, input = given.input, inEnd = std::move(in.writing), outEnd = std::move(out.reading),
       errEnd = std::move(err.reading)]() mutable { gathered->gather(std::move(inEnd), input, outEnd, errEnd); });
}

Program::~Program() {
  if (!ended_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  gatherer_.join();
  checkSecrets();
}

void Program::signal(int number) const {
  if (!ended_) ::kill(pid_, number);
}

Ended Program::wait(std::chrono::milliseconds limit) {
  if (!ended_) {
    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd polled{process.number(), POLLIN, 0};
    int ready = 0;
    do ready = ::poll(&polled, 1, static_cast<int>(limit.count()));
    while (ready < 0 && errno == EINTR);
    if (ready != 1) ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ended_ = true;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (ready != 1) throw std::runtime_error("a program did not end in time; its stderr:\n" + errorSoFar());
  }
  std::unique_lock lock(gathered_->mutex);
  if (!gathered_->changed.wait_for(lock, limit, [&] { return gathered_->closed; }))
    throw std::runtime_error("a program ended, and left its output open");
  return {status_, gathered_->out, gathered_->err};
}

std::string Program::waitForError(const std::string& text, std::chrono::milliseconds limit) {
  std::unique_lock lock(gathered_->mutex);
  const std::string& err = gathered_->err;
  const auto found = [&] {
    const std::size_t at = err.find(text);
    return at != std::string::npos && err.find('\n', at) != std::string::npos;
  };
  gathered_->changed.wait_for(lock, limit, [&] { return found() || gathered_->closed; });
  if (!found()) throw std::runtime_error("no \"" + text + "\" on stderr:\n" + err);
  const std::size_t after = err.find(text) + text.size();
  return err.substr(after, err.find('\n', after) - after);
}

std::string Program::errorSoFar() const {
  const std::lock_guard lock(gathered_->mutex);
  return gathered_->err;
}

void Program::checkSecrets() const {
  const std::string leaked = ours_ ? secretIn(errorSoFar()) : std::string();
  // Catch is not for several threads, and programs may end in any.
  if (!leaked.empty()) FAIL_CHECK("on stderr: " << leaked);
}

Ended run(const std::vector<std::string>& arguments, const Given& given) {
  Program program(arguments, given);
  Ended ended = program.wait();
  learnSecrets(ended.out);
  return ended;
}

Ended videoctl(std::vector<std::string> arguments, const Given& given) {
  if (std::find(arguments.begin(), arguments.end(), "--password-stdin") != arguments.end())
    keepSecret(given.input.substr(0, given.input.find('\n')));
  arguments.insert(arguments.begin(), builtProgram("videoctl"));
  return run(arguments, given);
}

std::string mp4Front() {
  return {
      "\0\0\0\x18"
      "ftypmp42",
      12};
}

Daemon::Daemon(const std::string& config, const std::vector<std::string>& moreArguments,
               const std::filesystem::path& dataDirectory)
    : dataDirectory_(dataDirectory.empty() ? home_ / "data" : dataDirectory) {
  configure(config);
  std::vector<std::string> arguments{builtProgram("videod"), "--config", (home_ / "videod.toml").string(), "--data-dir",
                                     dataDirectory_.string()};
  if (config.find("[[listener]]") == std::string::npos) arguments.insert(arguments.end(), {"--listen", "127.0.0.1:0"});
  arguments.insert(arguments.end(), moreArguments.begin(), moreArguments.end());
  program_ = std::make_unique<Program>(arguments);
  program_->waitForError("msg=ready ");
  const std::string said = log();
  constexpr std::string_view mark = "listening address=";
  for (std::size_t at = 0; (at = said.find(mark, at)) != std::string::npos; at += mark.size())
    addresses_.push_back(said.substr(at + mark.size(), said.find('\n', at) - at - mark.size()));
}

void Daemon::configure(const std::string& config) const {
  std::ofstream(home_ / "videod.toml") << config;
}

int Daemon::terminate() {
  program_->signal(SIGTERM);
  return program_->wait().status;
}

void Daemon::kill() {
  program_->signal(SIGKILL);
  program_->wait();
}

}  // namespace video::e2e
