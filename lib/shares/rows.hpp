#pragma once

#include "base/credential.hpp"
#include "base/error.hpp"
#include "shares/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// Those of a video that have not expired, by when they were made.
Page<Share> listShares(store::Reader& reader, const ShareQuery& wanted, Time now);
/// Throws forbidden where a link, whose signature is good, was taken back. An `upload_url` has no row to look for.
void requireShare(store::Reader& reader, const SignedLink& link, const VideoId& video, ShareWhat what);
/// Whether the owner of a video may sign in.
bool isOwnerEnabled(store::Reader& reader, const VideoId& video);

/// The video's expired ones go at the same time. Throws conflict where it has 500 others.
void insertShare(store::Transaction& transaction, const Share& share);
/// At most `limit`; how many.
std::int64_t deleteSharesOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit);
/// Whether there was one.
bool deleteShare(store::Transaction& transaction, const ShareRef& share);

}  // namespace video::rows
