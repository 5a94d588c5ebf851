#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/visibility.hpp"
#include "comments/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// What decides who may see and remove a comment.
struct StoredComment {
  UserId author;
  std::optional<CommentId> parent;
  bool isHeld = false;
};

/// The caller of a list of comments.
struct CommentReader {
  UserId user{};             ///< sees own held comments; 0 = nobody
  bool seesAllHeld = false;  ///< sees all held comments
};

/// Returns a page of a video's comments.
Page<Comment> listComments(store::Reader& reader, const CommentQuery& wanted, const CommentReader& by);
/// Returns a video's public danmaku posted after `from`, at or before `to`, oldest first, at most `limit`, and a cursor
/// if there are more. Imported ones are left out.
Page<Comment> listLiveComments(store::Reader& reader, const VideoId& video, Time from, Time to, std::int64_t limit);
/// Returns a page of held comments, of one author or all, by ID. Those on videos that the caller may not see are left
/// out; the page is shorter by them, and may be empty and have a cursor.
Page<Comment> listHeldComments(store::Reader& reader, std::optional<UserId> author, const ListQuery& wanted,
                               const MaySee& maySee);
/// Returns a page of all comments by a user who is not deleted, held ones included, by ID. Leaves out the same ones;
/// with an empty `maySee`, leaves out none.
Page<Comment> listCommentsBy(store::Reader& reader, UserId author, const ListQuery& wanted, const MaySee& maySee);
/// The same without those that the user only answers for, in either order.
Page<Comment> listSaidBy(store::Reader& reader, UserId author, const CommentsByQuery& wanted, const MaySee& maySee);
/// Finds a comment if neither its author nor the video's owner is deleted.
std::optional<StoredComment> findComment(store::Reader& reader, const CommentRef& wanted);
/// Returns a comment if its author is not deleted.
std::optional<Comment> showComment(store::Reader& reader, const CommentId& id);
/// Returns whether there are replies to a comment, which may be deleted.
bool hasReplies(store::Reader& reader, const CommentRef& wanted);
/// Returns whether one of the user's comments was approved, or `count` of the first 500 are public.
bool isKnownAuthor(store::Reader& reader, UserId author, std::int64_t count);

/// Passes a file of all public danmaku of a video in this format to `sink`, in pieces, until that returns false;
/// nothing if there are none. Throws malformed for a format that can only be imported.
void writeDanmaku(store::Database& database, const VideoId& video, CommentFormat format,
                  const std::function<bool(std::string_view piece)>& sink);
/// Counts a video's public danmaku in each hundredth of the time up to `end`, in milliseconds.
std::vector<std::int64_t> countByPosition(store::Reader& reader, const VideoId& video, std::int64_t end);
/// Returns the position of a video's last public danmaku, in milliseconds; 0 if there are none.
std::int64_t lastPosition(store::Reader& reader, const VideoId& video);

/// Returns how many imported comments a video has.
std::int64_t countImported(store::Reader& reader, const VideoId& video);
/// Returns whether a video has an imported comment with this source ID.
bool hasSource(store::Reader& reader, const VideoId& video, std::string_view source);
/// Returns how many comments of a user are held, at most `most`.
std::int64_t countHeldBy(store::Reader& reader, UserId author, std::int64_t most);
/// Returns how many bytes an imported comment counts towards the quota.
std::int64_t importedSize(const Comment& comment);
/// Adds to the bytes of imported comments that count towards the quota of a video's owner. Deleting such comments
/// subtracts theirs.
void addImportedSize(store::Transaction& transaction, const VideoId& video, std::int64_t bytes);
/// Moves at most `limit` imported comments of one user to another, who then answers for them. Returns how many.
std::int64_t transferImported(store::Transaction& transaction, UserId from, UserId to, std::int64_t limit);

/// Makes the owner of a video answer for at most 500 of its imported comments, those whose source ID follows `after`.
/// Returns the last of these source IDs; nothing if there are none.
std::optional<std::string> handOverImported(store::Transaction& transaction, const VideoId& video,
                                            std::string_view after);

/// Inserts a comment. Returns false, and inserts nothing, if the video has an imported one with the same source ID.
bool insertComment(store::Transaction& transaction, const Comment& comment, UserId author);
/// Holds a comment, or, with nothing, shows it to everybody.
void setHeld(store::Transaction& transaction, const CommentId& id, std::optional<HeldFor> held);
/// Records that a comment by the author of this one was approved.
void markAuthorApproved(store::Transaction& transaction, const CommentId& id);
/// Deletes a comment: with replies, it keeps its row without author and content until its last reply is deleted.
/// `parent` is its own.
void deleteComment(store::Transaction& transaction, const CommentId& id, const std::optional<CommentId>& parent);
/// Deletes at most `limit` comments on a video and returns how many.
std::int64_t deleteCommentsOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit);
/// Deletes at most `limit` comments by a user and returns how many.
std::int64_t deleteCommentsBy(store::Transaction& transaction, UserId author, std::int64_t limit);

}  // namespace video::rows
