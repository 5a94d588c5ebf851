#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/visibility.hpp"
#include "frame/command.hpp"
#include "frame/file_opener.hpp"
#include "frame/files.hpp"
#include "os/descriptor.hpp"

namespace video::ctl {

/// What `video upload` was asked for.
struct UploadVideos {
  std::vector<std::string> files;
  std::string user;
  std::string name;
  std::string filesFrom;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::chrono::milliseconds minAge{0};
  bool recursive = false;
  bool skipExisting = false;
  bool again = false;
  bool move = false;
  bool noResume = false;
  std::optional<std::int64_t> chunkSize{};  ///< bytes; 0 and none: no limit
  std::optional<Visibility> visibility{};
};

/// Subtitles beside a video: movie.srt, movie.en.vtt or movie.en.sdh.srt beside movie.mp4.
struct Beside {
  std::string path;
  std::string lang;
  std::string label{};
  bool isSettled = true;      ///< not younger than --min-age
  std::string otherOfLang{};  ///< the path of others of the same language, which are added instead
};

/// One file, or standard input.
struct Input {
  std::string path;
  bool found = false;             ///< found in a folder, not named on the command line
  std::int64_t size = 0;          ///< bytes, when it was found; 0 for what is no regular file
  std::optional<Error> broken{};  ///< why it cannot be read
  std::string digest{};           ///< SHA-256; only with --skip-existing, and with --move through a daemon
  std::vector<Beside> subtitles{};
};

/// Opens a file, or standard input for `-`; with --move, only one that can be removed. Throws Error.
Descriptor openInput(const FileOpener& opener, const std::string& path, bool toMove);

/// Returns the files that were named, in a list too, and those in folders with --recursive. What cannot be read there,
/// or vanishes meanwhile, is `broken`. Throws Error; Usage for a folder without --recursive.
std::vector<Input> inputsOf(const UploadVideos& wanted, const Flags& flags);

}  // namespace video::ctl
