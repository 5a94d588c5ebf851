#pragma once

#include <optional>
#include <string>
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

}  // namespace video
