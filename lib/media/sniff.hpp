#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace video::media {

/// A kind of video file: its media type, and the file name extension of its blob.
struct Kind {
  std::string_view type;
  std::string_view extension;
};

/// Returns the kinds of video that videod accepts and serves.
std::span<const Kind> kinds() noexcept;

/// Returns the file extension for this media type, without a dot; empty if it is none of `kinds`.
std::string_view extensionOf(std::string_view type) noexcept;

/// Returns the file name of the MP4 form of a video: `name`, with the extension of this media type replaced.
std::string mp4NameOf(std::string_view name, std::string_view type);

/// Detects a file's kind from its first bytes (a few hundred suffice): mp4, mov, webm, mkv, ogg, mpeg-ts, avi, flv.
/// Returns nothing if it is none of these.
std::optional<Kind> sniff(std::string_view front) noexcept;

}  // namespace video::media
