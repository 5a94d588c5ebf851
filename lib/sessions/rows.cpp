#include "sessions/rows.hpp"

#include <algorithm>

#include "base/cursor.hpp"
#include "users/rows.hpp"

namespace video::rows {
namespace {

constexpr CredentialTable table{
    .name = "sessions", .hash = "session_id", .expires = "TTL", .columns = "t.TTL, t.session_id"};

}  // namespace

void addSession(store::Transaction& transaction, std::string_view hash, UserId user, std::string_view userName,
                Time created, std::chrono::milliseconds ttl) {
  transaction
      .query(
          "INSERT INTO sessions (session_id, public_id, user_id, login_name, TTL, create_time) "
          "VALUES (?, ?, ?, ?, ?, ?)",
          hash, makePublicId(), user, userName, created + ttl, created)
      .run();
  auto count = transaction.query("SELECT count(*) FROM sessions WHERE user_id = ?", user);
  const std::int64_t over = count.next() ? count.integer(0) - mostCredentials : 0;
  if (over > 0) removeSessions(transaction, user, over);
}

std::optional<UserId> findSessionOwner(store::Reader& reader, const SessionId& id) {
  store::Query query = reader.query("SELECT user_id FROM sessions WHERE public_id = ?", id);
  if (!query.next()) return std::nullopt;
  return UserId{query.integer(0)};
}

Page<Session> listSessions(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now,
                           std::chrono::milliseconds longest, std::string_view current) {
  Page<Session> page;
  const bool limited = longest.count() > 0;
  ListQuery living = wanted;
  // One that was created at `now - longest` has ended.
  if (limited)
    living.since = std::max(wanted.since.value_or(Time::min()), now - longest + std::chrono::milliseconds{1});
  const auto read = [&](const store::Query& row) {
    const Time created = row.time(2);
    const Time expires = limited ? std::min(row.time(3), created + longest) : row.time(3);
    return Session{{std::string(row.text(0))}, std::string(row.text(1)), created, expires, row.text(4) == current};
  };
  readPage(page, listCredentials(reader, table, user, living, now), wanted.limit, read, TimePage::cursorOf);
  return page;
}

bool hasExpiredSession(store::Reader& reader, Time now) {
  return reader.query("SELECT 1 FROM sessions WHERE TTL <= ? LIMIT 1", now).next();
}

std::int64_t removeSession(store::Transaction& transaction, std::string_view hash) {
  return countRevoked(transaction, transaction.query("DELETE FROM sessions WHERE session_id = ?", hash).run());
}

std::int64_t removeSession(store::Transaction& transaction, const SessionId& id) {
  return countRevoked(transaction, transaction.query("DELETE FROM sessions WHERE public_id = ?", id).run());
}

std::int64_t removeSessions(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit) {
  return removeCredentials(transaction, table, user, limit);
}

std::int64_t removeExpiredSessions(store::Transaction& transaction, Time now, std::int64_t limit) {
  return transaction
      .query("DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE TTL <= ? LIMIT ?)", now,
             limit)
      .run();
}

void removeOtherSessionsOf(store::Transaction& transaction, UserId user, std::string_view hash) {
  transaction.query("DELETE FROM sessions WHERE user_id = ? AND session_id <> ?", user, hash).run();
  rightsChanged(transaction);
}

}  // namespace video::rows
