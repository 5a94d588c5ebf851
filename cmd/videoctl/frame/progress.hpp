#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace video::ctl {

struct Flags;

/// Where one of several files is among all of them.
struct Whole {
  std::size_t number = 1;   ///< of this file, from 1
  std::size_t files = 1;    ///< with one, nothing of this is shown
  std::int64_t before = 0;  ///< bytes of the files before this one
  std::int64_t bytes = 0;   ///< of all files; 0: unknown
};

/// A progress line on standard error, with the rate and the time left. Shown only on a terminal, and not with -q or
/// --no-progress. The destructor removes it.
class Progress {
 public:
  Progress(const Flags& flags, std::string_view what, bool bytes = false, const Whole& whole = {});
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
  const Whole whole_;
  std::int64_t before_ = 0;
  bool bytes_;
  bool visible_;
  bool drawn_ = false;
  SteadyClock::time_point began_ = SteadyClock::now();
  SteadyClock::time_point last_;
};

/// Returns what stands before the name of a file that is one of several, such as `[3/190, 12%] `; empty for a single
/// one.
std::string wholeOf(const Whole& whole, std::int64_t done);

/// Returns the text of a progress line, such as `queue: 1200 of 5000 [####................] 24%  400/s, 0:09 left`.
/// With `bytes`, counts are written as in `1.5 MiB`. The first `before` are those of an earlier run. With fewer `cells`
/// than it takes (0: no limit), the bar, the counts and the rate are left out, and then `what` is cut; the percentage
/// and the time left stay.
std::string progressLine(std::string_view what, std::int64_t done, std::int64_t all, std::chrono::milliseconds elapsed,
                         bool bytes = false, std::int64_t before = 0, std::size_t cells = 0);

}  // namespace video::ctl
