#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace video::media {

/// A picture: its kind and its size in pixels.
struct Picture {
  std::string_view type;       ///< image/jpeg, image/png or image/webp
  std::string_view extension;  ///< of a file's name: jpg, png, webp
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

/// Reads the header of a JPEG, PNG or WebP picture. Returns nothing if `bytes` is none of these, or says no size.
std::optional<Picture> readPicture(std::string_view bytes) noexcept;

/// Returns the media type of a picture file by the extension of its name, without a dot; empty if it is none of these.
std::string_view pictureTypeOf(std::string_view extension) noexcept;

}  // namespace video::media
