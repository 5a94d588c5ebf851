#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "tokens/fields.hpp"

namespace video::rows {

// `hash` is the SHA-256 of the secret in lower-case hex. Removing tokens increments the rights epoch.

/// Adds a token for `user`. If `maker` is not empty, it is the hash of the token with which the new one ends. Throws
/// malformed, or conflict if the user already has 500 tokens that have not expired.
TokenId addToken(store::Transaction& transaction, std::string_view hash, UserId user, const NewToken& wanted,
                 Time created, std::string_view maker = {});
/// Returns the `maker` of a token that is made with the token `hash`: that token itself. What is made with a login
/// outlives it: then this is the maker of the login, empty if it has none.
std::string makerOf(store::Reader& reader, std::string_view hash);
std::optional<UserId> findTokenOwner(store::Reader& reader, const TokenId& id);
/// Lists tokens that have not expired, of one user or of all users, ordered by (created, id).
Page<Token> listTokens(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now);
/// Returns the tokens of a user that have not expired, oldest first.
std::vector<KeptToken> keptTokens(store::Reader& reader, UserId user, Time now);

/// These functions return the number of tokens removed, not counting those that were made with them.
std::int64_t removeToken(store::Transaction& transaction, std::string_view hash);
std::int64_t removeToken(store::Transaction& transaction, const TokenId& id);
/// Removes at most `limit` tokens of one user or of all users, oldest first.
std::int64_t removeTokens(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit);
/// The same for those with this label.
std::int64_t removeTokensLabelled(store::Transaction& transaction, std::optional<UserId> user, std::string_view label,
                                  std::int64_t limit);
/// Removes at most `limit` tokens that stand for a session, of one user or of all users.
std::int64_t removeLogins(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit);
/// Removes all such tokens of a user but the one with this hash.
void removeOtherLoginsOf(store::Transaction& transaction, UserId user, std::string_view hash);
/// Removes all tokens of a user but the one with this hash.
void removeOtherTokensOf(store::Transaction& transaction, UserId user, std::string_view hash);
/// Removes all sessions and tokens of a user. Increments the rights epoch even if there are none, because callers also
/// change the user.
void removeCredentialsOf(store::Transaction& transaction, UserId user);

}  // namespace video::rows
