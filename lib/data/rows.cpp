#include "data/rows.hpp"

namespace video::rows {

std::vector<ContentChange> listContentChanges(store::Reader& reader, std::int64_t number, std::int64_t limit) {
  auto query = reader.query("SELECT id, path FROM content_changes WHERE id > ? ORDER BY id LIMIT ?", number, limit);
  std::vector<ContentChange> changes;
  while (query.next()) changes.push_back({query.integer(0), std::string(query.text(1))});
  return changes;
}

void forEachImported(store::Reader& reader, ImportKind kind, const std::function<void(Imported)>& take) {
  auto query = reader.query("SELECT old_id, check_name, new_id FROM imported WHERE kind = ?", kind);
  while (query.next()) take({kind, std::string(query.text(0)), std::string(query.text(1)), std::string(query.text(2))});
}

std::optional<std::string> liveUserName(store::Reader& reader, UserId user) {
  auto query = reader.query("SELECT login_name FROM users WHERE id = ? AND deleted IS NULL", user);
  return query.next() ? std::optional(std::string(query.text(0))) : std::nullopt;
}

void insertImported(store::Transaction& transaction, const Imported& imported) {
  transaction
      .query("INSERT INTO imported (kind, old_id, check_name, new_id) VALUES (?, ?, ?, ?)", imported.kind,
             imported.oldId, imported.checkName, imported.newId)
      .run();
}

}  // namespace video::rows
