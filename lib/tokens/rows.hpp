#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "tokens/fields.hpp"

namespace video::rows {

// Hashes are those of secrets, SHA-256 in lower-case hex. What ends tokens moves the rights epoch.

/// Adds a token of `user` as `wanted` describes it. If `maker` is not empty, it is the hash of the token that makes it,
/// and the new token ends with that one. Throws malformed, conflict (500 tokens that have not expired).
TokenId addToken(store::Transaction& transaction, std::string_view hash, UserId user, const NewToken& wanted,
                 Time created, std::string_view maker = {});
std::optional<UserId> findTokenOwner(store::Reader& reader, const TokenId& id);
/// Those that have not expired, of one user or of all, by (created, id).
Page<Token> listTokens(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now);
/// Those of a user that have not expired, oldest first.
std::vector<KeptToken> keptTokens(store::Reader& reader, UserId user, Time now);

/// Each: how many it removed, beside those that were made with them.
std::int64_t removeToken(store::Transaction& transaction, std::string_view hash);
std::int64_t removeToken(store::Transaction& transaction, const TokenId& id);
/// Of one user or of all, at most `limit`.
std::int64_t removeTokens(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit);
/// Removes all tokens of a user but the one with this hash.
void removeOtherTokensOf(store::Transaction& transaction, UserId user, std::string_view hash);
/// Removes every session and token of a user. Moves the rights epoch even if there is none, since callers end
/// credentials before they change the user.
void removeCredentialsOf(store::Transaction& transaction, UserId user);

}  // namespace video::rows
