#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/identity.hpp"
#include "base/ids.hpp"
#include "users/users.hpp"

namespace video {

/// A token to create.
struct NewToken {
  std::string user;   ///< the token's user
  std::string label;  ///< 1 to 100 characters
  Scope scope = Scope::read;
  Nullable<Time> expires;                   ///< null = never
  std::optional<std::int64_t> expiresIn{};  ///< milliseconds from now by the server's clock; instead of `expires`
  std::optional<bool> login{};              ///< stands for a session: ends with the user's sessions and password
};

/// A newly created token, with its secret, which is shown only once.
struct CreatedToken {
  TokenId id;
  std::string label;
  Scope scope = Scope::read;
  Nullable<Time> expires;
  std::string token;
};

/// A token, without its secret.
struct Token {
  TokenId id;
  std::string userName;
  std::string label;
  Scope scope = Scope::read;
  Time created{};
  Nullable<Time> expires;       ///< null = never
  Nullable<Time> lastUsed;      ///< null = never; accurate to about a minute
  std::optional<bool> login{};  ///< true: made by `videoctl session login`; otherwise nothing
};

/// Which tokens to revoke: those of one user, or all that the caller may see; with a label, those that have it.
struct RevokeTokens : OfUser {
  std::optional<std::string> label{};
};

/// Identifies a token.
struct TokenRef {
  TokenId id;
};

/// API tokens for scripts. Every function may be called from any thread and throws Error.
class Tokens {
 public:
  virtual ~Tokens() = default;
  /// Creates a token for a user. For the user, admins and the operator; the scope `admin` is for admins only. A token
  /// that is created with another token ends when that one expires or is revoked, if not before. One that is a `login`
  /// ends when the user's password changes or all the user's sessions are revoked; like a session, it may end without
  /// those that were created with it. Faults: malformed, forbidden, notFound, conflict (the user already has 500
  /// tokens).
  virtual CreatedToken create(const Credential& by, const NewToken& wanted) = 0;
  /// Lists tokens, oldest first. With a user: that user's, for the user, admins and the operator. Without: all tokens
  /// for admins and the operator, the caller's own for others.
  virtual Page<Token> list(const Credential& by, const OfUserQuery& wanted) = 0;
  /// Revokes the tokens that `list` shows, or those of them that have the label.
  virtual void revokeAll(const Credential& by, const RevokeTokens& wanted) = 0;
  /// Revokes a token in every process, from the next request on. For its user, admins and the operator. Faults:
  /// notFound.
  virtual void revoke(const Credential& by, const TokenRef& wanted) = 0;
};

}  // namespace video
