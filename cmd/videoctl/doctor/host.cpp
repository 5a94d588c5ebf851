#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "access/versions.hpp"
#include "doctor/doctor.hpp"
#include "http/client/proxy_probe.hpp"
#include "http/server/transport.hpp"
#include "os/descriptor.hpp"
#include "store/versions.hpp"

extern char** environ;

namespace video::ctl::doctor {
namespace {

// What a program writes to its standard output; empty if it cannot be started.
std::string outputOf(std::vector<std::string> words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, writing.number(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int failure = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  writing.reset();
  if (failure != 0) return {};
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t got = ::read(reading.number(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return text;
}

// The soft limit on descriptors of the daemon, or of this process if there is none.
std::optional<std::uint64_t> descriptorLimit(const Patient& of) {
  if (of.daemon) {
    std::ifstream file(fmt::format("/proc/{}/limits", of.daemon->pid));
    constexpr std::string_view name = "Max open files";
    for (std::string line; std::getline(file, line);)
      if (line.starts_with(name)) {
        std::uint64_t soft = 0;
        std::istringstream(line.substr(name.size())) >> soft;
        return soft;
      }
    return std::nullopt;
  }
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::optional<std::uint64_t>(limit.rlim_max) : std::nullopt;
}

// The libraries in use by a process whose files were replaced since.
std::set<std::string> replacedLibraries(std::int64_t pid) {
  std::set<std::string> replaced;
  std::ifstream file(fmt::format("/proc/{}/maps", pid));
  constexpr std::string_view mark = " (deleted)";
  for (std::string line; std::getline(file, line);) {
    const std::size_t slash = line.find('/');
    if (slash == std::string::npos || !line.ends_with(mark)) continue;
    const std::string path = line.substr(slash, line.size() - slash - mark.size());
    if (path.find(".so") != std::string::npos || path.ends_with("/videod"))
      replaced.insert(std::filesystem::path(path).filename().string());
  }
  return replaced;
}

std::string installedUnit() {
  for (const char* const folder : {"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}) {
    const std::filesystem::path path = std::filesystem::path(folder) / "videod.service";
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path.string();
  }
  return {};
}

}  // namespace

Findings checkDescriptors(const Patient& of) {
  const auto limit = descriptorLimit(of);
  if (!limit) return {};
  const std::uint64_t needed = http::descriptorsFor(of.settings.transport.maxConnections);
  const std::string detail = fmt::format("the limit is {}; http.max_connections = {} needs {}", *limit,
                                         of.settings.transport.maxConnections, needed);
  if (*limit >= needed) return {{{}, Gravity::ok, detail, {}}};
  return {{{},
           Gravity::warning,
           detail,
           fmt::format("systemctl edit videod  # and write: [Service] LimitNOFILE={}", needed)}};
}

Findings checkVersions(const Patient& of) {
  Findings found{{{},
                  Gravity::ok,
                  fmt::format("videoctl {}, SQLite {}, libsodium {}, cpp-httplib {}", VIDEO_VERSION,
                              store::sqliteVersion(), access::sodiumVersion(), http::httplibVersion()),
                  {}}};
  if (!of.daemon) return found;
  if (of.daemon->version != VIDEO_VERSION)
    found.push_back({{},
                     Gravity::warning,
                     fmt::format("the daemon is version {}, and this videoctl {}", of.daemon->version, VIDEO_VERSION),
                     "systemctl restart videod"});
  if (const auto replaced = replacedLibraries(of.daemon->pid); !replaced.empty())
    found.push_back({{},
                     Gravity::warning,
                     fmt::format("the daemon still runs what was replaced: {}", fmt::join(replaced, ", ")),
                     "systemctl restart videod"});
  return found;
}

Findings checkUnit(const Patient& of) {
  constexpr double weak = 1.5;
  const std::string unit = of.wanted.unit.empty() ? installedUnit() : of.wanted.unit;
  if (unit.empty()) return {};
  std::istringstream lines(outputOf({"systemd-analyze", "security", "--offline=true", "--no-pager", unit}));
  constexpr std::string_view mark = "exposure level for ";
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(mark);
    const std::size_t colon = at == std::string::npos ? at : line.find(": ", at);
    if (colon == std::string::npos) continue;
    double level = 0;
    std::istringstream(line.substr(colon + 2)) >> level;
    const std::string detail = fmt::format("{}: exposure level {:.1f} (systemd-analyze security)", unit, level);
    if (level <= weak) return {{{}, Gravity::ok, detail, {}}};
    return {{{}, Gravity::warning, detail, "systemctl revert videod.service"}};
  }
  return {};
}

}  // namespace video::ctl::doctor
