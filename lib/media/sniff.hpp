#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace video::media {

/// A kind of video file: what goes into Content-Type, and the ending of its blob.
struct Kind {
  std::string_view type;
  std::string_view extension;
};

/// The kinds of video that are served.
std::span<const Kind> kinds() noexcept;

/// The extension of files of this media type, without a dot; empty where it is none of ours.
std::string_view extensionOf(std::string_view type) noexcept;

/// What a file is by its first bytes (a few hundred will do): mp4, mov, webm, mkv, ogg, mpeg-ts, avi, flv. Nothing
/// where it is none of them.
std::optional<Kind> sniff(std::string_view front) noexcept;

}  // namespace video::media
