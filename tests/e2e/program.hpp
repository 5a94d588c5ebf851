#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.hpp"
#include "temp.hpp"
#include "wait.hpp"

namespace video::e2e {

using test::patience;

/// How a program ended, and what it wrote.
struct Ended {
  int status = -1;  ///< exit status, or 128 + the signal that ended it
  std::string out;
  std::string err;
};

/// What a program is given beside its arguments.
struct Given {
  std::map<std::string, std::string> environment;  ///< added to ours; VIDEO… and XDG… variables of ours are left out
  std::string input;                               ///< its stdin
  std::filesystem::path folder;                    ///< where it runs; empty: where the test does
};

/// The path of one of our programs, as built: `videod`, `videoctl`.
std::string builtProgram(const std::string& name);

/// A program that runs. Its stdout and stderr are gathered all the time, so that it never waits for us.
class Program {
 public:
  /// Starts `arguments[0]` (found by PATH where it has no slash). Throws where that fails.
  explicit Program(const std::vector<std::string>& arguments, const Given& given = {});
  ~Program();  ///< kills it where it still runs
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits for its end. Throws, after killing it, where that takes longer than `patience`.
  Ended wait(std::chrono::milliseconds limit = patience);
  /// Waits until its stderr has `text`; what follows it on that line. Throws where it ends before, or takes too long.
  std::string waitForError(const std::string& text, std::chrono::milliseconds limit = patience);
  /// What stderr has so far.
  std::string errorSoFar() const;

 private:
  struct Gathered;
  void checkSecrets() const;
  std::shared_ptr<Gathered> gathered_;
  pid_t pid_ = -1;
  bool ours_ = false;
  bool ended_ = false;
  int status_ = -1;
  std::jthread gatherer_;
};

/// From now on no program of ours may have this in its arguments or on its stderr: what ends fails its test. Passwords
/// given to --password-stdin, tokens and session ids that a program prints are kept by themselves.
void keepSecret(const std::string& secret);

/// Runs a program to its end.
Ended run(const std::vector<std::string>& arguments, const Given& given = {});

/// Runs videoctl with these arguments to its end.
Ended videoctl(std::vector<std::string> arguments, const Given& given = {});

/// How an mp4 begins: by these bytes a file is taken for one.
std::string mp4Front();

/// A videod of our own: serves a temporary data directory, or one that is given, on a port of its choice.
class Daemon {
 public:
  /// `config` is the text of its configuration file, without data_dir; where it has no [[listener]], there is one on a
  /// port of its choice. Returns once it serves.
  explicit Daemon(const std::string& config = {}, const std::vector<std::string>& moreArguments = {},
                  const std::filesystem::path& dataDirectory = {});

  std::string address() const { return addresses_.front(); }  ///< `127.0.0.1:PORT`, of the first listener
  /// Of all listeners, in the order of the configuration.
  const std::vector<std::string>& addresses() const { return addresses_; }
  std::string url() const { return "http://" + address(); }  ///< without a slash at its end
  const std::filesystem::path& dataDirectory() const { return dataDirectory_; }
  pid_t pid() const { return program_->pid(); }
  void signal(int number) const { program_->signal(number); }
  std::string log() const { return program_->errorSoFar(); }
  /// Waits for a line of its log with this text; what follows the text.
  std::string waitForLog(const std::string& text) const { return program_->waitForError(text); }
  /// Writes its configuration file anew; for a reload.
  void configure(const std::string& config) const;
  /// SIGTERM, and its exit status.
  int terminate();
  /// SIGKILL, and gone.
  void kill();
  /// Waits for its end without a signal; its exit status.
  int wait() { return program_->wait().status; }

 private:
  TempDirectory home_;
  std::filesystem::path dataDirectory_;
  std::unique_ptr<Program> program_;
  std::vector<std::string> addresses_;
};

}  // namespace video::e2e
