#pragma once

#include <array>
#include <utility>

#include "comments/comments.hpp"

namespace video {

template <>
struct Names<CommentOrder> {
  static constexpr std::array list{std::pair{CommentOrder::time, "time"}, std::pair{CommentOrder::position, "position"},
                                   std::pair{CommentOrder::newest, "newest"}};
};

template <>
struct Names<CommentPosition> {
  static constexpr std::array list{std::pair{CommentPosition::any, "any"}, std::pair{CommentPosition::none, "none"}};
};

template <>
struct Names<HeldFor> {
  static constexpr std::array list{std::pair{HeldFor::word, "word"}, std::pair{HeldFor::newAuthor, "new_author"},
                                   std::pair{HeldFor::hidden, "hidden"}};
};

template <>
struct Names<CommentMode> {
  static constexpr std::array list{std::pair{CommentMode::scroll, "scroll"}, std::pair{CommentMode::top, "top"},
                                   std::pair{CommentMode::bottom, "bottom"},
                                   std::pair{CommentMode::reverse, "reverse"}};
};

/// Returns the mode that has this number, or name, in DPlayer and Artplayer.
constexpr std::optional<CommentMode> dplayerMode(std::string_view type) {
  if (type == "0" || type == "right") return CommentMode::scroll;
  if (type == "1" || type == "top") return CommentMode::top;
  if (type == "2" || type == "bottom") return CommentMode::bottom;
  return std::nullopt;
}

template <>
struct Names<CommentSize> {
  static constexpr std::array list{std::pair{CommentSize::small, "small"}, std::pair{CommentSize::normal, "normal"},
                                   std::pair{CommentSize::big, "big"}};
};

template <>
struct Names<CommentFormat> {
  static constexpr std::array list{
      std::pair{CommentFormat::bilibili, "bilibili"}, std::pair{CommentFormat::ass, "ass"},
      std::pair{CommentFormat::srt, "srt"},           std::pair{CommentFormat::vtt, "vtt"},
      std::pair{CommentFormat::ndjson, "ndjson"},     std::pair{CommentFormat::csv, "csv"},
      std::pair{CommentFormat::dplayer, "dplayer"},   std::pair{CommentFormat::artplayer, "artplayer"},
      std::pair{CommentFormat::niconico, "niconico"}, std::pair{CommentFormat::acfun, "acfun"}};
};

template <>
struct Names<CommentSkip> {
  static constexpr std::array list{
      std::pair{CommentSkip::position, "position"}, std::pair{CommentSkip::text, "text"},
      std::pair{CommentSkip::mode, "mode"},         std::pair{CommentSkip::special, "special"},
      std::pair{CommentSkip::command, "command"},   std::pair{CommentSkip::syntax, "syntax"},
      std::pair{CommentSkip::cutOff, "cut_off"},    std::pair{CommentSkip::word, "word"}};
};

template <>
struct Fields<ExportComments> {
  static constexpr std::tuple list{
      Field{"video", &ExportComments::video, "the video"},
      Field{"format", &ExportComments::format,
            "file format: bilibili, ass, srt, vtt, ndjson (default) or csv; only bilibili, ndjson and csv say which "
            "comment is which, so that importing them into the same video adds nothing"},
  };
};

template <>
struct Fields<ImportComments> {
  static constexpr std::tuple list{
      Field{"video", &ImportComments::video, "the video"},
      Field{"format", &ImportComments::format, "file format; default: detected from the content"},
  };
};

template <>
struct Fields<SkippedComments> {
  static constexpr std::tuple list{
      Field{"reason", &SkippedComments::reason, "position, text, mode, special, command, syntax, cut_off or word"},
      Field{"count", &SkippedComments::count, "number of rows skipped"},
  };
};

template <>
struct Fields<ImportedComments> {
  static constexpr std::tuple list{
      Field{"format", &ImportedComments::format, "file format"},
      Field{"added", &ImportedComments::added, "comments added"},
      Field{"known", &ImportedComments::known, "comments that the video has already, or that are in the file twice"},
      Field{"held", &ImportedComments::held, "of those added, comments that moderators must approve"},
      Field{"skipped", &ImportedComments::skipped, "rows that were skipped, by reason"},
  };
};

template <>
struct Fields<HeatQuery> {
  static constexpr std::tuple list{Field{"video", &HeatQuery::video, "the video"}};
};

template <>
struct Fields<Heat> {
  static constexpr std::tuple list{
      Field{"duration_ms", &Heat::durationMs, "length of what the counts cover, in milliseconds"},
      Field{"bins", &Heat::bins, "number of comments in each hundredth of that length"},
  };
};

template <>
struct Fields<Comment> {
  static constexpr std::string_view plural = "comments";
  static constexpr std::tuple list{
      Field{"id", &Comment::id, "the comment's id, a UUIDv7"},
      Field{"video_id", &Comment::video, "the video"},
      Field{"author", &Comment::author, "user name of the author; empty if deleted or imported"},
      Field{"content", &Comment::content, "1 to 2000 characters, lines separated by LF; empty if deleted"},
      Field{"time", &Comment::time, "when it was posted"},
      Field{"position_ms", &Comment::positionMs, "position in the video, in milliseconds"},
      Field{"author_display_name", &Comment::authorDisplayName, "display name of the author, if there is one"},
      Field{"parent_id", &Comment::parent, "of a reply: the comment that it replies to"},
      Field{"deleted", &Comment::deleted, "true: deleted, and listed because it has replies; otherwise left out"},
      Field{"held", &Comment::held,
            "why only its author and moderators see it: word, new_author or hidden; otherwise left out"},
      Field{"mode", &Comment::mode, "how it is shown over the video: scroll (default), top, bottom or reverse"},
      Field{"color", &Comment::color, "text color, 65536 * red + 256 * green + blue; default: 16777215, white"},
      Field{"size", &Comment::size, "text size: small, normal (default) or big"},
      Field{"imported_author", &Comment::importedAuthor, "author in the file that it was imported from"},
      Field{"source_id", &Comment::sourceId, "ID in that file, prefixed with the file format"},
  };
};

template <>
struct Fields<NewComment> {
  static constexpr std::tuple list{
      Field{"video", &NewComment::video, "the video"},
      Field{"content", &NewComment::content, "1 to 2000 characters, lines separated by LF"},
      Field{"position_ms", &NewComment::positionMs, "position in the video, in milliseconds"},
      Field{"parent_id", &NewComment::parent,
            "comment to reply to; a reply to a reply becomes a reply to the first comment of the thread"},
      Field{"mode", &NewComment::mode, "how it is shown over the video: scroll (default), top, bottom or reverse"},
      Field{"color", &NewComment::color, "text color, 65536 * red + 256 * green + blue; default: 16777215, white"},
      Field{"size", &NewComment::size, "text size: small, normal (default) or big"},
  };
};

template <>
struct Fields<CommentQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{
          Field{"video", &CommentQuery::video, "the video"},
          Field{"from", &CommentQuery::from, "posted after this time"},
          Field{"to", &CommentQuery::to, "posted at or before this time"},
          Field{"by", &CommentQuery::by, "order: time (default; oldest first), position, or newest (newest first)"},
          Field{"at_from", &CommentQuery::atFrom, "at or after this position, in milliseconds"},
          Field{"at_to", &CommentQuery::atTo, "before this position, in milliseconds"},
          Field{"parent", &CommentQuery::parent, "only replies to this comment"},
          Field{"position", &CommentQuery::position,
                "which comments: any (default), or none for those without a position"},
          Field{"reverse", &CommentQuery::reverse, "whether to reverse the order"},
      },
      Fields<ListQuery>::list);
};

template <>
struct Fields<CommentRef> {
  static constexpr std::tuple list{
      Field{"video", &CommentRef::video, "the video"},
      Field{"id", &CommentRef::id, "the comment"},
  };
};

template <>
struct Fields<HeldCommentQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{Field{"user", &HeldCommentQuery::user, "only comments by this user"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<CommentsByQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"user_name", &CommentsByQuery::user, "the author"},
                                Field{"reverse", &CommentsByQuery::reverse, "whether to list the newest first"}},
                     Fields<ListQuery>::list);
};

template <>
struct Fields<ModerateComment> {
  static constexpr std::tuple list{Field{"id", &ModerateComment::id, "the comment"}};
};

template <>
struct Fields<RemoveCommentsBy> {
  static constexpr std::tuple list{
      Field{"user_name", &RemoveCommentsBy::user, "the author"},
      Field{"since", &RemoveCommentsBy::since, "posted at or after this time"},
      Field{"cursor", &RemoveCommentsBy::cursor, "next_cursor of the previous page"},
  };
};

template <>
struct Fields<RehearseRemoveCommentsBy> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<RemoveCommentsBy>::list,
                     std::tuple{
                         Field{"limit", &RehearseRemoveCommentsBy::limit, "comments on a page, 1 to 1000; default 500"},
                     });
};

template <>
struct Fields<RemovedComments> {
  static constexpr std::tuple list{
      Field{"deleted", &RemovedComments::deleted, "number of comments deleted by this request, at most 500"},
      Field{"next_cursor", &RemovedComments::nextCursor, "there may be more: repeat the request with this cursor"},
  };
};

}  // namespace video
