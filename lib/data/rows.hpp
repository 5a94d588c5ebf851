#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// A file that a row came to name.
struct ContentChange {
  std::int64_t number = 0;  ///< ascending
  std::string path;         ///< below the data directory
};

/// Returns the changes after `number`, oldest first, at most `limit`.
std::vector<ContentChange> listContentChanges(store::Reader& reader, std::int64_t number, std::int64_t limit);

/// Something that came from another site: a user, a video or a comment.
struct Imported {
  ImportKind kind = ImportKind::user;
  std::string oldId;
  std::string checkName;  ///< hash of a user's name there; else empty
  std::string newId;
};

/// Calls `take` for everything of this kind that was imported.
void forEachImported(store::Reader& reader, ImportKind kind, const std::function<void(Imported)>& take);
/// Returns the name of a live user; nothing if there is none.
std::optional<std::string> liveUserName(store::Reader& reader, UserId user);
void insertImported(store::Transaction& transaction, const Imported& imported);

}  // namespace video::rows
