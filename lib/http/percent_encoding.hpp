#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace video::http {

/// Percent-decodes `text` (RFC 3986 §2.1) and appends it to `to`. Set `plusIsSpace` for queries. Returns false for a
/// broken `%xx` or a NUL; the contents of `to` are then unspecified.
bool appendDecoded(std::string& to, std::string_view text, bool plusIsSpace = false);

/// Appends `text` with all but the unreserved characters of RFC 3986 §2.3 encoded as `%XX`. The result is safe in a
/// part of a path, in a query and in an extended header value (RFC 8187).
void appendEncoded(std::string& to, std::string_view text);

/// Appends `text` with `%` and everything but printable ASCII encoded as `%XX`. The result is safe as a header value.
void appendPrintable(std::string& to, std::string_view text);

/// Returns the decoded name-value pairs of a query, in order. Throws malformed that names the broken parameter.
std::vector<std::pair<std::string, std::string>> parseQuery(std::string_view query);

}  // namespace video::http
