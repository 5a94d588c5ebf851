#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/ids.hpp"

namespace video::access {

/// The share of an `upload_url`, which has no row of its own.
inline constexpr std::string_view noShare = "0";

/// `?share=&exp=&sig=`: HMAC-SHA256 by `key` (32 bytes) over share, video, `what` (view, upload) and expiry, base64url.
std::string makeLink(std::string_view key, std::string_view share, const VideoId& video, std::string_view what,
                     Time expires);

/// Throws forbidden unless `link` was made with these and has not expired. Compares in constant time.
void checkLink(std::string_view key, const SignedLink& link, const VideoId& video, std::string_view what, Time now);

}  // namespace video::access
