#pragma once

#include <cstring>
#include <span>
#include <string>

#include "fuzz.hpp"
#include "media/probe.hpp"

namespace fuzz {

/// Checks what must hold of whatever a file of this media type says about itself, and that its location can be removed.
inline void checkProbe(std::string_view type, const std::string& bytes) {
  using namespace video::media;
  std::uint64_t read = 0;
  const auto look = [&](const std::string& content) {
    File file;
    file.size = content.size();
    file.read = [&](std::uint64_t offset, std::span<std::byte> to) {
      holds(offset <= content.size() && to.size() <= content.size() - offset, "it is read within its size");
      std::memcpy(to.data(), content.data() + offset, to.size());
      read += to.size();
      return to.size();
    };
    return probe(file, type);
  };
  const Probed found = look(bytes);
  const MediaInfo& info = found.info;
  holds(read <= BoundedReader::most, "no more is read than the limit");
  holds(info.durationMs.value_or(1) > 0, "a duration is positive");
  holds(info.width.has_value() == info.height.has_value(), "there are both width and height, or none");
  for (const auto& size : {info.width, info.height})
    holds(size.value_or(1) > 0 && size.value_or(1) < 65536, "a size is from 1 to 65535");
  for (const auto& codec : {info.videoCodec, info.audioCodec})
    for (const char c : codec.value_or("x")) holds(c > ' ' && c <= '~', "a codec is printable", codec.value_or(""));
  holds(info.hasLocation.value_or(false) == (!found.location.empty() || found.hasMoreLocation),
        "there is a location if there are places of it");
  std::string without = bytes;
  for (const Stretch& one : found.location) {
    holds(one.offset <= bytes.size() && one.size <= bytes.size() - one.offset, "a location lies within the file");
    holds(one.padding.size() <= one.size, "its padding fits");
    std::string padding = one.padding;
    padding.resize(one.size);
    without.replace(one.offset, one.size, padding);
  }
  if (found.location.empty()) return;
  if (found.hasMoreLocation) return;
  MediaInfo expected = info;
  expected.hasLocation = false;
  holds(look(without).info == expected, "without its location a file says the same otherwise");
}

}  // namespace fuzz
