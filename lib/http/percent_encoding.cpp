#include "http/percent_encoding.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace video::http {
namespace {

constexpr std::string_view hexDigits = "0123456789ABCDEF";

int hexValue(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void appendPercent(std::string& to, char c) {
  const auto byte = static_cast<unsigned char>(c);
  to += '%';
  to += hexDigits[byte >> 4];
  to += hexDigits[byte & 15];
}

bool isUnreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

bool appendDecoded(std::string& to, std::string_view text, bool plusIsSpace) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hexValue(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hexValue(text[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plusIsSpace) {
      c = ' ';
    }
    if (c == '\0') return false;
    to += c;
  }
  return true;
}

void appendEncoded(std::string& to, std::string_view text) {
  for (const char c : text) {
    if (isUnreserved(c))
      to += c;
    else
      appendPercent(to, c);
  }
}

void appendPrintable(std::string& to, std::string_view text) {
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7f && c != '%')
      to += c;
    else
      appendPercent(to, c);
  }
}

std::vector<std::pair<std::string, std::string>> parseQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto& [name, value] = pairs.emplace_back();
    if (!appendDecoded(name, pair.substr(0, equals), true))
      throw Error(Fault::malformed, "query: bad percent-encoding");
    if (equals < pair.size() && !appendDecoded(value, pair.substr(equals + 1), true))
      throw Error(Fault::malformed,
                  isUtf8(name) ? name + ": bad percent-encoding in the query" : "query: bad percent-encoding");
  }
  return pairs;
}

}  // namespace video::http
