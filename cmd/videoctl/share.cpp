#include "base/clock.hpp"
#include "frame/command.hpp"
#include "shares/fields.hpp"

namespace video::ctl {
namespace {

struct CreateShare : NewShare {
  bool upload = false;
  std::chrono::milliseconds lasts{std::chrono::hours{24 * 7}};
};

struct RevokeShare {
  VideoId video;
  std::vector<std::string> ids;
};

}  // namespace

void addShare(Commands& commands) {
  CLI::App& noun = commands.noun(
      "share", "Signed links to videos, which work without signing in",
      {{"Create a link to the newest video, valid for a week",
        "id=$(videoctl video list --limit 1 -o id)\nvideoctl share create \"$id\" --label grandma"},
       {"Revoke all links to it", "videoctl share list \"$id\" -o id | videoctl share revoke \"$id\" -"}});

  auto create = commands.verb<CreateShare>(noun, "create", "Create a signed link and print it; it is shown only once");
  create.option("VIDEO", &NewShare::video)->required();
  create.flag("--upload", &CreateShare::upload, "create a link for uploading the video instead of watching it");
  create.option("--expires", &CreateShare::lasts, "how long the link is valid (default: 7d)");
  create.option("--label", &NewShare::label);
  create.givesOne<CreatedShare>();
  create.runs([](Caller& caller, CreateShare& wanted) {
    wanted.what = wanted.upload ? ShareWhat::upload : ShareWhat::view;
    wanted.expires = systemClock().now() + wanted.lasts;
    const auto make = [&] {
      CreatedShare made = caller.toolkit().shares().create(caller.by(), wanted);
      // Without public_url the link is relative: complete it with the address used here.
      if (made.url.starts_with('/')) made.url.insert(0, caller.siteUrl());
      return made;
    };
    if (caller.out.isJson() || caller.out.format() == Format::id || !caller.flags.columns.empty())
      caller.out.one(make);
    else
      caller.out.text(make().url + '\n');
    return 0;
  });

  auto list = commands.verb<ShareQuery>(noun, "list", "List a video's signed links");
  list.option("VIDEO", &ShareQuery::video)->required();
  list.lists();
  list.givesList<Page<Share>>();
  list.runs([](Caller& caller, ShareQuery& wanted) {
    Shares& shares = caller.toolkit().shares();
    caller.out.list(wanted, "id,what,label,create_time,expires",
                    [&](const ShareQuery& query) { return shares.list(caller.by(), query); });
    return 0;
  });

  auto revoke = commands.verb<RevokeShare>(noun, "revoke", "Revoke signed links; they stop working at once");
  revoke.option("VIDEO", &RevokeShare::video, "the video")->required();
  revoke.several("ID", &RevokeShare::ids, "links to revoke; - reads one ID per line from standard input");
  revoke.givesResults();
  revoke.runs([](Caller& caller, RevokeShare& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      caller.toolkit().shares().revoke(caller.by(), {wanted.video, ShareId{id}});
      return {"revoked", id, {}, {}};
    });
  });
}

}  // namespace video::ctl
