#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "access/access.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "store/database.hpp"

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
  std::string publicId{};          ///< a session's or token's
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
/// Moves on when a right may have changed; users/rows moves it.
std::int64_t epoch(store::Reader& reader);

/// Each: how many rows it changed.
std::int64_t extendSession(store::Transaction& transaction, std::string_view hash, Time expires);
std::int64_t removeExpiredSession(store::Transaction& transaction, std::string_view hash, Time now);
std::int64_t useToken(store::Transaction& transaction, std::string_view hash, Time now);

}  // namespace video::access::rows
