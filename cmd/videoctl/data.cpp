#include "data/fields.hpp"
#include "frame/command.hpp"
#include "frame/progress.hpp"
#include "frame/prompt.hpp"

namespace video::ctl {
namespace {

// Opens the data directory itself, which needs direct mode.
std::unique_ptr<Data> openHere(Caller& caller, std::string_view command) {
  if (!caller.flags.server.empty() || !caller.flags.context.empty())
    throw Usage(fmt::format("{}: only works on a data directory of this machine, not on a server", command));
  const Target target = pickLocal(caller.flags, true);
  if (caller.flags.verbose) say(fmt::format("direct {}", target.address));
  becomeDataOwner(target.settings);
  return openData(target.settings, target.origin);
}

// Shows a progress line on a terminal.
DataProgress shownBy(Progress& progress) {
  return [&progress](std::string_view, std::int64_t done, std::int64_t all) { progress.show(done, all); };
}

int checkData(Caller& caller, CheckData& wanted) {
  constexpr int problems = 10;
  CheckData check = wanted;
  if (caller.flags.dryRun) check.repair = false;  // a check says what a repair would do
  const std::unique_ptr<Data> data = openHere(caller, "data check");
  if (check.repair)
    confirm(caller.flags, "data check --repair", fmt::format("Repair {}?", pickLocal(caller.flags, true).address));
  std::vector<Finding> findings;
  {
    Progress progress(caller.flags, "check");
    data->check(
        check, [&](const Finding& finding) { findings.push_back(finding); }, shownBy(progress));
  }
  caller.out.all(findings);
  const auto isLeft = [](const Finding& finding) {
    return finding.state == FindingState::found || finding.state == FindingState::failed;
  };
  const auto left = std::count_if(findings.begin(), findings.end(), isLeft);
  const auto repaired = std::count_if(findings.begin(), findings.end(),
                                      [](const Finding& finding) { return finding.state == FindingState::repaired; });
  caller.report(check.repair ? fmt::format("data: {} found, {} repaired", left + repaired, repaired)
                             : fmt::format("data: {} found", left));
  return left > 0 ? problems : 0;
}

}  // namespace

void addData(Commands& commands) {
  CLI::App& noun = commands.noun("data", "The data directory itself",
                                 {{"Create a data directory", "videoctl --data-dir /srv/videos data init"},
                                  {"Migrate it to the current schema", "videoctl --data-dir /srv/videos data migrate"},
                                  {"Check it, while the daemon goes on", "videoctl --data-dir /srv/videos data check"},
                                  {"Invalidate all signed links", "videoctl --data-dir /srv/videos data rotate-key"}});

  auto init = commands.verb<NoWords>(noun, "init", "Create a data directory in a new or empty folder");
  init.givesOne<DataState>();
  init.runs([](Caller& caller, NoWords&) {
    caller.out.one([&] { return openHere(caller, "data init")->init(); });
    return 0;
  });

  auto rotate = commands.verb<NoWords>(noun, "rotate-key", "Replace the signing key; all signed links stop working");
  rotate.runs([](Caller& caller, NoWords&) {
    openHere(caller, "data rotate-key")->rotateKey();
    caller.report("replaced the signing key; all earlier signed links are invalid");
    return 0;
  });

  auto migrate = commands.verb<NoWords>(noun, "migrate", "Migrate the database to the schema of this version");
  migrate.givesOne<DataState>();
  migrate.runs([](Caller& caller, NoWords&) {
    caller.out.one([&] {
      Progress progress(caller.flags, "migrate");
      return openHere(caller, "data migrate")->migrate(shownBy(progress));
    });
    return 0;
  });

  auto check = commands.verb<CheckData>(
      noun, "check", "Compare rows and files; exit with status 10 if something is wrong and not repaired");
  check.flag("--hash", &CheckData::hash, "also compare contents with their SHA-256, which reads all of them");
  check.flag("--repair", &CheckData::repair,
             "repair what can be repaired, while no daemon runs; moves to lost+found and deletes nothing");
  check.rehearses();
  check.givesList<Page<Finding>>();
  check.runs(checkData);
}

}  // namespace video::ctl
