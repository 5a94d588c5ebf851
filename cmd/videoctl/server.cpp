#include "command.hpp"
#include "server/fields.hpp"

namespace video::ctl {
namespace {

// A daemon, where the way leads to one.
Server& daemonOf(Caller& caller, std::string_view command) {
  if (caller.way().kind == Way::Kind::direct)
    throw Error(Fault::unreachable,
                fmt::format("{}: asks a running daemon, and none answers for {}", command, caller.way().address));
  return caller.toolkit().server();
}

}  // namespace

void addServer(Commands& commands) {
  CLI::App& noun = commands.noun("server", "The daemon itself",
                                 {{"Whether the daemon is ready; exit status 10 where it is not",
                                   "videoctl server status --columns ready,version"},
                                  {"Read the configuration again", "videoctl server reload"}});

  auto status = commands.verb<NoWords>(noun, "status", "How the daemon is; exit 10 when it is not ready");
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

  auto limits = commands.verb<NoWords>(noun, "limits", "Tokens of the limiter: in use, how many, refused");
  limits.givesList<ServerLimits>();
  limits.runs([](Caller& caller, NoWords&) {
    caller.out.all(daemonOf(caller, "server limits").limits(caller.by(), {}).buckets);
    return 0;
  });

  auto reload = commands.verb<NoWords>(noun, "reload", "Reads the configuration again");
  reload.runs([](Caller& caller, NoWords&) {
    const Reloaded reloaded = daemonOf(caller, "server reload").reload(caller.by(), {});
    caller.out.beginResults();
    for (const std::string& key : reloaded.changed) caller.out.result({"changed", key, {}, {}});
    for (const std::string& key : reloaded.kept) caller.out.result({"kept", key, {}, "only a restart takes it over"});
    caller.out.endResults();
    return 0;
  });
}

}  // namespace video::ctl
