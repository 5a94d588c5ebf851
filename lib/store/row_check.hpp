#pragma once

#include <functional>
#include <string>

namespace video::store {

class DataDirectory;

/// Something wrong in a database.
struct RowProblem {
  enum class Kind { damage, reference };
  Kind kind = Kind::damage;
  std::string where;  ///< the database, or a table
  std::string detail;
  std::string repair;  ///< what repairing it does, or has done
  bool isRepaired = false;
};

/// Checks the database of a directory as SQLite does (PRAGMA integrity_check), and the references between its rows.
/// With `repair`, for which the directory must be held exclusively and not be open elsewhere, builds damaged indexes
/// again, and writes rows that refer to nothing to `lost+found/` before it removes them. Returns false if the database
/// is damaged in a way that leaves nothing else to be checked. Throws Error.
bool checkRows(DataDirectory& directory, bool repair, const std::function<void(const RowProblem&)>& found);

}  // namespace video::store
