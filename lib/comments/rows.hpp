#pragma once

#include <cstdint>
#include <optional>

#include "comments/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// The users who own a comment and its video.
struct StoredComment {
  UserId author;
  UserId videoOwner;
};

/// Returns a page of a video's comments.
Page<Comment> listComments(store::Reader& reader, const CommentQuery& wanted);
/// Returns a page of a user's comments on all videos, by id.
Page<Comment> listCommentsBy(store::Reader& reader, UserId author, const ListQuery& wanted);
/// Finds a comment if neither its author nor the video's owner is deleted.
std::optional<StoredComment> findComment(store::Reader& reader, const CommentRef& wanted);

/// Inserts a comment.
void insertComment(store::Transaction& transaction, const Comment& comment, UserId author);
/// Deletes a comment; does nothing if there is none.
void deleteComment(store::Transaction& transaction, const CommentId& id);
/// Deletes at most `limit` comments on a video and returns how many.
std::int64_t deleteCommentsOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit);
/// Deletes at most `limit` comments by a user and returns how many.
std::int64_t deleteCommentsBy(store::Transaction& transaction, UserId author, std::int64_t limit);

}  // namespace video::rows
