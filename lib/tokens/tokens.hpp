#pragma once

#include <memory>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"
#include "users/users.hpp"

namespace video::access {
class Access;
}
namespace video::http {
class Client;
class Router;
}  // namespace video::http
namespace video::store {
class Database;
}

namespace video {

/// What a token may be used for (http-api.md, role api).
enum class Scope { read, upload, full, admin, metrics };

struct NewToken {
  std::string user;   ///< whose
  std::string label;  ///< 1 to 100 characters
  Scope scope = Scope::read;
  Nullable<Time> expires;  ///< null = never
};

/// A token as it is shown once, with its secret.
struct CreatedToken {
  TokenId id;
  std::string label;
  Scope scope = Scope::read;
  Nullable<Time> expires;
  std::string token;
};

/// A token as it is listed, without its secret.
struct Token {
  TokenId id;
  std::string userName;
  std::string label;
  Scope scope = Scope::read;
  Time created{};
  Nullable<Time> expires;   ///< null = never
  Nullable<Time> lastUsed;  ///< null = never; to the minute
};

struct TokenRef {
  TokenId id;
};

/// API tokens for scripts. Every function may be called from any thread and throws Error.
class Tokens {
 public:
  virtual ~Tokens() = default;
  /// A token for `user`: self, admin, operator; scope `admin` for an admin only. Faults: malformed, forbidden,
  /// notFound.
  virtual CreatedToken create(const Credential& by, const NewToken& wanted) = 0;
  /// Tokens by when they were made: one user's (self, admin, operator), else one's own, an admin's and the operator's
  /// all.
  virtual Page<Token> list(const Credential& by, const OfUserQuery& wanted) = 0;
  /// Ends those that `list` shows.
  virtual void revokeAll(const Credential& by, const OfUser& wanted) = 0;
  /// Ends a token at the next request everywhere: its owner, admin, operator. Faults: notFound.
  virtual void revoke(const Credential& by, const TokenRef& wanted) = 0;
};

/// On the data directory; what it is given must outlive it.
std::unique_ptr<Tokens> makeLocalTokens(store::Database& database, access::Access& access);
/// Through a daemon; the client must outlive it.
std::unique_ptr<Tokens> makeRemoteTokens(http::Client& server);
/// Adds the routes; both must outlive the last request.
void serveTokens(http::Router& router, Tokens& tokens);

}  // namespace video
