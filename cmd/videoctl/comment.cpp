#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/fields.hpp"
#include "frame/command.hpp"
#include "frame/cursor_check.hpp"
#include "frame/files.hpp"
#include "frame/output_file.hpp"
#include "frame/prompt.hpp"

namespace video::ctl {
namespace {

struct ListComments : CommentQuery {
  bool held = false;
  bool reversed = false;
  std::optional<std::string> user;
};

struct DeleteComments {
  std::string video;
  std::vector<std::string> ids;
  std::optional<std::string> user;
  std::optional<Time> since;
};

struct ExportTo : ExportComments {
  std::string to = "-";
  bool overwrite = false;
};

struct ImportFrom : ImportComments {
  std::string file;
};

struct TheseComments {
  std::vector<std::string> ids;
};

void readColor(std::string_view text, std::string_view name, std::optional<std::int64_t>& to) {
  to = parseColor(text);
  if (!to) throw Error(Fault::malformed, fmt::format("{}: {} is not a color such as #ffcc00", name, text));
}

int exportComments(Caller& caller, ExportTo& wanted) {
  if (isStandardOutput(wanted.to)) {
    pushAll(caller.toolkit().comments().exportAs(caller.by(), wanted), "export", [&](std::span<const std::byte> bytes) {
      caller.out.bytes(bytes);
      if (!caller.out.isOpen()) throw ClosedOutput{};
    });
    return 0;
  }
  const FileOpener files(FileRights::write);
  OutputFile file(files, wanted.to, wanted.overwrite ? Existing::replace : Existing::refuse);
  pushAll(caller.toolkit().comments().exportAs(caller.by(), wanted), "export",
          [&](std::span<const std::byte> bytes) { file.write(bytes); });
  file.finish();
  return 0;
}

int importComments(Caller& caller, ImportFrom& wanted) {
  const bool isInput = wanted.file == "-";
  const std::string path = isInput ? "standard input" : wanted.file;
  // Before the toolkit: in direct mode root then becomes the owner of the data.
  const Descriptor file = FileOpener().open(isInput ? "/dev/stdin" : wanted.file);
  caller.out.one([&] { return caller.toolkit().comments().importFrom(caller.by(), wanted, sourceOf(file, path)); });
  return 0;
}

void requireOfAllVideos(const ListComments& wanted, std::string_view flag) {
  if (!wanted.video.text.empty() || wanted.parent || wanted.atFrom || wanted.atTo || wanted.by || wanted.position)
    throw Usage(fmt::format(
        "comment list: {} lists the comments on all videos, by time; only --since and --until select some of them",
        flag));
}

int listHeld(Caller& caller, const ListComments& wanted) {
  requireOfAllVideos(wanted, "--held");
  if (wanted.reversed) throw Usage("comment list: --held cannot be combined with --reverse");
  HeldCommentQuery held;
  static_cast<ListQuery&>(held) = wanted;
  held.user = wanted.user;
  Comments& comments = caller.toolkit().comments();
  caller.out.list(held, "content+24,id,held,author+,time,video_id",
                  [&](const HeldCommentQuery& query) { return comments.listHeld(caller.by(), query); });
  return 0;
}

int listBy(Caller& caller, const ListComments& wanted) {
  requireOfAllVideos(wanted, "--user");
  CommentsByQuery by;
  static_cast<ListQuery&>(by) = wanted;
  by.user = *wanted.user;
  if (wanted.reversed) by.reverse = true;
  Comments& comments = caller.toolkit().comments();
  caller.out.list(by, "content+24,time,video_id,id,held",
                  [&](const CommentsByQuery& query) { return comments.listBy(caller.by(), query); });
  return 0;
}

// Deletes comments by one user, or prints those that would be deleted.
int deleteBy(Caller& caller, const DeleteComments& wanted) {
  if (!wanted.video.empty()) throw Usage("comment delete: give a video and comments, or --user, not both");
  if (!wanted.since) throw Usage("comment delete: --user needs --since TIME; @0 deletes all comments");
  const RemoveCommentsBy by{*wanted.user, *wanted.since};
  Comments& comments = caller.toolkit().comments();
  if (caller.flags.dryRun) {
    RehearseRemoveCommentsBy page{by, {}};
    caller.out.beginResults();
    CursorCheck check;
    do {
      const Page<Comment> some = comments.rehearseRemoveBy(caller.by(), page);
      for (const Comment& one : some.items) caller.out.result({"would-delete", one.id.text, {}, one.content});
      page.cursor = some.nextCursor;
      check.next(page.cursor, !some.items.empty());
    } while (page.cursor && caller.out.isOpen());
    caller.out.endResults();
    return 0;
  }
  confirm(
      caller.flags, "comment delete --user",
      fmt::format("Delete all comments by {} since {} on {}?", by.user, formatTime(by.since), caller.target().address));
  return runBatch(caller, Items({by.user}), [&](const std::string& user) -> Result {
    std::int64_t deleted = 0;
    RemoveCommentsBy step = by;
    CursorCheck check;
    do {
      RemovedComments done = comments.removeBy(caller.by(), step);
      deleted += done.deleted;
      step.cursor = std::move(done.nextCursor);
      check.next(step.cursor, true);
    } while (step.cursor);
    return {"deleted", user, {}, fmt::format("{} comments", deleted)};
  });
}

int moderate(Caller& caller, const TheseComments& wanted, std::string_view status,
             Comment (Comments::*change)(const Credential&, const ModerateComment&)) {
  return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
    (caller.toolkit().comments().*change)(caller.by(), {CommentId{id}});
    return {std::string(status), id, {}, {}};
  });
}

}  // namespace

void addComment(Commands& commands) {
  CLI::App& noun = commands.noun(
      "comment", "Comments on videos",
      {{"Comment on the newest video at 2.5 seconds",
        "id=$(videoctl video list --limit 1 -o id)\nvideoctl --as ada comment post \"$id\" 'What a wave!' --at 0:02.5"},
       {"Print the text of its comments", "videoctl comment list \"$id\" -o json | jq -r '.comments[].content'"},
       {"Approve all comments that are held", "videoctl comment list --held -o id | videoctl comment approve -"},
       {"Show which comments by ada from the last day would be deleted",
        "videoctl --dry-run comment delete --user ada --since 1d"},
       {"Export all comments by ada to a file", "videoctl comment list --user ada -o ndjson > ada-comments.ndjson"}});

  auto post = commands.verb<NewComment>(noun, "post", "Comment on a video");
  post.option("VIDEO", &NewComment::video)->required();
  post.option("TEXT", &NewComment::content,
              "the comment, 1 to 2000 characters, which may have several lines; - reads standard input")
      ->required();
  post.option("--at", &NewComment::positionMs, "position in the video, such as 1:23.5", readPositionMs)
      ->type_name("POSITION");
  post.option("--parent", &NewComment::parent)->type_name("ID");
  post.option("--mode", &NewComment::mode);
  post.option("--text-color", &NewComment::color, "text color, such as #ffcc00 (default: white)", readColor)
      ->type_name("#RRGGBB");
  post.option("--text-size", &NewComment::size);
  post.givesOne<Comment>();
  post.runs([](Caller& caller, NewComment& wanted) {
    caller.needAuthor("comment post");
    if (wanted.content == "-") wanted.content = withLineFeeds(readInput(64 * 1024));
    caller.out.one([&] { return caller.toolkit().comments().post(caller.by(), wanted); });
    return 0;
  });

  auto list = commands.verb<ListComments>(
      noun, "list",
      "List a video's comments, oldest first, or by position with --at; or a user's comments with --user; or held "
      "comments with --held");
  list.option("VIDEO", &ListComments::video);
  list.option("--at", &CommentQuery::atFrom, "only comments at or after this position, such as 1:23.5", readPositionMs)
      ->type_name("POSITION");
  list.option("--at-until", &CommentQuery::atTo, "only comments before this position", readPositionMs)
      ->type_name("POSITION");
  list.option("--by", &ListComments::by,
              "order: time (default), oldest first; position, the first in the video first; or newest first");
  list.flag("--reverse", &ListComments::reversed, "reverse the order");
  list.option("--position", &ListComments::position);
  list.option("--parent", &ListComments::parent)->type_name("ID");
  list.flag("--held", &ListComments::held, "list held and hidden comments on all videos");
  list.option("--user", &ListComments::user,
              "list the comments by this user on all videos, oldest first; with --held, only held ones")
      ->type_name("USER");
  list.lists();
  list.givesList<Page<Comment>>();
  list.runs([](Caller& caller, ListComments& wanted) {
    if (wanted.held) return listHeld(caller, wanted);
    if (wanted.user) return listBy(caller, wanted);
    if (wanted.video.text.empty()) throw Usage("comment list: give a VIDEO, --user USER or --held");
    if (wanted.reversed) wanted.reverse = true;
    if (wanted.atFrom || wanted.atTo) {
      if (wanted.by.value_or(CommentOrder::position) != CommentOrder::position)
        throw Usage("comment list: --at and --at-until need --by position");
      wanted.by = CommentOrder::position;
    }
    Comments& comments = caller.toolkit().comments();
    caller.out.list(wanted, "content+24,author+,time,position_ms,id,author_display_name+",
                    [&](const ListComments& query) { return comments.list(caller.by(), query); });
    return 0;
  });

  auto remove = commands.verb<DeleteComments>(noun, "delete", "Delete comments permanently");
  remove.option("VIDEO", &DeleteComments::video, "the video");
  remove.several("ID", &DeleteComments::ids, "comments to delete; - reads one ID per line from standard input")
      ->required(false);
  remove.option("--user", &DeleteComments::user, "delete the comments by this user on all videos")->type_name("USER");
  remove.option("--since", &DeleteComments::since, "with --user, those posted at or after TIME");
  remove.givesResults();
  remove.rehearses();
  remove.runs([](Caller& caller, DeleteComments& wanted) {
    if (wanted.user) return deleteBy(caller, wanted);
    if (wanted.since) throw Usage("comment delete: --since needs --user");
    if (wanted.ids.empty()) throw Usage("comment delete: give a video and comments, or --user");
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      if (caller.flags.dryRun) {
        Comments& comments = caller.toolkit().comments();
        return {"would-delete", id, {}, comments.rehearseRemove(caller.by(), {{wanted.video}, {id}}).content};
      }
      caller.toolkit().comments().remove(caller.by(), {VideoId{wanted.video}, CommentId{id}});
      return {"deleted", id, {}, {}};
    });
  });

  auto save = commands.verb<ExportTo>(noun, "export", "Export a video's danmaku (comments with a position) to a file");
  save.option("VIDEO", &ExportComments::video)->required();
  save.option("--format", &ExportComments::format)->type_name("bilibili|ass|srt|vtt|ndjson|csv");
  save.flag("--overwrite", &ExportTo::overwrite, "with --to: replace the file if it exists");
  save.option("--to", &ExportTo::to, "file to write; - (default) writes to standard output")->type_name("FILE");
  save.runs(exportComments);

  auto load = commands.verb<ImportFrom>(
      noun, "import",
      "Import danmaku from a file, which may be compressed, leaving out those that were imported before");
  load.option("VIDEO", &ImportComments::video)->required();
  load.option("FILE", &ImportFrom::file, "the file; - reads standard input")->required();
  load.option("--format", &ImportComments::format);
  load.givesOne<ImportedComments>();
  load.runs(importComments);

  auto heat = commands.verb<HeatQuery>(noun, "heat", "Count a video's danmaku in each hundredth of its length");
  heat.option("VIDEO", &HeatQuery::video)->required();
  heat.givesOne<Heat>();
  heat.runs([](Caller& caller, HeatQuery& wanted) {
    caller.out.one([&] { return caller.toolkit().comments().heat(caller.by(), wanted); });
    return 0;
  });

  auto hide = commands.verb<TheseComments>(noun, "hide", "Hide comments from all but their authors and moderators");
  hide.several("ID", &TheseComments::ids, "comments to hide; - reads one ID per line from standard input");
  hide.givesResults();
  hide.runs([](Caller& caller, TheseComments& wanted) { return moderate(caller, wanted, "hidden", &Comments::hide); });

  auto approve = commands.verb<TheseComments>(noun, "approve", "Approve comments, so that everyone sees them");
  approve.several("ID", &TheseComments::ids, "comments to approve; - reads one ID per line from standard input");
  approve.givesResults();
  approve.runs(
      [](Caller& caller, TheseComments& wanted) { return moderate(caller, wanted, "approved", &Comments::approve); });
}

}  // namespace video::ctl
