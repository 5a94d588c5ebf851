#include "base/cursor.hpp"

#include "base/error.hpp"
#include "base/ids.hpp"
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

void checkLimit(std::int64_t limit) {
  if (limit < 1 || limit > 1000) throw Error(Fault::malformed, "limit: must be 1 to 1000");
}

}  // namespace video
