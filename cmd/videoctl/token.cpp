#include "tokens/fields.hpp"

#include "base/clock.hpp"
#include "frame/command.hpp"

namespace video::ctl {
namespace {

struct CreateToken : NewToken {
  std::string ends = "90d";
};

struct Ids {
  std::vector<std::string> ids;
};

}  // namespace

void addToken(Commands& commands) {
  CLI::App& noun = commands.noun(
      "token", "API tokens for scripts",
      {{"Create a token for a nightly upload, valid for a year",
        "(umask 077; videoctl --as ada token create --label nightly --scope upload --expires 365d > token.txt)"},
       {"List your tokens", "videoctl --as ada token list"}});

  auto create = commands.verb<CreateToken>(noun, "create", "Create a token and print it; it is shown only once");
  create.option("--label", &NewToken::label)->required();
  create.option("--scope", &NewToken::scope)->required();
  create.option("--user", &NewToken::user, "the user it is for; default: you");
  create.option("--expires", &CreateToken::ends, "how long the token is valid, or never (default: 90d)",
                [](std::string_view text, std::string_view name, std::string& to) {
                  std::chrono::milliseconds duration{};
                  if (text != "never") readValue(text, name, duration);
                  to = text;
                });
  create.givesOne<CreatedToken>();
  create.runs([](Caller& caller, CreateToken& wanted) {
    if (wanted.ends != "never") wanted.expires = systemClock().now() + *parseDuration(wanted.ends);
    caller.needAuthor("token create");
    if (wanted.user.empty()) wanted.user = caller.self("token create", "--user");
    const auto make = [&] { return caller.toolkit().tokens().create(caller.by(), wanted); };
    if (caller.out.isJson() || caller.out.format() == Format::id || !caller.flags.columns.empty())
      caller.out.one(make);
    else
      caller.out.text(make().token + '\n');
    return 0;
  });

  auto list = commands.verb<OfUserQuery>(noun, "list", "List your tokens; admins and the operator see all");
  list.option("--user", &OfUserQuery::name, "only the tokens of this user")->type_name("USER");
  list.lists();
  list.givesList<Page<Token>>();
  list.runs([](Caller& caller, OfUserQuery& wanted) {
    Tokens& tokens = caller.toolkit().tokens();
    caller.out.list(wanted, "id,user_name,label,scope,create_time,expires,last_used",
                    [&](const OfUserQuery& query) { return tokens.list(caller.by(), query); });
    return 0;
  });

  auto revoke = commands.verb<Ids>(noun, "revoke", "Revoke tokens");
  revoke.several("ID", &Ids::ids, "tokens to revoke; - reads one ID per line from standard input");
  revoke.givesResults();
  revoke.runs([](Caller& caller, Ids& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      caller.toolkit().tokens().revoke(caller.by(), {TokenId{id}});
      return {"revoked", id, {}, {}};
    });
  });
}

}  // namespace video::ctl
