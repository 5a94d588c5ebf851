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
      Field{"scope", &NewToken::scope,
            "what the token permits: read (to look at what its user sees), upload (also to create and upload videos of "
            "its user), full (all that its user may do, except as an admin), admin (all that its user may do) or "
            "metrics (to read /metrics, nothing else)"},
      Field{"expires", &NewToken::expires, "when the token expires; null = never"},
      Field{"expires_in_ms", &NewToken::expiresIn,
            "how long the token is valid, in milliseconds by the server's clock; takes precedence over expires"},
      Field{"login", &NewToken::login, "whether the token ends with its user's sessions and password"},
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
      Field{"login", &Token::login,
            "true: made by videoctl session login, ends with its user's sessions and password; otherwise left out"},
  };
};

template <>
struct Fields<RevokeTokens> {
  static constexpr std::tuple list = std::tuple_cat(
      Fields<OfUser>::list, std::tuple{Field{"label", &RevokeTokens::label, "only those with this label"}});
};

template <>
struct Fields<TokenRef> {
  static constexpr std::tuple list{Field{"id", &TokenRef::id, "the token's id"}};
};

}  // namespace video
