#include "tokens/fields.hpp"

#include "base/clock.hpp"
#include "frame/command.hpp"
#include "frame/prompt.hpp"

namespace video::ctl {
namespace {

struct CreateToken : NewToken {
  std::string ends = "90d";
};

struct RevokeThese : RevokeTokens {
  std::vector<std::string> ids;
  bool all = false;
};

int revokeTokens(Caller& caller, RevokeThese& wanted) {
  const bool isSet = wanted.name || wanted.all || wanted.label;
  if (wanted.ids.empty() != isSet || (wanted.name && wanted.all))
    throw Usage("token revoke: give token IDs, --user USER, --label LABEL or --all");
  Tokens& tokens = caller.toolkit().tokens();
  if (!wanted.ids.empty())
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      tokens.revoke(caller.by(), {TokenId{id}});
      return {"revoked", id, {}, {}};
    });
  if (!wanted.all && !wanted.name) wanted.name = caller.self("token revoke", "--user");
  const std::string labelled = wanted.label ? fmt::format(" with the label {}", *wanted.label) : "";
  if (wanted.all)
    confirm(caller.flags, "token revoke --all",
            fmt::format("Revoke all tokens{} on {}?", labelled, caller.target().address));
  tokens.revokeAll(caller.by(), wanted);
  caller.report(wanted.name ? fmt::format("revoked the tokens of {}{}", *wanted.name, labelled)
                            : fmt::format("revoked all tokens{}", labelled));
  return 0;
}

}  // namespace

void addToken(Commands& commands) {
  CLI::App& noun = commands.noun(
      "token", "API tokens for scripts",
      {{"Create a token for a nightly upload, valid for a year",
        "(umask 077; videoctl --as ada token create --label nightly --scope upload --expires 365d > token.txt)"},
       {"List your tokens", "videoctl --as ada token list"},
       {"Revoke ada's tokens with the label nightly", "videoctl token revoke --user ada --label nightly"}});

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
    if (wanted.ends != "never") {
      const std::chrono::milliseconds lasts = *parseDuration(wanted.ends);
      wanted.expires = systemClock().now() + lasts;  // for servers that do not know `expires_in_ms`
      wanted.expiresIn = lasts.count();
    }
    if (wanted.user.empty()) {
      caller.needAuthor("token create");
      wanted.user = caller.self("token create", "--user");
    }
    const auto make = [&] { return caller.toolkit().tokens().create(caller.by(), wanted); };
    if (caller.out.isJson() || caller.out.format() == Format::id || !caller.flags.columns.empty())
      caller.out.one(make);
    else
      caller.out.text(requirePlain("a token", make().token) + '\n');
    return 0;
  });

  auto list = commands.verb<OfUserQuery>(noun, "list", "List your tokens; admins and the operator see all");
  list.option("--user", &OfUserQuery::name, "only the tokens of this user")->type_name("USER");
  list.lists();
  list.givesList<Page<Token>>();
  list.runs([](Caller& caller, OfUserQuery& wanted) {
    Tokens& tokens = caller.toolkit().tokens();
    caller.out.list(wanted, "label+,user_name+,scope,id,expires,last_used,create_time,login",
                    [&](const OfUserQuery& query) { return tokens.list(caller.by(), query); });
    return 0;
  });

  auto revoke = commands.verb<RevokeThese>(noun, "revoke", "Revoke tokens; they stop working at once");
  revoke.several("ID", &RevokeThese::ids, "tokens to revoke; - reads one ID per line from standard input")
      ->required(false);
  revoke.option("--user", &OfUser::name, "revoke all tokens of this user")->type_name("USER");
  revoke
      .option("--label", &RevokeTokens::label, "revoke the tokens with this label: yours, or those of --user or --all")
      ->type_name("LABEL");
  revoke.flag("--all", &RevokeThese::all, "revoke all your tokens; for admins and the operator, those of all users");
  revoke.givesResults();
  revoke.runs(revokeTokens);
}

}  // namespace video::ctl
