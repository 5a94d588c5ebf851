#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace video {

/// Returns an opaque cursor that contains the sort keys of a page's last item.
std::string makeCursor(std::initializer_list<std::string_view> keys);

/// Returns the keys in a cursor made by `makeCursor`. Throws malformed unless it has exactly `keys` keys.
std::vector<std::string> readCursor(std::string_view cursor, std::size_t keys);

/// Throws malformed unless `limit`, the number of items on a page, is 1 to 1000.
void checkLimit(std::int64_t limit);

}  // namespace video
