#include "frame/print.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <cwchar>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "frame/files.hpp"
#include "os/files.hpp"

namespace video::ctl {
namespace {

constexpr std::size_t bufferSize = 64 * 1024;
constexpr std::size_t rowsForWidths = 500;
constexpr std::size_t betweenColumns = 2;
constexpr std::size_t leastWidth = 10;  // of a column that may become narrower
constexpr std::string_view inMilliseconds = "_ms";

// Whether a character could manipulate a terminal, or reorder the text around it.
bool isHarmful(char32_t c) {
  return isControl(c) || isBidi(c);
}

std::string escapedForTsv(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const auto point = takeCodePoint(text);
    if (!point) {
      // A file name may have any bytes; a terminal may take those from 0x80 to 0x9f for control characters.
      const auto byte = static_cast<unsigned char>(before.front());
      text.remove_prefix(1);
      if (byte < 0xa0)
        out += fmt::format("\\x{:02x}", byte);
      else
        out += before.front();
    } else if (*point == U'\t') {
      out += "\\t";
    } else if (*point == U'\n') {
      out += "\\n";
    } else if (*point == U'\\') {
      out += "\\\\";
    } else if (isHarmful(*point)) {
      out += *point < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(*point))
                           : fmt::format("\\u{:04x}", static_cast<unsigned>(*point));
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  return out;
}

// Writes what could manipulate a terminal as JSON does, which allows a \u in place of each such character. Line ends
// stay: JSON has none in strings.
std::string escapedForTerminal(std::string_view text) {
  const auto mayBeHarmful = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == '\x7f' || c == '\xc2' || c == '\xd8' ||
           c == '\xe2';
  };
  std::string out;
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::find_if(text.begin(), text.end(), mayBeHarmful) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::string_view before = text;
    const auto point = takeCodePoint(text);
    if (!point) text.remove_prefix(1);
    if (point && isHarmful(*point))
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(*point));
    else
      out += before.substr(0, before.size() - text.size());
  }
  return out;
}

constexpr std::string_view isolateBegin = "\u2068";
constexpr std::string_view isolateEnd = "\u2069";

// A cell with text from right to left, which must not reorder the cells beside it.
std::string isolated(std::string cell) {
  for (std::string_view rest = cell; !rest.empty();) {
    const auto point = takeCodePoint(rest);
    if (!point)
      rest.remove_prefix(1);
    else if (isRightToLeft(*point))
      return fmt::format("{}{}{}", isolateBegin, cell, isolateEnd);
  }
  return cell;
}

std::size_t countOf(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// Ends the isolates of a text that was cut.
std::string closed(std::string text) {
  for (std::size_t open = countOf(text, isolateBegin), shut = countOf(text, isolateEnd); shut < open; ++shut)
    text += isolateEnd;
  return text;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

bool isSize(std::string_view field) {
  return field == "size" || field == "offset" || field == "bytes" || field.starts_with("bytes_") ||
         field.ends_with("_bytes");
}

// The title of a column: the value of one in milliseconds is written as a position.
std::string titleOf(std::string_view field) {
  if (field.ends_with(inMilliseconds)) field.remove_suffix(inMilliseconds.size());
  return std::string(field);
}

// Whether the values of a column say something when they are cut.
bool mayShrink(std::string_view field) {
  return field != "id" && !field.ends_with("_id") && field != "sha256" && !field.ends_with("time");
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    parts.emplace_back(text.substr(start, comma - start));
    start = comma + 1;
  }
  return parts;
}

// The length of a character in bytes and in terminal cells.
struct Cells {
  std::size_t bytes = 1;
  std::size_t cells = 1;
};

Cells firstOf(std::string_view text) {
  std::mbstate_t state{};
  wchar_t character = 0;
  const std::size_t length = std::mbrtowc(&character, text.data(), text.size(), &state);
  if (length == 0 || length > text.size()) return {};
  if (isBidi(static_cast<char32_t>(character))) return {length, 0};
  const int cells = ::wcwidth(character);
  return {length, cells < 0 ? 1U : static_cast<unsigned>(cells)};
}

}  // namespace

std::string harmless(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const auto point = takeCodePoint(text);
    if (!point) text.remove_prefix(1);
    if (!point || isHarmful(*point))
      out += '?';
    else
      out += before.substr(0, before.size() - text.size());
  }
  return out;
}

const std::string& requirePlain(std::string_view what, const std::string& text) {
  constexpr std::size_t most = 8192;
  bool isPlain = text.size() <= most;
  for (std::string_view rest = text; isPlain && !rest.empty();) {
    const auto point = takeCodePoint(rest);
    isPlain = point && !isHarmful(*point);
  }
  if (!isPlain)
    throw Error(Fault::unreachable, fmt::format("the server sent {} with characters that it cannot have", what));
  return text;
}

void sayPlain(std::string_view line) {
  const std::string whole = escapedForTerminal(line) + '\n';
  os::tryWriteAll(os::systemFiles(), STDERR_FILENO, whole);
}

std::string findingText(std::string_view state, std::string_view subject, std::string_view detail,
                        std::string_view mend) {
  std::string lines = fmt::format("{:<8}  {}: {}\n", state, harmless(subject), harmless(detail));
  if (!mend.empty()) lines += fmt::format("{:<8}  -> {}\n", "", harmless(mend));
  return lines;
}

void say(std::string_view line) {
  sayPlain("videoctl: " + harmless(line));
}

std::size_t displayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Cells first = firstOf(text);
    width += first.cells;
    text.remove_prefix(first.bytes);
  }
  return width;
}

std::string_view cutTo(std::string_view text, std::size_t cells) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const Cells next = firstOf(text.substr(bytes));
    if (next.cells > cells) break;
    cells -= next.cells;
    bytes += next.bytes;
  }
  return text.substr(0, bytes);
}

std::string shortened(std::string_view text, std::size_t cells) {
  if (cells == 0 || displayWidth(text) <= cells) return std::string(text);
  return std::string(cutTo(text, cells - 1)) + "\u2026";
}

std::string shownTime(Time time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm local{};
  if (::localtime_r(&seconds, &local) == nullptr) return formatTime(time);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                     local.tm_hour, local.tm_min);
}

std::string shownNumber(std::string_view field, std::int64_t number) {
  if (number < 0) return fmt::to_string(number);
  if (field.starts_with("bytes_quota") && number == 0) return "none";
  if (isSize(field)) return formatSize(static_cast<std::uint64_t>(number));
  if (!field.ends_with(inMilliseconds)) return fmt::to_string(number);
  const std::int64_t seconds = number / 1000;
  std::string text = seconds < 3600 ? fmt::format("{}:{:02}", seconds / 60, seconds % 60)
                                    : fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const std::int64_t tenths = number % 1000 / 100; tenths > 0 && field.starts_with("position"))
    text += fmt::format(".{}", tenths);
  return text;
}

std::size_t terminalWidth(int descriptor) {
  if (const auto columns = fromEnvironment("COLUMNS")) {
    std::size_t width = 0;
    const auto [end, error] = std::from_chars(columns->data(), columns->data() + columns->size(), width);
    if (error == std::errc() && end == columns->data() + columns->size() && width > 0) return width;
  }
  return windowWidth(descriptor);
}

std::size_t windowWidth(int descriptor) {
  winsize size{};
  return ::isatty(descriptor) == 1 && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

Printer::Printer(Format format, std::vector<std::string> columns, bool header)
    : format_(format), columns_(std::move(columns)), header_(header) {
  if (format_ == Format::automatic) format_ = ::isatty(STDOUT_FILENO) == 1 ? Format::table : Format::tsv;
}

void Printer::begin(Shape shape, std::string_view plural, const std::vector<std::string_view>& names,
                    std::string_view tableColumns, std::string_view identifier) {
  shape_ = shape;
  first_ = true;
  shown_.clear();
  waiting_.clear();
  fitted_ = isNarrow_ = false;
  lineWidth_ = 0;
  const bool isTable = format_ == Format::table;
  const auto find = [&names](std::string_view name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  idColumn_ = find(identifier) % names.size();  // the first column if there is none
  const auto show = [&](std::size_t field, bool shrinks, std::size_t least) {
    std::string title(names[field]);
    if (isTable) title = titleOf(title);
    if (isTable && shape != Shape::one) title = upper(title);
    shown_.push_back({field, std::move(title), shrinks, least, 0});
  };
  for (const std::string& column : columns_) {
    const auto named = std::find_if(names.begin(), names.end(), [&](std::string_view name) {
      return equalWithoutCase(name, column) || equalWithoutCase(titleOf(name), column);
    });
    if (named == names.end())
      throw Usage(fmt::format("--columns: no column {}; columns are {}", column, fmt::join(names, ", ")));
    show(static_cast<std::size_t>(named - names.begin()), mayShrink(*named), leastWidth);
  }
  if (columns_.empty() && isTable)
    for (const std::string& column : split(tableColumns)) {
      const std::size_t plus = std::min(column.find('+'), column.size());
      std::size_t least = leastWidth;
      if (plus + 1 < column.size()) std::from_chars(column.data() + plus + 1, column.data() + column.size(), least);
      show(find(column.substr(0, plus)), plus < column.size(), least);
    }
  if (shown_.empty())
    for (std::size_t field = 0; field < names.size(); ++field) show(field, mayShrink(names[field]), leastWidth);
  if (format_ == Format::json && shape_ != Shape::one) buffer_ += fmt::format("{{\"{}\":[", plural);
  if (format_ == Format::tsv && header_ && shape_ != Shape::results) line(titles());
}

std::vector<std::string> Printer::titles() const {
  std::vector<std::string> all;
  for (const Column& column : shown_) all.push_back(column.title);
  return all;
}

void Printer::object(std::string_view json) {
  if (format_ == Format::json && shape_ != Shape::one && !first_) buffer_ += ',';
  first_ = false;
  buffer_ += escapedForTerminal(json);
  if (format_ == Format::ndjson || shape_ == Shape::one) buffer_ += '\n';
  if (buffer_.size() >= bufferSize) flush();
}

void Printer::row(std::vector<std::string> cells) {
  if (format_ == Format::id) return text(requirePlain("an ID", cells[idColumn_]) + '\n');
  std::vector<std::string> shown;
  for (const Column& column : shown_) shown.push_back(cells[column.field]);
  if (format_ == Format::tsv) {
    if (header_ && shape_ == Shape::results && std::exchange(first_, false)) line(titles());
    return line(shown);
  }
  if (shape_ == Shape::one) return pairs(shown);
  for (std::string& cell : shown) {
    std::replace(cell.begin(), cell.end(), '\n', ' ');
    cell = isolated(harmless(cell));
  }
  if (fitted_) return tableLine(shown);
  waiting_.push_back(std::move(shown));
  if (waiting_.size() >= rowsForWidths || shape_ == Shape::results) writeTable();
}

// One item: a line for each field, and more if it has several lines.
void Printer::pairs(const std::vector<std::string>& cells) {
  std::size_t width = 0;
  for (const Column& column : shown_) width = std::max(width, column.title.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::string before = header_ ? fmt::format("{:<{}}  ", shown_[i].title, width) : std::string();
    std::string_view rest = cells[i];
    do {
      const std::string_view first = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(first.size() + 1, rest.size()));
      std::string whole = before + isolated(harmless(first));
      whole.resize(whole.find_last_not_of(' ') + 1);
      text(whole + '\n');
      before.assign(before.size(), ' ');
    } while (!rest.empty());
  }
}

void Printer::end(std::string_view rest) {
  if (format_ == Format::json && shape_ != Shape::one) buffer_ += fmt::format("]{}}}\n", rest);
  if (format_ == Format::table && shape_ == Shape::list && !fitted_) writeTable();
  flush();
}

void Printer::line(const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) buffer_ += '\t';
    buffer_ += escapedForTsv(cells[i]);
  }
  buffer_ += '\n';
  if (buffer_.size() >= bufferSize) flush();
}

void Printer::tableLine(const std::vector<std::string>& cells) {
  std::string out;
  std::size_t owed = 0;  // written only before the next non-empty cell
  for (std::size_t i = 0; i < shown_.size(); ++i) {
    const std::size_t most = shown_[i].width;
    const std::string cell = isNarrow_ && shown_[i].shrinks ? closed(shortened(cells[i], most)) : cells[i];
    const std::size_t width = displayWidth(cell);
    if (width > 0) {
      out.append(owed, ' ');
      out += cell;
      owed = 0;
    }
    owed += std::max(most, width) - width + betweenColumns;
  }
  // What was asked for is not cut beyond its columns.
  text((columns_.empty() ? closed(shortened(out, lineWidth_)) : out) + '\n');
}

void Printer::writeTable() {
  if (header_) waiting_.insert(waiting_.begin(), titles());
  for (std::size_t i = 0; i < shown_.size(); ++i)
    for (const auto& cells : waiting_) shown_[i].width = std::max(shown_[i].width, displayWidth(cells[i]));
  // What became of an item is shown whole: it may be an error.
  lineWidth_ = shape_ == Shape::list ? terminalWidth(STDOUT_FILENO) : 0;
  if (lineWidth_ > 0) fit(lineWidth_);
  fitted_ = true;
  for (const auto& cells : std::exchange(waiting_, {})) tableLine(cells);
}

// Makes the columns fit into so many cells: those that may shrink become narrower, the widest first; where that is not
// enough, the last ones are left out, unless they were asked for.
void Printer::fit(std::size_t most) {
  const auto total = [this](bool shrunk) {
    std::size_t sum = (shown_.size() - 1) * betweenColumns;
    for (const Column& column : shown_)
      sum += shrunk && column.shrinks ? std::min(column.width, column.least) : column.width;
    return sum;
  };
  while (total(true) > most && shown_.size() > 1 && columns_.empty()) shown_.pop_back();
  while (total(false) > most) {
    Column* widest = nullptr;
    for (Column& column : shown_)
      if (column.shrinks && column.width > column.least && (widest == nullptr || column.width > widest->width))
        widest = &column;
    if (widest == nullptr) return;
    --widest->width;
    isNarrow_ = true;
  }
}

void Printer::beginResults() {
  begin(Shape::results, Fields<Result>::plural, namesOf<Result>(), {});
}

void Printer::result(const Result& result) {
  const bool isSkipped =
      result.status.starts_with("skipped") || result.status == "failed" || result.status == "ignored";
  if (format_ == Format::id && (isSkipped || result.id.empty()))
    return;  // -o id prints only the items that were changed
  Result shown = result;
  // A path can hold any bytes, but JSON must be UTF-8.
  if (isJson())
    for (std::optional<std::string>* text : {&shown.path, &shown.detail})
      if (*text) *text = repairedUtf8(**text);
  if (isJson()) shown.id = repairedUtf8(shown.id);
  item(shown);
  flush();
}

void Printer::text(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= bufferSize) flush();
}

void Printer::bytes(std::span<const std::byte> bytes) {
  flush();
  if (isOpen())
    failure_ =
        os::tryWriteAll(os::systemFiles(), STDOUT_FILENO, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void Printer::flush() {
  if (isOpen()) failure_ = os::tryWriteAll(os::systemFiles(), STDOUT_FILENO, buffer_);
  buffer_.clear();
}

void Printer::finish() {
  flush();
  if (failure_ != 0 && failure_ != EPIPE)
    throw Error(Fault::internal, fmt::format("standard output: {}", std::strerror(failure_)));
}

}  // namespace video::ctl
