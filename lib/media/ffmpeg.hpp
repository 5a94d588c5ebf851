#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/sandbox.hpp"

namespace video::media {

/// The programs of ffmpeg. Both are paths; empty: not installed.
struct Ffmpeg {
  std::string ffmpeg;
  std::string ffprobe;
  bool isInstalled() const { return !ffmpeg.empty() && !ffprobe.empty(); }
};

/// Looks for the programs in /usr/local/bin and /usr/bin.
Ffmpeg installedFfmpeg();

/// Returns whether ffmpeg is asked to read files of this media type: those that `sniff` detects. The format is always
/// forced, so that a playlist is never taken for one.
bool isReadByFfmpeg(std::string_view type) noexcept;

/// The streams of a file that are played: the first one with pictures, and the one with sound that is played by
/// default, otherwise the first one.
struct PlayedStreams {
  std::optional<int> video;  ///< number of the stream
  std::string videoCodec;    ///< as ffmpeg names it, such as h264
  std::string pixels;        ///< pixel format as ffmpeg names it, such as yuv420p
  std::optional<int> audio;
  std::string audioCodec;
};

/// Returns the program that lists the streams of a file of this type; `readStreams` reads what it prints.
os::SandboxedProgram listStreams(const Ffmpeg& programs, int file, std::string_view type);
PlayedStreams readStreams(std::string_view printed);

/// Returns the program that prints a picture from a video as JPEG of at most 640 by 640 pixels: of the frame at
/// `position`. It prints nothing if the video is shorter, or no keyframe is near.
os::SandboxedProgram takePicture(const Ffmpeg& programs, int file, std::string_view type,
                                 std::chrono::milliseconds position);

/// How to make a form of a file that every browser plays: an MP4 file whose index is at the beginning.
struct PlayPlan {
  bool isNeeded = false;     ///< browsers cannot play the file as it is, or only once it is complete
  bool copiesVideo = false;  ///< without decoding
  bool copiesAudio = false;
  bool isTranscoding() const { return !copiesVideo || !copiesAudio; }
};

/// Returns the plan for a file of this type with these streams. `indexFirst`: it has its index at the beginning, see
/// MediaInfo::faststart.
PlayPlan planFor(std::string_view type, const PlayedStreams& streams, bool indexFirst);

/// Returns the program that writes the playable form of `input`, a file of `inputSize` bytes, to `output`. Pictures
/// that are encoded get at most `maxHeight` lines. `seeks`: the program can open `output`, see os::hasLandlock;
/// otherwise the file is fragmented.
os::SandboxedProgram makePlayable(const Ffmpeg& programs, int input, std::string_view type, std::uint64_t inputSize,
                                  int output, const PlayedStreams& streams, const PlayPlan& plan, int maxHeight,
                                  bool seeks = os::hasLandlock());

}  // namespace video::media
