#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/text.hpp"

namespace video::http {

/// Calls `visit(item)` for each trimmed, non-empty item of a header value that is a list with `separator`. Separators
/// in a quoted string do not count (RFC 9110 §5.6.1).
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

/// Returns the unquoted value of `name="…"` or `name=…` in a `;`-separated list of parameters (RFC 9110 §5.6.6),
/// or nothing. Ignores the case of the name.
std::optional<std::string> parameterOf(std::string_view parameters, std::string_view name);

/// Returns the weight (0 to 1) that a list such as Accept-Encoding gives to an item (RFC 9110 §12.4.2), ignoring case;
/// nothing if it does not name it.
std::optional<double> weightOf(std::string_view list, std::string_view item);

/// Returns the SHA-256 in a Content-Digest (RFC 9530 §2) as lower-case hex, or nothing if there is none. Throws
/// malformed if it is not a SHA-256 in base64.
std::optional<std::string> sha256Of(std::string_view contentDigest);
/// Returns the Content-Digest with a SHA-256 that is given in hex.
std::string writeContentDigest(std::string_view sha256);

/// Returns the Content-Disposition of a content with its file name (RFC 6266): `attachment` for
/// application/octet-stream, which may be anything, otherwise `inline`. The value has no control characters, whatever
/// the name is.
std::string dispositionOf(std::string_view type, std::string_view name);

/// Returns the file name of a Content-Disposition (RFC 6266), preferably from `filename*`; empty if there is none.
std::string nameOfDisposition(std::string_view disposition);

}  // namespace video::http
