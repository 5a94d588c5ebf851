#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace video::ctl {

struct Flags;

/// One line on a terminal's stderr that says how far something is, with its rate and the time left; nothing elsewhere,
/// with -q or with --no-progress. Gone when it ends.
class Progress {
 public:
  Progress(const Flags& flags, std::string_view what, bool bytes = false);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `all`; an `all` of 0 is not known. Draws ten times a second at most.
  void show(std::int64_t done, std::int64_t all);
  /// Takes the line away, for other output, until `show` is called again.
  void hide();

 private:
  using SteadyClock = std::chrono::steady_clock;

  std::string what_;
  bool bytes_;
  bool visible_;
  bool drawn_ = false;
  SteadyClock::time_point began_ = SteadyClock::now();
  SteadyClock::time_point last_;
};

/// The text of such a line: `queue: 1200 of 5000 [#####...............] 24%  400/s, 0:09 left`; counts of `bytes` are
/// written like `1.5 MiB`.
std::string progressLine(std::string_view what, std::int64_t done, std::int64_t all, std::chrono::milliseconds elapsed,
                         bool bytes = false);

}  // namespace video::ctl
