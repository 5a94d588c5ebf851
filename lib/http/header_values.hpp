#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/text.hpp"

namespace video::http {

/// Calls `visit(item)` for each item of a comma-separated header value, trimmed; empty items are left out. Commas
/// within a quoted string do not separate (RFC 9110 §5.6.1).
template <class Visit>
void forEachItem(std::string_view list, Visit&& visit, char separator = ',') {
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size() && quoted && list[i] == '\\') {
      ++i;
      continue;
    }
    if (i < list.size() && list[i] == '"') quoted = !quoted;
    if (i < list.size() && (quoted || list[i] != separator)) continue;
    const std::string_view item = trimmed(list.substr(begin, i - begin));
    if (!item.empty()) visit(item);
    begin = i + 1;
  }
}

/// The value of `name="…"` or `name=…` among `;`-separated parameters, unquoted (RFC 9110 §5.6.6); the name's case
/// aside.
std::optional<std::string> parameterOf(std::string_view parameters, std::string_view name);

/// The lower-case hex of the SHA-256 in a Content-Digest (RFC 9530 §2); nothing where it holds none. Throws malformed
/// for one that is no SHA-256 in base64.
std::optional<std::string> sha256Of(std::string_view contentDigest);

/// `inline` with the file's name as RFC 6266 has it; whatever the name is, the value has no control character.
std::string inlineDisposition(std::string_view name);

/// The file name of a Content-Disposition (RFC 6266): `filename*` before `filename`; empty where there is none.
std::string nameOfDisposition(std::string_view disposition);

}  // namespace video::http
