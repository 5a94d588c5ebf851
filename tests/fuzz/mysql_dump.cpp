#include "base/mysql_dump.hpp"

#include "base/error.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;

namespace {

// Returns the rows of a dump, and how its reading ended.
std::string rowsOf(const std::vector<std::string_view>& pieces) {
  std::string rows;
  MysqlDumpReader reader([&](const MysqlRow& row) {
    holds(row.columns.size() == row.values.size(), "a row has a value per column");
    rows += row.table + '\n';
    for (std::size_t i = 0; i < row.values.size(); ++i)
      rows += row.columns[i] + '=' + row.values[i].value_or("NULL") + '\n';
  });
  try {
    for (const std::string_view piece : pieces) reader.add(std::as_bytes(std::span(piece)));
    reader.finish();
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed, "a refusal is malformed", error.detail());
    rows += error.detail();
  }
  return rows + reader.charset();
}

void run(fuzz::Input in) {
  const std::uint32_t seed = in.word();
  const std::string dump = in.rest();
  const std::string whole = rowsOf({dump});
  holds(whole == rowsOf(fuzz::cut(dump, seed)), "a dump is read the same in any pieces");
  holds(whole == rowsOf(fuzz::bytesOf(dump)), "a dump is read the same byte by byte");
}

const fuzz::Target target{"mysql_dump", run};

}  // namespace
