#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/units.hpp"
#include "doctor/doctor.hpp"

namespace video::ctl::doctor {
namespace {

namespace fs = std::filesystem;

std::string ownerName(uid_t owner) {
  const passwd* const known = ::getpwuid(owner);
  return known == nullptr ? fmt::to_string(owner) : known->pw_name;
}

// What is wrong with several paths: the first, and how many there are.
struct Wrong {
  std::string first{};
  std::size_t count = 0;

  void add(const fs::path& path) {
    if (count++ == 0) first = path.string();
  }
  std::string text() const { return count == 1 ? first : fmt::format("{} and {} more", first, count - 1); }
};

}  // namespace

Findings checkPermissions(const Patient& of) {
  const fs::path& root = of.settings.dataDirectory;
  struct stat top {};
  if (::lstat(root.c_str(), &top) != 0)
    return {{{},
             Gravity::problem,
             fmt::format("{}: {}", root.string(), std::strerror(errno)),
             fmt::format("videoctl --data-dir {} data init", root.string())}};
  Wrong foreign;
  Wrong writable;
  Wrong readable;
  const auto look = [&](const fs::path& path, const struct stat& is) {
    if (is.st_uid != top.st_uid) foreign.add(path);
    if (S_ISLNK(is.st_mode) || S_ISSOCK(is.st_mode)) return;
    if ((is.st_mode & (S_IWGRP | S_IWOTH)) != 0) writable.add(path);
  };
  look(root, top);
  if ((top.st_mode & S_IRWXO) != 0) readable.add(root);
  std::error_code failure;
  for (fs::recursive_directory_iterator entry(root, failure), end; !failure && entry != end; entry.increment(failure)) {
    struct stat is {};
    // What a daemon removes meanwhile is none of ours.
    if (::lstat(entry->path().c_str(), &is) == 0) look(entry->path(), is);
  }
  Findings found;
  if (failure)
    found.push_back({{},
                     Gravity::problem,
                     fmt::format("{}: {}", root.string(), failure.message()),
                     "run as root, or as the owner of the data directory: sudo videoctl doctor"});
  const std::string owner = ownerName(top.st_uid);
  if (foreign.count > 0)
    found.push_back({{},
                     Gravity::problem,
                     fmt::format("not owned by {}: {}", owner, foreign.text()),
                     fmt::format("chown -R {}: {}", owner, root.string())});
  if (writable.count > 0)
    found.push_back({{},
                     Gravity::problem,
                     fmt::format("others may write to {}", writable.text()),
                     fmt::format("chmod -R go-w {}", root.string())});
  if (readable.count > 0)
    found.push_back({{},
                     Gravity::warning,
                     fmt::format("others may look into {}", root.string()),
                     fmt::format("chmod o= {}", root.string())});
  if (found.empty()) found.push_back({{}, Gravity::ok, fmt::format("{} belongs to {}", root.string(), owner), {}});
  return found;
}

Findings checkDisk(const Patient& of) {
  struct statvfs disk {};
  if (::statvfs(of.settings.dataDirectory.c_str(), &disk) != 0) return {};
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const std::uint64_t floor = of.settings.store.freeSpaceFloor;
  const char* const drain = "videoctl queue drain --include-not-due --yes";
  const Gravity space = free < floor ? Gravity::problem : free < 2 * floor ? Gravity::warning : Gravity::ok;
  Findings found{
      {{},
       space,
       fmt::format("{} free; writes that need space are refused below {}", formatSize(free), formatSize(floor)),
       space == Gravity::ok ? std::nullopt : std::optional<std::string>(drain)}};
  constexpr std::uint64_t fewInodes = 10'000;
  if (disk.f_files > 0 && disk.f_favail < fewInodes)
    found.push_back({{},
                     disk.f_favail < fewInodes / 10 ? Gravity::problem : Gravity::warning,
                     fmt::format("{} more files can be created", disk.f_favail),
                     drain});
  return found;
}

Findings checkWal(const Patient& of) {
  constexpr std::uintmax_t much = 256UL << 20;
  std::error_code failure;
  const std::uintmax_t size = fs::file_size(of.settings.dataDirectory / "video.db-wal", failure);
  if (failure) return {{{}, Gravity::ok, "there is none", {}}};
  if (size <= much) return {{{}, Gravity::ok, formatSize(size), {}}};
  return {{{},
           Gravity::warning,
           fmt::format("{}: somebody reads the database and does not stop", formatSize(size)),
           "videoctl task run wal-checkpoint --wait"}};
}

Findings checkClock(const Patient& of) {
  const Time now = systemClock().now();
  Time newest{};
  std::string what = "no video";
  Toolkit& toolkit = of.caller.toolkit();
  VideoQuery query;
  query.limit = 1;
  for (const Video& video : toolkit.videos().list(of.caller.by(), query).items) {
    newest = video.created;
    what = "the newest video";
  }
  for (const TaskStatus& task : toolkit.tasks().list(of.caller.by(), {}).items)
    if (task.lastRun && *task.lastRun > newest) {
      newest = *task.lastRun;
      what = "task " + task.name;
    }
  const bool isHeld = of.daemon && std::find(of.daemon->degraded.begin(), of.daemon->degraded.end(), "clock") !=
                                       of.daemon->degraded.end();
  constexpr std::chrono::minutes tolerance{1};
  if (newest > now + tolerance)
    return {{{},
             Gravity::problem,
             fmt::format("the clock says {}, and {} is from {}", formatTime(now), what, formatTime(newest)),
             "timedatectl set-ntp true"}};
  if (isHeld)
    return {{{}, Gravity::problem, "the clock jumped, and nothing is purged by the new time", "timedatectl status"}};
  return {{{}, Gravity::ok, formatTime(now), {}}};
}

}  // namespace video::ctl::doctor
