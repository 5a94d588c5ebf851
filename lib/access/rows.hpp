#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "access/access.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "sessions/sessions.hpp"
#include "store/database.hpp"
#include "tokens/tokens.hpp"
#include "users/users.hpp"

namespace video::access::rows {

/// What is known of a session or token whose user is live and not disabled. Hashes are SHA-256 in lower-case hex.
struct Known {
  UserId user{};
  std::string userName{};
  Role role = Role::user;
  std::int64_t epoch = 0;          ///< the rights epoch of the same state
  Scope scope = Scope::full;       ///< a token's
  std::optional<Time> expires{};   ///< never empty for a session
  std::optional<Time> lastUsed{};  ///< a token's
};

/// A key as the tables have it.
std::string hexOf(const SecretKey& key);
std::optional<Known> findSession(store::Reader& reader, std::string_view hash);
std::optional<Known> findToken(store::Reader& reader, std::string_view hash);
/// A live user by name, disabled or not.
std::optional<Known> findUser(store::Reader& reader, std::string_view name);
/// Calls `visit(hash, session)` for sessions that have not expired and whose hash is at least `from` and below `to`, at
/// most `limit`, until it says false.
void forEachSession(store::Reader& reader, Time now, std::string_view from, std::string_view to, std::size_t limit,
                    const std::function<bool(const SecretKey&, const Known&)>& visit);
std::optional<UserId> findSessionOwner(store::Reader& reader, const SessionId& id);
std::optional<UserId> findTokenOwner(store::Reader& reader, const TokenId& id);

/// Those that have not expired, of one user or of all, by when they were made; `current` is the hash of one.
Page<Session> listSessions(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now,
                           std::string_view current);
Page<Token> listTokens(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now);

std::int64_t epoch(store::Reader& reader);
void bumpEpoch(store::Transaction& transaction);

void addSession(store::Transaction& transaction, std::string_view hash, UserId user, std::string_view userName,
                Time created, Time expires);
TokenId addToken(store::Transaction& transaction, std::string_view hash, UserId user, std::string_view label,
                 Scope scope, Time created, std::optional<Time> expires);

/// Whether a session has expired and still has its row.
bool hasExpiredSession(store::Reader& reader, Time now);

/// How many a user has, those that have expired too.
std::int64_t countSessionsOf(store::Reader& reader, UserId user);
std::int64_t countTokensOf(store::Reader& reader, UserId user);

/// Each: how many rows it changed.
std::int64_t extendSession(store::Transaction& transaction, std::string_view hash, Time expires);
std::int64_t removeSession(store::Transaction& transaction, std::string_view hash);
std::int64_t removeSession(store::Transaction& transaction, const SessionId& id);
std::int64_t removeExpiredSession(store::Transaction& transaction, std::string_view hash, Time now);
std::int64_t removeExpiredSessions(store::Transaction& transaction, Time now, std::int64_t limit);
std::int64_t removeSessionsOf(store::Transaction& transaction, UserId user);
/// But the one with this hash.
std::int64_t removeOtherSessionsOf(store::Transaction& transaction, UserId user, std::string_view hash);
std::int64_t useToken(store::Transaction& transaction, std::string_view hash, Time now);
std::int64_t removeToken(store::Transaction& transaction, std::string_view hash);
std::int64_t removeToken(store::Transaction& transaction, const TokenId& id);
/// Of one user or of all, at most `limit`.
std::int64_t removeSessions(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit);
std::int64_t removeTokens(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit);
std::int64_t removeTokensOf(store::Transaction& transaction, UserId user);
std::int64_t removeExpiredTokensOf(store::Transaction& transaction, UserId user, Time now);

}  // namespace video::access::rows
