#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "contents/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// Throws forbidden with the reason if this content is blocked.
void requireContentAllowed(store::Reader& reader, std::string_view sha256);
Page<BlockedContent> listBlockedContents(store::Reader& reader, const ListQuery& wanted);
/// Returns at most `limit` videos of live users that have this content and are not blocked.
std::vector<VideoId> unblockedVideosOf(store::Reader& reader, std::string_view sha256, std::int64_t limit);

/// Blocks a content, or changes the reason, for `by` (none: the operator).
void blockContent(store::Transaction& transaction, const BlockContent& wanted, std::optional<UserId> by, Time now);
/// Returns whether the content was blocked.
bool unblockContent(store::Transaction& transaction, std::string_view sha256);

/// Removes a user from at most `limit` contents that the user has blocked; they stay blocked. Returns how many.
std::int64_t removeContentBlocker(store::Transaction& transaction, UserId user, std::int64_t limit);

}  // namespace video::rows
