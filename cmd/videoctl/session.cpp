#include <unistd.h>

#include <utility>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "frame/command.hpp"
#include "frame/contexts.hpp"
#include "frame/prompt.hpp"
#include "sessions/fields.hpp"

namespace video::ctl {
namespace {

struct SignIn {
  std::string name;
  std::chrono::milliseconds keep{std::chrono::hours{24 * 30}};
  bool stdinPassword = false;
  std::string passwordFile;
};

struct RevokeSessions : OfUser {
  std::vector<std::string> ids;
  bool all = false;
};

int revoke(Caller& caller, RevokeSessions& wanted) {
  const int ways = (wanted.ids.empty() ? 0 : 1) + (wanted.name ? 1 : 0) + (wanted.all ? 1 : 0);
  if (ways != 1) throw Usage("session revoke: give session IDs, --user USER or --all");
  Sessions& sessions = caller.toolkit().sessions();
  if (!wanted.ids.empty())
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      sessions.revoke(caller.by(), {SessionId{id}});
      return {"revoked", id, {}, {}};
    });
  if (wanted.all)
    confirm(caller.flags, "session revoke --all", fmt::format("Revoke all sessions on {}?", caller.target().address));
  sessions.revokeAll(caller.by(), wanted);
  caller.report(wanted.name ? fmt::format("revoked the sessions of {}", *wanted.name)
                            : std::string("revoked all sessions"));
  return 0;
}

std::string hostName() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

// Whether a context holds no token of anybody else.
bool isFreeFor(Toolkit& toolkit, const Context& context, std::string_view user) {
  if (context.token.empty()) return true;
  if (!context.user.empty()) return equalWithoutCase(context.user, user);
  // Saved before contexts kept the name.
  try {
    return equalWithoutCase(toolkit.sessions().whoami(Secret{context.token}, {}).userName.value_or(""), user);
  } catch (const Error& error) {
    if (error.fault() != Fault::unauthenticated) throw;
    return true;  // the token has ended
  }
}

// The context that keeps the token: the one in use, or one with this URL that holds no other user's token, which is
// added if needed.
Context& contextOf(Contexts& contexts, const Target& target, Toolkit& toolkit, const std::string& user) {
  if (!target.context.empty()) return contexts.get(target.context);
  for (Context& context : contexts.all)
    if (context.server == target.address && isFreeFor(toolkit, context, user)) return context;
  const std::string host = target.address.substr(target.address.find("://") + 3);
  std::string name = host;
  if (contexts.find(name) != nullptr) name = fmt::format("{}@{}", user, host);
  for (int number = 2; contexts.find(name) != nullptr; ++number) name = fmt::format("{}@{}-{}", user, host, number);
  return contexts.all.emplace_back(Context{name, target.address});
}

// Ends a session or a token, which may have ended by itself.
void signOut(Toolkit& toolkit, const Credential& which) {
  try {
    toolkit.sessions().logout(which, {});
  } catch (const Error& error) {
    if (error.fault() != Fault::unauthenticated) throw;
  }
}

// The same, where the command goes on if it fails.
void trySignOut(Toolkit& toolkit, const Credential& which, std::string_view what) {
  try {
    signOut(toolkit, which);
  } catch (const Error& error) {
    say(fmt::format("{} stays valid: {}", what, error.what()));
  }
}

// Asks for scope admin, and for full if the server refuses because the user is not an admin.
std::string makeToken(Toolkit& toolkit, const Credential& by, NewToken wanted) {
  try {
    return toolkit.tokens().create(by, wanted).token;
  } catch (const Error& error) {
    if (error.fault() != Fault::forbidden) throw;
    wanted.scope = Scope::full;
    return toolkit.tokens().create(by, wanted).token;
  }
}

int logIn(Caller& caller, SignIn& wanted) {
  if (caller.target().kind != Target::Kind::remote)
    throw Usage("session login: needs a server: add --server URL or --context NAME");
  caller.needPrivateWay();
  if (wanted.name.empty()) {
    if (!canAsk(caller.flags)) throw Usage("session login: give a user name: session login NAME");
    wanted.name = ask("User name: ");
  }
  const std::string password = readPassword(caller.flags, {wanted.stdinPassword, wanted.passwordFile}, false);

  Toolkit& toolkit = caller.toolkit();
  const SignedIn signedIn = toolkit.sessions().login(Anonymous{}, {wanted.name, {}, password, {}});
  const Credential session = Secret{signedIn.sessionId.value_or("")};
  const std::string& user = signedIn.userName;
  std::string token;
  std::string replaced;
  Context used;
  bool isCurrent = false;
  try {
    if (!isUserName(user)) throw Error(Fault::unreachable, "the server sent an invalid user name");
    // `expires` is for servers that do not know `expires_in_ms`.
    const std::string made = makeToken(toolkit, session,
                                       {.user = user,
                                        .label = "videoctl@" + hostName(),
                                        .scope = Scope::admin,
                                        .expires = systemClock().now() + wanted.keep,
                                        .expiresIn = wanted.keep.count(),
                                        .login = true});
    token = requirePlain("a token", made);
    changeContexts(contextsPath(), [&](Contexts& contexts) {
      Context& context = contextOf(contexts, caller.target(), toolkit, user);
      replaced = std::exchange(context.token, token);
      context.user = user;
      used = context;
      isCurrent = contexts.current == context.name;
    });
  } catch (const Error&) {
    // Nobody has a use for them.
    if (!token.empty()) trySignOut(toolkit, Secret{token}, "the token that was made");
    trySignOut(toolkit, session, "the session that was begun");
    throw;
  }
  trySignOut(toolkit, session, "the session that was begun");
  if (!replaced.empty()) trySignOut(toolkit, Secret{replaced}, "the token before it");
  caller.report(fmt::format("signed in to {} as {}; saved in context {}", used.server, user, used.name));
  if (!isCurrent && !caller.flags.quiet)
    sayPlain(fmt::format("hint: run `videoctl context use {}` to use it by default", used.name));
  return 0;
}

int logOut(Caller& caller, NoWords&) {
  if (caller.target().kind != Target::Kind::remote)
    throw Usage("session logout: needs a server: add --server URL or --context NAME");
  const std::string& name = caller.target().context;
  if (name.empty()) {
    caller.toolkit().sessions().logout(caller.by(), {});
  } else {
    signOut(caller.toolkit(), caller.by());
    changeContexts(contextsPath(), [&](Contexts& contexts) {
      Context& context = contexts.get(name);
      context.token.clear();
      context.user.clear();
    });
  }
  caller.report(fmt::format("signed out of {}", caller.target().address));
  return 0;
}

}  // namespace

void addSession(Commands& commands) {
  CLI::App& noun = commands.noun("session", "Sessions: sign in, sign out, list, revoke",
                                 {{"Save a server and sign in to it",
                                   "videoctl context add home --server https://video.example\nvideoctl --context home "
                                   "session login ada --password-file ada.pwd"},
                                  {"See who you are signed in as", "videoctl --context home session whoami"},
                                  {"Sign out", "videoctl --context home session logout"}});

  auto login = commands.verb<SignIn>(
      noun, "login", "Sign in to a server and save a token in the context, in place of the one that it held before");
  login.option("NAME", &SignIn::name, "user name");
  login.option("--keep", &SignIn::keep, "how long to stay signed in (default: 30d)");
  login.flag("--password-stdin", &SignIn::stdinPassword, "read the password from standard input");
  login
      .option("--password-file", &SignIn::passwordFile,
              "read the password from FILE, which others must not be able to read")
      ->type_name("FILE");
  login.runs(logIn);

  auto logout = commands.verb<NoWords>(noun, "logout", "Sign out and revoke the token that login created");
  logout.runs(logOut);

  auto list = commands.verb<OfUserQuery>(noun, "list", "List your sessions; admins and the operator see all");
  list.option("--user", &OfUserQuery::name, "only the sessions of this user")->type_name("USER");
  list.lists();
  list.givesList<Page<Session>>();
  list.runs([](Caller& caller, OfUserQuery& wanted) {
    Sessions& sessions = caller.toolkit().sessions();
    caller.out.list(wanted, "user_name+,create_time,expires,current,id",
                    [&](const OfUserQuery& query) { return sessions.list(caller.by(), query); });
    return 0;
  });

  auto end = commands.verb<RevokeSessions>(
      noun, "revoke", "Revoke sessions; --user and --all also revoke the tokens that session login created");
  end.several("ID", &RevokeSessions::ids, "sessions to revoke; - reads one ID per line from standard input")
      ->required(false);
  end.option("--user", &OfUser::name, "revoke all sessions of this user")->type_name("USER");
  end.flag("--all", &RevokeSessions::all, "revoke all your sessions; for admins and the operator, those of all users");
  end.givesResults();
  end.runs(revoke);

  auto whoami = commands.verb<NoWords>(noun, "whoami", "Show who you are signed in as");
  whoami.givesOne<WhoAmI>();
  whoami.runs([](Caller& caller, NoWords&) {
    caller.out.one([&] { return caller.toolkit().sessions().whoami(caller.by(), {}); });
    return 0;
  });
}

}  // namespace video::ctl
