#include "http/content/multipart_form.hpp"

#include <span>

#include "base/error.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;
using namespace video::http;

namespace {

struct Form {
  std::string file;
  std::string error;  ///< empty if the form is valid
};

Form readForm(std::string_view contentType, const std::vector<std::string_view>& pieces) {
  Form read;
  const ByteSink sink([&](std::span<const std::byte> piece) {
    read.file.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  });
  try {
    FormFile form(contentType, "file", sink);
    for (const std::string_view piece : pieces) {
      const std::string come(piece);  // a copy, so that a sanitizer detects reads beyond it
      form.take(std::as_bytes(std::span(come)));
    }
    form.finish();
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed, "a form is refused as malformed", error.what());
    read.error = error.what();
  }
  return read;
}

// Replaces two byte values by long lines, so that a small input reaches the limits.
std::string lengthened(const std::string& text) {
  std::string longer;
  for (const char c : text) {
    if (c == '\x01')
      longer.append(4090, 'h');
    else if (c == '\x02')
      longer.append(300'000, 'o');
    else
      longer += c;
  }
  return longer;
}

// Cut in the middle of each line end, where limits are easily judged by what has come.
std::vector<std::string_view> cutAfterEachCr(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t cr = 0; (cr = text.find('\r')) != std::string_view::npos; text.remove_prefix(cr + 1))
    pieces.push_back(text.substr(0, cr + 1));
  pieces.push_back(text);
  return pieces;
}

void run(fuzz::Input in) {
  const std::uint32_t seed = in.word();
  const std::uint8_t mode = in.byte();
  const std::string type = (mode & 1) != 0 ? in.line() : "multipart/form-data; boundary=X";
  const std::string text = (mode & 2) != 0 ? lengthened(in.rest()) : in.rest();
  const Form whole = readForm(type, {text});
  std::vector<std::vector<std::string_view>> ways{fuzz::cut(text, seed), cutAfterEachCr(text)};
  if (text.size() < 3000) ways.push_back(fuzz::bytesOf(text));
  for (const auto& pieces : ways) {
    const Form form = readForm(type, pieces);
    holds(form.error == whole.error, "a form is refused alike however it is split", form.error + " / " + whole.error);
    if (whole.error.empty()) holds(form.file == whole.file, "a form's file is the same however it is split", form.file);
  }
  if (!whole.error.empty() || (mode & 1) != 0) return;
  holds(whole.file.find("\r\n--X") == std::string::npos, "a file has no boundary in it", whole.file);
  holds(("\r\n" + text).find("\r\n" + whole.file + "\r\n--X") != std::string::npos,
        "a file is the text before a boundary, unchanged", whole.file);
}

const fuzz::Target target{"multipart_form", run};

}  // namespace
