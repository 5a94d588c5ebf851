#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace video {

/// A caller without credentials.
struct Anonymous {};

/// The secret of a session or token. `cookie`: it was sent as a cookie, which a browser adds to any request.
struct Secret {
  std::string text;
  bool cookie = false;
};

/// The query parameters of a signed link (http-api.md, "Signed link").
struct SignedLink {
  std::string share;
  std::string expires;  ///< Unix seconds, as written in the link
  std::string signature;
};

/// The operator of this data directory; never sent over the wire. With `as`, acts on behalf of that user.
struct Operator {
  std::optional<std::string> as;
};

/// The credentials of a caller. Every operation takes them; the local implementation decides what they allow.
using Credential = std::variant<Anonymous, Secret, SignedLink, Operator>;

/// The names under which HTTP requests carry credentials (http-api.md, "Who is asking").
namespace credential_names {

inline constexpr std::string_view secretHeader = "X-Session-Id";
inline constexpr std::string_view secretCookie = "session";
inline constexpr std::string_view operatorAsHeader = "X-Videod-As";
/// With the value `1`: the request comes from a program. A page of another site cannot send it without a preflight
/// request.
inline constexpr std::string_view changeHeader = "X-Videod-Request";
inline constexpr std::string_view linkShare = "share";
inline constexpr std::string_view linkExpires = "exp";
inline constexpr std::string_view linkSignature = "sig";

}  // namespace credential_names

}  // namespace video
