#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/ids.hpp"

namespace video::access {

/// What stands for the share ID in an `upload_url` of older versions, which has no share.
inline constexpr std::string_view noShare = "0";
/// Returns what stands there now, with the owner of the video: it is this user who lets others upload.
std::string uploadUrlOf(UserId owner);
/// Returns whether this is either of them.
bool isUploadUrl(std::string_view share) noexcept;

/// Returns the query of a signed link, `?share=…&exp=…&sig=…`. The signature is the HMAC-SHA256 with `key` (32 bytes)
/// of share, video, `what` (view or upload) and expiry, in base64url.
std::string makeLink(std::string_view key, std::string_view share, const VideoId& video, std::string_view what,
                     Time expires);

/// Throws forbidden unless `link` was made with this key, video and `what`, and has not expired. Compares in constant
/// time.
void checkLink(std::string_view key, const SignedLink& link, const VideoId& video, std::string_view what, Time now);

}  // namespace video::access
