#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.hpp"
#include "base/json.hpp"
#include "frame/cursor_check.hpp"

namespace video::ctl {

/// Thrown if the command line is wrong; the exit status is 2.
class Usage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Output formats; `automatic` is table on a terminal, else tsv.
enum class Format { automatic, table, json, ndjson, tsv, id };

/// The outcome for one item of a command.
struct Result {
  std::string status;
  std::string id;
  std::optional<std::string> path;
  std::optional<std::string> detail;
  bool isIncomplete = false;  ///< something else of the item has failed, and was said; the exit status is 3
  std::int64_t bytes = 0;     ///< how many were sent or received for it; for the summary
};

/// Replaces what could manipulate the terminal or reorder other text by `?`: control and bidirectional characters, and
/// bytes that are not UTF-8.
std::string harmless(std::string_view text);

/// Returns what people read about a finding of a check, as lines of their own: its state, what it is about, the detail,
/// and below it how to mend it, unless that is empty. Nothing is cut, so that a command can be copied.
std::string findingText(std::string_view state, std::string_view subject, std::string_view detail,
                        std::string_view mend);

/// Returns a short text of the server that is printed as it is, such as an ID or a token. Throws unreachable, naming
/// `what`, if it has such characters.
const std::string& requirePlain(std::string_view what, const std::string& text);

/// Writes a message to standard error, prefixed with `videoctl: `. Replaces control characters.
void say(std::string_view line);

/// Writes a line to standard error: JSON, or a text of this program, which may have several lines. Escapes control and
/// bidirectional characters.
void sayPlain(std::string_view line);

/// Returns the width of `text` in terminal cells.
std::size_t displayWidth(std::string_view text);

/// Returns the longest prefix of `text` that fits into `cells` terminal cells.
std::string_view cutTo(std::string_view text, std::size_t cells);

/// Returns `text` if it fits into `cells` terminal cells, otherwise its beginning and `…`.
std::string shortened(std::string_view text, std::size_t cells);

/// Returns a time for people: local, to the minute.
std::string shownTime(Time time);

/// Returns the number in a field of this name for people: sizes as `12.4 MiB`, positions as `1:23`.
std::string shownNumber(std::string_view field, std::int64_t number);

/// Returns the cell of a table for a field of this name.
template <class T>
std::string shownText(std::string_view field, const T& value) {
  if constexpr (isOptional<T> || isNullable<T>)
    return value ? shownText(field, *value) : std::string();
  else if constexpr (std::same_as<T, Time>)
    return shownTime(value);
  else if constexpr (std::same_as<T, std::int64_t>)
    return shownNumber(field, value);
  else
    return toText(value);
}

/// Returns the width of the terminal on a descriptor, in cells; 0 if it is not a terminal or its width is unknown.
std::size_t windowWidth(int descriptor);
/// Does the same, but COLUMNS counts if it is set.
std::size_t terminalWidth(int descriptor);

/// Writes to standard output. Failed writes do not throw, so that a command is not stopped half-way: `isOpen` becomes
/// false, and `finish` throws unless the reader of a pipe just went away. For one thread.
class Printer {
 public:
  Printer(Format format, std::vector<std::string> columns, bool header);

  Format format() const { return format_; }
  bool isJson() const { return format_ == Format::json || format_ == Format::ndjson; }
  bool isOpen() const { return failure_ == 0; }

  /// Prints one item: checks `--columns`, then calls `make` and prints what it returns.
  template <class Make>
  void one(Make&& make) {
    using Item = std::remove_cvref_t<decltype(make())>;
    begin(Shape::one, {}, namesOf<Item>(), {});
    item(make());
    end();
  }

  /// Prints a list, page by page: `fetch(query)` returns a page. A `wanted.limit` of 0 means all. A table shows
  /// `tableColumns` unless --columns is given: names separated by commas, what people look for first. Where the
  /// terminal is too narrow, those with a `+` become narrower, down to the width behind it (default: 10), and then the
  /// last columns are left out. Empty: all columns.
  template <class Query, class Fetch>
  void list(Query wanted, std::string_view tableColumns, Fetch&& fetch) {
    using PageType = std::remove_cvref_t<decltype(fetch(wanted))>;
    using Item = typename decltype(PageType::items)::value_type;
    begin(Shape::list, Fields<Item>::plural, namesOf<Item>(), tableColumns, identifierOf<Item>());
    std::int64_t left = wanted.limit;
    const bool limited = left > 0;
    std::string rest;
    CursorCheck check;
    for (bool first = true;; first = false) {
      wanted.limit = limited ? std::min(left, pageSize) : pageSize;
      const PageType page = fetch(wanted);
      if (first) rest = restOf(page);
      for (const Item& entry : page.items) item(entry);
      flush();
      left -= static_cast<std::int64_t>(page.items.size());
      if (!page.nextCursor || !isOpen() || (limited && left <= 0)) break;
      check.next(page.nextCursor, !page.items.empty());
      wanted.cursor = *page.nextCursor;
    }
    end(rest);
  }

  /// Prints a complete list.
  template <Described Item>
  void all(const std::vector<Item>& items, std::string_view tableColumns = {}) {
    begin(Shape::list, Fields<Item>::plural, namesOf<Item>(), tableColumns, identifierOf<Item>());
    for (const Item& entry : items) item(entry);
    end();
  }

  /// Print Results, each flushed at once. Call beginResults first and endResults last.
  void beginResults();
  void result(const Result& result);
  void endResults() { end(); }

  /// Print text or bytes unchanged.
  void text(std::string_view text);
  void bytes(std::span<const std::byte> bytes);

  /// Returns the names of the fields, which are the columns.
  template <Described Item>
  static std::vector<std::string_view> namesOf() {
    std::vector<std::string_view> names;
    forEachField<Item>([&](const auto& field) { names.push_back(field.name); });
    return names;
  }

  /// Flushes the output. Throws Error if a write has failed, unless the reader of a pipe went away.
  void finish();

 private:
  enum class Shape { one, list, results };

  // A column of a table.
  struct Column {
    std::size_t field = 0;
    std::string title;
    bool shrinks = false;
    std::size_t least = 10;
    std::size_t width = 0;
  };
  static constexpr std::int64_t pageSize = 500;

  // The field that -o id prints.
  template <Described Item>
  static std::string_view identifierOf() {
    if constexpr (requires { Fields<Item>::identifier; })
      return Fields<Item>::identifier;
    else
      return "id";
  }

  // The number fields of a page, as the end of a JSON object.
  template <class PageType>
  static std::string restOf(const PageType& page) {
    std::string out;
    forEachField<PageType>([&](const auto& field) {
      if constexpr (requires { static_cast<std::int64_t>(page.*field.member); })
        out += fmt::format(",\"{}\":{}", field.name, toJson(page.*field.member));
    });
    return out;
  }

  template <Described Item>
  void item(const Item& value) {
    if (isJson()) return object(toJson(value));
    std::vector<std::string> cells;
    const bool isTable = format_ == Format::table;
    forEachField<Item>([&](const auto& field) {
      const auto& member = value.*field.member;
      cells.push_back(isTable ? shownText(field.name, member) : toText(member));
    });
    row(std::move(cells));
  }

  void begin(Shape shape, std::string_view plural, const std::vector<std::string_view>& names,
             std::string_view tableColumns, std::string_view identifier = "id");
  void object(std::string_view json);
  void row(std::vector<std::string> cells);
  void end(std::string_view rest = {});

  std::vector<std::string> titles() const;
  void line(const std::vector<std::string>& cells);
  void pairs(const std::vector<std::string>& cells);
  void tableLine(const std::vector<std::string>& cells);
  void writeTable();
  void fit(std::size_t most);
  void flush();

  Format format_;
  std::vector<std::string> columns_;
  bool header_;
  Shape shape_ = Shape::one;
  std::vector<Column> shown_;
  std::size_t idColumn_ = 0;
  std::vector<std::vector<std::string>> waiting_;  // rows of a table whose column widths are not known yet
  bool fitted_ = false;                            // whether they are
  bool isNarrow_ = false;                          // whether columns had to become narrower
  std::size_t lineWidth_ = 0;                      // of the terminal; 0: no limit
  bool first_ = true;
  std::string buffer_;
  int failure_ = 0;
};

}  // namespace video::ctl

namespace video {

template <>
struct Names<ctl::Format> {
  static constexpr std::array list{std::pair{ctl::Format::table, "table"}, std::pair{ctl::Format::json, "json"},
                                   std::pair{ctl::Format::ndjson, "ndjson"}, std::pair{ctl::Format::tsv, "tsv"},
                                   std::pair{ctl::Format::id, "id"}};
};

template <>
struct Fields<ctl::Result> {
  static constexpr std::string_view plural = "results";
  static constexpr std::tuple list{
      Field{"status", &ctl::Result::status, "the outcome, such as uploaded, skipped or failed"},
      Field{"id", &ctl::Result::id, "the ID or name of the item"},
      Field{"path", &ctl::Result::path, "the file, if any"},
      Field{"detail", &ctl::Result::detail, "the reason or other details"},
  };
};

}  // namespace video
