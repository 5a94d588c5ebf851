#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.hpp"
#include "frame/command.hpp"
#include "server/server.hpp"
#include "settings/settings.hpp"

namespace video::ctl::doctor {

/// How bad a finding is.
enum class Gravity { ok, warning, problem };

/// What a check has found.
struct Finding {
  std::string check;  ///< its name, such as `disk`
  Gravity level = Gravity::ok;
  std::string detail;
  std::optional<std::string> fix;  ///< a command, or what to change; nothing if all is well
};

/// The options of the command.
struct Visit {
  std::string unit;  ///< path of the systemd unit; empty: where the package installs it
};

/// What is examined.
struct Patient {
  Caller& caller;
  const Visit& wanted;
  const Settings& settings;
  std::optional<ServerStatus> daemon{};  ///< nothing: none runs
};

using Findings = std::vector<Finding>;

/// Returns how to change a setting: an edit of the configuration, and a restart.
std::string editOf(const Patient& of, const std::string& line);

// Each check returns what it found, at least one finding or none if it does not apply. All may throw Error.

Findings checkPermissions(
    const Patient& of);                  ///< owner and mode of everything in the data directory, and of other paths
Findings checkDisk(const Patient& of);   ///< space and inodes
Findings checkWal(const Patient& of);    ///< the write-ahead log
Findings checkClock(const Patient& of);  ///< the clock, against the newest video and task
Findings checkDescriptors(const Patient& of);  ///< the daemon's limit on descriptors
Findings checkVersions(const Patient& of);     ///< libraries, and whether the daemon runs the installed ones
Findings checkUnit(const Patient& of);         ///< what systemd says of the unit
Findings checkListeners(const Patient& of);    ///< addresses that others reach without TLS
Findings checkPasswords(const Patient& of);    ///< what a password costs to guess
Findings checkProxy(const Patient& of);        ///< what comes back from public_url

}  // namespace video::ctl::doctor

namespace video {

template <>
struct Names<ctl::doctor::Gravity> {
  static constexpr std::array list{std::pair{ctl::doctor::Gravity::ok, "ok"},
                                   std::pair{ctl::doctor::Gravity::warning, "warning"},
                                   std::pair{ctl::doctor::Gravity::problem, "problem"}};
};

template <>
struct Fields<ctl::doctor::Finding> {
  static constexpr std::string_view plural = "findings";
  static constexpr std::tuple list{
      Field{"check", &ctl::doctor::Finding::check, "name of the check"},
      Field{"level", &ctl::doctor::Finding::level, "ok, warning or problem"},
      Field{"detail", &ctl::doctor::Finding::detail, "what was found"},
      Field{"fix", &ctl::doctor::Finding::fix, "the command that mends it, or what to change"},
  };
};

}  // namespace video
