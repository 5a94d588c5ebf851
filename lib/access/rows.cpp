#include "access/rows.hpp"

#include "base/error.hpp"
#include "tokens/fields.hpp"
#include "users/fields.hpp"

namespace video::access::rows {
namespace {

Role roleIn(const store::Query& query, int column) {
  return valueOf<Role>(query.text(column)).value_or(Role::user);
}

}  // namespace

std::optional<Known> findSession(store::Reader& reader, std::string_view hash) {
  store::Query query = reader.query(
      "SELECT u.id, u.login_name, u.role, (SELECT epoch FROM rights_epoch WHERE only_row = 1), s.TTL "
      "FROM sessions s JOIN users u ON u.id = s.user_id "
      "WHERE s.session_id = ? AND u.deleted IS NULL AND u.disabled = 0",
      hash);
  if (!query.next()) return std::nullopt;
  return Known{.user = {query.integer(0)},
               .userName = std::string(query.text(1)),
               .role = roleIn(query, 2),
               .epoch = query.integer(3),
               .expires = query.time(4)};
}

std::optional<Known> findToken(store::Reader& reader, std::string_view hash) {
  store::Query query = reader.query(
      "SELECT u.id, u.login_name, u.role, (SELECT epoch FROM rights_epoch WHERE only_row = 1), t.scope, t.expires, "
      "t.last_used FROM tokens t JOIN users u ON u.id = t.user_id "
      "WHERE t.token_hash = ? AND u.deleted IS NULL AND u.disabled = 0",
      hash);
  if (!query.next()) return std::nullopt;
  return Known{.user = {query.integer(0)},
               .userName = std::string(query.text(1)),
               .role = roleIn(query, 2),
               .epoch = query.integer(3),
               .scope = valueOf<Scope>(query.text(4)).value_or(Scope::metrics),
               .expires = query.optionalTime(5),
               .lastUsed = query.optionalTime(6)};
}

std::optional<Known> findUser(store::Reader& reader, std::string_view name) {
  store::Query query =
      reader.query("SELECT id, login_name, role FROM users WHERE login_name = ? AND deleted IS NULL", name);
  if (!query.next()) return std::nullopt;
  return Known{.user = {query.integer(0)}, .userName = std::string(query.text(1)), .role = roleIn(query, 2)};
}

std::optional<UserId> findTokenOwner(store::Reader& reader, const TokenId& id) {
  store::Query query = reader.query("SELECT user_id FROM tokens WHERE public_id = ?", id);
  if (!query.next()) return std::nullopt;
  return UserId{query.integer(0)};
}

std::int64_t epoch(store::Reader& reader) {
  store::Query query = reader.query("SELECT epoch FROM rights_epoch WHERE only_row = 1");
  if (!query.next()) throw Error(Fault::databaseFailed, "rights_epoch: its row is missing");
  return query.integer(0);
}

void bumpEpoch(store::Transaction& transaction) {
  transaction.query("UPDATE rights_epoch SET epoch = epoch + 1 WHERE only_row = 1").run();
}

void addSession(store::Transaction& transaction, std::string_view hash, UserId user, std::string_view userName,
                Time created, Time expires) {
  transaction
      .query(
          "INSERT INTO sessions (session_id, public_id, user_id, login_name, TTL, create_time) "
          "VALUES (?, ?, ?, ?, ?, ?)",
          hash, makePublicId(), user, userName, expires, created)
      .run();
}

TokenId addToken(store::Transaction& transaction, std::string_view hash, UserId user, std::string_view label,
                 Scope scope, Time created, std::optional<Time> expires) {
  TokenId id{makePublicId()};
  transaction
      .query(
          "INSERT INTO tokens (token_hash, public_id, user_id, label, scope, expires, create_time) "
          "VALUES (?, ?, ?, ?, ?, ?, ?)",
          hash, id, user, label, scope, expires, created)
      .run();
  return id;
}

std::int64_t extendSession(store::Transaction& transaction, std::string_view hash, Time expires) {
  return transaction.query("UPDATE sessions SET TTL = ? WHERE session_id = ? AND TTL < ?", expires, hash, expires)
      .run();
}

std::int64_t removeSession(store::Transaction& transaction, std::string_view hash) {
  return transaction.query("DELETE FROM sessions WHERE session_id = ?", hash).run();
}

std::int64_t removeExpiredSession(store::Transaction& transaction, std::string_view hash, Time now) {
  return transaction.query("DELETE FROM sessions WHERE session_id = ? AND TTL <= ?", hash, now).run();
}

bool hasExpiredSession(store::Reader& reader, Time now) {
  return reader.query("SELECT 1 FROM sessions WHERE TTL <= ? LIMIT 1", now).next();
}

std::int64_t removeExpiredSessions(store::Transaction& transaction, Time now, std::int64_t limit) {
  return transaction
      .query("DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE TTL <= ? LIMIT ?)", now,
             limit)
      .run();
}

std::int64_t removeSessionsOf(store::Transaction& transaction, UserId user) {
  return transaction.query("DELETE FROM sessions WHERE user_id = ?", user).run();
}

std::int64_t useToken(store::Transaction& transaction, std::string_view hash, Time now) {
  return transaction
      .query("UPDATE tokens SET last_used = ? WHERE token_hash = ? AND (last_used IS NULL OR last_used < ?)", now, hash,
             now)
      .run();
}

std::int64_t removeToken(store::Transaction& transaction, std::string_view hash) {
  return transaction.query("DELETE FROM tokens WHERE token_hash = ?", hash).run();
}

std::int64_t removeToken(store::Transaction& transaction, const TokenId& id) {
  return transaction.query("DELETE FROM tokens WHERE public_id = ?", id).run();
}

std::int64_t removeTokensOf(store::Transaction& transaction, UserId user) {
  return transaction.query("DELETE FROM tokens WHERE user_id = ?", user).run();
}

}  // namespace video::access::rows
