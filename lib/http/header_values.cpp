#include "http/header_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "http/percent_encoding.hpp"

namespace video::http {
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
    const auto bytes = framed ? fromBase64(item.substr(1, item.size() - 2)) : std::nullopt;
    if (!bytes || bytes->size() != 32)
      throw Error(Fault::malformed, "Content-Digest: sha-256 is not a digest in base64");
    hex = toHex(*bytes);
  });
  return hex;
}

std::string writeContentDigest(std::string_view sha256) {
  return fmt::format("sha-256=:{}:", toBase64(fromHex(sha256).value_or("")));
}

std::string dispositionOf(std::string_view type, std::string_view name) {
  const std::string kind = type == "application/octet-stream" ? "attachment" : "inline";
  if (name.empty()) return kind;
  std::string plain;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xc0) continue;  // one `_` for a multi-byte character
    const bool safe = c >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '%' && c != '/' && c != ';';
    plain += safe ? c : '_';
  }
  std::string value = kind + "; filename=\"" + plain + '"';
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

std::optional<double> weightOf(std::string_view list, std::string_view item) {
  std::optional<double> weight;
  forEachItem(list, [&](std::string_view one) {
    if (!equalWithoutCase(trimmed(one.substr(0, one.find(';'))), item)) return;
    double read = 1;
    const std::size_t semicolon = one.find(';');
    if (semicolon != std::string_view::npos)
      if (const auto q = parameterOf(one.substr(semicolon + 1), "q"))
        if (std::from_chars(q->data(), q->data() + q->size(), read).ec != std::errc()) read = 0;
    weight = std::clamp(read, 0.0, 1.0);
  });
  return weight;
}

}  // namespace video::http
