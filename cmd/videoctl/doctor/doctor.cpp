#include "doctor/doctor.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace video::ctl {
namespace doctor {
namespace {

constexpr int problemsFound = 10;

// Those that open the data directory come last: root becomes its owner then.
constexpr std::array<std::pair<const char*, Findings (*)(const Patient&)>, 11> checks{{
    {"permissions", checkPermissions},
    {"disk", checkDisk},
    {"wal", checkWal},
    {"descriptors", checkDescriptors},
    {"versions", checkVersions},
    {"unit", checkUnit},
    {"listeners", checkListeners},
    {"passwords", checkPasswords},
    {"clock", checkClock},
    {"backups", checkBackups},
    {"proxy", checkProxy},
}};

Findings examine(Caller& caller, const Visit& wanted) {
  Findings all;
  Target target;
  try {
    caller.findDaemon();
    target = caller.target();
    const std::string file = target.settings.file.string();
    all.push_back({"config", Gravity::ok, file.empty() ? "no file: the defaults" : file, {}});
  } catch (const Error& error) {
    if (error.fault() != Fault::malformed) throw;
    all.push_back({"config", Gravity::problem, error.what(), "correct the file, then: videoctl server check-config"});
    return all;
  }
  Patient patient{caller, wanted, target.settings, {}};
  if (target.kind == Target::Kind::socket) {
    try {
      patient.daemon = caller.toolkit().server().status(caller.by(), {});
      const bool isReady = patient.daemon->ready;
      all.push_back({"daemon", isReady ? Gravity::ok : Gravity::problem,
                     fmt::format("videod {} runs, and is {}ready", patient.daemon->version, isReady ? "" : "not "),
                     isReady ? std::nullopt : std::optional<std::string>("journalctl -u videod -n 50")});
      for (const std::string& warning : patient.daemon->warnings.value_or(std::vector<std::string>{}))
        all.push_back({"daemon", Gravity::warning, warning, "see videod.toml(5) and /usr/share/doc/videod/operate.md"});
    } catch (const Error& error) {
      all.push_back({"daemon", Gravity::problem, error.what(), "systemctl restart videod"});
    }
  } else {
    all.push_back(
        {"daemon", Gravity::warning, fmt::format("none runs on {}", target.address), "systemctl start videod"});
  }
  for (const auto& [name, check] : checks) try {
      for (Finding& finding : check(patient)) {
        finding.check = name;
        all.push_back(std::move(finding));
      }
    } catch (const Error& error) {
      all.push_back({name, Gravity::problem, error.what(), "remove the cause, then: videoctl doctor"});
    }
  return all;
}

}  // namespace

std::string editOf(const Patient& of, const std::string& line) {
  const std::string file = of.settings.file.empty() ? "/etc/videod.toml" : of.settings.file.string();
  return fmt::format("write {} in {}, then: systemctl restart videod", line, file);
}

}  // namespace doctor

void addDoctor(Commands& commands) {
  using namespace doctor;
  auto verb = commands.plain<Visit>(
      "doctor", "Check the whole installation on this machine; exit with status 10 if there are problems");
  verb.option("--unit", &Visit::unit, "the systemd unit to check; default: the installed videod.service")
      ->type_name("FILE");
  verb.givesList<Page<Finding>>();
  verb.runs([](Caller& caller, Visit& wanted) {
    if (!caller.flags.server.empty() || !caller.flags.context.empty())
      throw Usage("doctor: only works on this machine, not on a server");
    const Findings all = examine(caller, wanted);
    if (caller.out.format() == Format::table)
      for (const Finding& one : all)
        caller.out.text(findingText(nameOf(one.level), one.check, one.detail, one.fix.value_or("")));
    else
      caller.out.all(all);
    const bool isIll =
        std::any_of(all.begin(), all.end(), [](const Finding& one) { return one.level == Gravity::problem; });
    return isIll ? problemsFound : 0;
  });
}

}  // namespace video::ctl
