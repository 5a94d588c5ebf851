#include "base/ids.hpp"
#include "frame/command.hpp"
#include "frame/prompt.hpp"
#include "sessions/fields.hpp"
#include "users/fields.hpp"

namespace video::ctl {

struct AddUser : NewUser {
  PasswordFrom from;
  bool stdinPassword = false;
  bool randomPassword = false;
  std::string passwordFile;
};

struct ChangePassword : ChangeUser {
  bool stdinPassword = false;
  std::string passwordFile;
  std::string oldPasswordFile;
};

struct Names {
  std::vector<std::string> names;
};

struct MuteUsers {
  std::vector<std::string> names;
  MuteUser mute;
};

/// A new user with the generated password, which is printed only once.
struct AddedUser {
  std::string name;
  std::string password;
};

namespace {

void offerToRevoke(Caller& caller, const ChangePassword& wanted, const std::vector<KeptToken>& tokens) {
  if (caller.flags.quiet) return;
  std::vector<std::string> labels;
  for (const KeptToken& token : tokens) labels.push_back(token.label);
  say(fmt::format("tokens of {} that stay valid: {}", wanted.name, fmt::join(labels, ", ")));
  if (!canAsk(caller.flags)) return;
  const std::string answer = ask("Revoke them? [y/N] ");
  if (answer != "y" && answer != "Y" && answer != "yes") return;
  ChangeUser again = wanted;
  again.revokeTokens = true;
  if (again.oldPassword) again.oldPassword = wanted.password;
  caller.toolkit().users().change(caller.by(), again);
}

int setPassword(Caller& caller, ChangePassword& wanted) {
  caller.needPrivateWay();
  PasswordFrom from{wanted.stdinPassword, wanted.passwordFile};
  const PasswordFrom old{.input = false, .file = wanted.oldPasswordFile};
  // Read the files first: in direct mode root then becomes the owner of the data directory.
  if (!old.file.empty()) wanted.oldPassword = readPassword(caller.flags, old, false);
  if (from.input || !from.file.empty()) wanted.password = readPassword(caller.flags, from, true);
  const bool maybeNeedsOld =
      !wanted.oldPassword &&
      caller.toolkit().sessions().whoami(caller.by(), {}).needsOldPassword.value_or(canAsk(caller.flags));
  if (maybeNeedsOld) {
    if (!canAsk(caller.flags))
      throw Usage("user passwd: no terminal to ask for the old password: use --old-password-file FILE");
    wanted.oldPassword = readPassword(caller.flags, old, false, "Old password: ");
  }
  if (!wanted.password) wanted.password = readPassword(caller.flags, from, true);
  return runBatch(caller, Items({wanted.name}), [&](const std::string& name) -> Result {
    const ChangedUser changed = caller.toolkit().users().change(caller.by(), wanted);
    if (changed.tokens && !changed.tokens->empty()) offerToRevoke(caller, wanted, *changed.tokens);
    return {"changed", name, {}, {}};
  });
}

int setDisabled(Caller& caller, const Names& wanted, bool disabled) {
  return runBatch(caller, Items(wanted.names, caller.flags), [&](const std::string& name) -> Result {
    ChangeUser change;
    change.name = name;
    change.disabled = disabled;
    caller.toolkit().users().change(caller.by(), change);
    return {disabled ? "disabled" : "enabled", name, {}, {}};
  });
}

void readUntil(std::string_view text, std::string_view name, MuteUser& to) {
  const auto duration = parseDuration(text);
  if (!duration) return readValue(text, name, to.until.emplace());
  to.until = systemClock().now() + *duration;  // for servers that do not know `for_ms`
  to.forMs = duration->count();
}

void readDisplayName(std::string_view text, std::string_view name, std::optional<Nullable<std::string>>& to) {
  to.emplace();
  if (!text.empty()) readText(text, name, to->emplace());
}

void readQuota(std::string_view text, std::string_view name, std::optional<Nullable<std::int64_t>>& to) {
  if (text == "default") {
    to.emplace();
  } else if (text == "none") {
    to = Nullable<std::int64_t>(0);
  } else {
    const auto size = parseSize(text);
    if (!size)
      throw Error(Fault::malformed, fmt::format("{}: {} is not a size such as 5GiB, none or default", name, text));
    to = Nullable<std::int64_t>(static_cast<std::int64_t>(*size));
  }
}

}  // namespace
}  // namespace video::ctl

namespace video {
template <>
struct Fields<ctl::AddedUser> {
  static constexpr std::tuple list{
      Field{"user_name", &ctl::AddedUser::name, "the new user"},
      Field{"password", &ctl::AddedUser::password, "the generated password"},
  };
};
}  // namespace video

namespace video::ctl {

void addUser(Commands& commands) {
  CLI::App& noun =
      commands.noun("user", "User accounts",
                    {{"Add a user, with the password from a file", "videoctl user add bob --password-file bob.pwd"},
                     {"Give bob a quota of 5 GiB", "videoctl user set bob --quota 5GiB"},
                     {"List the three users who use the most space",
                      "videoctl user list -o json | jq -r '.users | sort_by(-.bytes_used)[:3][] | .user_name'"},
                     {"Export all data of ada to a folder", "videoctl user export ada ada-export"},
                     {"Delete bob's account and transfer his videos to ada",
                      "videoctl user delete bob --transfer-videos-to ada --yes"}});

  auto add = commands.verb<AddUser>(noun, "add", "Add a user, asking for a password");
  add.option("NAME", &NewUser::name)->required();
  add.option("--role", &NewUser::role, "role of the user (default: user)");
  add.option("--quota", &NewUser::ownQuota, "limit on the total size of the user's videos", readQuota)
      ->type_name("SIZE|none|default");
  add.option("--display-name", &NewUser::displayName)->type_name("TEXT");
  add.flag("--random-password", &AddUser::randomPassword, "generate a password and print it");
  add.flag("--password-stdin", &AddUser::stdinPassword, "read the password from standard input");
  add.option("--password-file", &AddUser::passwordFile,
             "read the password from FILE, which others must not be able to read")
      ->type_name("FILE");
  add.givesResults();
  add.runs([](Caller& caller, AddUser& wanted) {
    if (wanted.randomPassword && (wanted.stdinPassword || !wanted.passwordFile.empty()))
      throw Usage("--random-password: cannot be combined with --password-stdin or --password-file");
    if (wanted.randomPassword && caller.out.format() == Format::id)
      throw Usage("--random-password: cannot be combined with -o id, which would not print the password");
    caller.needPrivateWay();
    wanted.password = wanted.randomPassword
                          ? makeSecret(18)
                          : readPassword(caller.flags, {wanted.stdinPassword, wanted.passwordFile}, true);
    const auto make = [&] { return caller.toolkit().users().add(caller.by(), wanted).userName; };
    if (!wanted.randomPassword)
      return runBatch(caller, Items({wanted.name}), [&](const std::string&) -> Result {
        return {"added", make(), {}, {}};
      });
    if (caller.out.isJson() || caller.out.format() == Format::id || !caller.flags.columns.empty())
      caller.out.one([&] { return AddedUser{make(), wanted.password}; });
    else {
      make();
      caller.out.text(wanted.password + '\n');
    }
    return 0;
  });

  auto list = commands.verb<ListQuery>(noun, "list", "List all users");
  list.lists();
  list.givesList<Page<User>>();
  list.runs([](Caller& caller, ListQuery& wanted) {
    Users& users = caller.toolkit().users();
    caller.out.list(
        wanted, "user_name+,role,bytes_used,bytes_quota,video_count,create_time,bytes_trash,disabled,display_name+,id",
        [&](const ListQuery& query) { return users.list(caller.by(), query); });
    return 0;
  });

  auto show = commands.verb<UserName>(noun, "show", "Show a user");
  show.option("NAME", &UserName::name)->required();
  show.givesOne<User>();
  show.runs([](Caller& caller, UserName& wanted) {
    caller.out.one([&] { return caller.toolkit().users().show(caller.by(), wanted); });
    return 0;
  });

  auto passwd =
      commands.verb<ChangePassword>(noun, "passwd", "Change a user's password and revoke the user's other sessions");
  passwd.option("NAME", &ChangeUser::name)->required();
  passwd.flag("--password-stdin", &ChangePassword::stdinPassword, "read the new password from standard input");
  passwd
      .option("--password-file", &ChangePassword::passwordFile,
              "read the new password from FILE, which others must not be able to read")
      ->type_name("FILE");
  passwd
      .option("--old-password-file", &ChangePassword::oldPasswordFile,
              "read the old password from FILE; not needed by admins and the operator")
      ->type_name("FILE");
  passwd.flag("--revoke-tokens", &ChangeUser::revokeTokens, "also revoke the user's tokens, except the one in use");
  passwd.givesResults();
  passwd.runs(setPassword);

  auto set = commands.verb<ChangeUser>(noun, "set", "Change a user's display name, watch history, role or quota");
  set.option("NAME", &ChangeUser::name)->required();
  set.option("--role", &ChangeUser::role, "new role of the user");
  set.option("--quota", &ChangeUser::ownQuota, "limit on the total size of the user's videos", readQuota)
      ->type_name("SIZE|none|default");
  set.option("--display-name", &ChangeUser::displayName,
             "shown beside the user name, 1 to 64 characters; '' removes it", readDisplayName)
      ->type_name("TEXT");
  set.option("--history", &ChangeUser::historyOff, "whether to keep a history of what the user watches", readOff)
      ->type_name("on|off");
  set.givesResults();
  set.runs([](Caller& caller, ChangeUser& wanted) {
    if (!wanted.role && !wanted.ownQuota && !wanted.displayName && !wanted.historyOff)
      throw Usage("user set: nothing to change: give --display-name, --history, --role or --quota");
    return runBatch(caller, Items({wanted.name}), [&](const std::string& name) -> Result {
      caller.toolkit().users().change(caller.by(), wanted);
      return {"changed", name, {}, {}};
    });
  });

  auto disable = commands.verb<Names>(noun, "disable", "Disable accounts, revoking their sessions and tokens");
  disable.several("NAME", &Names::names, "users; - reads one name per line from standard input");
  disable.givesResults();
  disable.runs([](Caller& caller, Names& wanted) { return setDisabled(caller, wanted, true); });

  auto enable = commands.verb<Names>(noun, "enable", "Re-enable disabled accounts");
  enable.several("NAME", &Names::names, "users; - reads one name per line from standard input");
  enable.givesResults();
  enable.runs([](Caller& caller, Names& wanted) { return setDisabled(caller, wanted, false); });

  auto mute = commands.verb<MuteUsers>(noun, "mute", "Keep users from commenting and reporting until a time");
  mute.several("NAME", &MuteUsers::names, "users; - reads one name per line from standard input");
  mute.option("--until", &MuteUsers::mute, "when they may comment and report again: a TIME, or a DURATION from now on",
              readUntil)
      ->type_name("TIME|DURATION")
      ->required();
  mute.givesResults();
  mute.runs([](Caller& caller, MuteUsers& wanted) {
    return runBatch(caller, Items(wanted.names, caller.flags), [&](const std::string& name) -> Result {
      wanted.mute.name = name;
      caller.toolkit().users().mute(caller.by(), wanted.mute);
      return {"muted", name, {}, {}};
    });
  });

  auto unmute = commands.verb<Names>(noun, "unmute", "Let muted users comment and report again");
  unmute.several("NAME", &Names::names, "users; - reads one name per line from standard input");
  unmute.givesResults();
  unmute.runs([](Caller& caller, Names& wanted) {
    return runBatch(caller, Items(wanted.names, caller.flags), [&](const std::string& name) -> Result {
      caller.toolkit().users().unmute(caller.by(), {name});
      return {"unmuted", name, {}, {}};
    });
  });

  auto remove = commands.verb<RemoveUser>(noun, "delete", "Delete an account with its videos and comments");
  remove.option("NAME", &RemoveUser::name)->required();
  remove.option("--transfer-videos-to", &RemoveUser::transferVideosTo)->type_name("USER");
  remove.givesResults();
  remove.rehearses();
  remove.runs([](Caller& caller, RemoveUser& wanted) {
    if (caller.flags.dryRun)
      return runBatch(caller, Items({wanted.name}), [&](const std::string&) -> Result {
        const User user = caller.toolkit().users().rehearseRemove(caller.by(), wanted);
        const std::string what = fmt::format("{} videos, {} bytes", user.videoCount, user.bytesUsed);
        return {"would-delete", user.name, {}, wanted.transferVideosTo ? "without " + what : "with " + what};
      });
    confirm(caller.flags, "user delete",
            fmt::format("Delete user {} on {}, with {}?", wanted.name, caller.target().address,
                        wanted.transferVideosTo ? "all comments" : "all videos and comments"));
    return runBatch(caller, Items({wanted.name}), [&](const std::string& name) -> Result {
      caller.toolkit().users().remove(caller.by(), wanted);
      return {"deleted", name, {}, {}};
    });
  });

  addUserExport(commands, noun);
}

}  // namespace video::ctl
