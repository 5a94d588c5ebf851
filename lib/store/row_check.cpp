#include "store/row_check.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "store/directory.hpp"
#include "store/lost_files.hpp"
#include "store/sqlite_connection.hpp"

namespace video::store {
namespace {

// Rows of `table` whose `column` names no row of `parent`.
struct BrokenReference {
  std::string table;
  std::string parent;
  std::string column;
  std::string parentColumn;

  std::string condition() const {
    return fmt::format(
        "FROM \"{0}\" WHERE \"{1}\" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM \"{2}\" its_parent WHERE "
        "its_parent.\"{3}\" = \"{0}\".\"{1}\")",
        table, column, parent, parentColumn);
  }
};

std::vector<BrokenReference> brokenReferences(SQLite::Database& database) {
  std::set<std::pair<std::string, int>> broken;
  SQLite::Statement check(database, "PRAGMA foreign_key_check");
  while (check.executeStep()) broken.emplace(check.getColumn(0).getString(), check.getColumn(3).getInt());
  std::vector<BrokenReference> all;
  for (const auto& [table, id] : broken) {
    SQLite::Statement keys(database, fmt::format("PRAGMA foreign_key_list(\"{}\")", table));
    while (keys.executeStep())
      if (keys.getColumn(0).getInt() == id)
        all.push_back(
            {table, keys.getColumn(2).getString(), keys.getColumn(3).getString(), keys.getColumn(4).getString()});
  }
  return all;
}

nlohmann::json valueOfColumn(const SQLite::Column& column) {
  if (column.isNull()) return nullptr;
  if (column.isInteger()) return column.getInt64();
  if (column.isFloat()) return column.getDouble();
  if (column.isBlob()) return toHex(column.getString());
  return column.getString();
}

// Writes the rows to lost+found/, a line of JSON each, and removes them. Returns the name of the file.
std::string setRowsAside(DataDirectory& directory, SQLite::Database& database, const BrokenReference& broken) {
  std::string lines;
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  {
    SQLite::Statement rows(database, "SELECT * " + broken.condition());
    while (rows.executeStep()) {
      nlohmann::json row;
      for (int i = 0; i < rows.getColumnCount(); ++i) row[rows.getColumnName(i)] = valueOfColumn(rows.getColumn(i));
      lines += nlohmann::json{{"table", broken.table}, {"row", row}}.dump(-1, ' ', false,
                                                                          nlohmann::json::error_handler_t::replace) +
               '\n';
    }
  }
  std::string name = fmt::format("rows-{}-{}-{}.ndjson", broken.table, systemClock().now().time_since_epoch().count(),
                                 makeRandomHex(4));
  LostFiles(directory).write(name, lines);
  database.exec("DELETE " + broken.condition());
  transaction.commit();
  return name;
}

// Damage of indexes only, which are made of what the tables have.
bool isOfIndex(std::string_view problem) {
  return problem.find("missing from index") != std::string_view::npos ||
         problem.find("in index") != std::string_view::npos || problem.starts_with("non-unique entry in index");
}

std::vector<std::string> problemsOf(SQLite::Database& database) {
  std::vector<std::string> problems;
  SQLite::Statement check(database, "PRAGMA integrity_check(100)");
  while (check.executeStep()) problems.push_back(check.getColumn(0).getString());
  if (problems == std::vector<std::string>{"ok"}) problems.clear();
  return problems;
}

}  // namespace

bool checkRows(DataDirectory& directory, bool repair, const std::function<void(const RowProblem&)>& found) try {
  SQLite::Database database = openSqlite(directory.databasePath(), SQLITE_OPEN_READWRITE, std::chrono::seconds{10});
  const std::vector<std::string> problems = problemsOf(database);
  const bool isMendable = std::all_of(problems.begin(), problems.end(), isOfIndex);
  bool isMended = false;
  if (!problems.empty() && isMendable && repair) {
    database.exec("REINDEX");
    isMended = problemsOf(database).empty();
  }
  for (const std::string& problem : problems)
    found({RowProblem::Kind::damage, "video.db", problem,
           isMendable ? "build the indexes again" : "none: restore a backup", isMended});
  if (!problems.empty() && !isMendable) return false;
  database.exec("PRAGMA foreign_keys = OFF");
  // Without the rows that are set aside others may refer to nothing.
  for (bool isChanged = true; isChanged;) {
    isChanged = false;
    for (const BrokenReference& one : brokenReferences(database)) {
      const std::int64_t count = database.execAndGet("SELECT count(*) " + one.condition()).getInt64();
      if (count == 0) continue;  // set aside by another reference
      RowProblem problem{RowProblem::Kind::reference, one.table,
                         fmt::format("{} of its rows name {} that do not exist, as {}", count, one.parent, one.column),
                         "move the rows to lost+found, as JSON", false};
      if (repair) {
        problem.repair = "moved the rows to lost+found/" + setRowsAside(directory, database, one);
        problem.isRepaired = isChanged = true;
      }
      found(problem);
    }
  }
  return true;
} catch (const SQLite::Exception& exception) {
  throw errorOf(exception);
}

}  // namespace video::store
