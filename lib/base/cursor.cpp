#include "base/cursor.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace video {
namespace {

constexpr char separator = '\x1f';

std::string join(std::initializer_list<std::string_view> keys) {
  std::string joined;
  for (const std::string_view& key : keys) {
    if (&key != keys.begin()) joined += separator;
    joined += key;
  }
  return joined;
}

}  // namespace

std::string makeCursor(std::initializer_list<std::string_view> keys) {
  return toBase64Url(join(keys));
}

std::vector<std::string> readCursor(std::string_view cursor, std::size_t keys) {
  const auto joined = fromBase64Url(cursor);
  std::vector<std::string> found(1);
  for (const char c : joined.value_or(std::string())) {
    if (c == separator)
      found.emplace_back();
    else
      found.back() += c;
  }
  if (!joined || !isUtf8(*joined) || found.size() != keys) throw Error(Fault::malformed, "cursor: not valid");
  return found;
}

TimePage::TimePage(const std::optional<std::string>& cursor) {
  if (!cursor) return;
  auto keys = readCursor(*cursor, 2);
  std::int64_t milliseconds = 0;
  readText(keys[0], "cursor", milliseconds);
  time = Time{std::chrono::milliseconds{milliseconds}};
  id = std::move(keys[1]);
}

std::string TimePage::cursor(Time time, std::string_view id) {
  return makeCursor({std::to_string(time.time_since_epoch().count()), id});
}

IdPage::IdPage(const ListQuery& wanted)
    : first(wanted.since ? firstUuid7Of(*wanted.since) : std::string()),
      end(wanted.until ? firstUuid7Of(*wanted.until) : std::string("g")) {  // "g" is greater than every ID
  // One lower bound, because SQLite would search by only one of two. "!" makes it greater than the last ID.
  if (wanted.cursor) first = std::max(first, readCursor(*wanted.cursor, 1)[0] + '!');
}

void checkLimit(std::int64_t limit) {
  if (limit < 1 || limit > 1000) throw Error(Fault::malformed, "limit: must be 1 to 1000");
}

}  // namespace video
