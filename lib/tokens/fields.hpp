#pragma once

#include <tuple>

#include "tokens/tokens.hpp"
#include "users/fields.hpp"

namespace video {

template <>
struct Fields<NewToken> {
  static constexpr std::tuple list{
      Field{"user_name", &NewToken::user, "user of the token"},
      Field{"label", &NewToken::label, "what the token is for, 1 to 100 characters"},
      Field{"scope", &NewToken::scope, "read, upload, full, admin or metrics"},
      Field{"expires", &NewToken::expires, "when the token expires; null = never"},
  };
};

template <>
struct Fields<CreatedToken> {
  static constexpr std::tuple list{
      Field{"id", &CreatedToken::id, "the token's id, not a secret"},
      Field{"label", &CreatedToken::label, "what the token is for"},
      Field{"scope", &CreatedToken::scope, "what the token allows"},
      Field{"expires", &CreatedToken::expires, "when the token expires; null = never"},
      Field{"token", &CreatedToken::token, "the secret, shown only once"},
  };
};

template <>
struct Fields<Token> {
  static constexpr std::string_view plural = "tokens";
  static constexpr std::tuple list{
      Field{"id", &Token::id, "the token's id, not a secret"},
      Field{"user_name", &Token::userName, "user of the token"},
      Field{"label", &Token::label, "what the token is for"},
      Field{"scope", &Token::scope, "what the token allows"},
      Field{"create_time", &Token::created, "when the token was created"},
      Field{"expires", &Token::expires, "when the token expires; null = never"},
      Field{"last_used", &Token::lastUsed, "when the token was last used, to the minute; null = never"},
  };
};

template <>
struct Fields<TokenRef> {
  static constexpr std::tuple list{Field{"id", &TokenRef::id, "the token's id"}};
};

}  // namespace video
