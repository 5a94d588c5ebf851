#pragma once

#include "shares/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// Returns a page of a video's links that have not expired, oldest first.
Page<Share> listShares(store::Reader& reader, const ShareQuery& wanted, Time now);

/// Inserts a link and deletes the video's expired links. Throws conflict if the video has 500 others.
void insertShare(store::Transaction& transaction, const Share& share);
/// Deletes at most `limit` links of a video and returns how many.
std::int64_t deleteSharesOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit);
/// Deletes a link and returns whether it existed.
bool deleteShare(store::Transaction& transaction, const ShareRef& share);

}  // namespace video::rows
