#include "upload_files.hpp"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
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

// A time in the future says nothing: the file's last change, which nobody can set, counts then.
bool isSettled(const struct stat& what, std::chrono::milliseconds minAge) {
  const auto timeOf = [](const timespec& time) {
    return Time{std::chrono::duration_cast<Time::duration>(std::chrono::seconds{time.tv_sec} +
                                                           std::chrono::nanoseconds{time.tv_nsec})};
  };
  const Time now = systemClock().now();
  const Time modified = timeOf(what.st_mtim);
  return now - (modified > now ? timeOf(what.st_ctim) : modified) >= minAge;
}

bool isSettled(const fs::path& file, std::chrono::milliseconds minAge) {
  struct stat what {};
  return ::lstat(file.c_str(), &what) == 0 && isSettled(what, minAge);
}

bool isSubtitles(const fs::path& file) {
  const std::string extension = file.extension().string();
  return equalWithoutCase(extension, ".srt") || equalWithoutCase(extension, ".vtt");
}

// Returns what the words between the name of a video and the extension say: a language, and what is special about the
// subtitles; both may be missing. Nothing if they say anything else. What is special becomes a private part of the tag,
// en-x-sdh, since a video has one file of each language.
std::optional<Beside> besideOf(const std::vector<std::string>& words) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> known{
      {{"sdh", "SDH"}, {"cc", "CC"}, {"hi", "SDH"}, {"forced", "forced"}, {"default", ""}}};
  Beside beside;
  beside.lang = "und";  // BCP 47: undetermined
  std::string special;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& one) { return equalWithoutCase(words[i], one.first); });
    const bool isHindi = i == 0 && found != known.end() && found->first == "hi";
    if (found != known.end() && !isHindi) {
      if (found->second.empty()) continue;
      special += (special.empty() ? "-x-" : "-") + std::string(found->first);
      beside.label += (beside.label.empty() ? "" : ", ") + std::string(found->second);
    } else if (i == 0) {
      beside.lang = normalLanguageTag(words[i]).value_or("");
    } else {
      return std::nullopt;
    }
  }
  const auto lang = normalLanguageTag(beside.lang + special);
  if (!lang) return std::nullopt;
  beside.lang = *lang;
  return beside;
}

// Gives subtitles to the video that they are beside; those without a video are left out.
void pairSubtitles(const std::vector<std::string>& subtitles, std::chrono::milliseconds minAge,
                   std::vector<Input>& videos) {
  constexpr std::size_t mostWords = 4;
  std::map<std::string, Input*> byStem;
  for (Input& video : videos) byStem.emplace(fs::path(video.path).replace_extension().string(), &video);
  for (const std::string& path : subtitles) {
    fs::path stem = fs::path(path).replace_extension();
    std::vector<std::string> words;
    auto video = byStem.find(stem.string());
    while (video == byStem.end() && stem.has_extension() && words.size() < mostWords) {
      words.insert(words.begin(), stem.extension().string().substr(1));
      video = byStem.find(stem.replace_extension().string());
    }
    auto beside = video != byStem.end() ? besideOf(words) : std::nullopt;
    if (!beside) continue;
    beside->path = path;
    beside->isSettled = minAge.count() == 0 || isSettled(path, minAge);
    for (const Beside& other : video->second->subtitles)
      if (other.lang == beside->lang && other.otherOfLang.empty()) beside->otherOfLang = other.path;
    video->second->subtitles.push_back(*std::move(beside));
  }
}

// What is in a folder and could not be read.
Input unreadable(const fs::path& path, int reason) {
  Input input{.path = path.string(), .found = true};
  try {
    throwFileError(path, reason);
  } catch (const Error& error) {
    input.broken = error;
  }
  return input;
}

// Appends the regular files below a folder, sorted by path. Skips hidden files and symbolic links. Goes on past what
// cannot be read.
void walk(const fs::path& root, const UploadVideos& wanted, std::vector<Input>& to) {
  std::vector<Input> found;
  std::vector<std::string> subtitles;
  std::vector<fs::path> folders{root};
  const auto visit = [&](const fs::path& path) {
    const fs::path below = path.lexically_relative(root);
    if (below.filename().string().starts_with('.') || matches(wanted.exclude, below)) return;
    struct stat what {};
    if (::lstat(path.c_str(), &what) != 0) {
      found.push_back(unreadable(path, errno));
    } else if (S_ISDIR(what.st_mode)) {
      folders.push_back(path);
    } else if (S_ISREG(what.st_mode) && isSubtitles(below)) {
      subtitles.push_back(path.string());
    } else if (S_ISREG(what.st_mode) && (wanted.include.empty() || matches(wanted.include, below)) &&
               (wanted.minAge.count() == 0 || isSettled(what, wanted.minAge))) {
      found.push_back({.path = path.string(), .found = true, .size = what.st_size});
    }
  };
  while (!folders.empty()) {
    const fs::path folder = std::move(folders.back());
    folders.pop_back();
    std::error_code failed;
    fs::directory_iterator at(folder, failed);
    for (; !failed && at != fs::directory_iterator(); at.increment(failed)) visit(at->path());
    if (failed) found.push_back(unreadable(folder, failed.value()));
  }
  std::sort(found.begin(), found.end(), [](const Input& a, const Input& b) { return a.path < b.path; });
  std::sort(subtitles.begin(), subtitles.end());
  pairSubtitles(subtitles, wanted.minAge, found);
  // A video waits for its subtitles.
  std::erase_if(found, [](const Input& video) {
    return std::any_of(video.subtitles.begin(), video.subtitles.end(),
                       [](const Beside& one) { return !one.isSettled; });
  });
  to.insert(to.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
}

std::vector<std::string> namesIn(const std::string& list, char ending) {
  std::ifstream opened;
  const bool isInput = list == "-" || ownDescriptorOf(list) == STDIN_FILENO;
  if (!isInput) opened.open(list);
  std::istream& file = isInput ? std::cin : opened;  // standard input from where it stands
  if (!file) throwFileError(list, errno);
  std::vector<std::string> names;
  for (std::string name; std::getline(file, name, ending);)
    if (!name.empty()) names.push_back(name);
  if (file.bad()) throw Error(Fault::malformed, fmt::format("{}: cannot read it", list));
  return names;
}

std::int64_t sizeOfNamed(const std::string& path) {
  struct stat what {};
  return path != "-" && ::stat(path.c_str(), &what) == 0 && S_ISREG(what.st_mode) ? what.st_size : 0;
}

}  // namespace

Descriptor openInput(const FileOpener& opener, const std::string& path, bool toMove) {
  if (path != "-") return toMove ? opener.openToMove(path) : opener.open(path);
  Descriptor input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!input) throwFileError("standard input", errno);
  return input;
}

std::vector<Input> inputsOf(const UploadVideos& wanted, const Flags& flags) {
  std::error_code none;
  for (const std::string& path : wanted.files)
    if (!wanted.recursive && path != "-" && fs::is_directory(path, none))
      throw Usage(fmt::format("{}: is a folder; add --recursive", path));
  std::vector<std::string> named = wanted.files;
  if (!wanted.filesFrom.empty()) {
    const auto more = namesIn(wanted.filesFrom, flags.nul ? '\0' : '\n');
    named.insert(named.end(), more.begin(), more.end());
  }
  std::vector<Input> inputs;
  for (const std::string& path : named) {
    if (wanted.recursive && path != "-" && fs::is_directory(path, none))
      walk(path, wanted, inputs);
    else
      inputs.push_back({.path = path, .size = sizeOfNamed(path)});
  }
  return inputs;
}

}  // namespace video::ctl
