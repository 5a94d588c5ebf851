#include "frame/command.hpp"
#include "server/fields.hpp"
#include "settings/settings.hpp"

namespace video::ctl {
namespace {

// The running daemon. Throws unreachable in direct mode.
Server& daemonOf(Caller& caller, std::string_view command) {
  if (!caller.findDaemon())
    throw Error(Fault::unreachable,
                fmt::format("{}: needs a running daemon, and none answers for {}", command, caller.target().address));
  return caller.toolkit().server();
}

struct CheckConfig {
  std::string file;
};

// Checks a configuration as the daemon would.
int checkConfig(Caller& caller, const CheckConfig& wanted) {
  constexpr int found = 10;
  const std::string& file = wanted.file.empty() ? caller.flags.config : wanted.file;
  Result result{"good", {}, file, {}};
  try {
    result.path = findSettings(file.empty() ? std::nullopt : std::optional<std::filesystem::path>(file)).file.string();
  } catch (const Error& error) {
    if (error.fault() != Fault::malformed) throw;
    result.status = "bad";
    result.detail = error.what();
  }
  caller.out.beginResults();
  caller.out.result(result);
  caller.out.endResults();
  return result.status == "good" ? 0 : found;
}

}  // namespace

void addServer(Commands& commands) {
  CLI::App& noun = commands.noun("server", "Running daemon: status, limits, reload, check the configuration",
                                 {{"Check that the daemon is ready; exit with status 10 if it is not",
                                   "videoctl server status --columns ready,version"},
                                  {"Reload the configuration", "videoctl server reload"},
                                  {"Check an edited configuration", "videoctl server check-config"}});

  auto status =
      commands.verb<NoWords>(noun, "status", "Show the state of the daemon; exit with status 10 if it is not ready");
  status.givesOne<ServerStatus>();
  status.runs([](Caller& caller, NoWords&) {
    constexpr int found = 10;
    bool ready = false;
    caller.out.one([&] {
      ServerStatus given = daemonOf(caller, "server status").status(caller.by(), {});
      ready = given.ready;
      return given;
    });
    return ready ? 0 : found;
  });

  auto limits = commands.verb<NoWords>(noun, "limits",
                                       "Show the limits on streams, uploads and connections, their use and refusals");
  limits.givesList<ServerLimits>();
  limits.runs([](Caller& caller, NoWords&) {
    caller.out.all(daemonOf(caller, "server limits").limits(caller.by(), {}).buckets);
    return 0;
  });

  auto reload = commands.verb<NoWords>(noun, "reload", "Reload the configuration");
  reload.runs([](Caller& caller, NoWords&) {
    const Reloaded reloaded = daemonOf(caller, "server reload").reload(caller.by(), {});
    caller.out.beginResults();
    for (const std::string& key : reloaded.changed) caller.out.result({"changed", key, {}, {}});
    for (const std::string& key : reloaded.kept) caller.out.result({"kept", key, {}, "takes effect after a restart"});
    caller.out.endResults();
    return 0;
  });

  auto check = commands.verb<CheckConfig>(noun, "check-config",
                                          "Check a configuration file; exit with status 10 if it is invalid");
  check.option("FILE", &CheckConfig::file, "the file to check; default: --config, or the daemon's");
  check.givesResults();
  check.runs([](Caller& caller, const CheckConfig& wanted) { return checkConfig(caller, wanted); });
}

}  // namespace video::ctl
