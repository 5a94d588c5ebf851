#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace video::media {

/// The media type of WebVTT.
inline constexpr std::string_view webVttType = "text/vtt; charset=utf-8";

/// A cue of WebVTT.
struct Cue {
  std::int64_t startMs = 0;
  std::int64_t endMs = 0;  ///< greater than `startMs`
  std::string settings{};  ///< as in WebVTT, separated by spaces
  std::string text{};      ///< cue text of WebVTT: lines that are not blank, separated by LF
};

/// Returns a file of WebVTT with these cues.
std::string writeWebVtt(const std::vector<Cue>& cues);

/// Returns plain text, of one line, as cue text.
std::string cueTextOf(std::string_view plain);

/// Reads subtitles, WebVTT or SubRip (.srt), in an encoding that toUtf8 takes, and returns them as WebVTT in UTF-8 that
/// a browser can show safely: cues by time, with the tags that WebVTT has. Styles, regions, comments, other tags, and
/// cues that end before they begin are left out. WebVTT that it made stays the same. Throws unsupportedMediaType if it
/// is neither, malformed if the encoding is unknown or no cue is left, tooLarge if the result has over `most` bytes.
std::string toWebVtt(std::string_view bytes, std::size_t most);

}  // namespace video::media
