#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace video {

/// An opaque cursor that holds where a page ended: the sort keys of its last item.
std::string makeCursor(std::initializer_list<std::string_view> keys);

/// The keys of a cursor that `makeCursor` made with as many; throws Fault::malformed where it is none of ours.
std::vector<std::string> readCursor(std::string_view cursor, std::size_t keys);

/// Throws Fault::malformed unless `limit` is 1 to 1000, items on a page.
void checkLimit(std::int64_t limit);

}  // namespace video
