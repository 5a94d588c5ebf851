#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sessions/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

// `hash` is the SHA-256 of the secret in lower-case hex. Removing sessions of live users increments the rights epoch.

/// Adds a session. If the user has more than 500 then, removes the oldest.
void addSession(store::Transaction& transaction, std::string_view hash, UserId user, std::string_view userName,
                Time created, std::chrono::milliseconds ttl);
std::optional<UserId> findSessionOwner(store::Reader& reader, const SessionId& id);
/// Lists sessions that have not ended, of one user or of all users, ordered by (created, id). `longest` is the longest
/// life of a session, 0 for no limit; `current` is the hash of the caller's session.
Page<Session> listSessions(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now,
                           std::chrono::milliseconds longest, std::string_view current);
/// Returns whether there is an expired session to remove.
bool hasExpiredSession(store::Reader& reader, Time now);

/// These functions return the number of sessions removed.
std::int64_t removeSession(store::Transaction& transaction, std::string_view hash);
std::int64_t removeSession(store::Transaction& transaction, const SessionId& id);
/// Removes at most `limit` sessions of one user or of all users, oldest first.
std::int64_t removeSessions(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit);
std::int64_t removeExpiredSessions(store::Transaction& transaction, Time now, std::int64_t limit);
/// Removes all sessions of a user except the one with this hash. Increments the rights epoch even if there are none.
void removeOtherSessionsOf(store::Transaction& transaction, UserId user, std::string_view hash);

}  // namespace video::rows
