#include "tokens/rows.hpp"

#include <fmt/format.h>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "sessions/rows.hpp"
#include "users/rows.hpp"

namespace video::rows {
namespace {

constexpr CredentialTable table{.name = "tokens",
                                .hash = "token_hash",
                                .expires = "expires",
                                .columns = "t.label, t.scope, t.expires, t.last_used, t.login"};

std::int64_t countOf(store::Reader& reader, UserId user) {
  auto query = reader.query("SELECT count(*) FROM tokens WHERE user_id = ?", user);
  return query.next() ? query.integer(0) : 0;
}

}  // namespace

TokenId addToken(store::Transaction& transaction, std::string_view hash, UserId user, const NewToken& wanted,
                 Time created, std::string_view maker) {
  if (countOf(transaction, user) >= mostCredentials &&
      transaction.query("DELETE FROM tokens WHERE user_id = ? AND expires <= ?", user, created).run() == 0)
    throw Error(Fault::conflict, fmt::format("token: there are {} already; revoke some", mostCredentials));
  TokenId id{makePublicId()};
  transaction
      .query(
          "INSERT INTO tokens (token_hash, public_id, user_id, label, scope, expires, create_time, made_by, "
          "login) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          hash, id, user, wanted.label, wanted.scope, std::optional<Time>(wanted.expires), created,
          maker.empty() ? std::nullopt : std::optional(maker), wanted.login.value_or(false))
      .run();
  return id;
}

std::string makerOf(store::Reader& reader, std::string_view hash) {
  auto query = reader.query("SELECT iif(login = 1, made_by, token_hash) FROM tokens WHERE token_hash = ?", hash);
  return query.next() ? query.optionalText(0).value_or("") : std::string();
}

std::optional<UserId> findTokenOwner(store::Reader& reader, const TokenId& id) {
  store::Query query = reader.query("SELECT user_id FROM tokens WHERE public_id = ?", id);
  if (!query.next()) return std::nullopt;
  return UserId{query.integer(0)};
}

Page<Token> listTokens(store::Reader& reader, std::optional<UserId> user, const ListQuery& wanted, Time now) {
  Page<Token> page;
  const auto read = [](const store::Query& row) {
    Token token;
    token.id.text = row.text(0);
    token.userName = row.text(1);
    token.created = row.time(2);
    token.label = row.text(3);
    token.scope = valueOf<Scope>(row.text(4)).value_or(Scope::metrics);
    if (const auto expires = row.optionalTime(5)) token.expires = *expires;
    if (const auto used = row.optionalTime(6)) token.lastUsed = *used;
    if (row.integer(7) != 0) token.login = true;
    return token;
  };
  readPage(page, listCredentials(reader, table, user, wanted, now), wanted.limit, read, TimePage::cursorOf);
  return page;
}

std::vector<KeptToken> keptTokens(store::Reader& reader, UserId user, Time now) {
  std::vector<KeptToken> kept;
  store::Query query = reader.query(
      "SELECT public_id, label, expires FROM tokens WHERE user_id = ? AND (expires IS NULL OR expires > ?) "
      "ORDER BY create_time, public_id",
      user, now);
  while (query.next()) {
    KeptToken& token = kept.emplace_back();
    token.id.text = query.text(0);
    token.label = query.text(1);
    if (const auto expires = query.optionalTime(2)) token.expires = *expires;
  }
  return kept;
}

std::int64_t removeToken(store::Transaction& transaction, std::string_view hash) {
  return countRevoked(transaction, transaction.query("DELETE FROM tokens WHERE token_hash = ?", hash).run());
}

std::int64_t removeToken(store::Transaction& transaction, const TokenId& id) {
  return countRevoked(transaction, transaction.query("DELETE FROM tokens WHERE public_id = ?", id).run());
}

std::int64_t removeTokens(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit) {
  return removeCredentials(transaction, table, user, limit);
}

std::int64_t removeTokensLabelled(store::Transaction& transaction, std::optional<UserId> user, std::string_view label,
                                  std::int64_t limit) {
  const std::string sql = fmt::format(
      "DELETE FROM tokens WHERE token_hash IN (SELECT token_hash FROM tokens WHERE label = ?1 AND {} LIMIT ?2)",
      user ? "user_id = ?3" : "?3 IS NULL");
  return countRevoked(transaction, transaction.query(sql, label, limit, user).run());
}

std::int64_t removeLogins(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit) {
  // user_id > 0 holds for all: it makes SQLite use the index of these tokens.
  const std::string sql = fmt::format(
      "DELETE FROM tokens WHERE token_hash IN (SELECT token_hash FROM tokens WHERE login = 1 AND {} LIMIT ?1)",
      user ? "user_id = ?2" : "user_id > 0 AND ?2 IS NULL");
  return countRevoked(transaction, transaction.query(sql, limit, user).run());
}

void removeOtherLoginsOf(store::Transaction& transaction, UserId user, std::string_view hash) {
  countRevoked(
      transaction,
      transaction.query("DELETE FROM tokens WHERE login = 1 AND user_id = ? AND token_hash <> ?", user, hash).run());
}

void removeOtherTokensOf(store::Transaction& transaction, UserId user, std::string_view hash) {
  countRevoked(transaction,
               transaction.query("DELETE FROM tokens WHERE user_id = ? AND token_hash <> ?", user, hash).run());
}

void removeCredentialsOf(store::Transaction& transaction, UserId user) {
  removeOtherTokensOf(transaction, user, {});
  removeOtherSessionsOf(transaction, user, {});
}

}  // namespace video::rows
