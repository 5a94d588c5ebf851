#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace video::media {

/// A kind of video file: its media type, the file name extension of its blob, and how people call it, with the
/// extensions of such files.
struct Kind {
  std::string_view type;
  std::string_view extension;
  std::string_view name{};
};

/// Returns the kinds of video that videod accepts and serves: the one table of what is taken.
std::span<const Kind> kinds() noexcept;

/// Returns the extensions of all kinds, separated by commas, for messages.
std::string listOfKinds();

/// Returns the file extension for this media type, without a dot; empty if it is none of `kinds`.
std::string_view extensionOf(std::string_view type) noexcept;

/// Returns the file name of the MP4 form of a video: `name`, with the extension of this media type replaced.
std::string mp4NameOf(std::string_view name, std::string_view type);

/// How many bytes at the front of a file say what it is, unless it is a file whose tracks come later than these.
inline constexpr std::size_t judgedFront = 4096;
/// What is not clear after so many bytes is only found out by the whole file.
inline constexpr std::size_t mostJudged = 64 * 1024;

/// What the first bytes of a file say about it.
struct Judged {
  std::optional<Kind> kind;  ///< nothing: no video
  bool isFinal = true;       ///< false: it may turn out, with more bytes, to have sound alone
};

/// Judges a file by its first bytes, `judgedFront` of them or all that it has. Ogg, ASF, Matroska and WebM are videos
/// unless they say that they have sound alone.
Judged judge(std::string_view front) noexcept;

/// Returns the kind of a file that begins so; nothing if it is no video.
inline std::optional<Kind> sniff(std::string_view front) noexcept {
  return judge(front).kind;
}

}  // namespace video::media
