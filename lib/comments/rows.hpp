#pragma once

#include <cstdint>
#include <optional>

#include "comments/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// A comment and whose it is.
struct StoredComment {
  UserId author;
  UserId videoOwner;
};

Page<Comment> listComments(store::Reader& reader, const CommentQuery& wanted);
/// A comment of a live author under a live video.
std::optional<StoredComment> findComment(store::Reader& reader, const CommentRef& wanted);

void insertComment(store::Transaction& transaction, const Comment& comment, UserId author);
void deleteComment(store::Transaction& transaction, const CommentId& id);
/// Deletes at most `limit` comments of a video, or by a user; how many.
std::int64_t deleteCommentsOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit);
std::int64_t deleteCommentsBy(store::Transaction& transaction, UserId author, std::int64_t limit);

}  // namespace video::rows
