#include "store/scheduler_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>

#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/directory.hpp"

namespace video::store {
namespace {

// Each task has one line of text, at an offset computed from its name.
constexpr std::size_t lineSize = 256;
constexpr std::uint64_t lines = 1024;
constexpr off_t clockByte = off_t{1} << 40;
constexpr off_t runBytes = clockByte + 1;

off_t placeOf(std::string_view task) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a, which gives the same hash in every build
  for (const char c : task) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<off_t>(hash % lines * lineSize);
}

std::optional<TaskTally> readLine(int file, std::string_view task) {
  std::array<char, lineSize> line{};
  if (::pread(file, line.data(), line.size(), placeOf(task)) != static_cast<ssize_t>(line.size())) return {};
  const std::string_view text(line.data(), line.size());
  if (!text.starts_with(task) || text[task.size()] != ' ') return {};
  std::array<std::int64_t, 5> numbers{};
  const char* at = line.data() + task.size();
  for (std::int64_t& number : numbers) {
    const auto [end, error] = std::from_chars(at + 1, line.data() + line.size(), number);
    if (error != std::errc{}) return {};
    at = end;
  }
  const auto time = [&](std::size_t i) { return Time{std::chrono::milliseconds{numbers.at(i)}}; };
  return TaskTally{time(0), time(1), numbers[2], numbers[3], numbers[4]};
}

}  // namespace

// Each lock has its own open file description, so that two locks of one process conflict.
Descriptor SchedulerFile::open() const {
  return os::openOrMake(directory_.files(), directory_.descriptor(), "scheduler.lock", O_RDWR);
}

Descriptor SchedulerFile::lockClock() const {
  Descriptor file = open();
  return os::tryLockBytes(file.number(), F_WRLCK, clockByte) ? std::move(file) : Descriptor();
}

bool SchedulerFile::isClockLocked() const {
  return os::isByteLocked(open().number(), clockByte);
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
  std::string line =
      fmt::format("{} {} {} {} {} {}", task, run.began.time_since_epoch().count(), run.ended.time_since_epoch().count(),
                  before.runs + run.runs, before.done + run.done, before.failed + run.failed);
  line.resize(lineSize - 1, ' ');
  line += '\n';
  if (::pwrite(file.number(), line.data(), line.size(), placeOf(task)) < 0) os::throwErrno(errno, "scheduler.lock");
}

std::optional<TaskTally> SchedulerFile::find(std::string_view task) const {
  return readLine(open().number(), task);
}

}  // namespace video::store
