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

/// The row of a session or token whose user is live and not disabled. Hashes are SHA-256 in lower-case hex.
struct Known {
  UserId user{};
  std::string userName{};
  Role role = Role::user;
  std::int64_t epoch = 0;          ///< the rights epoch in the same state of the database
  Scope scope = Scope::full;       ///< scope of a token
  std::optional<Time> expires{};   ///< never empty for a session
  std::optional<Time> lastUsed{};  ///< last use of a token
  std::string publicId{};          ///< of a session or token
  Time created{};                  ///< of a session
};

/// Returns a key as stored in the tables.
std::string hexOf(const SecretKey& key);
std::optional<Known> findSession(store::Reader& reader, std::string_view hash);
std::optional<Known> findToken(store::Reader& reader, std::string_view hash);
/// Returns a live user by name, disabled or not.
std::optional<Known> findUser(store::Reader& reader, std::string_view name);
/// Calls `visit(key, session)` for at most `limit` sessions that have not expired and whose hash is in the range
/// [`from`, `to`). Stops when `visit` returns false.
void forEachSession(store::Reader& reader, Time now, std::string_view from, std::string_view to, std::size_t limit,
                    const std::function<bool(const SecretKey&, const Known&)>& visit);
/// Returns the rights epoch, which rightsChanged (users/rows.hpp) increments.
std::int64_t epoch(store::Reader& reader);

/// Returns whether a share of the video exists, for `what` (view, upload).
bool hasShare(store::Reader& reader, std::string_view share, const VideoId& video, std::string_view what);
/// Returns whether the user is disabled.
bool isDisabled(store::Reader& reader, UserId user);
/// The owner of a video.
struct Owner {
  UserId id;
  bool disabled = false;
};
/// Returns the owner of the video; nothing if there is no such video.
std::optional<Owner> ownerOf(store::Reader& reader, const VideoId& video);

/// These functions return the number of rows changed.
std::int64_t extendSession(store::Transaction& transaction, std::string_view hash, Time expires);
std::int64_t removeExpiredSession(store::Transaction& transaction, std::string_view hash, Time now);
std::int64_t useToken(store::Transaction& transaction, std::string_view hash, Time now);

}  // namespace video::access::rows
