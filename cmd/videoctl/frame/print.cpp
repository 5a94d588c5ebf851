#include "frame/print.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <cwchar>
#include <numeric>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/files.hpp"

namespace video::ctl {
namespace {

constexpr std::size_t bufferSize = 64 * 1024;
constexpr std::size_t rowsForWidths = 500;

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

// JSON allows DEL, C1 and bidirectional characters in strings, and a \u in their place.
std::string escapedForTerminal(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    const std::size_t plain = std::min(json.find_first_of("\x7f\xc2\xd8\xe2"), json.size());
    out += json.substr(0, plain);
    json.remove_prefix(plain);
    if (json.empty()) break;
    const std::string_view before = json;
    const auto point = takeCodePoint(json);
    if (!point) json.remove_prefix(1);
    if (point && isHarmful(*point))
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(*point));
    else
      out += before.substr(0, before.size() - json.size());
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

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
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

std::size_t terminalWidth(int descriptor) {
  winsize size{};
  return ::isatty(descriptor) == 1 && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

Printer::Printer(Format format, std::vector<std::string> columns, bool header)
    : format_(format), columns_(std::move(columns)), header_(header) {
  if (format_ == Format::automatic) format_ = ::isatty(STDOUT_FILENO) == 1 ? Format::table : Format::tsv;
}

void Printer::begin(Shape shape, std::string_view plural, const std::vector<std::string_view>& names,
                    std::string_view tableColumns) {
  shape_ = shape;
  first_ = true;
  picked_.clear();
  titles_.clear();
  waiting_.clear();
  widths_.clear();
  const auto find = [&names](std::string_view name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  idColumn_ = find("id") % names.size();  // the first column if none is called id
  std::vector<std::string> wanted = columns_;
  if (wanted.empty() && format_ == Format::table) wanted = split(tableColumns);
  for (const std::string& column : wanted) {
    if (find(column) == names.size())
      throw Usage(fmt::format("--columns: no column {}; columns are {}", column, fmt::join(names, ", ")));
    picked_.push_back(find(column));
  }
  if (wanted.empty()) {
    picked_.resize(names.size());
    std::iota(picked_.begin(), picked_.end(), std::size_t{0});
  }
  for (const std::size_t column : picked_) titles_.emplace_back(names[column]);
  if (format_ == Format::json && shape_ != Shape::one) buffer_ += fmt::format("{{\"{}\":[", plural);
  if (format_ == Format::tsv && header_ && shape_ != Shape::results) line(titles_);
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
  for (const std::size_t column : picked_) shown.push_back(cells[column]);
  if (format_ == Format::tsv) {
    if (header_ && shape_ == Shape::results && std::exchange(first_, false)) line(titles_);
    return line(shown);
  }
  for (std::string& cell : shown) cell = isolated(harmless(cell));
  if (shape_ == Shape::one) {
    std::size_t width = 0;
    for (const std::string& title : titles_) width = std::max(width, title.size());
    for (std::size_t i = 0; i < shown.size(); ++i)
      text(!header_           ? shown[i] + '\n'
           : shown[i].empty() ? titles_[i] + '\n'
                              : fmt::format("{:<{}}  {}\n", titles_[i], width, shown[i]));
    return;
  }
  if (!widths_.empty()) return tableLine(shown);
  waiting_.push_back(std::move(shown));
  if (waiting_.size() >= rowsForWidths || shape_ == Shape::results) writeTable();
}

void Printer::end(std::string_view rest) {
  if (format_ == Format::json && shape_ != Shape::one) buffer_ += fmt::format("]{}}}\n", rest);
  if (format_ == Format::table && shape_ == Shape::list && widths_.empty()) writeTable();
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
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t width = displayWidth(cells[i]);
    if (width > 0) {
      out.append(owed, ' ');
      out += cells[i];
      owed = 0;
    }
    owed += std::max(widths_[i], width) - width + 2;
  }
  if (const std::size_t most = terminalWidth(STDOUT_FILENO); most > 0) out.resize(cutTo(out, most).size());
  for (std::size_t open = countOf(out, isolateBegin), shut = countOf(out, isolateEnd); shut < open; ++shut)
    out += isolateEnd;
  text(out + '\n');
}

void Printer::writeTable() {
  std::vector<std::string> titles;
  for (const std::string& title : titles_) titles.push_back(upper(title));
  widths_.assign(titles.size(), 0);
  if (header_) waiting_.insert(waiting_.begin(), titles);
  for (const auto& cells : waiting_)
    for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], displayWidth(cells[i]));
  for (const auto& cells : std::exchange(waiting_, {})) tableLine(cells);
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
