#include "frame/print.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <cwchar>
#include <numeric>

#include "base/text.hpp"
#include "os/files.hpp"

namespace video::ctl {
namespace {

constexpr std::size_t bufferSize = 64 * 1024;
constexpr std::size_t rowsForWidths = 500;

std::string escapedForTsv(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\t')
      out += "\\t";
    else if (c == '\n')
      out += "\\n";
    else if (c == '\\')
      out += "\\\\";
    else
      out += c;
  }
  return out;
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
  const int cells = ::wcwidth(character);
  return {length, cells < 0 ? 1U : static_cast<unsigned>(cells)};
}

}  // namespace

std::string harmless(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // The C1 control characters are U+0080 to U+009F.
    const bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;
    if (c < 0x20 || c == 0x7f || c1)
      out += '?';
    else
      out += text[i];
  }
  return out;
}

void sayPlain(std::string_view line) {
  const std::string whole = std::string(line) + '\n';
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
  buffer_ += json;
  if (format_ == Format::ndjson || shape_ == Shape::one) buffer_ += '\n';
  if (buffer_.size() >= bufferSize) flush();
}

void Printer::row(std::vector<std::string> cells) {
  if (format_ == Format::id) return text(cells[idColumn_] + '\n');
  std::vector<std::string> shown;
  for (const std::size_t column : picked_) shown.push_back(cells[column]);
  if (format_ == Format::tsv) {
    if (header_ && shape_ == Shape::results && std::exchange(first_, false)) line(titles_);
    return line(shown);
  }
  for (std::string& cell : shown) cell = harmless(cell);
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
