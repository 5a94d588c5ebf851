#include "frame/command.hpp"
#include "views/fields.hpp"

namespace video::ctl {
namespace {

struct ListHistory : HistoryQuery {};

struct ClearThese {
  std::vector<std::string> ids;
  std::string user;
};

void readPosition(std::string_view text, std::string_view name, std::int64_t& to) {
  std::optional<std::int64_t> position;
  readPositionMs(text, name, position);
  to = position.value();
}

}  // namespace

void addHistory(Commands& commands) {
  CLI::App& noun =
      commands.noun("history", "Videos that you have watched",
                    {{"Record that you have watched the newest video up to 1:30, then list your history",
                      "id=$(videoctl video list --limit 1 -o id)\nvideoctl --as ada history set \"$id\" --at 1:30\n"
                      "videoctl --as ada history list"}});

  auto list = commands.verb<ListHistory>(noun, "list", "List the videos that you have watched, latest first");
  list.option("--user", &HistoryQuery::user, "list the history of this user")->type_name("USER");
  list.lists();
  list.givesList<Page<HistoryEntry>>();
  list.runs([](Caller& caller, ListHistory& wanted) {
    if (wanted.user.empty()) wanted.user = caller.self("history list", "--user");
    Views& views = caller.toolkit().views();
    caller.out.list(static_cast<const HistoryQuery&>(wanted), "name+,time,position_ms,video_id,ended,author+",
                    [&](const HistoryQuery& query) { return views.history(caller.by(), query); });
    return 0;
  });

  auto show =
      commands.verb<ResumeQuery>(noun, "show", "Show where you left off in a video, and how many viewers it has now");
  show.option("VIDEO", &ResumeQuery::video)->required();
  show.givesOne<ResumePoint>();
  show.runs([](Caller& caller, ResumeQuery& wanted) {
    caller.out.one([&] { return caller.toolkit().views().resume(caller.by(), wanted); });
    return 0;
  });

  auto set =
      commands.verb<WatchVideo>(noun, "set", "Record how far you have watched a video, as a player does every 20 s");
  set.option("VIDEO", &WatchVideo::video)->required();
  set.option("--at", &WatchVideo::positionMs, "position in the video, such as 1:23.5", readPosition)
      ->type_name("POSITION")
      ->required();
  set.flag("--ended", &WatchVideo::ended, "you have watched it to the end");
  set.option("--cursor", &WatchVideo::cursor);
  set.givesOne<Watching>();
  set.runs([](Caller& caller, WatchVideo& wanted) {
    caller.out.one([&] { return caller.toolkit().views().watch(caller.by(), wanted); });
    return 0;
  });

  auto clear = commands.verb<ClearThese>(noun, "clear", "Remove videos from your history; without VIDEO, all of them");
  clear.several("VIDEO", &ClearThese::ids, "videos to remove; - reads one ID per line from standard input")
      ->required(false);
  clear.option("--user", &ClearThese::user, "clear the history of this user")->type_name("USER");
  clear.givesResults();
  clear.runs([](Caller& caller, ClearThese& wanted) {
    const std::string user = wanted.user.empty() ? caller.self("history clear", "--user") : wanted.user;
    Views& views = caller.toolkit().views();
    if (wanted.ids.empty())
      return runBatch(caller, Items({user}), [&](const std::string& name) -> Result {
        views.clear(caller.by(), {name, {}});
        return {"cleared", name, {}, {}};
      });
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      views.clear(caller.by(), {user, VideoId{id}});
      return {"cleared", id, {}, {}};
    });
  });
}

}  // namespace video::ctl
