#include "frame/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/units.hpp"
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

bool isDumb() {
  const auto terminal = fromEnvironment("TERM");
  return terminal == "dumb";
}

void draw(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string progressLine(std::string_view what, std::int64_t done, std::int64_t all, std::chrono::milliseconds elapsed,
                         bool bytes, std::int64_t before, std::size_t cells) {
  const auto count = [&](std::int64_t number) {
    return bytes ? formatSize(static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0))) : fmt::to_string(number);
  };
  // The end of the line stays whole; what comes first gives way.
  const auto withName = [&](const std::string& rest) {
    constexpr std::size_t leastName = 4;
    if (cells == 0 || displayWidth(what) + rest.size() <= cells) return std::string(what) + rest;
    if (cells < rest.size() + leastName) return std::string(cutTo(std::string_view(rest).substr(2), cells));
    return shortened(what, cells - rest.size()) + rest;
  };
  if (all <= 0)
    return withName(fmt::format(": {}{}", bytes ? count(done) + ", " : "",
                                minutesOf(std::chrono::duration_cast<std::chrono::seconds>(elapsed))));
  const auto marks = static_cast<std::size_t>(std::clamp<std::int64_t>(done * width / all, 0, width));
  const std::string sizes = fmt::format("{} of {} ", count(done), count(all));
  const std::string bar = fmt::format("[{}{}] ", std::string(marks, '#'), std::string(width - marks, '.'));
  const std::string percent = fmt::format("{}%", std::min<std::int64_t>(done * 100 / all, 100));
  const std::string resumed = before > 0 ? fmt::format("  {} resumed", count(before)) : "";
  std::string rate;
  std::string left;
  if (done > before && elapsed.count() > 0) {
    const double perSecond = static_cast<double>(done - before) * 1000 / static_cast<double>(elapsed.count());
    const std::chrono::seconds time{static_cast<std::int64_t>(static_cast<double>(all - done) / perSecond + 0.5)};
    rate = fmt::format("{}/s, ", count(static_cast<std::int64_t>(perSecond + 0.5)));
    left = minutesOf(time) + " left";
  }
  const std::string gap = left.empty() ? "" : "  ";
  // From the whole line to what is looked at longest.
  const std::array tries{": " + sizes + bar + percent + resumed + gap + rate + left,
                         ": " + sizes + percent + gap + rate + left, ": " + percent + gap + rate + left,
                         ": " + percent + gap + left};
  for (const std::string& rest : tries)
    if (cells == 0 || displayWidth(what) + rest.size() <= cells) return std::string(what) + rest;
  return withName(tries.back());
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
  const std::size_t most = windowWidth(STDERR_FILENO);  // asked each time, since terminals are resized
  const std::string line =
      progressLine(wholeOf(whole_, done) + what_, done, all, elapsed, bytes_, before_, most > 1 ? most - 1 : 0);
  draw('\r' + line + "\x1b[K");
}

}  // namespace video::ctl
