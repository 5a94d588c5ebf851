#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace video::http {

/// Appends the decoded text (RFC 3986 §2.1) to `to`; with `plusIsSpace` as a query's. False for a broken `%xx` or a
/// NUL; `to` is then of no use.
bool appendDecoded(std::string& to, std::string_view text, bool plusIsSpace = false);

/// Appends `text` with all but the unreserved characters of RFC 3986 §2.3 as `%XX`: safe in a path part, in a query and
/// in an extended header value (RFC 8187).
void appendEncoded(std::string& to, std::string_view text);

/// Appends `text` with whatever is not printable ASCII, and `%`, as `%XX`: fit to be a header's value.
void appendPrintable(std::string& to, std::string_view text);

/// The decoded pairs of a query, in order. Throws malformed, naming what is broken.
std::vector<std::pair<std::string, std::string>> parseQuery(std::string_view query);

}  // namespace video::http
