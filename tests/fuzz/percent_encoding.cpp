#include "http/percent_encoding.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"
#include "http/header_values.hpp"
#include "http/routing/route_table.hpp"

using fuzz::holds;
using namespace video;
using namespace video::http;

namespace {

bool isPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void checkEncoding(const std::string& text, bool plusIsSpace) {
  std::string encoded;
  appendEncoded(encoded, text);
  const auto isSafe = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("%-._~").find(c) != std::string_view::npos;
  };
  holds(std::all_of(encoded.begin(), encoded.end(), isSafe), "encoded text is safe in a URL", encoded);
  std::string decoded;
  if (text.find('\0') == std::string::npos)
    holds(appendDecoded(decoded, encoded, plusIsSpace) && decoded == text, "text is decoded as it was encoded", text);
  decoded.clear();
  if (appendDecoded(decoded, text, plusIsSpace))
    holds(decoded.find('\0') == std::string::npos, "decoded text has no NUL", text);
  std::string printable;
  appendPrintable(printable, text);
  holds(isPrintable(printable), "printable text is printable", printable);
}

void checkTarget(const std::string& text) {
  try {
    for (const auto& [name, value] : parseQuery(text))
      holds((name + value).find('\0') == std::string::npos, "a pair of a query has no NUL", text);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed && isUtf8(error.what()), "the refusal of a query is UTF-8", error.what());
  }
  if (!isPrintable(text) || text.find(' ') != std::string::npos) return;  // the head gate refuses such a path
  try {
    const PathParts parts(text);
    holds(parts.all().size() <= PathParts::most, "a path has no more segments than the longest route", text);
    for (const std::string_view part : parts.all())
      holds(isUtf8(part) && part.find('\0') == std::string_view::npos, "a segment of a path is UTF-8 without NUL",
            text);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed || error.fault() == Fault::notFound, "a path is refused", error.what());
  }
}

void checkHeaderValues(const std::string& text) {
  parameterOf(text, "boundary");
  nameOfDisposition(text);
  try {
    if (const auto sum = sha256Of(text)) holds(sum->size() == 64, "a digest is a SHA-256", *sum);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed, "a digest is refused as malformed", error.what());
  }
  const std::string disposition = dispositionOf("video/mp4", text);
  holds(isPrintable(disposition), "Content-Disposition is printable", disposition);
  if (isUtf8(text) && !text.empty() && text.find('\0') == std::string::npos)
    holds(nameOfDisposition(disposition) == text, "a file name is read as it was written", disposition);
}

void checkUtf8(const std::string& text) {
  const std::string repaired = repairedUtf8(text);
  holds(isUtf8(repaired), "repaired text is UTF-8", text);
  holds(!isUtf8(text) || repaired == text, "valid UTF-8 is left unchanged", text);
  try {
    checkText("field", text, 1, 200);
    holds(isUtf8(text), "accepted text is UTF-8", text);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed && isUtf8(error.what()), "the refusal of a text is UTF-8", error.what());
  }
}

void run(fuzz::Input in) {
  const bool plusIsSpace = (in.byte() & 1) != 0;
  const std::string text = in.rest();
  checkEncoding(text, plusIsSpace);
  checkTarget(text);
  checkHeaderValues(text);
  checkUtf8(text);
}

const fuzz::Target target{"percent_encoding", run};

}  // namespace
