#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sessions/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

// Hashes are those of secrets, SHA-256 in lower-case hex. What ends sessions of live users moves the rights epoch.

/// Adds a session; of more than 500 of the user the oldest end.
void addSession(store::Transaction& transaction, std::string_view hash, UserId user, std::string_view userName,
                Time created, std::chrono::milliseconds ttl);
std::optional<UserId> findSessionOwner(store::Reader& reader, const SessionId& id);
/// Those that have not expired, of one user or of all, by (created, id); `current` is the hash of the caller's.
Page<Session> listSessions(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now,
                           std::string_view current);
/// Whether a session has expired and still has its row.
bool hasExpiredSession(store::Reader& reader, Time now);

/// Each: how many it removed.
std::int64_t removeSession(store::Transaction& transaction, std::string_view hash);
std::int64_t removeSession(store::Transaction& transaction, const SessionId& id);
/// Of one user or of all, at most `limit`.
std::int64_t removeSessions(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit);
std::int64_t removeExpiredSessions(store::Transaction& transaction, Time now, std::int64_t limit);
/// All of a user's but the one with this hash. Moves the rights epoch even if there is none.
void removeOtherSessionsOf(store::Transaction& transaction, UserId user, std::string_view hash);

}  // namespace video::rows
