#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.hpp"
#include "base/fields.hpp"

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
  /// Returns the cursor of the page after an item that has `created` and `id`.
  static constexpr auto cursorOf = [](const auto& last) { return cursor(last.created, last.id.text); };

  Time time = Time::min();
  std::string id;
};

/// A page of a list by UUIDv7, which sorts by time: the IDs from `first` to before `end`.
struct IdPage {
  /// Reads the bounds of time and the cursor made by `cursorOf`. Throws malformed.
  explicit IdPage(const ListQuery& wanted);
  /// Returns the cursor of the page after an item that has `id`.
  static constexpr auto cursorOf = [](const auto& last) { return makeCursor({last.id.text}); };

  std::string first;
  std::string end;
};

/// A page of a list ends early, with a cursor, once its items have about this many bytes as JSON, so that time and
/// memory for one reply are bounded.
inline constexpr std::size_t mostPageBytes = std::size_t{128} * 1024;

/// Returns roughly how many bytes a value has as JSON.
template <class T>
std::size_t roughSize(const T& value) {
  if constexpr (requires { value.has_value(); })
    return value ? roughSize(*value) : 0;
  else if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return std::string_view(value).size() + 2;
  else if constexpr (requires { value.text; })
    return value.text.size() + 2;
  else
    return 16;
}
template <Described Item>
std::size_t roughSize(const Item& item) {
  std::size_t size = 2;
  forEachField<Item>([&](const auto& field) {
    const std::size_t its = roughSize(item.*field.member);
    if (its > 0) size += field.name.size() + 4 + its;  // fields without a value are left out
  });
  return size;
}

/// Reads a page of at most `limit` items, fewer where they are large. `rows` is a query that was asked for one item
/// more than the limit, `read` makes an item of its current row, and `cursorOf` the cursor of the page after an item.
template <class Item, class Rows, class Read, class CursorOf>
void readPage(Page<Item>& page, Rows&& rows, std::int64_t limit, const Read& read, const CursorOf& cursorOf) {
  for (std::size_t bytes = 0; rows.next(); bytes += roughSize(page.items.back())) {
    if (std::ssize(page.items) == limit || bytes >= mostPageBytes) {
      page.nextCursor = cursorOf(page.items.back());
      return;
    }
    page.items.push_back(read(rows));
  }
}

/// Throws malformed unless `limit`, the number of items on a page, is 1 to 1000.
void checkLimit(std::int64_t limit);

}  // namespace video
