#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "os/descriptor.hpp"

namespace video::os {

/// What a sandboxed program may use. At a limit it is killed, or its calls fail.
struct SandboxLimits {
  std::uint64_t memory = 1ULL << 30;       ///< bytes of address space
  std::chrono::seconds processor{60};      ///< processor time
  std::chrono::milliseconds time{90'000};  ///< from start to end
  std::uint64_t fileSize = 0;              ///< bytes of the output file
  std::uint64_t printed = 1ULL << 20;      ///< bytes of standard output
  /// After so long with less than a tenth of a core it no longer waits for an idle one.
  std::chrono::milliseconds patience{1000};
};

/// A program to run in the sandbox.
struct SandboxedProgram {
  std::vector<std::string> command;  ///< the path of the program, and its arguments
  int input = -1;                    ///< an open file that it may read, as descriptor 3 and as /proc/self/fd/3
  int output = -1;  ///< a file that it may write, as descriptor 4 and, with Landlock, as /proc/self/fd/4
  SandboxLimits limits{};
};

/// Returns whether the kernel can confine the files that a program opens (Landlock). Without that, a sandboxed program
/// may open any file for reading that the user may read, and none for writing.
bool hasLandlock() noexcept;

/// A child process that runs a program on untrusted input: without privileges, network, other processes, and files but
/// its input, its output, and those of the system; it runs while a core has nothing else to do, or if there is none for
/// long, at the lowest priority. Its standard input is empty; what it prints is collected. It is killed with this
/// object, or if the thread that started it ends. For one thread.
class SandboxedChild {
 public:
  /// Starts the program. Throws Error: unavailable if there are no processes or descriptors left.
  explicit SandboxedChild(const SandboxedProgram& program);
  ~SandboxedChild();
  SandboxedChild(const SandboxedChild&) = delete;
  SandboxedChild& operator=(const SandboxedChild&) = delete;

  /// Waits for the end, at most this long, and collects what it prints. Kills a child whose time is over, or that
  /// prints too much. Returns whether it has ended.
  bool wait(std::chrono::milliseconds most);
  /// Returns what it has printed to standard output so far.
  const std::string& printed() const { return printed_; }
  /// Returns the end of what it has printed to standard error so far.
  const std::string& errors() const { return errors_; }
  /// Returns whether it was killed because its time was over although it had used less than half of its processor time:
  /// others kept the machine busy.
  bool wasStarved() const noexcept;
  /// Returns why a child that has ended failed, with the end of its standard error; empty if it succeeded.
  std::string failure() const;
  /// Returns whether a child that has ended failed before the program ran: the sandbox could not be set up, or the
  /// program could not be started. That is no fault of its input.
  bool isNotStarted() const noexcept;

 private:
  void kill() noexcept;
  void competeIfStarved() noexcept;
  void compete() noexcept;
  void reap(int status);
  void collect();

  const SandboxLimits limits_;
  const std::chrono::steady_clock::time_point began_;
  int pid_ = -1;  // -1: has ended
  Descriptor out_;
  Descriptor err_;
  std::string printed_;
  std::string errors_;
  std::string killed_;  // why this object killed it
  int status_ = 0;
  bool isOutOfTime_ = false;
  std::chrono::microseconds used_{};  // processor time
  bool competes_ = false;             // it no longer waits for an idle core
  std::chrono::steady_clock::time_point looked_;
  std::chrono::nanoseconds usedThen_{};  // processor time when it was looked at
};

}  // namespace video::os
