#include "data/dump.hpp"

#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;

namespace {

// How mysqldump would write it.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    switch (c) {
      case '\0': out += "\\0"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\'':
      case '"':
      case '\\':
        out += '\\';
        out += c;
        break;
      default: out += c;
    }
  }
  return out + '\'';
}

// Returns the rows of a dump as a dump of its own, or nothing if it is refused.
std::optional<std::string> read(const std::vector<std::string_view>& pieces) {
  std::string rows;
  std::size_t piece = 0;
  std::size_t at = 0;
  DumpReader reader([&](std::span<char> to) {
    while (piece < pieces.size() && at == pieces[piece].size()) {
      ++piece;
      at = 0;
    }
    if (piece == pieces.size()) return std::size_t{0};
    const std::string_view rest = pieces[piece].substr(at, to.size());
    std::copy(rest.begin(), rest.end(), to.begin());
    at += rest.size();
    return rest.size();
  });
  try {
    reader.run([](const std::string&) { return true; },
               [&](const DumpRow& row) {
                 holds(row.values.size() == row.columns.size(), "a row has a value for each column");
                 rows += "INSERT INTO t (";
                 for (std::size_t i = 0; i < row.columns.size(); ++i) rows += (i == 0 ? "c" : ",c") + std::to_string(i);
                 rows += ") VALUES (";
                 for (std::size_t i = 0; i < row.values.size(); ++i) {
                   const auto& value = row.values[i];
                   holds(!value || isUtf8(*value), "a value is UTF-8");
                   rows += i == 0 ? "" : ",";
                   rows += value ? quoted(*value) : "NULL";
                 }
                 rows += ");\n";
               });
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed, "a refusal is malformed", error.detail());
    return std::nullopt;
  }
  return rows;
}

void run(fuzz::Input in) {
  const std::uint32_t seed = in.word();
  const std::string dump = in.rest();
  const auto whole = read({dump});
  const auto parts = read(fuzz::cut(dump, seed));
  holds(whole == parts, "a dump is read the same in any pieces");
  if (!whole) return;
  const auto again = read({*whole});
  holds(again == whole, "what was read is read the same when it is dumped again", *whole);
}

const fuzz::Target target{"dump", run};

}  // namespace
