#include "access/rows.hpp"

#include <unordered_map>

#include "base/error.hpp"
#include "base/json.hpp"

namespace video::access::rows {
namespace {

// Decodes a hash written by this program. Branch-free, because branches on hash digits cannot be predicted.
void readHex(std::string_view hex, SecretKey& key) {
  const auto digit = [](char c) { return (c & 0xf) + (c >> 6) * 9; };
  for (std::size_t i = 0; i < key.size() && 2 * i + 1 < hex.size(); ++i)
    key[i] = static_cast<unsigned char>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
}

Role roleIn(const store::Query& query, int column) {
  return valueOf<Role>(query.text(column)).value_or(Role::user);
}

}  // namespace

std::string hexOf(const SecretKey& key) {
  return toHex({reinterpret_cast<const char*>(key.data()), key.size()});
}

std::optional<Known> findSession(store::Reader& reader, std::string_view hash) {
  store::Query query = reader.query(
      "SELECT u.id, u.login_name, u.role, (SELECT epoch FROM rights_epoch WHERE only_row = 1), s.TTL, "
      "s.public_id, s.create_time FROM sessions s JOIN users u ON u.id = s.user_id "
      "WHERE s.session_id = ? AND u.deleted IS NULL AND u.disabled = 0",
      hash);
  if (!query.next()) return std::nullopt;
  return Known{.user = {query.integer(0)},
               .userName = std::string(query.text(1)),
               .role = roleIn(query, 2),
               .epoch = query.integer(3),
               .expires = query.time(4),
               .publicId = std::string(query.text(5)),
               .created = query.time(6)};
}

std::optional<Known> findToken(store::Reader& reader, std::string_view hash) {
  store::Query query = reader.query(
      "SELECT u.id, u.login_name, u.role, (SELECT epoch FROM rights_epoch WHERE only_row = 1), t.scope, t.expires, "
      "t.last_used, t.public_id FROM tokens t JOIN users u ON u.id = t.user_id "
      "WHERE t.token_hash = ? AND u.deleted IS NULL AND u.disabled = 0",
      hash);
  if (!query.next()) return std::nullopt;
  return Known{.user = {query.integer(0)},
               .userName = std::string(query.text(1)),
               .role = roleIn(query, 2),
               .epoch = query.integer(3),
               .scope = valueOf<Scope>(query.text(4)).value_or(Scope::metrics),
               .expires = query.optionalTime(5),
               .lastUsed = query.optionalTime(6),
               .publicId = std::string(query.text(7))};
}

std::optional<Known> findUser(store::Reader& reader, std::string_view name) {
  store::Query query =
      reader.query("SELECT id, login_name, role FROM users WHERE login_name = ? AND deleted IS NULL", name);
  if (!query.next()) return std::nullopt;
  return Known{.user = {query.integer(0)}, .userName = std::string(query.text(1)), .role = roleIn(query, 2)};
}

void forEachSession(store::Reader& reader, Time now, std::string_view from, std::string_view to, std::size_t limit,
                    const std::function<bool(const SecretKey&, const Known&)>& visit) {
  const std::int64_t current = epoch(reader);
  // Read all users first: joining them to each session costs more than everything else.
  std::unordered_map<std::int64_t, Known> users;
  store::Query user =
      reader.query("SELECT id, login_name, role FROM users WHERE id > ? AND deleted IS NULL AND disabled = 0", 0);
  while (user.next())
    users.emplace(user.integer(0), Known{.user = {user.integer(0)},
                                         .userName = std::string(user.text(1)),
                                         .role = roleIn(user, 2),
                                         .epoch = current});
  std::size_t found = 0;
  store::Query session = reader.query(
      "SELECT session_id, user_id, TTL, public_id, create_time FROM sessions WHERE session_id >= ? AND session_id < ?",
      from, to);
  while (found < limit && session.next()) {
    const auto known = users.find(session.integer(1));
    if (known == users.end() || session.time(2) <= now) continue;
    SecretKey key;
    readHex(session.text(0), key);
    known->second.expires = session.time(2);
    known->second.publicId = session.text(3);
    known->second.created = session.time(4);
    ++found;
    if (!visit(key, known->second)) return;
  }
}

std::int64_t epoch(store::Reader& reader) {
  store::Query query = reader.query("SELECT epoch FROM rights_epoch WHERE only_row = 1");
  if (!query.next()) throw Error(Fault::databaseFailed, "rights_epoch: row is missing");
  return query.integer(0);
}

bool hasShare(store::Reader& reader, std::string_view share, const VideoId& video, std::string_view what) {
  return reader.query("SELECT 1 FROM shares WHERE id = ? AND video_id = ? AND what = ?", share, video, what).next();
}

bool isDisabled(store::Reader& reader, UserId user) {
  return reader.query("SELECT 1 FROM users WHERE id = ? AND disabled <> 0", user).next();
}

std::optional<Owner> ownerOf(store::Reader& reader, const VideoId& video) {
  auto query = reader.query(
      "SELECT u.id, u.disabled FROM video_info v JOIN users u ON u.id = v.author_id WHERE v.id = ?", video);
  if (!query.next()) return std::nullopt;
  return Owner{UserId{query.integer(0)}, query.integer(1) != 0};
}

std::int64_t extendSession(store::Transaction& transaction, std::string_view hash, Time expires) {
  return transaction.query("UPDATE sessions SET TTL = ? WHERE session_id = ? AND TTL < ?", expires, hash, expires)
      .run();
}

std::int64_t removeExpiredSession(store::Transaction& transaction, std::string_view hash, Time now) {
  return transaction.query("DELETE FROM sessions WHERE session_id = ? AND TTL <= ?", hash, now).run();
}

std::int64_t useToken(store::Transaction& transaction, std::string_view hash, Time now) {
  return transaction
      .query("UPDATE tokens SET last_used = ? WHERE token_hash = ? AND (last_used IS NULL OR last_used < ?)", now, hash,
             now)
      .run();
}

}  // namespace video::access::rows
