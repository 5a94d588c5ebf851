#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace video {

/// An id as opaque text, one type per noun, so that a comment's id cannot be handed to where a video's is meant.
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

/// A user's id: the row's number, given once and never again.
struct UserId {
  std::int64_t value = 0;
  auto operator<=>(const UserId&) const = default;
};

/// A new UUIDv7 (RFC 9562 §5.7) for `now`, lower case. Ids made by one process in one millisecond ascend too.
/// May be called from any thread.
std::string makeUuid7(Time now);

/// The smallest UUIDv7 text of a moment: ids made at or after `moment` are not less. For `since` and `until`.
std::string firstUuid7Of(Time moment);

/// `size` random bytes from the kernel's generator, as base64url without padding (RFC 4648 §5).
std::string makeSecret(std::size_t size = 32);

/// `length` random characters of lower-case base32 (RFC 4648 §6).
std::string makePublicId(std::size_t length = 12);

/// `size` random bytes in lower-case hex.
std::string makeRandomHex(std::size_t size);

/// Lower-case hex of `bytes`.
std::string toHex(std::string_view bytes);

/// base64url without padding (RFC 4648 §5).
std::string toBase64Url(std::string_view bytes);

/// The bytes of a base64url text without padding; nothing where it is none.
std::optional<std::string> fromBase64Url(std::string_view text);

}  // namespace video
