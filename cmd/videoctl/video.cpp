#include <algorithm>
#include <chrono>
#include <thread>

#include "base/text.hpp"
#include "contents/fields.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/progress.hpp"
#include "videos/fields.hpp"

namespace video::ctl {
namespace {

struct TheseVideos {
  std::vector<std::string> ids;
  bool now = false;
};

struct ListVideos : VideoQuery {
  bool newest = false;
  bool reversed = false;
};

struct ChangeVideo : SetVideo {
  std::vector<std::string> ids;  // empty: only `id`
  std::string descriptionFile;
};

struct VerifyVideos {
  std::vector<std::string> ids;
  bool all = false;
};

struct BlockVideos {
  std::vector<std::string> ids;
  std::string sha256;
  std::string reason;
};

// Between looks at a verification in the daemon's background.
constexpr std::chrono::milliseconds shortestPause{5};
constexpr std::chrono::milliseconds longestPause{500};

bool isEnded(const VerifiedVideo& video) {
  return video.state == VerifyState::ok || video.state == VerifyState::damaged;
}

// What people look for first in a list: whose the videos are, where it has those of all users, and until when they can
// be restored.
std::string columnsFor(Caller& caller, const ListVideos& wanted) {
  const auto* const operator_ = std::get_if<Operator>(&caller.by());
  const bool isOfAll = wanted.newest || (!wanted.user && operator_ != nullptr && !operator_->as);
  const bool isDeleted = wanted.state == VideoState::deleted;
  return fmt::format("name+,{}size,{},id{},state,duration_ms,visibility,{},author_display_name+",
                     isOfAll ? "author+," : "", isDeleted ? "purge_time" : "create_time", isOfAll ? "" : ",author+",
                     isDeleted ? "create_time" : "purge_time");
}

// Says which video was deleted or would be, and until when it can be restored, for people.
std::string deletedText(const Video& video, bool now) {
  std::string text = fmt::format("{}, by {}, of {}", video.name, video.author, shownTime(video.created));
  if (video.purgeTime && video.state == VideoState::deleted && !now)
    text += fmt::format("; can be restored until {}", shownTime(*video.purgeTime));
  return text;
}

// Says how a content differs from what is recorded of it.
std::string damageOf(Caller& caller, const VerifiedVideo& found) {
  if (found.sha256.empty()) return "its file is missing or cannot be opened";
  const Video video = caller.toolkit().videos().show(caller.by(), {found.id, {}});
  if (found.size != video.size) return fmt::format("its file has {} bytes instead of {}", found.size, video.size);
  return "its file has another SHA-256";
}

int verifyVideos(Caller& caller, VerifyVideos& wanted) {
  if (wanted.all == !wanted.ids.empty()) throw Usage("video verify: give video IDs, or --all");
  Videos& videos = caller.toolkit().videos();
  VideoQuery query;
  query.state = VideoState::ready;
  query.limit = 1000;
  CursorCheck check;
  for (bool more = wanted.all; more; more = query.cursor.has_value()) {
    const Page<Video> page = videos.list(caller.by(), query);
    for (const Video& video : page.items) wanted.ids.push_back(video.id.text);
    query.cursor = page.nextCursor;
    check.next(query.cursor, !page.items.empty());
  }
  bool allSound = true;
  const auto all = static_cast<std::int64_t>(wanted.ids == std::vector<std::string>{"-"} ? 0 : wanted.ids.size());
  std::int64_t done = 0;
  Progress progress(caller.flags, "verify");
  const int status = runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
    progress.show(done++, all);
    const struct Hide {
      Progress& line;
      ~Hide() { line.hide(); }
    } hide{progress};  // the result takes its place on the terminal
    VerifiedVideo found = videos.verify(caller.by(), {VideoId{id}, {}});
    for (auto pause = shortestPause; !isEnded(found); pause = std::min(2 * pause, longestPause)) {
      std::this_thread::sleep_for(pause);
      found = videos.verifyStatus(caller.by(), {VideoId{id}, {}});
    }
    if (found.sound) return {"sound", id, {}, {}};
    allSound = false;
    progress.hide();
    const std::string how = damageOf(caller, found);
    say(fmt::format("video {}: damaged: {}", id, how));
    return {"damaged", id, {}, how};
  });
  constexpr int problems = 10;
  return status == 0 && !allSound ? problems : status;
}

// Blocks a content, and lists the videos that have it.
int blockContent(Caller& caller, const BlockVideos& wanted) {
  const NewlyBlockedContent blocked = caller.toolkit().contents().block(caller.by(), {wanted.sha256, wanted.reason});
  std::vector<std::string> ids{blocked.sha256};
  for (const VideoId& video : blocked.videos) ids.push_back(video.text);
  return runBatch(caller, Items(ids), [&](const std::string& id) -> Result {
    if (id != blocked.sha256) return {"has-content", id, {}, {}};
    Result done{"blocked", id, {}, {}};
    if (blocked.others > 0)
      done.detail = fmt::format("videos with this content that are not listed: {}", blocked.others);
    return done;
  });
}

void requireVideosOrContent(std::string_view command, const BlockVideos& wanted) {
  if (wanted.ids.empty() == wanted.sha256.empty()) throw Usage(fmt::format("{}: give video IDs, or --sha256", command));
}

}  // namespace

void addVideo(Commands& commands) {
  CLI::App& noun = commands.noun(
      "video", "Videos: upload, download, change, verify, delete, restore",
      {{"Upload two files", "videoctl video upload holiday.mp4 beach.mp4 --user ada"},
       {"Print the IDs of the three newest videos", "videoctl video list --limit 3 -o id"},
       {"Delete a user's videos older than a year",
        "videoctl video list --user ada --until 365d -o id | videoctl video delete -"},
       {"Delete the newest video and restore it",
        "id=$(videoctl video list --limit 1 -o id)\nvideoctl video delete \"$id\"\nvideoctl video restore \"$id\""},
       {"Re-read all files and compare them with their recorded SHA-256", "videoctl video verify --all"},
       {"Mirror a user's videos to a folder; run again, it fetches what is new",
        "videoctl video list --user ada --state ready --reverse -o id | videoctl video download - --to ada-videos/ "
        "--resume"},
       {"Compare a folder with the server by SHA-256: what is there is skipped, what is not would be uploaded",
        "videoctl --dry-run video upload /srv/incoming --recursive --skip-existing --again --user ada"},
       {"List a user's videos that are not in the folder",
        "find /srv/incoming -type f -exec sha256sum {} + | sed 's/^\\\\//; s/ .*//' | sort -u > there.txt\n"
        "videoctl -o tsv --no-header --columns sha256,id,name video list --user ada --state ready |\n"
        "  sort | join -t \"$(printf '\\t')\" -v 1 - there.txt"},
       {"Give all videos of ada to another user, root",
        "videoctl video list --user ada -o id | videoctl video set - --user root"}});

  addUpload(commands, noun);
  addSubtitle(commands, noun);

  auto list = commands.verb<ListVideos>(noun, "list", "List your videos; admins and the operator see all");
  list.option("--user", &VideoQuery::user)->type_name("USER");
  list.option("--state", &VideoQuery::state, "only videos in this state; default: ready, and your own pending ones");
  list.option(
      "--sort", &VideoQuery::sort,
      "sort by creation time, newest first (default), by name from A to Z, or by size or duration, the smallest "
      "first");
  list.flag("--reverse", &ListVideos::reversed, "reverse the order");
  list.option("--name", &VideoQuery::name,
              "only videos whose whole name matches GLOB, in the same case, such as '*holiday*' or 'clip [!12].*'")
      ->type_name("GLOB");
  list.option("--tag", &VideoQuery::tag)->type_name("TAG");
  list.flag("--newest", &ListVideos::newest, "list the public videos of all users");
  list.lists();
  list.givesList<Page<Video>>();
  list.runs([](Caller& caller, ListVideos& wanted) {
    const std::string columns = columnsFor(caller, wanted);
    if (wanted.newest && (wanted.user || wanted.state || wanted.sort || wanted.reversed || wanted.name))
      throw Usage("--newest: cannot be combined with --user, --state, --sort, --reverse or --name");
    if (wanted.reversed) wanted.reverse = true;
    Videos& videos = caller.toolkit().videos();
    if (wanted.newest)
      caller.out.list(NewestQuery{{wanted}, wanted.tag}, columns,
                      [&](const NewestQuery& query) { return videos.newest(caller.by(), query); });
    else
      caller.out.list(static_cast<const VideoQuery&>(wanted), columns,
                      [&](const VideoQuery& query) { return videos.list(caller.by(), query); });
    return 0;
  });

  auto show = commands.verb<VideoRef>(noun, "show", "Show a video");
  show.option("ID", &VideoRef::id)->required();
  show.givesOne<Video>();
  show.runs([](Caller& caller, VideoRef& wanted) {
    caller.out.one([&] { return caller.toolkit().videos().show(caller.by(), wanted); });
    return 0;
  });

  addDownload(commands, noun);

  const auto changes = [](std::string_view status) {
    return [status](Caller& caller, ChangeVideo& wanted) {
      if (!wanted.descriptionFile.empty()) {
        if (wanted.description) throw Usage("--description-file: cannot be combined with --description");
        wanted.description = readTextFile(wanted.descriptionFile, 64 * 1024);
      }
      if (!wanted.name && !wanted.description && !wanted.visibility && !wanted.tags && !wanted.commentsOff &&
          !wanted.danmakuOff && !wanted.user)
        throw Usage(
            "video set: nothing to change: give --name, --description, --description-file, --visibility, --tags, "
            "--comments, --danmaku or --user");
      if (wanted.description == "-" && wanted.ids == std::vector<std::string>{"-"})
        throw Usage("video set: standard input cannot be both the IDs and the description");
      if (wanted.description == "-") wanted.description = readInput(64 * 1024);
      const Items items = wanted.ids.empty() ? Items({wanted.id.text}) : Items(wanted.ids, caller.flags);
      return runBatch(caller, items, [&](const std::string& id) -> Result {
        wanted.id.text = id;
        const Video changed = caller.toolkit().videos().set(caller.by(), wanted);
        if (wanted.visibility && changed.visibility != wanted.visibility)
          throw Error(Fault::versionMismatch, "--visibility: the server is too old for it");
        if (wanted.user && !equalWithoutCase(changed.author, *wanted.user))
          throw Error(Fault::versionMismatch, "--user: the server is too old for it");
        return {std::string(status), id, {}, {}};
      });
    };
  };
  auto set = commands.verb<ChangeVideo>(noun, "set",
                                        "Change a video's name, description, visibility, tags, comments or owner");
  set.several("ID", &ChangeVideo::ids, "videos to change; - reads one ID per line from standard input");
  set.option("--name", &SetVideo::name);
  set.option("--description", &SetVideo::description,
             "new description, at most 5000 characters; lines such as '1:02 The cave' are chapters; - reads standard "
             "input")
      ->type_name("TEXT");
  set.option("--description-file", &ChangeVideo::descriptionFile, "read the new description from this file")
      ->type_name("FILE");
  set.option(
      "--visibility", &SetVideo::visibility,
      "who sees it: public (anyone; listed), unlisted (anyone who has its ID), or private (its owner, and holders of "
      "a link)");
  set.option("--tags", &SetVideo::tags,
             "new tags, at most 10 of 1 to 50 characters, separated by commas; '' removes all")
      ->type_name("TAGS");
  set.option("--comments", &SetVideo::commentsOff, "whether people can comment on the video", readOff)
      ->type_name("on|off");
  set.option("--danmaku", &SetVideo::danmakuOff,
             "whether the video has danmaku, comments that fly over it at their position", readOff)
      ->type_name("on|off");
  set.option(
         "--user", &SetVideo::user,
         "transfer the video to this user, whose quota it then counts towards; ID, date, comments and links to watch "
         "it stay; for admins and the operator")
      ->type_name("USER");
  set.givesResults();
  set.runs(changes("changed"));

  auto rename = commands.verb<ChangeVideo>(noun, "rename", "Rename a video; the same as video set --name");
  rename.option("ID", &SetVideo::id)->required();
  rename.option("NAME", &SetVideo::name)->required();
  rename.givesResults();
  rename.runs(changes("renamed"));

  addRenditions(commands, noun);

  auto verify =
      commands.verb<VerifyVideos>(noun, "verify", "Re-read files and compare them with their recorded SHA-256");
  verify.several("ID", &VerifyVideos::ids, "videos to verify; - reads one ID per line from standard input")
      ->required(false);
  verify.flag("--all", &VerifyVideos::all, "verify all your videos; for admins and the operator, those of all users");
  verify.givesResults();
  verify.runs(verifyVideos);

  auto strip = commands.verb<TheseVideos>(noun, "strip-location", "Remove the location from video files");
  strip.several("ID", &TheseVideos::ids, "videos; - reads one ID per line from standard input");
  strip.givesResults();
  strip.runs([](Caller& caller, TheseVideos& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      caller.toolkit().uploads().stripLocation(caller.by(), {VideoId{id}, {}});
      return {"stripped", id, {}, {}};
    });
  });

  auto remove = commands.verb<TheseVideos>(noun, "delete", "Delete videos; they can be restored until they are purged");
  remove.several("ID", &TheseVideos::ids, "videos; - reads one ID per line from standard input");
  remove.flag("--now", &TheseVideos::now, "purge without the usual delay; they cannot be restored then");
  remove.givesResults();
  remove.rehearses();
  remove.runs([](Caller& caller, TheseVideos& wanted) {
    if (wanted.now && !caller.flags.dryRun) {
      const std::string which = wanted.ids.size() > 1  ? fmt::format("{} videos", wanted.ids.size())
                                : wanted.ids[0] == "-" ? "the videos"
                                                       : "video " + wanted.ids[0];
      confirm(caller.flags, "video delete --now",
              fmt::format("Delete {} on {} for good?", which, caller.target().address));
    }
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      const RemoveVideo one{{VideoId{id}, {}}, wanted.now ? std::optional(true) : std::nullopt};
      Videos& videos = caller.toolkit().videos();
      const bool isForPeople = caller.out.format() == Format::table;
      if (caller.flags.dryRun) {
        const Video video = videos.rehearseRemove(caller.by(), one);
        return {"would-delete", id, {}, isForPeople ? deletedText(video, wanted.now) : video.name};
      }
      std::optional<Video> video;
      if (isForPeople) video = videos.show(caller.by(), {one.id, {}});
      videos.remove(caller.by(), one);
      if (!video) return {"deleted", id, {}, {}};
      if (!wanted.now) try {
          video = videos.show(caller.by(), {one.id, {}});
        } catch (const Error&) {
          // It is purged already.
        }
      return {"deleted", id, {}, deletedText(*video, wanted.now)};
    });
  });

  auto restore = commands.verb<TheseVideos>(noun, "restore", "Restore deleted videos");
  restore.several("ID", &TheseVideos::ids, "videos; - reads one ID per line from standard input");
  restore.givesResults();
  restore.rehearses();
  restore.runs([](Caller& caller, TheseVideos& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      const VideoRef one{VideoId{id}, {}};
      Videos& videos = caller.toolkit().videos();
      if (caller.flags.dryRun) return {"would-restore", id, {}, videos.rehearseRestore(caller.by(), one).name};
      videos.restore(caller.by(), one);
      return {"restored", id, {}, {}};
    });
  });

  auto block = commands.verb<BlockVideos>(
      noun, "block", "Hide videos from all but their owners and moderators, or refuse a content; for moderators");
  block.several("ID", &BlockVideos::ids, "videos; - reads one ID per line from standard input")->required(false);
  block.option("--reason", &BlockVideos::reason, "why, for the owner, at most 500 characters")->required();
  block
      .option("--sha256", &BlockVideos::sha256,
              "refuse uploads of the content with this hash, and list the videos that have it and are not blocked, at "
              "most 500")
      ->type_name("HASH");
  block.givesResults();
  block.runs([](Caller& caller, BlockVideos& wanted) {
    requireVideosOrContent("video block", wanted);
    if (!wanted.sha256.empty()) return blockContent(caller, wanted);
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      caller.toolkit().videos().block(caller.by(), {VideoId{id}, wanted.reason});
      return {"blocked", id, {}, {}};
    });
  });

  auto unblock = commands.verb<BlockVideos>(noun, "unblock", "Undo video block");
  unblock.several("ID", &BlockVideos::ids, "videos; - reads one ID per line from standard input")->required(false);
  unblock.option("--sha256", &BlockVideos::sha256, "accept uploads of the content with this hash again")
      ->type_name("HASH");
  unblock.givesResults();
  unblock.runs([](Caller& caller, BlockVideos& wanted) {
    requireVideosOrContent("video unblock", wanted);
    const bool isContent = !wanted.sha256.empty();
    return runBatch(caller, isContent ? Items({wanted.sha256}) : Items(wanted.ids, caller.flags),
                    [&](const std::string& id) -> Result {
                      if (isContent)
                        caller.toolkit().contents().unblock(caller.by(), {id});
                      else
                        caller.toolkit().videos().unblock(caller.by(), {VideoId{id}, {}});
                      return {"unblocked", id, {}, {}};
                    });
  });

  auto blocked = commands.verb<ListQuery>(noun, "blocked", "List the contents that nobody may upload; for moderators");
  blocked.lists();
  blocked.givesList<Page<BlockedContent>>();
  blocked.runs([](Caller& caller, ListQuery& wanted) {
    Contents& contents = caller.toolkit().contents();
    caller.out.list(wanted, "reason+,sha256,time,blocked_by+",
                    [&](const ListQuery& query) { return contents.list(caller.by(), query); });
    return 0;
  });
}

}  // namespace video::ctl
