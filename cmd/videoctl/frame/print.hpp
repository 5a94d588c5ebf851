#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.hpp"
#include "base/json.hpp"

namespace video::ctl {

/// The command line is wrong; exit status 2.
class Usage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How data is written; `automatic` is table on a terminal, else tsv.
enum class Format { automatic, table, json, ndjson, tsv, id };

/// What became of one of many things.
struct Result {
  std::string status;
  std::string id;
  std::optional<std::string> path;
  std::optional<std::string> detail;
};

/// Without control characters, which could steer the terminal.
std::string harmless(std::string_view text);

/// Writes one line about what happens to stderr, after `videoctl: `. Control characters are made harmless.
void say(std::string_view line);

/// Writes one line to stderr as it is.
void sayPlain(std::string_view line);

/// Cells that a terminal's column takes up.
std::size_t displayWidth(std::string_view text);

/// As much of `text`, from its start, as takes up `cells` at most.
std::string_view cutTo(std::string_view text, std::size_t cells);

/// Cells of a line of the terminal behind a descriptor; 0 where there is none, or it does not say.
std::size_t terminalWidth(int descriptor);

/// All that goes to stdout. A reader that went away is no failure (`isOpen` says so, for lists to stop); any other
/// failed write is thrown by `finish`, so that what changes things is not stopped half-way.
class Printer {
 public:
  Printer(Format format, std::vector<std::string> columns, bool header);

  Format format() const { return format_; }
  bool isJson() const { return format_ == Format::json || format_ == Format::ndjson; }
  bool isOpen() const { return failure_ == 0; }

  /// One thing: checks `--columns`, then calls `make` and prints what it returns.
  template <class Make>
  void one(Make&& make) {
    using Item = std::remove_cvref_t<decltype(make())>;
    begin(Shape::one, {}, namesOf<Item>(), {});
    item(make());
    end();
  }

  /// A list, page by page: `fetch(query)` gives one. `wanted.limit` 0 is all; `tableColumns` is what a table shows.
  template <class Query, class Fetch>
  void list(Query wanted, std::string_view tableColumns, Fetch&& fetch) {
    using PageType = std::remove_cvref_t<decltype(fetch(wanted))>;
    using Item = typename decltype(PageType::items)::value_type;
    begin(Shape::list, Fields<Item>::plural, namesOf<Item>(), tableColumns);
    std::int64_t left = wanted.limit;
    const bool limited = left > 0;
    std::string rest;
    for (bool first = true;; first = false) {
      wanted.limit = limited ? std::min(left, pageSize) : pageSize;
      const PageType page = fetch(wanted);
      if (first) rest = restOf(page);
      for (const Item& entry : page.items) item(entry);
      flush();
      left -= static_cast<std::int64_t>(page.items.size());
      if (!page.nextCursor || !isOpen() || (limited && left <= 0)) break;
      wanted.cursor = *page.nextCursor;
    }
    end(rest);
  }

  /// A list that comes from no server.
  template <Described Item>
  void all(const std::vector<Item>& items) {
    begin(Shape::list, Fields<Item>::plural, namesOf<Item>(), {});
    for (const Item& entry : items) item(entry);
    end();
  }

  /// Lines of results, each out at once; `endResults` closes them.
  void beginResults();
  void result(const Result& result);
  void endResults() { end(); }

  /// Text or bytes as they are.
  void text(std::string_view text);
  void bytes(std::span<const std::byte> bytes);

  /// Writes what is left; throws Error where a write failed otherwise than by a closed pipe.
  void finish();

 private:
  enum class Shape { one, list, results };
  static constexpr std::int64_t pageSize = 500;

  template <Described Item>
  static std::vector<std::string_view> namesOf() {
    std::vector<std::string_view> names;
    forEachField<Item>([&](const auto& field) { names.push_back(field.name); });
    return names;
  }

  // What a page tells beside its items, as the end of a JSON object.
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
    forEachField<Item>([&](const auto& field) { cells.push_back(toText(value.*field.member)); });
    row(std::move(cells));
  }

  void begin(Shape shape, std::string_view plural, const std::vector<std::string_view>& names,
             std::string_view tableColumns);
  void object(std::string_view json);
  void row(std::vector<std::string> cells);
  void end(std::string_view rest = {});

  void line(const std::vector<std::string>& cells);
  void tableLine(const std::vector<std::string>& cells);
  void writeTable();
  void flush();

  Format format_;
  std::vector<std::string> columns_;
  bool header_;
  Shape shape_ = Shape::one;
  std::vector<std::size_t> picked_;
  std::size_t idColumn_ = 0;
  std::vector<std::string> titles_;
  std::vector<std::vector<std::string>> waiting_;  // rows of a table whose widths are not settled
  std::vector<std::size_t> widths_;
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
      Field{"status", &ctl::Result::status, "what became of it"},
      Field{"id", &ctl::Result::id, "which thing"},
      Field{"path", &ctl::Result::path, "the file, where there is one"},
      Field{"detail", &ctl::Result::detail, "why it failed"},
  };
};

}  // namespace video
