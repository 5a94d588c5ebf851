#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "command.hpp"

namespace video::ctl {
namespace {

constexpr std::int64_t width = 20;

std::string minutesOf(std::chrono::seconds time) {
  const auto seconds = time.count();
  return seconds < 3600 ? fmt::format("{}:{:02}", seconds / 60, seconds % 60)
                        : fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

void draw(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string progressLine(std::string_view what, std::int64_t done, std::int64_t all,
                         std::chrono::milliseconds elapsed) {
  if (all <= 0)
    return fmt::format("{}: {}", what, minutesOf(std::chrono::duration_cast<std::chrono::seconds>(elapsed)));
  const auto marks = static_cast<std::size_t>(std::clamp<std::int64_t>(done * width / all, 0, width));
  std::string line =
      fmt::format("{}: {} of {} [{}{}]", what, done, all, std::string(marks, '#'), std::string(width - marks, '.'));
  if (done <= 0 || elapsed.count() <= 0) return line;
  const double rate = static_cast<double>(done) * 1000 / static_cast<double>(elapsed.count());
  const std::chrono::seconds left{static_cast<std::int64_t>(static_cast<double>(all - done) / rate + 0.5)};
  return line + fmt::format("  {:.0f}/s, {} left", rate, minutesOf(left));
}

Progress::Progress(const Flags& flags, std::string_view what)
    : what_(what), visible_(!flags.quiet && !flags.noProgress && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_) draw("\r\x1b[K");
}

void Progress::show(std::int64_t done, std::int64_t all) {
  if (!visible_) return;
  drawn_ = true;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - began_);
  draw('\r' + progressLine(what_, done, all, elapsed) + "\x1b[K");
}

}  // namespace video::ctl
