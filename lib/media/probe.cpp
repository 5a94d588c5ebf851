#include "media/probe.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "media/walks.hpp"

namespace video::media {
namespace {

bool isOfBoxes(std::string_view type) {
  return type == "video/mp4" || type == "video/quicktime";
}

bool isOfElements(std::string_view type) {
  return type == "video/webm" || type == "video/x-matroska";
}

}  // namespace

void setSize(MediaInfo& info, std::uint64_t width, std::uint64_t height, bool quarterTurn) {
  constexpr std::uint64_t most = 65535;
  if (width == 0 || height == 0 || width > most || height > most) return;
  if (quarterTurn) std::swap(width, height);
  info.width = static_cast<std::int64_t>(width);
  info.height = static_cast<std::int64_t>(height);
}

std::optional<std::int64_t> milliseconds(double units, double perSecond) {
  constexpr double most = 1000.0 * 86400 * 366 * 1000;
  const double found = std::round(units / perSecond * 1000);
  if (!(found >= 1 && found <= most)) return std::nullopt;  // not a number, too
  return static_cast<std::int64_t>(found);
}

std::optional<std::string> printable(std::string_view name) {
  name = trimmed(name);
  const bool is = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (name.empty() || name.size() > 64 || !is) return std::nullopt;
  return std::string(name);
}

bool isProbed(std::string_view type) noexcept {
  return isOfBoxes(type) || isOfElements(type);
}

Probed probe(const File& file, std::string_view type) noexcept {
  try {
    BoundedReader reader(file);
    if (isOfBoxes(type)) return walkBoxes(reader);
    if (isOfElements(type)) return walkElements(reader);
  } catch (...) {
    // Malformed; or no memory, or the reader's own error: nothing is known then either.
  }
  return {};
}

}  // namespace video::media
