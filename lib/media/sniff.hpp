#pragma once

#include <optional>
#include <string_view>

namespace video::media {

/// A kind of video file: its media type, and the file name extension of its blob.
struct Kind {
  std::string_view type;
  std::string_view extension;
};

/// Detects a file's kind from its first bytes (a few hundred suffice): mp4, mov, webm, mkv, ogg, mpeg-ts, avi, flv.
/// Returns nothing if it is none of these.
std::optional<Kind> sniff(std::string_view front) noexcept;

}  // namespace video::media
