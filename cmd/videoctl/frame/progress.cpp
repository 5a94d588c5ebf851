#include "frame/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "frame/command.hpp"
#include "frame/files.hpp"

namespace video::ctl {
namespace {

constexpr std::int64_t width = 20;

std::string minutesOf(std::chrono::seconds time) {
  const auto seconds = time.count();
  return seconds < 3600 ? fmt::format("{}:{:02}", seconds / 60, seconds % 60)
                        : fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string sizeOf(double bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, units[unit]);
}

bool isDumb() {
  const auto terminal = fromEnvironment("TERM");
  return terminal == "dumb";
}

void draw(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string progressLine(std::string_view what, std::int64_t done, std::int64_t all, std::chrono::milliseconds elapsed,
                         bool bytes, std::int64_t before) {
  const auto count = [&](double number) { return bytes ? sizeOf(number) : fmt::format("{:.0f}", number); };
  if (all <= 0)
    return fmt::format("{}: {}{}", what, bytes ? sizeOf(static_cast<double>(done)) + ", " : "",
                       minutesOf(std::chrono::duration_cast<std::chrono::seconds>(elapsed)));
  const auto marks = static_cast<std::size_t>(std::clamp<std::int64_t>(done * width / all, 0, width));
  std::string line = fmt::format("{}: {} of {} [{}{}] {}%", what, count(static_cast<double>(done)),
                                 count(static_cast<double>(all)), std::string(marks, '#'),
                                 std::string(width - marks, '.'), std::min<std::int64_t>(done * 100 / all, 100));
  if (before > 0) line += fmt::format("  {} resumed", count(static_cast<double>(before)));
  if (done <= before || elapsed.count() <= 0) return line;
  const double rate = static_cast<double>(done - before) * 1000 / static_cast<double>(elapsed.count());
  const std::chrono::seconds left{static_cast<std::int64_t>(static_cast<double>(all - done) / rate + 0.5)};
  return line + fmt::format("  {}/s, {} left", count(rate), minutesOf(left));
}

std::string wholeOf(const Whole& whole, std::int64_t done) {
  if (whole.files <= 1) return {};
  if (whole.bytes <= 0) return fmt::format("[{}/{}] ", whole.number, whole.files);
  const double part = static_cast<double>(whole.before + done) / static_cast<double>(whole.bytes);
  return fmt::format("[{}/{}, {:.0f}%] ", whole.number, whole.files, std::min(part * 100, 100.0));
}

Progress::Progress(const Flags& flags, std::string_view what, bool bytes, const Whole& whole)
    : what_(harmless(what)),
      whole_(whole),
      bytes_(bytes),
      visible_(!flags.quiet && !flags.noProgress && ::isatty(STDERR_FILENO) == 1 && !isDumb()) {}

Progress::~Progress() {
  hide();
}

void Progress::resumeAt(std::int64_t done) {
  before_ = done;
  began_ = SteadyClock::now();
}

void Progress::hide() {
  if (std::exchange(drawn_, false)) draw("\r\x1b[K");
}

void Progress::show(std::int64_t done, std::int64_t all) {
  if (!visible_) return;
  const auto now = SteadyClock::now();
  if (drawn_ && now - last_ < std::chrono::milliseconds{100} && done < all) return;
  drawn_ = true;
  last_ = now;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
  const std::string line = progressLine(wholeOf(whole_, done) + what_, done, all, elapsed, bytes_, before_);
  const std::size_t most = terminalWidth(STDERR_FILENO);  // asked each time, since terminals are resized
  draw('\r' + std::string(most > 1 ? cutTo(line, most - 1) : std::string_view(line)) + "\x1b[K");
}

}  // namespace video::ctl
