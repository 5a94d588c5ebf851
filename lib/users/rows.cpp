#include "users/rows.hpp"

#include <fmt/format.h>

#include "base/cursor.hpp"
#include "base/json.hpp"
#include "base/units.hpp"

namespace video::rows {
namespace {

const std::string columns =
    "SELECT id, login_name, role, disabled, create_time, video_count, bytes_used, bytes_trash, bytes_quota_own, "
    "display_name, muted_until, history_off FROM users ";

User userOf(const store::Query& row, std::int64_t quota) {
  User user;
  user.id = UserId{row.integer(0)};
  user.name = row.text(1);
  user.role = valueOf<Role>(row.text(2)).value_or(Role::user);
  user.disabled = row.integer(3) != 0;
  user.created = row.time(4);
  user.videoCount = row.integer(5);
  user.bytesUsed = row.integer(6);
  user.bytesTrash = row.integer(7);
  user.ownQuota = row.optionalInteger(8);
  user.bytesQuota = user.ownQuota.value_or(quota);
  user.displayName = row.optionalText(9);
  user.mutedUntil = row.optionalTime(10);
  if (row.integer(11) != 0) user.historyOff = true;
  return user;
}

}  // namespace

std::optional<User> findUser(store::Reader& reader, std::string_view name, std::int64_t quota) {
  static const std::string sql = columns + "WHERE login_name = ? AND deleted IS NULL";
  auto query = reader.query(sql, name);
  if (!query.next()) return std::nullopt;
  return userOf(query, quota);
}

std::optional<UserId> findUserId(store::Reader& reader, std::string_view name) {
  auto query = reader.query("SELECT id FROM users WHERE login_name = ? AND deleted IS NULL", name);
  if (!query.next()) return std::nullopt;
  return UserId{query.integer(0)};
}

std::optional<UserSecret> findUserSecret(store::Reader& reader, std::string_view name) {
  auto query =
      reader.query("SELECT id, login_name, pwd, disabled FROM users WHERE login_name = ? AND deleted IS NULL", name);
  if (!query.next()) return std::nullopt;
  return UserSecret{UserId{query.integer(0)}, std::string(query.text(1)), std::string(query.text(2)),
                    query.integer(3) != 0};
}

UserSpace spaceOf(store::Reader& reader, UserId user) {
  auto query = reader.query("SELECT bytes_used, bytes_quota_own FROM users WHERE id = ?", user);
  if (!query.next()) return {};
  return {query.integer(0), query.optionalInteger(1)};
}

std::int64_t spaceLeft(store::Reader& reader, UserId user, std::int64_t quota) {
  const UserSpace space = spaceOf(reader, user);
  const std::int64_t most = space.ownQuota.value_or(quota);
  return most > 0 ? most - space.used : INT64_MAX;
}

std::optional<std::string> displayNameOf(store::Reader& reader, UserId user) {
  auto query = reader.query("SELECT display_name FROM users WHERE id = ?", user);
  return query.next() ? query.optionalText(0) : std::nullopt;
}

Page<User> listUsers(store::Reader& reader, const ListQuery& wanted, std::int64_t quota) {
  static const std::string sql = columns +
                                 "WHERE deleted IS NULL AND (create_time, id) > (?, ?) AND create_time >= ? AND "
                                 "create_time < ? ORDER BY create_time, id LIMIT ?";
  const TimePage after(wanted.cursor);
  std::int64_t afterId = 0;
  if (wanted.cursor) readText(after.id, "cursor", afterId);
  auto query = reader.query(sql, after.time, afterId, wanted.since.value_or(Time::min()),
                            wanted.until.value_or(Time::max()), wanted.limit + 1);
  Page<User> page;
  readPage(
      page, query, wanted.limit, [quota](const store::Query& row) { return userOf(row, quota); },
      [](const User& last) { return TimePage::cursor(last.created, fmt::to_string(last.id.value)); });
  return page;
}

bool hasOtherAdmin(store::Reader& reader, UserId user) {
  auto query = reader.query(
      "SELECT id FROM users WHERE role = 'admin' AND disabled = 0 AND deleted IS NULL AND id <> ? LIMIT 1", user);
  return query.next();
}

void requireNotMuted(store::Reader& reader, UserId user, Time now) {
  auto query = reader.query("SELECT login_name, muted_until FROM users WHERE id = ? AND muted_until > ?", user, now);
  if (query.next())
    throw Error(Fault::forbidden, fmt::format("user {}: is muted until {}", query.text(0), formatTime(query.time(1))));
}

UserId insertUser(store::Transaction& transaction, const NewUser& wanted, std::string_view passwordHash, Time now) {
  auto inserted = transaction.query(
      "INSERT INTO users (login_name, pwd, role, bytes_quota_own, create_time, display_name) "
      "VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
      wanted.name, passwordHash, wanted.role.value_or(Role::user),
      wanted.ownQuota ? std::optional<std::int64_t>(*wanted.ownQuota) : std::nullopt, now, wanted.displayName);
  inserted.next();
  const UserId id{inserted.integer(0)};
  inserted.next();  // run the statement to completion
  return id;
}

void changeUser(store::Transaction& transaction, UserId user, const ChangeUser& wanted) {
  transaction
      .query(
          "UPDATE users SET role = coalesce(?, role), disabled = coalesce(?, disabled), "
          "history_off = coalesce(?, history_off), "
          "bytes_quota_own = CASE WHEN ? THEN ? ELSE bytes_quota_own END, "
          "display_name = CASE WHEN ? THEN ? ELSE display_name END WHERE id = ?",
          wanted.role, wanted.disabled, wanted.historyOff, wanted.ownQuota.has_value(),
          wanted.ownQuota ? std::optional<std::int64_t>(*wanted.ownQuota) : std::nullopt,
          wanted.displayName.has_value(),
          wanted.displayName ? std::optional<std::string>(*wanted.displayName) : std::nullopt, user)
      .run();
}

void setPassword(store::Transaction& transaction, UserId user, std::string_view passwordHash) {
  transaction.query("UPDATE users SET pwd = ? WHERE id = ?", passwordHash, user).run();
}

void setMuted(store::Transaction& transaction, UserId user, std::optional<Time> until) {
  transaction.query("UPDATE users SET muted_until = ? WHERE id = ?", until, user).run();
}

bool markUserDeleted(store::Transaction& transaction, UserId user, Time now) {
  return transaction.query("UPDATE users SET deleted = ?, pwd = '' WHERE id = ? AND deleted IS NULL", now, user)
             .run() == 1;
}

bool isLive(store::Reader& reader, UserId user, std::optional<Time> created) {
  return reader
      .query("SELECT 1 FROM users WHERE id = ?1 AND deleted IS NULL AND (?2 IS NULL OR create_time = ?2)", user,
             created)
      .next();
}

bool deleteUser(store::Transaction& transaction, UserId user) {
  return transaction.query("DELETE FROM users WHERE id = ? AND deleted IS NOT NULL", user).run() == 1;
}

void rightsChanged(store::Transaction& transaction) {
  transaction.query("UPDATE rights_epoch SET epoch = epoch + 1 WHERE only_row = 1").run();
}

std::int64_t countRevoked(store::Transaction& transaction, std::int64_t count) {
  if (count > 0) rightsChanged(transaction);
  return count;
}

store::Query listCredentials(store::Reader& reader, const CredentialTable& table, std::optional<UserId> user,
                             const ListQuery& wanted, Time now) {
  // Two texts, so that each uses an index: of one user, or of all users.
  const std::string sql = fmt::format(
      "SELECT t.public_id, u.login_name, t.create_time, {0} FROM {1} t CROSS JOIN users u ON u.id = t.user_id "
      "WHERE {2} (t.create_time, t.public_id) > (?1, ?2) AND t.create_time >= ?3 AND t.create_time < ?4 "
      "AND u.deleted IS NULL AND (+t.{3} IS NULL OR +t.{3} > ?5) ORDER BY t.create_time, t.public_id LIMIT ?6",
      table.columns, table.name, user ? "t.user_id = ?7 AND" : "?7 IS NULL AND", table.expires);
  const TimePage after(wanted.cursor);
  return reader.query(sql, after.time, after.id, wanted.since.value_or(Time::min()), wanted.until.value_or(Time::max()),
                      now, wanted.limit + 1, user);
}

std::int64_t removeCredentials(store::Transaction& transaction, const CredentialTable& table,
                               std::optional<UserId> user, std::int64_t limit) {
  // Uses the same indexes as listCredentials.
  const std::string sql =
      fmt::format("DELETE FROM {0} WHERE {1} IN (SELECT {1} FROM {0} WHERE {2} create_time > ?1 LIMIT ?2)", table.name,
                  table.hash, user ? "user_id = ?3 AND" : "?3 IS NULL AND");
  return countRevoked(transaction, transaction.query(sql, Time::min(), limit, user).run());
}

}  // namespace video::rows
