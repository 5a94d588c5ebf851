#pragma once

#include <array>
#include <utility>

#include "tokens/tokens.hpp"

namespace video {

template <>
struct Names<Scope> {
  static constexpr std::array list{std::pair{Scope::read, "read"}, std::pair{Scope::upload, "upload"},
                                   std::pair{Scope::full, "full"}, std::pair{Scope::admin, "admin"},
                                   std::pair{Scope::metrics, "metrics"}};
};

template <>
struct Fields<NewToken> {
  static constexpr std::tuple list{
      Field{"user_name", &NewToken::user, "whose"},
      Field{"label", &NewToken::label, "1 to 100 characters"},
      Field{"scope", &NewToken::scope, "read, upload, full, admin or metrics"},
      Field{"expires", &NewToken::expires, "null = never"},
  };
};

template <>
struct Fields<CreatedToken> {
  static constexpr std::tuple list{
      Field{"id", &CreatedToken::id, "names the token, is no secret"},
      Field{"label", &CreatedToken::label, "as given"},
      Field{"scope", &CreatedToken::scope, "what it may be used for"},
      Field{"expires", &CreatedToken::expires, "null = never"},
      Field{"token", &CreatedToken::token, "the secret, shown this once"},
  };
};

template <>
struct Fields<TokenRef> {
  static constexpr std::tuple list{Field{"id", &TokenRef::id, "the token's id"}};
};

}  // namespace video
