#include "base/clock.hpp"
#include "frame/command.hpp"
#include "shares/fields.hpp"

namespace video::ctl {
namespace {

struct CreateShare : NewShare {
  bool upload = false;
  bool drop = false;
  std::chrono::milliseconds lasts{std::chrono::hours{24 * 7}};
};

struct ListShares : ShareQuery {
  bool drop = false;
};

struct RevokeShare {
  std::string video;
  bool drop = false;
  std::string user;
  std::vector<std::string> ids;
};

// The user of drop links, who is the caller by default; nothing for links to videos.
std::optional<std::string> userOfDrops(Caller& caller, std::string_view command, bool drop,
                                       const std::optional<std::string>& user, bool hasVideo) {
  if (!drop) {
    if (user) throw Usage("--user: needs --drop");
    if (!hasVideo) throw Usage(fmt::format("{}: give a VIDEO, or --drop", command));
    return std::nullopt;
  }
  if (hasVideo) throw Usage(fmt::format("{}: give a VIDEO or --drop, not both", command));
  return user ? *user : caller.self(command, "--user");
}

}  // namespace

void addShare(Commands& commands) {
  CLI::App& noun = commands.noun(
      "share", "Signed links to videos, and links through which guests upload; they work without signing in",
      {{"Create a link to the newest video, valid for a week",
        "id=$(videoctl video list --limit 1 -o id)\nvideoctl share create \"$id\" --label grandma"},
       {"Create a link through which guests upload at most 20 videos to ada, who alone sees them",
        "videoctl share create --drop --user ada --max-files 20 --expires 2d --label wedding"},
       {"Revoke all links to it", "videoctl share list \"$id\" -o id | videoctl share revoke \"$id\" -"}});

  auto create = commands.verb<CreateShare>(noun, "create", "Create a signed link and print it; it is shown only once");
  create.option("VIDEO", &NewShare::video)->required(false);
  create.flag("--upload", &CreateShare::upload, "create a link for uploading the video instead of watching it");
  create.flag(
      "--drop", &CreateShare::drop,
      "create a link through which guests upload new videos to a user; the videos are private at first; the link opens "
      "a page for uploading files; programs POST a JSON object with name and size (bytes) to it, then PUT the file to "
      "the upload_url of the reply");
  create.option("--user", &NewShare::user, "with --drop: who gets the videos; default: you")->type_name("USER");
  create.option("--max-files", &NewShare::maxFiles, "with --drop: accept at most N videos, up to 1000; default: 50");
  create
      .option("--max-bytes", &NewShare::maxBytes, "with --drop: accept at most SIZE in total; default: no limit",
              readSize)
      ->type_name("SIZE");
  create.option("--expires", &CreateShare::lasts, "how long the link is valid (default: 7d)");
  create.option("--label", &NewShare::label);
  create.givesOne<CreatedShare>();
  create.runs([](Caller& caller, CreateShare& wanted) {
    if (wanted.upload && wanted.drop) throw Usage("--drop: cannot be combined with --upload");
    if (!wanted.drop && (wanted.maxFiles || wanted.maxBytes)) throw Usage("--max-files, --max-bytes: need --drop");
    wanted.user = userOfDrops(caller, "share create", wanted.drop, wanted.user, wanted.video.has_value());
    wanted.what = wanted.drop ? ShareWhat::drop : wanted.upload ? ShareWhat::upload : ShareWhat::view;
    wanted.expires = systemClock().now() + wanted.lasts;  // for servers that do not know `expires_in_ms`
    wanted.expiresIn = wanted.lasts.count();
    const auto make = [&] {
      CreatedShare made = caller.toolkit().shares().create(caller.by(), wanted);
      // Without public_url the link is relative: complete it with the address used here.
      if (made.url.starts_with('/')) made.url.insert(0, caller.siteUrl());
      return made;
    };
    if (caller.out.isJson() || caller.out.format() == Format::id || !caller.flags.columns.empty())
      caller.out.one(make);
    else
      caller.out.text(requirePlain("a link", make().url) + '\n');
    return 0;
  });

  auto list = commands.verb<ListShares>(noun, "list", "List a video's signed links, or a user's drop links");
  list.option("VIDEO", &ShareQuery::video)->required(false);
  list.flag("--drop", &ListShares::drop, "list the links through which guests upload");
  list.option("--user", &ShareQuery::user, "with --drop: of this user; default: yours")->type_name("USER");
  list.lists();
  list.givesList<Page<Share>>();
  list.runs([](Caller& caller, ListShares& wanted) {
    Shares& shares = caller.toolkit().shares();
    wanted.user = userOfDrops(caller, "share list", wanted.drop, wanted.user, wanted.video.has_value());
    caller.out.list(static_cast<const ShareQuery&>(wanted),
                    wanted.drop ? "label+,id,files,max_files,bytes,max_bytes,expires,create_time"
                                : "label+,what,expires,id,create_time",
                    [&](const ShareQuery& query) { return shares.list(caller.by(), query); });
    return 0;
  });

  auto revoke = commands.verb<RevokeShare>(noun, "revoke", "Revoke signed links; they stop working at once");
  revoke.option("VIDEO", &RevokeShare::video, "the video; left out with --drop")->required();
  revoke.several("ID", &RevokeShare::ids, "links to revoke; - reads one ID per line from standard input")
      ->required(false);
  revoke.flag("--drop", &RevokeShare::drop, "revoke links through which guests upload");
  revoke.option("--user", &RevokeShare::user, "with --drop: of this user; default: yours")->type_name("USER");
  revoke.givesResults();
  revoke.runs([](Caller& caller, RevokeShare& wanted) {
    if (wanted.drop) wanted.ids.insert(wanted.ids.begin(), wanted.video);
    if (wanted.ids.empty()) throw Usage("share revoke: give the IDs of links");
    const auto user = userOfDrops(caller, "share revoke", wanted.drop,
                                  wanted.user.empty() ? std::nullopt : std::optional(wanted.user), !wanted.drop);
    const auto video = wanted.drop ? std::nullopt : std::optional(VideoId{wanted.video});
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      caller.toolkit().shares().revoke(caller.by(), {video, ShareId{id}, user});
      return {"revoked", id, {}, {}};
    });
  });
}

}  // namespace video::ctl
