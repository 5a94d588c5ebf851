#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/file.hpp"

namespace video::media {

/// What a file says about itself. What it does not say, or not clearly, stays empty.
struct MediaInfo {
  std::optional<std::int64_t> durationMs{};  ///< positive
  std::optional<std::int64_t> width{};       ///< pixels, after rotation
  std::optional<std::int64_t> height{};
  std::optional<std::string> videoCodec{};  ///< of the first video track, as in RFC 6381 where it can be told
  std::optional<std::string> audioCodec{};  ///< of the first audio track
  std::optional<bool> faststart{};          ///< whether the index (moov) comes before the media; mp4 and mov only
  std::optional<bool> fragmented{};         ///< whether there is an index in every part; mp4 and mov only
  std::optional<bool> hasLocation{};        ///< whether it says where it was taken
  bool operator==(const MediaInfo&) const = default;
};

/// A part of a file, and the head of the padding that may take its place; zeros follow to its end.
struct Stretch {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string padding{};
};

/// What `probe` found out.
struct Probed {
  MediaInfo info;
  std::vector<Stretch> location{};  ///< the boxes or elements that say where it was taken and can be overwritten
  bool hasMoreLocation = false;     ///< others cannot: they are samples of a track, or too many
};

/// Returns whether `probe` knows the structure of files of this media type.
bool isProbed(std::string_view type) noexcept;

/// Looks into a file of this media type: the boxes of mp4 and mov (ISO/IEC 14496-12), and the elements of Matroska and
/// WebM (RFC 9559). Reads a few KiB, and never more than BoundedReader::most. Of other types, and of a file whose
/// structure is broken, nothing is known.
Probed probe(const File& file, std::string_view type) noexcept;

}  // namespace video::media
