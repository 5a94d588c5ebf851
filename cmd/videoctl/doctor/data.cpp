#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

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

// A path for a shell.
std::string quoted(const fs::path& path) {
  std::string text = path.string();
  if (text.find_first_of(" \t\n'\"\\$`&;|<>()*?[]#~!") == text.npos) return text;
  for (std::size_t at = 0; (at = text.find('\'', at)) != text.npos; at += 4) text.replace(at, 1, "'\\''");
  return "'" + text + "'";
}

// Whether mode and owner let the owner of the data directory do what `right` says: 4 to read, 2 to write, 1 to enter.
bool may(const struct stat& owner, const struct stat& path, unsigned right) {
  if (owner.st_uid == 0) return true;
  const unsigned shift = path.st_uid == owner.st_uid ? 6 : path.st_gid == owner.st_gid ? 3 : 0;
  return (path.st_mode >> shift & right) == right;
}

// Whether the daemon sees the path in a file system that is read-only for it, as most are under the unit.
bool isReadOnly(std::int64_t pid, const fs::path& path) {
  std::ifstream mounts(fmt::format("/proc/{}/mountinfo", pid));
  std::string number, parent, device, root, point, options, rest;
  std::size_t longest = 0;
  bool readOnly = false;
  while (mounts >> number >> parent >> device >> root >> point >> options && std::getline(mounts, rest)) {
    const std::string folder = point == "/" ? point : point + "/";
    if (folder.size() < longest || !(path.string() + "/").starts_with(folder)) continue;
    longest = folder.size();
    readOnly = options == "ro" || options.starts_with("ro,");
  }
  return readOnly;
}

// What the daemon uses outside the data directory, whose owner runs it.
void checkOtherPaths(const Patient& of, const struct stat& owner, Findings& found) {
  constexpr unsigned toRead = 4;
  constexpr unsigned toChange = 2;
  const std::string name = ownerName(owner.st_uid);
  const auto check = [&](const char* key, const fs::path& path, unsigned right) {
    struct stat is {};
    const auto problem = [&](const std::string& detail, const std::string& fix) {
      found.push_back({{}, Gravity::problem, fmt::format("{}: {}", key, detail), fix});
    };
    if (::stat(path.c_str(), &is) != 0)
      return problem(fmt::format("{}: {}", path.string(), std::strerror(errno)),
                     fmt::format("install -d -o {} -m 0750 {}", name, quoted(path)));
    if ((is.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
      problem("others may write to " + path.string(), "chmod o-w " + quoted(path));
    if (!may(owner, is, S_ISDIR(is.st_mode) ? right | 1 : right))
      problem(fmt::format("{} may not {} {}", name, right == toRead ? "read" : "write to", path.string()),
              right == toRead ? "chmod o+rX " + quoted(path) : fmt::format("chown {}: {}", name, quoted(path)));
    else if (right == toChange && of.daemon && isReadOnly(of.daemon->pid, path))
      problem(
          path.string() + " is read-only for the daemon",
          fmt::format("systemctl edit videod  # and write: [Service] ReadWritePaths={}; then: systemctl restart videod",
                      path.string()));
  };
  const Settings& settings = of.settings;
  if (!settings.file.empty()) check("the configuration", settings.file, toRead);
  if (!settings.web.root.empty()) check("web.root", settings.web.root, toRead);
  if (settings.tasks.timings.at("backup").enabled) check("task.backup.to", settings.tasks.backup.to, toChange);
  if (!settings.log.accessFile.empty()) check("log.access", fs::path(settings.log.accessFile).parent_path(), toChange);
  if (!settings.adminSocket.empty()) check("admin_socket", fs::path(settings.adminSocket).parent_path(), toChange);
}

}  // namespace

Findings checkPermissions(const Patient& of) {
  const fs::path& root = of.settings.dataDirectory;
  struct stat top {};
  if (::lstat(root.c_str(), &top) != 0)
    return {{{},
             Gravity::problem,
             fmt::format("{}: {}", root.string(), std::strerror(errno)),
             fmt::format("videoctl --data-dir {} data init", quoted(root))}};
  Wrong foreign;
  Wrong writable;
  Wrong readable;
  Wrong closed;
  const auto look = [&](const fs::path& path, const struct stat& is) {
    if (is.st_uid != top.st_uid) foreign.add(path);
    if (S_ISLNK(is.st_mode) || S_ISSOCK(is.st_mode)) return;
    if ((is.st_mode & (S_IWGRP | S_IWOTH)) != 0) writable.add(path);
  };
  look(root, top);
  if ((top.st_mode & S_IRWXO) != 0) readable.add(root);
  const auto isClosed = [&](const fs::path& folder) {
    if (::access(folder.c_str(), R_OK | X_OK) == 0 || errno != EACCES) return false;
    closed.add(folder);
    return true;
  };
  std::error_code failure;
  const auto options = fs::directory_options::skip_permission_denied;
  isClosed(root);
  for (fs::recursive_directory_iterator entry(root, options, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    struct stat is {};
    // What a daemon removes meanwhile is none of ours.
    if (::lstat(entry->path().c_str(), &is) != 0) continue;
    // Neither is the lost+found of a file system of its own.
    if (is.st_uid == 0 && top.st_uid != 0 && entry->path() == root / "lost+found")
      entry.disable_recursion_pending();
    else if (look(entry->path(), is); S_ISDIR(is.st_mode) && isClosed(entry->path()))
      entry.disable_recursion_pending();
  }
  Findings found;
  if (closed.count > 0)
    found.push_back({{},
                     Gravity::warning,
                     fmt::format("you may not look into {}", closed.text()),
                     "run as root, or as the owner of the data directory: sudo videoctl doctor"});
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
                     fmt::format("chown -R {}: {}", owner, quoted(root))});
  if (writable.count > 0)
    found.push_back({{},
                     Gravity::problem,
                     fmt::format("others may write to {}", writable.text()),
                     fmt::format("chmod -R go-w {}", quoted(root))});
  if (readable.count > 0)
    found.push_back({{},
                     Gravity::warning,
                     fmt::format("others may look into {}", root.string()),
                     fmt::format("chmod o= {}", quoted(root))});
  checkOtherPaths(of, top, found);
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
