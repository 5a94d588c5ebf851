#include "upload_files.hpp"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "base/language_tag.hpp"
#include "base/text.hpp"

namespace video::ctl {
namespace {

namespace fs = std::filesystem;

// A pattern with a slash is matched against the path below the folder, any other against the file name.
bool matches(const std::vector<std::string>& patterns, const fs::path& below) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    const std::string text = pattern.find('/') == std::string::npos ? below.filename().string() : below.string();
    return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
  });
}

bool isSettled(const fs::path& file, std::chrono::milliseconds minAge) {
  struct stat what {};
  if (::lstat(file.c_str(), &what) != 0) return false;
  const Time changed{std::chrono::duration_cast<Time::duration>(std::chrono::seconds{what.st_mtim.tv_sec} +
                                                                std::chrono::nanoseconds{what.st_mtim.tv_nsec})};
  return systemClock().now() - changed >= minAge;
}

bool isSubtitles(const fs::path& file) {
  const std::string extension = file.extension().string();
  return equalWithoutCase(extension, ".srt") || equalWithoutCase(extension, ".vtt");
}

// Gives subtitles to the video that they are beside; those without a video are left out.
void pairSubtitles(const std::vector<std::string>& subtitles, std::vector<Input>& videos) {
  std::map<std::string, Input*> byStem;
  for (Input& video : videos) byStem.emplace(fs::path(video.path).replace_extension().string(), &video);
  for (const std::string& path : subtitles) {
    fs::path stem = fs::path(path).replace_extension();
    auto video = byStem.find(stem.string());
    std::optional<std::string> lang = "und";  // BCP 47: undetermined
    if (video == byStem.end() && stem.has_extension()) {
      lang = normalLanguageTag(stem.extension().string().substr(1));
      video = byStem.find(stem.replace_extension().string());
    }
    if (video != byStem.end() && lang) video->second->subtitles.push_back({path, *lang});
  }
}

// Appends the regular files below a folder, sorted by path. Skips hidden files and symbolic links.
void walk(const fs::path& folder, const UploadVideos& wanted, std::vector<Input>& to) {
  std::vector<std::string> paths;
  std::vector<std::string> subtitles;
  std::error_code failed;
  fs::recursive_directory_iterator at(folder, failed);
  for (; !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    const fs::path below = at->path().lexically_relative(folder);
    const fs::file_status what = at->symlink_status(failed);
    if (failed) break;
    const bool leftOut = below.filename().string().starts_with('.') || matches(wanted.exclude, below);
    if (fs::is_directory(what)) {
      if (leftOut) at.disable_recursion_pending();
    } else if (fs::is_regular_file(what) && !leftOut && isSubtitles(below)) {
      subtitles.push_back(at->path().string());
    } else if (fs::is_regular_file(what) && !leftOut && (wanted.include.empty() || matches(wanted.include, below)) &&
               (wanted.minAge.count() == 0 || isSettled(at->path(), wanted.minAge))) {
      paths.push_back(at->path().string());
    }
  }
  if (failed) throwFileError(folder, failed.value());
  std::sort(paths.begin(), paths.end());
  std::sort(subtitles.begin(), subtitles.end());
  std::vector<Input> found;
  for (std::string& path : paths) found.push_back({.path = std::move(path), .found = true});
  pairSubtitles(subtitles, found);
  to.insert(to.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
}

std::vector<std::string> namesIn(const std::string& list, char ending) {
  std::ifstream file(list == "-" ? "/dev/stdin" : list);
  if (!file) throwFileError(list, errno);
  std::vector<std::string> names;
  for (std::string name; std::getline(file, name, ending);)
    if (!name.empty()) names.push_back(name);
  if (file.bad()) throw Error(Fault::malformed, fmt::format("{}: cannot read it", list));
  return names;
}

}  // namespace

Descriptor openInput(const FileOpener& opener, const std::string& path) {
  if (path != "-") return opener.open(path);
  Descriptor input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!input) throwFileError("standard input", errno);
  return input;
}

std::vector<Input> inputsOf(const UploadVideos& wanted, const Flags& flags) {
  std::vector<std::string> named = wanted.files;
  if (!wanted.filesFrom.empty()) {
    const auto more = namesIn(wanted.filesFrom, flags.nul ? '\0' : '\n');
    named.insert(named.end(), more.begin(), more.end());
  }
  std::vector<Input> inputs;
  for (const std::string& path : named) {
    std::error_code none;
    if (wanted.recursive && path != "-" && fs::is_directory(path, none))
      walk(path, wanted, inputs);
    else
      inputs.push_back({.path = path});
  }
  return inputs;
}

}  // namespace video::ctl
