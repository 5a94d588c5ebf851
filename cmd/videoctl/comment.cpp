#include "base/text.hpp"
#include "comments/fields.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"

namespace video::ctl {
namespace {

struct RemoveComments {
  std::string video;
  std::vector<std::string> ids;
};

}  // namespace

void addComment(Commands& commands) {
  CLI::App& noun = commands.noun(
      "comment", "Comments on videos",
      {{"Comment on the newest video at 2.5 seconds",
        "id=$(videoctl video list --limit 1 -o id)\nvideoctl --as ada comment post \"$id\" 'What a wave!' --at 0:02.5"},
       {"Print the text of its comments", "videoctl comment list \"$id\" -o json | jq -r '.comments[].content'"}});

  auto post = commands.verb<NewComment>(noun, "post", "Comment on a video");
  post.option("VIDEO", &NewComment::video)->required();
  post.option("TEXT", &NewComment::content, "the comment, 1 to 2000 characters; - reads standard input")->required();
  post.option("--at", &NewComment::positionMs, "position in the video, such as 1:23.5", readPositionMs)
      ->type_name("POSITION");
  post.givesOne<Comment>();
  post.runs([](Caller& caller, NewComment& wanted) {
    caller.needAuthor("comment post");
    if (wanted.content == "-") wanted.content = readInput(64 * 1024);
    caller.out.one([&] { return caller.toolkit().comments().post(caller.by(), wanted); });
    return 0;
  });

  auto list =
      commands.verb<CommentQuery>(noun, "list", "List a video's comments, oldest first, or by position with --at");
  list.option("VIDEO", &CommentQuery::video)->required();
  list.option("--at", &CommentQuery::atFrom, "only comments at or after this position, such as 1:23.5", readPositionMs)
      ->type_name("POSITION");
  list.option("--at-until", &CommentQuery::atTo, "only comments before this position", readPositionMs)
      ->type_name("POSITION");
  list.lists();
  list.givesList<Page<Comment>>();
  list.runs([](Caller& caller, CommentQuery& wanted) {
    if (wanted.atFrom || wanted.atTo) wanted.by = CommentOrder::position;
    Comments& comments = caller.toolkit().comments();
    caller.out.list(wanted, "id,author,time,position_ms,content",
                    [&](const CommentQuery& query) { return comments.list(caller.by(), query); });
    return 0;
  });

  auto remove = commands.verb<RemoveComments>(noun, "delete", "Delete comments permanently");
  remove.option("VIDEO", &RemoveComments::video, "the video")->required();
  remove.several("ID", &RemoveComments::ids, "comments to delete; - reads one ID per line from standard input");
  remove.givesResults();
  remove.runs([](Caller& caller, RemoveComments& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      caller.toolkit().comments().remove(caller.by(), {VideoId{wanted.video}, CommentId{id}});
      return {"deleted", id, {}, {}};
    });
  });
}

}  // namespace video::ctl
