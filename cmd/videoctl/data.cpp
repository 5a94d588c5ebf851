#include "data/fields.hpp"
#include "frame/command.hpp"
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

}  // namespace

void addData(Commands& commands) {
  CLI::App& noun =
      commands.noun("data", "The data directory itself",
                    {{"Create a data directory", "videoctl --data-dir /srv/videos data init"},
                     {"Migrate it to the current schema", "videoctl --data-dir /srv/videos data migrate"},
                     {"Invalidate all signed links", "videoctl --data-dir /srv/videos data rotate-key --yes"}});

  auto init = commands.verb<NoWords>(noun, "init", "Create a data directory in a new or empty folder");
  init.givesOne<DataState>();
  init.runs([](Caller& caller, NoWords&) {
    caller.out.one([&] { return openHere(caller, "data init")->init(); });
    return 0;
  });

  auto rotate = commands.verb<NoWords>(noun, "rotate-key", "Replace the signing key; all signed links stop working");
  rotate.runs([](Caller& caller, NoWords&) {
    const auto data = openHere(caller, "data rotate-key");
    confirm(caller.flags, "data rotate-key", "Replace the signing key, so that no signed link works any more?");
    data->rotateKey();
    caller.report("replaced the signing key; all earlier signed links are invalid");
    return 0;
  });

  auto migrate = commands.verb<NoWords>(noun, "migrate", "Migrate the database to the schema of this version");
  migrate.givesOne<DataState>();
  migrate.runs([](Caller& caller, NoWords&) {
    caller.out.one([&] { return openHere(caller, "data migrate")->migrate(); });
    return 0;
  });
}

}  // namespace video::ctl
