#include "data/rows.hpp"

namespace video::rows {

std::vector<ContentChange> listContentChanges(store::Reader& reader, std::int64_t number, std::int64_t limit) {
  auto query = reader.query("SELECT id, path FROM content_changes WHERE id > ? ORDER BY id LIMIT ?", number, limit);
  std::vector<ContentChange> changes;
  while (query.next()) changes.push_back({query.integer(0), std::string(query.text(1))});
  return changes;
}

}  // namespace video::rows
