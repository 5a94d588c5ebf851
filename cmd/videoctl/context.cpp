#include "frame/command.hpp"
#include "frame/contexts.hpp"

namespace video::ctl {

/// A context as it is printed, without its token.
struct ShownContext {
  std::string name;
  std::string server;
  bool current = false;
  bool signedIn = false;
  std::optional<std::string> user{};
};

}  // namespace video::ctl

namespace video {
template <>
struct Fields<ctl::ShownContext> {
  static constexpr std::string_view plural = "contexts";
  static constexpr std::tuple list{
      Field{"name", &ctl::ShownContext::name, "name of the context"},
      Field{"server", &ctl::ShownContext::server, "URL of the server"},
      Field{"current", &ctl::ShownContext::current, "whether commands use it by default"},
      Field{"signed_in", &ctl::ShownContext::signedIn, "whether it holds a token"},
      Field{"user_name", &ctl::ShownContext::user, "whose token it is, if that is known"},
  };
};
}  // namespace video

namespace video::ctl {
namespace {

struct ContextName {
  std::string name;
};

ShownContext shown(const Contexts& contexts, const Context& context) {
  const bool isKnown = !context.token.empty() && !context.user.empty();
  return {context.name, context.server, context.name == contexts.current, !context.token.empty(),
          isKnown ? std::optional(context.user) : std::nullopt};
}

void checkName(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@-";
  if (name.empty() || name == "local" || name[0] == '-' || name.find_first_not_of(allowed) != std::string_view::npos)
    throw Usage(fmt::format("context {}: use only letters, digits and _ . : @ - in a name; local is reserved", name));
}

}  // namespace

void addContext(Commands& commands) {
  CLI::App& noun =
      commands.noun("context", "Saved servers: add, use, show, list, remove",
                    {{"Save a server as home and use it from now on",
                      "videoctl context add home --server https://video.example\nvideoctl context use home"},
                     {"Go back to this machine", "videoctl context use local"}});

  // The URL comes from the global flag --server.
  auto add = commands.verb<ContextName>(noun, "add", "Save a server, or change its URL: context add NAME --server URL");
  add.option("NAME", &ContextName::name, "name for the server")->required();
  add.runs([](Caller& caller, ContextName& wanted) {
    checkName(wanted.name);
    if (caller.flags.server.empty()) throw Usage("context add: --server URL is required");
    const std::string url = checkedUrl(caller.flags.server);
    changeContexts(contextsPath(), [&](Contexts& contexts) {
      Context* old = contexts.find(wanted.name);
      if (old == nullptr)
        contexts.all.push_back({wanted.name, url});
      else if (old->server != url)
        *old = {wanted.name, url};
    });
    caller.report(fmt::format("context {}: saved {}", wanted.name, url));
    return 0;
  });

  auto use = commands.verb<ContextName>(noun, "use", "Use a saved server by default; local means this machine");
  use.option("NAME", &ContextName::name, "a context, or local")->required();
  use.runs([](Caller& caller, ContextName& wanted) {
    changeContexts(contextsPath(), [&](Contexts& contexts) {
      contexts.current = wanted.name == "local" ? std::string() : contexts.get(wanted.name).name;
    });
    caller.report(fmt::format("commands now use {} by default", wanted.name));
    return 0;
  });

  auto show = commands.verb<NoWords>(noun, "show", "Show the current context");
  show.givesOne<ShownContext>();
  show.runs([](Caller& caller, NoWords&) {
    Contexts contexts = loadContexts(contextsPath());
    caller.out.one([&] {
      if (contexts.current.empty()) return ShownContext{.name = "local", .server = {}, .current = true};
      return shown(contexts, contexts.get(contexts.current));
    });
    return 0;
  });

  auto list = commands.verb<NoWords>(noun, "list", "List all contexts");
  list.givesList<Page<ShownContext>>();
  list.runs([](Caller& caller, NoWords&) {
    const Contexts contexts = loadContexts(contextsPath());
    std::vector<ShownContext> all;
    for (const Context& context : contexts.all) all.push_back(shown(contexts, context));
    caller.out.all(all, "name+,server+,user_name+,current,signed_in");
    return 0;
  });

  auto remove = commands.verb<ContextName>(noun, "remove", "Remove a saved server and its token");
  remove.option("NAME", &ContextName::name, "the context")->required();
  remove.runs([](Caller& caller, ContextName& wanted) {
    changeContexts(contextsPath(), [&](Contexts& contexts) {
      contexts.get(wanted.name);
      std::erase_if(contexts.all, [&](const Context& context) { return context.name == wanted.name; });
      if (contexts.current == wanted.name) contexts.current.clear();
    });
    caller.report(fmt::format("context {}: removed", wanted.name));
    return 0;
  });
}

}  // namespace video::ctl
