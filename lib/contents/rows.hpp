#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/visibility.hpp"
#include "contents/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// Throws forbidden with the reason if this content is blocked.
void requireContentAllowed(store::Reader& reader, std::string_view sha256);
bool isContentBlocked(store::Reader& reader, std::string_view sha256);
/// Returns whether this content is blocked, and not by somebody who is a moderator now: by an admin, the operator, or a
/// user who was deleted.
bool isBlockedByAdmin(store::Reader& reader, std::string_view sha256);
Page<BlockedContent> listBlockedContents(store::Reader& reader, const ListQuery& wanted);
/// Calls `take` for each video of a live user that has this content, or one made from it, and is not blocked, by ID.
void forEachUnblocked(store::Reader& reader, std::string_view sha256,
                      const std::function<void(VideoId, const ViewedVideo&)>& take);

/// Blocks a content, or changes the reason, for `by` (none: the operator).
void blockContent(store::Transaction& transaction, const BlockContent& wanted, std::optional<UserId> by, Time now);
/// Returns whether the content was blocked.
bool unblockContent(store::Transaction& transaction, std::string_view sha256);

/// Removes a user from at most `limit` contents that the user has blocked; they stay blocked. Returns how many.
std::int64_t removeContentBlocker(store::Transaction& transaction, UserId user, std::int64_t limit);

}  // namespace video::rows
