#pragma once

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace video {

/// Returns an opaque cursor that contains the sort keys of a page's last item.
std::string makeCursor(std::initializer_list<std::string_view> keys);

/// Returns the keys in a cursor made by `makeCursor`. Throws malformed unless it has exactly `keys` keys.
std::vector<std::string> readCursor(std::string_view cursor, std::size_t keys);

/// Where a page of a list by (time, id) begins: after this item. The default is before all.
struct TimePage {
  TimePage() = default;
  /// Reads a cursor made by `cursor`; none is the first page. Throws malformed.
  explicit TimePage(const std::optional<std::string>& cursor);
  /// Returns the cursor of the page after this item.
  static std::string cursor(Time time, std::string_view id);
  /// Ends a page for which one item more than `limit` was read, where there are so many.
  template <class Page>
  static void end(Page& page, std::int64_t limit) {
    end(page, limit, [](const auto& last) { return cursor(last.created, last.id.text); });
  }
  /// The same for items with other sort keys; `cursorOf` makes the cursor of the last item.
  template <class Page, class CursorOf>
  static void end(Page& page, std::int64_t limit, const CursorOf& cursorOf) {
    if (std::ssize(page.items) <= limit) return;
    page.items.pop_back();
    page.nextCursor = cursorOf(page.items.back());
  }

  Time time = Time::min();
  std::string id;
};

/// Throws malformed unless `limit`, the number of items on a page, is 1 to 1000.
void checkLimit(std::int64_t limit);

}  // namespace video
