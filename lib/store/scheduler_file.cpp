#include "store/scheduler_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>

#include "base/text.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/directory.hpp"

namespace video::store {
namespace {

// Each task has one line of text, at an offset computed from its name.
constexpr std::size_t lineSize = 256;
constexpr std::uint64_t lines = 1024;
constexpr off_t scheduleByte = off_t{1} << 40;
constexpr off_t runBytes = scheduleByte + 1;

off_t placeOf(std::string_view task) {
  return static_cast<off_t>(stableHash(task) % lines * lineSize);
}

using Numbers = std::array<std::int64_t, 5>;

std::optional<Numbers> readNumbers(int file, std::string_view task) {
  std::array<char, lineSize> line{};
  if (::pread(file, line.data(), line.size(), placeOf(task)) != static_cast<ssize_t>(line.size())) return {};
  const std::string_view text(line.data(), line.size());
  if (!text.starts_with(task) || text[task.size()] != ' ') return {};
  Numbers numbers{};
  const char* at = line.data() + task.size();
  for (std::int64_t& number : numbers) {
    const auto [end, error] = std::from_chars(at + 1, line.data() + line.size(), number);
    if (error != std::errc{}) return {};
    at = end;
  }
  return numbers;
}

void writeNumbers(int file, std::string_view task, const Numbers& numbers) {
  std::string line = fmt::format("{} {}", task, fmt::join(numbers, " "));
  line.resize(lineSize - 1, ' ');
  line += '\n';
  if (::pwrite(file, line.data(), line.size(), placeOf(task)) < 0) os::throwErrno(errno, "scheduler.lock");
}

std::optional<TaskTally> readLine(int file, std::string_view task) {
  const auto numbers = readNumbers(file, task);
  if (!numbers) return std::nullopt;
  const auto time = [&](std::size_t i) { return Time{std::chrono::milliseconds{numbers->at(i)}}; };
  return TaskTally{time(0), time(1), numbers->at(2), numbers->at(3), numbers->at(4)};
}

constexpr std::string_view clockLine = "clock";  // no task has this name

}  // namespace

// Each lock has its own open file description, so that two locks of one process conflict.
Descriptor SchedulerFile::open() const {
  return os::openOrMake(directory_.files(), directory_.descriptor(), "scheduler.lock", O_RDWR);
}

Descriptor SchedulerFile::lockSchedule() const {
  Descriptor file = open();
  return os::tryLockBytes(file.number(), F_WRLCK, scheduleByte) ? std::move(file) : Descriptor();
}

bool SchedulerFile::isScheduleLocked() const {
  return os::isByteLocked(open().number(), scheduleByte);
}

Descriptor SchedulerFile::lockTask(std::string_view task, bool shared) const {
  Descriptor file = open();
  return os::tryLockBytes(file.number(), shared ? F_RDLCK : F_WRLCK, runBytes + placeOf(task)) ? std::move(file)
                                                                                               : Descriptor();
}

bool SchedulerFile::isTaskLocked(std::string_view task) const {
  return os::isByteLocked(open().number(), runBytes + placeOf(task));
}

void SchedulerFile::add(std::string_view task, const TaskTally& run) const {
  const Descriptor file = open();
  os::lockBytes(file.number(), F_WRLCK, placeOf(task), lineSize);
  const TaskTally before = readLine(file.number(), task).value_or(TaskTally{});
  writeNumbers(file.number(), task,
               {run.began.time_since_epoch().count(), run.ended.time_since_epoch().count(), before.runs + run.runs,
                before.done + run.done, before.failed + run.failed});
}

std::optional<ClockState> SchedulerFile::purgeClock() const {
  const auto numbers = readNumbers(open().number(), clockLine);
  if (!numbers) return std::nullopt;
  const auto duration = [&](std::size_t i) { return std::chrono::milliseconds{numbers->at(i)}; };
  return ClockState{.boot = numbers->at(0),
                    .offset = duration(1),
                    .jumpedOffset = duration(2),
                    .jumpSeen = numbers->at(3) < 0 ? std::nullopt : std::optional(duration(3)),
                    .lastSeen = Time{duration(4)}};
}

void SchedulerFile::setPurgeClock(const ClockState& state, bool synced) const {
  const Descriptor file = open();
  os::lockBytes(file.number(), F_WRLCK, placeOf(clockLine), lineSize);
  const auto seen = state.jumpSeen.value_or(std::chrono::milliseconds{-1});
  writeNumbers(file.number(), clockLine,
               {state.boot, state.offset.count(), state.jumpedOffset.count(), seen.count(),
                state.lastSeen.time_since_epoch().count()});
  if (synced) os::sync(directory_.files(), file.number(), "scheduler.lock");
}

std::optional<TaskTally> SchedulerFile::find(std::string_view task) const {
  return readLine(open().number(), task);
}

}  // namespace video::store
