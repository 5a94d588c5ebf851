#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

/// Why a comment is held: it has a word of the list, is by an author who has none approved yet, or was hidden by a
/// moderator.
enum class HeldFor { word, newAuthor, hidden };

/// How a comment is shown over the video: scrolling from right to left, fixed at the top, fixed at the bottom, or
/// scrolling from left to right.
enum class CommentMode { scroll, top, bottom, reverse };
/// The text size of a comment that is shown over the video.
enum class CommentSize { small, normal, big };

/// The largest color of a comment, white.
inline constexpr std::int64_t whiteColor = 0xffffff;

/// A comment on a video. Of one that was deleted and has replies, author and content are empty.
struct Comment {
  CommentId id;
  VideoId video;
  std::string author;
  std::string content;
  Time time{};
  std::optional<std::int64_t> positionMs;  ///< position in the video, in milliseconds
  std::optional<std::string> authorDisplayName{};
  std::optional<CommentId> parent{};    ///< the comment that this one replies to; has no parent itself
  std::optional<bool> deleted{};        ///< true: was deleted and has replies; otherwise nothing
  std::optional<HeldFor> held{};        ///< why only its author and moderators see it; nothing if everybody does
  std::optional<CommentMode> mode{};    ///< default: scroll
  std::optional<std::int64_t> color{};  ///< 0xRRGGBB; default: white
  std::optional<CommentSize> size{};    ///< default: normal
  std::optional<std::string> importedAuthor{};  ///< author in the file that it was imported from; `author` is empty
  std::optional<std::string> sourceId{};        ///< ID in that file, prefixed with its format
  std::optional<std::string> sourceStyle{};     ///< what Bilibili says beyond `mode` and `size`; not on the wire
};

/// A comment to post.
struct NewComment {
  VideoId video;
  std::string content;                     ///< 1 to 2000 characters; may have several lines
  std::optional<std::int64_t> positionMs;  ///< position in the video, in milliseconds, 0 or more
  std::optional<CommentId> parent{};       ///< comment to reply to; of a reply, its parent counts
  std::optional<CommentMode> mode{};
  std::optional<std::int64_t> color{};  ///< 0xRRGGBB
  std::optional<CommentSize> size{};
};

/// How a list of comments is sorted: oldest first, by position, or newest first.
enum class CommentOrder { time, position, newest };

/// Which comments a list has: all, or only those without a position.
enum class CommentPosition { any, none };

/// Which comments to list.
struct CommentQuery : ListQuery {
  VideoId video;
  std::optional<Time> from;  ///< posted after; the original site's form of `since`
  std::optional<Time> to;    ///< posted at or before; the original site's form of `until`
  std::optional<CommentOrder> by;
  std::optional<std::int64_t> atFrom;         ///< with order `position`: at or after, in milliseconds
  std::optional<std::int64_t> atTo;           ///< with order `position`: before, in milliseconds
  std::optional<CommentId> parent;            ///< only replies to this comment, oldest first
  std::optional<CommentPosition> position{};  ///< default: any; `none` not with order `position` or a parent
  std::optional<bool> reverse{};              ///< whether to reverse the order
};

/// Names one comment.
struct CommentRef {
  VideoId video;
  CommentId id;
};

/// Which held comments to list, of all videos.
struct HeldCommentQuery : ListQuery {
  std::optional<std::string> user;  ///< only those by this user
};

/// Which comments by one user to list, on all videos.
struct CommentsByQuery : ListQuery {
  std::string user;
  std::optional<bool> reverse{};  ///< whether to list the newest first
};

/// Names a comment to hide or approve.
struct ModerateComment {
  CommentId id;
};

/// Which comments by one user to delete, on all videos.
struct RemoveCommentsBy {
  std::string user;
  Time since{};                         ///< posted at or after
  std::optional<std::string> cursor{};  ///< of the previous step or page
};

/// The comments by one user that would be deleted, page by page.
struct RehearseRemoveCommentsBy : RemoveCommentsBy {
  std::optional<std::int64_t> limit;  ///< comments on a page, 1..1000; default 500
};

/// What one step of deleting a user's comments did.
struct RemovedComments {
  std::int64_t deleted = 0;
  std::optional<std::string> nextCursor{};  ///< there may be more to delete: call again with this cursor
};

/// A format of files of danmaku. The last four can only be imported.
enum class CommentFormat { bilibili, ass, srt, vtt, ndjson, csv, dplayer, artplayer, niconico, acfun };

/// Which danmaku to export.
struct ExportComments {
  VideoId video;
  std::optional<CommentFormat> format;  ///< default: ndjson
};

/// Which video to import a file into.
struct ImportComments {
  VideoId video;
  std::optional<CommentFormat> format;  ///< default: detected from the content
};

/// Why a row of an imported file was skipped: no valid position; no text, or too much; an unknown mode; positioned or
/// animated by a script; a command to the player; a syntax error; cut off by the end of the file; a listed word, while
/// too many comments of the user are held already.
enum class CommentSkip { position, text, mode, special, command, syntax, cutOff, word };

/// Rows of an imported file that were skipped for the same reason.
struct SkippedComments {
  CommentSkip reason = CommentSkip::syntax;
  std::int64_t count = 0;
};

/// The result of an import.
struct ImportedComments {
  CommentFormat format = CommentFormat::ndjson;
  std::int64_t added = 0;
  std::int64_t known = 0;  ///< on the video already, or in the file twice
  std::int64_t held = 0;   ///< of those added, how many moderators must approve
  std::vector<SkippedComments> skipped;
};

/// Names the video whose danmaku to count.
struct HeatQuery {
  VideoId video;
};

/// How the danmaku are spread over a video.
struct Heat {
  std::int64_t durationMs = 0;     ///< length of what the counts cover, in milliseconds
  std::vector<std::int64_t> bins;  ///< 100: number of comments in each hundredth of it
};

/// Which comments are held (`[moderation]`).
struct CommentsOptions {
  std::vector<std::string> words;  ///< a comment with one of them in it, ignoring case, is held
  std::int64_t holdFirst = 0;      ///< hold comments by users with fewer public ones and none approved; 0 = off
  std::int64_t quota = 0;          ///< as UsersOptions::quota, to which imported comments count
};

/// Comments on videos. Every function may be called from any thread and throws Error.
class Comments {
 public:
  virtual ~Comments() = default;
  /// Posts a comment on a ready video, or a reply. Anyone signed in. It is held if CommentsOptions says so, except
  /// those by moderators, admins and the operator. Faults: malformed, unauthenticated, forbidden (comments on the video
  /// are switched off, or danmaku for one with a position), notFound (the video, or the comment to reply to), diskFull,
  /// tooMany (the user has posted too many in a minute; the operator has no limit).
  virtual Comment post(const Credential& by, const NewComment& wanted) = 0;
  /// Lists a video's comments, replies among them, in the order wanted, with `from < time <= to`. Anyone; held
  /// ones are shown to their authors, moderators, admins and the operator only. Faults: malformed, notFound (also the
  /// parent, if one is given).
  virtual Page<Comment> list(const Credential& by, const CommentQuery& wanted) = 0;
  /// Lists the comments by a user on all videos, held ones and replies among them, by time. For the user,
  /// moderators, who see those on videos that they may see, admins and the operator. A page may be empty and have a
  /// cursor. Faults: forbidden, notFound (the user).
  virtual Page<Comment> listBy(const Credential& by, const CommentsByQuery& wanted) = 0;
  /// Removes a comment permanently. One with replies stays in the list without author and content until its last reply
  /// is removed. Its author, the video's owner, moderators, admins, operator. Faults: forbidden, notFound.
  virtual void remove(const Credential& by, const CommentRef& wanted) = 0;
  /// Runs `remove` and rolls it back. Returns the comment as it is before, and throws what `remove` would throw.
  virtual Comment rehearseRemove(const Credential& by, const CommentRef& wanted) = 0;
  /// Removes comments by one user on all videos that the caller may see, at most 500 a call. Moderators, admins,
  /// operator. Faults: forbidden (also for moderators, if the user is a moderator or admin), notFound (the user).
  virtual RemovedComments removeBy(const Credential& by, const RemoveCommentsBy& wanted) = 0;
  /// Lists the comments that `removeBy` would remove, and throws what it would throw. A page may be empty and have a
  /// cursor.
  virtual Page<Comment> rehearseRemoveBy(const Credential& by, const RehearseRemoveCommentsBy& wanted) = 0;
  /// Lists held comments on all videos that the caller may see, oldest first. A page may be empty and have a cursor.
  /// Moderators, admins, operator. Faults: forbidden, notFound (the user).
  virtual Page<Comment> listHeld(const Credential& by, const HeldCommentQuery& wanted) = 0;
  /// Hides a comment from all but its author and moderators, until it is approved. Moderators, except of their own
  /// comments, admins, operator. Faults: forbidden, notFound (also on a video that the caller may not see).
  virtual Comment hide(const Credential& by, const ModerateComment& wanted) = 0;
  /// Returns the public danmaku of a video, sorted by position, as a file, which may be some seconds old. For those who
  /// may see the video; if danmaku are switched off, it is empty for all but the owner, admins and the operator.
  /// Faults: malformed (the format can only be imported), notFound, diskFull.
  virtual Content exportAs(const Credential& by, const ExportComments& wanted) = 0;
  /// Adds the comments in a file, which may be compressed with gzip or deflate, to a video. Authors in the file become
  /// labels. What was imported before is not added again. At most 1000 comments of a user are held at a time; more with
  /// listed words are skipped. What is added counts towards the owner's quota. The owner of the video, admins,
  /// operator. A file that is refused adds nothing; any other failure may leave a part, and importing again adds the
  /// rest. Faults: malformed (not a known format), tooLarge (over 64 MiB, 256 MiB uncompressed or 1,000,000 comments in
  /// the file, or imported ones on the video), forbidden (as for `post`, and while comments of the owner are held
  /// because the owner is new), notFound, overQuota, diskFull, tooMany (the user has imported too many files in an
  /// hour).
  virtual ImportedComments importFrom(const Credential& by, const ImportComments& wanted, const ByteSource& file) = 0;
  /// Counts the public danmaku in each hundredth of a video, for those who may see it; none if they are switched off.
  /// The counts may be some seconds old. Faults: notFound.
  virtual Heat heat(const Credential& by, const HeatQuery& wanted) = 0;
  /// Shows a held comment to everybody. Its author's next comments are no longer held because the author is new.
  /// The same callers and faults.
  virtual Comment approve(const Credential& by, const ModerateComment& wanted) = 0;
};

/// The comments of a data directory.
class LocalComments : public Comments {
 public:
  /// Changes which comments are held from now on. May be called from any thread.
  virtual void setOptions(const CommentsOptions& options) = 0;
};

}  // namespace video
