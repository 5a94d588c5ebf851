#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace video {

/// An id as opaque text. Each noun has its own type, so that a comment's id cannot be passed for a video's.
template <class Noun>
struct Id {
  std::string text;
  auto operator<=>(const Id&) const = default;
};

using VideoId = Id<struct VideoNoun>;      ///< UUIDv7
using CommentId = Id<struct CommentNoun>;  ///< UUIDv7
using SessionId = Id<struct SessionNoun>;  ///< 12 base32 characters; public, unlike the session
using TokenId = Id<struct TokenNoun>;      ///< 12 base32 characters; public, unlike the token
using ShareId = Id<struct ShareNoun>;      ///< 12 base32 characters

/// A user's id: the number of its row, never reused.
struct UserId {
  std::int64_t value = 0;
  auto operator<=>(const UserId&) const = default;
};

/// Returns a new UUIDv7 (RFC 9562 §5.7) for `now`, in lower case. Ids made by one process within a millisecond ascend
/// too. May be called from any thread.
std::string makeUuid7(Time now);

/// Returns the smallest UUIDv7 for `moment`: ids made at or after it are not less. Used for `since` and `until`.
std::string firstUuid7Of(Time moment);

/// Returns `size` random bytes from the kernel's generator, as base64url without padding (RFC 4648 §5).
std::string makeSecret(std::size_t size = 32);

/// Returns `length` random characters of lower-case base32 (RFC 4648 §6).
std::string makePublicId(std::size_t length = 12);

/// Returns `size` random bytes in lower-case hex.
std::string makeRandomHex(std::size_t size);

/// Returns `bytes` in lower-case hex.
std::string toHex(std::string_view bytes);

/// Decodes lower-case hex; returns nothing if `text` is not valid.
std::optional<std::string> fromHex(std::string_view text);

/// Returns `bytes` as base64url without padding (RFC 4648 §5).
std::string toBase64Url(std::string_view bytes);

/// Returns `bytes` as padded base64 (RFC 4648 §4).
std::string toBase64(std::string_view bytes);

/// Decodes strict, padded base64; returns nothing if `text` is not valid.
std::optional<std::string> fromBase64(std::string_view text);

/// Decodes base64url without padding; returns nothing if `text` is not valid.
std::optional<std::string> fromBase64Url(std::string_view text);

}  // namespace video
