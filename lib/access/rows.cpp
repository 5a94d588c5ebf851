#include "access/rows.hpp"

#include <fmt/format.h>
#include <unordered_map>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "sessions/fields.hpp"
#include "tokens/fields.hpp"
#include "users/fields.hpp"

namespace video::access::rows {
namespace {

// Of a hash that this program wrote. Without branches, which nobody could predict.
void readHex(std::string_view hex, SecretKey& key) {
  const auto digit = [](char c) { return (c & 0xf) + (c >> 6) * 9; };
  for (std::size_t i = 0; i < key.size() && 2 * i + 1 < hex.size(); ++i)
    key[i] = static_cast<unsigned char>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
}

Role roleIn(const store::Query& query, int column) {
  return valueOf<Role>(query.text(column)).value_or(Role::user);
}

// Along an index: of one user, or of all.
std::string listSql(std::string_view columns, std::string_view table, std::string_view expires, bool ofOne) {
  return fmt::format(
      "SELECT t.public_id, u.login_name, t.create_time, {0} FROM {1} t CROSS JOIN users u ON u.id = t.user_id "
      "WHERE {2} (t.create_time, t.public_id) > (?1, ?2) AND t.create_time >= ?3 AND t.create_time < ?4 "
      "AND u.deleted IS NULL AND (+t.{3} IS NULL OR +t.{3} > ?5) ORDER BY t.create_time, t.public_id LIMIT ?6",
      columns, table, ofOne ? "t.user_id = ?7 AND" : "?7 IS NULL AND", expires);
}

store::Query listQuery(store::Reader& reader, const std::string& sql, std::optional<UserId> user,
                       const ListQuery& wanted, Time now) {
  Time after = Time::min();
  std::string afterId;
  if (wanted.cursor) {
    const auto keys = readCursor(*wanted.cursor, 2);
    std::int64_t milliseconds = 0;
    readText(keys[0], "cursor", milliseconds);
    after = Time{std::chrono::milliseconds{milliseconds}};
    afterId = keys[1];
  }
  return reader.query(sql, after, afterId, wanted.since.value_or(Time::min()), wanted.until.value_or(Time::max()), now,
                      wanted.limit + 1, user);
}

template <class Item>
void endPage(Page<Item>& page, std::int64_t limit) {
  if (std::ssize(page.items) <= limit) return;
  page.items.pop_back();
  const Item& last = page.items.back();
  page.nextCursor = makeCursor({fmt::to_string(last.created.time_since_epoch().count()), last.id.text});
}

// At most so many, of one user or of all: found along the same indices as the lists.
std::int64_t removeSome(store::Transaction& transaction, std::string_view table, std::string_view key,
                        std::optional<UserId> user, std::int64_t limit) {
  const std::string sql =
      fmt::format("DELETE FROM {0} WHERE {1} IN (SELECT {1} FROM {0} WHERE {2} create_time > ?1 LIMIT ?2)", table, key,
                  user ? "user_id = ?3 AND" : "?3 IS NULL AND");
  return transaction.query(sql, Time::min(), limit, user).run();
}

}  // namespace

std::string hexOf(const SecretKey& key) {
  return toHex({reinterpret_cast<const char*>(key.data()), key.size()});
}

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

void forEachSession(store::Reader& reader, Time now, std::string_view from, std::string_view to, std::size_t limit,
                    const std::function<bool(const SecretKey&, const Known&)>& visit) {
  const std::int64_t current = epoch(reader);
  // The users first and apart: to join them costs more than all the rest.
  std::unordered_map<std::int64_t, Known> users;
  store::Query user =
      reader.query("SELECT id, login_name, role FROM users WHERE id > ? AND deleted IS NULL AND disabled = 0", 0);
  while (user.next())
    users.emplace(user.integer(0), Known{.user = {user.integer(0)},
                                         .userName = std::string(user.text(1)),
                                         .role = roleIn(user, 2),
                                         .epoch = current});
  std::size_t found = 0;
  store::Query session =
      reader.query("SELECT session_id, user_id, TTL FROM sessions WHERE session_id >= ? AND session_id < ?", from, to);
  while (found < limit && session.next()) {
    const auto known = users.find(session.integer(1));
    if (known == users.end() || session.time(2) <= now) continue;
    SecretKey key;
    readHex(session.text(0), key);
    known->second.expires = session.time(2);
    ++found;
    if (!visit(key, known->second)) return;
  }
}

std::optional<UserId> findSessionOwner(store::Reader& reader, const SessionId& id) {
  store::Query query = reader.query("SELECT user_id FROM sessions WHERE public_id = ?", id);
  if (!query.next()) return std::nullopt;
  return UserId{query.integer(0)};
}

Page<Session> listSessions(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now,
                           std::string_view current) {
  static const std::string columns = "t.TTL, t.session_id";
  static const std::string ofOne = listSql(columns, "sessions", "TTL", true);
  static const std::string ofAll = listSql(columns, "sessions", "TTL", false);
  Page<Session> page;
  store::Query query = listQuery(reader, user ? ofOne : ofAll, user, wanted, now);
  while (query.next())
    page.items.push_back({{std::string(query.text(0))},
                          std::string(query.text(1)),
                          query.time(2),
                          query.time(3),
                          query.text(4) == current});
  endPage(page, wanted.limit);
  return page;
}

Page<Token> listTokens(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now) {
  static const std::string columns = "t.label, t.scope, t.expires, t.last_used";
  static const std::string ofOne = listSql(columns, "tokens", "expires", true);
  static const std::string ofAll = listSql(columns, "tokens", "expires", false);
  Page<Token> page;
  store::Query query = listQuery(reader, user ? ofOne : ofAll, user, wanted, now);
  while (query.next()) {
    Token& token = page.items.emplace_back();
    token.id.text = query.text(0);
    token.userName = query.text(1);
    token.created = query.time(2);
    token.label = query.text(3);
    token.scope = valueOf<Scope>(query.text(4)).value_or(Scope::metrics);
    if (const auto expires = query.optionalTime(5)) token.expires = *expires;
    if (const auto used = query.optionalTime(6)) token.lastUsed = *used;
  }
  endPage(page, wanted.limit);
  return page;
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

std::int64_t removeSession(store::Transaction& transaction, const SessionId& id) {
  return transaction.query("DELETE FROM sessions WHERE public_id = ?", id).run();
}

std::int64_t removeSessions(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit) {
  return removeSome(transaction, "sessions", "session_id", user, limit);
}

std::int64_t removeTokens(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit) {
  return removeSome(transaction, "tokens", "token_hash", user, limit);
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

std::int64_t countSessionsOf(store::Reader& reader, UserId user) {
  auto query = reader.query("SELECT count(*) FROM sessions WHERE user_id = ?", user);
  return query.next() ? query.integer(0) : 0;
}

std::int64_t countTokensOf(store::Reader& reader, UserId user) {
  auto query = reader.query("SELECT count(*) FROM tokens WHERE user_id = ?", user);
  return query.next() ? query.integer(0) : 0;
}

std::int64_t removeExpiredTokensOf(store::Transaction& transaction, UserId user, Time now) {
  return transaction.query("DELETE FROM tokens WHERE user_id = ? AND expires <= ?", user, now).run();
}

std::int64_t removeSessionsOf(store::Transaction& transaction, UserId user) {
  return transaction.query("DELETE FROM sessions WHERE user_id = ?", user).run();
}

std::int64_t removeOtherSessionsOf(store::Transaction& transaction, UserId user, std::string_view hash) {
  return transaction.query("DELETE FROM sessions WHERE user_id = ? AND session_id <> ?", user, hash).run();
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
