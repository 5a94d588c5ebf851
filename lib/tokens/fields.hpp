#pragma once

#include <array>
#include <utility>

#include "tokens/tokens.hpp"
#include "users/fields.hpp"

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
struct Fields<Token> {
  static constexpr std::string_view plural = "tokens";
  static constexpr std::tuple list{
      Field{"id", &Token::id, "names the token, is no secret"},
      Field{"user_name", &Token::userName, "whose"},
      Field{"label", &Token::label, "what it is for"},
      Field{"scope", &Token::scope, "what it may be used for"},
      Field{"create_time", &Token::created, "when it was made"},
      Field{"expires", &Token::expires, "null = never"},
      Field{"last_used", &Token::lastUsed, "to the minute; null = never"},
  };
};

template <>
struct Fields<TokenRef> {
  static constexpr std::tuple list{Field{"id", &TokenRef::id, "the token's id"}};
};

}  // namespace video
