#pragma once

#include <optional>
#include <string>
#include <variant>

namespace video {

/// Nobody in particular.
struct Anonymous {};

/// A session or token as its holder has it. `cookie`: it came as a cookie, which a browser adds by itself.
struct Secret {
  std::string text;
  bool cookie = false;
};

/// What a signed link carries (http-api.md, "Signed link").
struct SignedLink {
  std::string share;
  std::string expires;  ///< Unix seconds, as it stood in the link
  std::string signature;
};

/// The operator of this data directory; has no form on the wire. With `as`, on behalf of that user.
struct Operator {
  std::optional<std::string> as;
};

/// Who asks. Every operation takes one; what it is worth is decided in the room's local half.
using Credential = std::variant<Anonymous, Secret, SignedLink, Operator>;

}  // namespace video
