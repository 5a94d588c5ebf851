#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace video::ctl {

struct Flags;

/// A progress line on standard error, with the rate and the time left. Shown only on a terminal, and not with -q or
/// --no-progress. The destructor removes it.
class Progress {
 public:
  Progress(const Flags& flags, std::string_view what, bool bytes = false);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows `done` of `all`; an `all` of 0 means unknown. Redraws at most ten times a second.
  void show(std::int64_t done, std::int64_t all);
  /// From now on the first `done` are those of an earlier run, which do not count for the rate.
  void resumeAt(std::int64_t done);
  /// Removes the line until the next call of `show`, to make way for other output.
  void hide();

 private:
  using SteadyClock = std::chrono::steady_clock;

  std::string what_;
  std::int64_t before_ = 0;
  bool bytes_;
  bool visible_;
  bool drawn_ = false;
  SteadyClock::time_point began_ = SteadyClock::now();
  SteadyClock::time_point last_;
};

/// Returns the text of a progress line, such as `queue: 1200 of 5000 [####................] 24%  400/s, 0:09 left`.
/// With `bytes`, counts are written as in `1.5 MiB`. The first `before` are those of an earlier run. With fewer `cells`
/// than it takes (0: no limit), the bar, the counts and the rate are left out, and then `what` is cut; the percentage
/// and the time left stay.
std::string progressLine(std::string_view what, std::int64_t done, std::int64_t all, std::chrono::milliseconds elapsed,
                         bool bytes = false, std::int64_t before = 0, std::size_t cells = 0);

}  // namespace video::ctl
