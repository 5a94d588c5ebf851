#include "http/content/conditions.hpp"

#include <chrono>

#include "base/units.hpp"
#include "http/header_values.hpp"

namespace video::http {
namespace {

enum class Comparison { strong, weak };

bool matches(std::string_view tag, std::string_view etag, Comparison comparison) noexcept {
  constexpr std::string_view weakMark = "W/";
  if (comparison == Comparison::strong && (tag.starts_with(weakMark) || etag.starts_with(weakMark))) return false;
  if (tag.starts_with(weakMark)) tag.remove_prefix(weakMark.size());
  if (etag.starts_with(weakMark)) etag.remove_prefix(weakMark.size());
  return !etag.empty() && tag == etag;
}

bool anyMatches(const std::vector<std::string_view>& lists, std::string_view etag, Comparison comparison) {
  bool found = false;
  for (const std::string_view list : lists)
    forEachItem(list, [&](std::string_view tag) { found = found || tag == "*" || matches(tag, etag, comparison); });
  return found;
}

/// Rounds down, because HTTP dates have a resolution of one second.
Time lastModifiedOf(const ContentMeta& meta) noexcept {
  return std::chrono::floor<std::chrono::seconds>(meta.modified);
}

}  // namespace

Condition weigh(const Head& head, const ContentMeta& meta) {
  if (const auto lists = head.headerValues("If-Match"); !lists.empty()) {
    if (!anyMatches(lists, meta.etag, Comparison::strong)) return Condition::failed;
  } else if (const auto since = parseHttpTime(head.header("If-Unmodified-Since")); since) {
    if (lastModifiedOf(meta) > *since) return Condition::failed;
  }
  if (const auto lists = head.headerValues("If-None-Match"); !lists.empty()) {
    if (anyMatches(lists, meta.etag, Comparison::weak)) return Condition::notModified;
  } else if (const auto since = parseHttpTime(head.header("If-Modified-Since")); since) {
    if (lastModifiedOf(meta) <= *since) return Condition::notModified;
  }
  return Condition::proceed;
}

bool rangeApplies(const Head& head, const ContentMeta& meta) {
  const std::string_view validator = head.header("If-Range");
  if (validator.empty()) return true;
  if (validator.starts_with('"') || validator.starts_with("W/"))
    return matches(validator, meta.etag, Comparison::strong);
  const auto date = parseHttpTime(validator);
  return date && *date == lastModifiedOf(meta);
}

}  // namespace video::http
