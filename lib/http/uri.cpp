#include "http/uri.hpp"

#include "base/error.hpp"
#include "base/ids.hpp"
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

/// Strict base64 (RFC 4648 §4), padded; nothing for anything else.
std::optional<std::string> decodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  unsigned pending = 0;
  unsigned bits = 0;
  for (const char c : text) {
    unsigned value = 0;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<unsigned>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<unsigned>(c - 'a') + 26;
    else if (c >= '0' && c <= '9')
      value = static_cast<unsigned>(c - '0') + 52;
    else if (c == '+')
      value = 62;
    else if (c == '/')
      value = 63;
    else
      return std::nullopt;
    pending = pending << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(pending >> bits & 0xff);
      pending &= (1U << bits) - 1;
    }
  }
  return pending == 0 ? std::optional(bytes) : std::nullopt;
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
      throw Error(Fault::malformed, (isUtf8(name) ? name : std::string("query")) + ": bad percent-encoding");
  }
  return pairs;
}

std::optional<std::string> parameterOf(std::string_view parameters, std::string_view name) {
  std::optional<std::string> found;
  forEachItem(
      parameters,
      [&](std::string_view item) {
        const std::size_t equals = item.find('=');
        if (found || equals == std::string_view::npos || !equalWithoutCase(item.substr(0, equals), name)) return;
        std::string_view value = item.substr(equals + 1);
        if (value.size() < 2 || value.front() != '"' || value.back() != '"') {
          found = std::string(value);
          return;
        }
        value = value.substr(1, value.size() - 2);
        std::string& text = found.emplace();
        for (std::size_t i = 0; i < value.size(); ++i) {
          if (value[i] == '\\' && i + 1 < value.size()) ++i;
          text += value[i];
        }
      },
      ';');
  return found;
}

std::optional<std::string> sha256Of(std::string_view contentDigest) {
  std::optional<std::string> hex;
  forEachItem(contentDigest, [&](std::string_view item) {
    constexpr std::string_view key = "sha-256=";
    if (!item.starts_with(key)) return;
    item.remove_prefix(key.size());
    const bool framed = item.size() >= 2 && item.front() == ':' && item.back() == ':';
    const auto bytes = framed ? decodeBase64(item.substr(1, item.size() - 2)) : std::nullopt;
    if (!bytes || bytes->size() != 32) throw Error(Fault::malformed, "Content-Digest: sha-256 is no digest in base64");
    hex = toHex(*bytes);
  });
  return hex;
}

std::string inlineDisposition(std::string_view name) {
  if (name.empty()) return "inline";
  std::string plain;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xc0) continue;  // one mark for a character of several bytes
    const bool safe = c >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '%' && c != '/' && c != ';';
    plain += safe ? c : '_';
  }
  std::string value = "inline; filename=\"" + plain + '"';
  if (plain != name) {
    value += "; filename*=UTF-8''";
    appendEncoded(value, name);
  }
  return value;
}

std::string nameOfDisposition(std::string_view disposition) {
  constexpr std::string_view charset = "utf-8''";
  if (const auto extended = parameterOf(disposition, "filename*"); extended && extended->size() > charset.size()) {
    std::string name;
    const std::string_view text = *extended;
    if (equalWithoutCase(text.substr(0, charset.size()), charset) && appendDecoded(name, text.substr(charset.size())))
      return name;
  }
  return parameterOf(disposition, "filename").value_or("");
}

}  // namespace video::http
