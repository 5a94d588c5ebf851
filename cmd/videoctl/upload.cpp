#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <thread>

#include "base/ids.hpp"
#include "base/language_tag.hpp"
#include "base/text.hpp"
#include "deletions/fields.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/progress.hpp"
#include "hashes.hpp"
#include "os/descriptor.hpp"
#include "subtitles/fields.hpp"
#include "uploads/fields.hpp"
#include "videos/fields.hpp"

namespace video::ctl {
namespace {

namespace fs = std::filesystem;

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
  std::optional<Visibility> visibility{};
};

// Subtitles beside a video: movie.srt or movie.en.vtt beside movie.mp4.
struct Beside {
  std::string path;
  std::string lang;
};

// One file, or standard input.
struct Input {
  std::string path;
  bool found = false;             ///< found in a folder, not named on the command line
  std::optional<Error> broken{};  ///< why it cannot be read
  std::string digest{};           ///< SHA-256; only with --skip-existing, and with --move through a daemon
  std::vector<Beside> subtitles{};
};

Descriptor openInput(const FileOpener& opener, const std::string& path) {
  if (path != "-") return opener.open(path);
  Descriptor input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!input) throwFileError("standard input", errno);
  return input;
}

// ---- which files

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

// ---- one upload

// Repeats work that a full, busy or stopping server refuses, waiting as long as the server asks for but no longer than
// the lock timeout in total.
class Patience {
 public:
  explicit Patience(const Flags& flags) : left_(flags.lockTimeout.value_or(std::chrono::seconds{10})) {}

  template <class Work>
  auto operator()(const Work& work) {
    for (;;) {
      try {
        return work();
      } catch (const Error& error) {
        if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
        const bool passes =
            error.fault() == Fault::tooMany || error.fault() == Fault::unavailable || error.fault() == Fault::busy;
        const auto pause = std::chrono::milliseconds(error.retryAfter().value_or(std::chrono::seconds{0}));
        if (!passes || pause.count() <= 0 || pause > left_) throw;
        left_ -= pause;
        sleep(pause);
      }
    }
  }
  /// Waits before another look; returns false if no time is left.
  bool look() {
    if (left_ < betweenLooks) return false;
    left_ -= betweenLooks;
    sleep(betweenLooks);
    return true;
  }

 private:
  static void sleep(std::chrono::milliseconds pause) {
    const auto until = std::chrono::steady_clock::now() + pause;
    while (std::chrono::steady_clock::now() < until && SignalNote::came() == 0)
      std::this_thread::sleep_for(std::min(pause, std::chrono::milliseconds{50}));
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
  }

  std::chrono::milliseconds left_;
};

// What is stored after an upload whose reply was lost. Nobody else uploads to this id, so any content is ours.
UploadStatus arrived(Caller& caller, Patience& patience, const VideoId& id) {
  for (;;) {
    UploadStatus now = patience([&] { return caller.toolkit().uploads().status(caller.by(), {id, {}, {}}); });
    if (now.ready || !now.underWay || !patience.look()) return now;
  }
}

// An uploaded video, and why it does not play everywhere.
struct Stored {
  VideoId id;
  std::vector<std::string> notes;
};

// Creates a video and uploads its content. Deletes the pending video if the upload fails.
Stored uploadOne(Caller& caller, const NewVideo& wanted, const ByteSource& source, const std::string& digest,
                 const std::shared_ptr<const Descriptor>& moved) {
  const SignalNote note;
  Toolkit& toolkit = caller.toolkit();
  Patience patience(caller.flags);
  const AddedVideo added = patience([&] { return toolkit.videos().add(caller.by(), wanted); });
  const VideoId& id = added.id;
  const auto known = digest.empty() ? std::nullopt : std::optional(digest);
  const auto send = [&] { return toolkit.uploads().put(caller.by(), {id, known, moved}, source).notes; };
  const auto takeAway = [&] {
    try {
      toolkit.videos().remove(caller.by(), {{id, {}}, true});
    } catch (const Error& error) {
      say(fmt::format("video {}: could not delete the unfinished upload: {}", id.text, error.what()));
    }
  };
  if (wanted.visibility && added.visibility != wanted.visibility) {
    takeAway();
    throw Error(Fault::versionMismatch, "--visibility: the server is too old for it");
  }
  try {
    return {id, source.repeatable ? patience(send) : send()};
  } catch (const Interrupted&) {
    takeAway();
    throw;
  } catch (...) {
    const std::exception_ptr failure = std::current_exception();
    if (SignalNote::came() == 0) {
      try {
        if (UploadStatus now = arrived(caller, patience, id); now.ready) return {id, std::move(now.notes)};
      } catch (const Interrupted&) {
      } catch (const Error& error) {
        if (error.fault() == Fault::unreachable) {
          say(fmt::format("video {}: it is not known whether the upload arrived; run `videoctl video show {}` to see",
                          id.text, id.text));
          std::rethrow_exception(failure);
        }
      }
    }
    takeAway();
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
    throw;
  }
}

// The result for a file to skip: its owner has the content already, or has deleted it.
std::optional<Result> known(Caller& caller, const UploadVideos& wanted, const Input& input) {
  Videos& videos = caller.toolkit().videos();
  const KnownContent found = Patience(caller.flags)([&] {
    return videos.known(caller.by(), {wanted.user, input.digest});
  });
  const std::string id = found.video.value_or(VideoId{}).text;
  if (found.state == ContentState::present) return Result{"skipped", id, input.path, "already uploaded"};
  if (found.state == ContentState::deleted && !wanted.again)
    return Result{"skipped-deleted", id, input.path,
                  fmt::format("deleted at {}; use --again to upload it", formatTime(found.deleted.value()))};
  return std::nullopt;
}

// What a dry run counts as already uploaded.
struct Rehearsed {
  std::int64_t bytes = 0;
  std::set<std::string> digests;
};

Result rehearse(Caller& caller, const NewVideo& wanted, const Input& input, const Descriptor& file, Rehearsed& so) {
  struct stat what {};
  if (::fstat(file.number(), &what) != 0 || !S_ISREG(what.st_mode))
    throw Error(Fault::malformed,
                fmt::format("{}: not a regular file, which --dry-run needs because it reads files twice", input.path));
  if (!input.digest.empty() && so.digests.contains(input.digest))
    return {"skipped", "", input.path, "would already be uploaded"};
  constexpr std::size_t frontSize = 4096;
  std::string front(frontSize, '\0');
  const ssize_t count = ::pread(file.number(), front.data(), front.size(), 0);
  if (count < 0) throwFileError(input.path, errno);
  front.resize(static_cast<std::size_t>(count));
  caller.toolkit().uploads().rehearse(caller.by(), {wanted.user, wanted.name, what.st_size, so.bytes, toHex(front)});
  so.bytes += what.st_size;
  so.digests.insert(input.digest);
  return {"would-upload", "", input.path, {}};
}

// Adds the subtitles beside a video that was uploaded. Returns their languages; says which could not be added.
std::string addBeside(Caller& caller, const VideoId& id, const Input& input, const FileOpener& opener) {
  std::string added;
  for (const Beside& one : input.subtitles) {
    try {
      const Descriptor file = opener.open(one.path);
      caller.toolkit().subtitles().put(caller.by(), {id, one.lang, {}}, sourceOf(file, one.path));
      added += (added.empty() ? "with subtitles: " : ", ") + one.lang;
    } catch (const Error& error) {
      say(fmt::format("{}: not added to video {}: {}", one.path, id.text, error.what()));
    }
  }
  return added;
}

// Removes a file whose bytes were uploaded, unless it has changed since it was opened as `was`.
void removeMoved(const Input& input, const Descriptor& file, const struct stat& was, const FileOpener& opener) {
  struct stat is {};
  if (::fstat(file.number(), &is) != 0) throwFileError(input.path, errno);
  if (is.st_size != was.st_size || is.st_mtim.tv_sec != was.st_mtim.tv_sec || is.st_mtim.tv_nsec != was.st_mtim.tv_nsec)
    throw Error(Fault::conflict, fmt::format("{}: changed while it was uploaded", input.path));
  opener.remove(input.path, file);
}

Result uploadInput(Caller& caller, const UploadVideos& wanted, const Input& input, Descriptor opened, Rehearsed& so,
                   const FileOpener& opener) {
  const auto shared = std::make_shared<const Descriptor>(std::move(opened));
  const Descriptor& file = *shared;
  ByteSource source = sourceOf(file, input.path);
  struct stat was {};
  if (wanted.move && ::fstat(file.number(), &was) != 0) throwFileError(input.path, errno);
  const auto moved = wanted.move && caller.target().kind == Target::Kind::direct ? shared : nullptr;
  if (wanted.skipExisting)
    if (auto result = known(caller, wanted, input)) return *std::move(result);
  const std::string name = wanted.name.empty() ? fs::path(input.path).filename().string() : wanted.name;
  const auto ignored = [&](const Error& error) { return input.found && error.fault() == Fault::unsupportedMediaType; };
  if (caller.flags.dryRun) {
    try {
      return rehearse(caller, {wanted.user, name}, input, file, so);
    } catch (const Error& error) {
      if (!ignored(error)) throw;
      return {"would-ignore", "", input.path, "not a video"};
    }
  }
  Progress progress(caller.flags, name, true);
  source.push = [&progress, push = source.push,
                 all = static_cast<std::int64_t>(source.size.value_or(0))](const ByteSink& sink) {
    std::int64_t done = 0;
    const auto take = [&](std::span<const std::byte> bytes) {
      sink(bytes);
      progress.show(done += static_cast<std::int64_t>(bytes.size()), all);
    };
    push({take, [&] { return sink.room(); }});
  };
  try {
    const Stored stored = uploadOne(caller, {wanted.user, name, wanted.visibility}, source, input.digest, moved);
    Result result{"uploaded", stored.id.text, input.path, {}};
    std::vector<std::string> details = stored.notes;
    if (std::string added = addBeside(caller, stored.id, input, opener); !added.empty())
      details.push_back(std::move(added));
    if (!details.empty()) result.detail = fmt::format("{}", fmt::join(details, "; "));
    if (!wanted.move) return result;
    try {
      removeMoved(input, file, was, opener);
    } catch (const Error& error) {
      say(fmt::format("{}: uploaded as video {}, but not removed: {}", input.path, stored.id.text, error.what()));
    }
    return result;
  } catch (const Error& error) {
    if (!ignored(error)) throw;
    return {"ignored", "", input.path, "not a video"};
  }
}

void check(const UploadVideos& wanted, const Flags& flags) {
  const bool fromInput = std::find(wanted.files.begin(), wanted.files.end(), "-") != wanted.files.end();
  if (wanted.files.empty() && wanted.filesFrom.empty()) throw Usage("video upload: give files, or --files-from");
  const bool several = wanted.files.size() > 1 || wanted.recursive || !wanted.filesFrom.empty();
  if (several && !wanted.name.empty()) throw Usage("--name: works for a single file only");
  if (several && fromInput) throw Usage("video upload: - cannot be combined with other files");
  if (fromInput && wanted.name.empty()) throw Usage("video upload -: --name NAME is required");
  if (fromInput && (wanted.skipExisting || flags.dryRun))
    throw Usage("video upload -: standard input can be read only once; --skip-existing and --dry-run need a file");
  if (!wanted.recursive && (wanted.minAge.count() > 0 || !wanted.include.empty() || !wanted.exclude.empty()))
    throw Usage("--min-age, --include and --exclude apply to folders: add --recursive");
  if (wanted.move && (fromInput || flags.dryRun))
    throw Usage("--move: needs files, and cannot be combined with --dry-run");
  if (wanted.again && !wanted.skipExisting) throw Usage("--again: only works with --skip-existing");
}

// Computes the digest of `input`. Throws Error if it is not a regular file or cannot be read.
void look(const Descriptor& file, Input& input, HashCache& hashes) {
  struct stat what {};
  if (::fstat(file.number(), &what) != 0 || !S_ISREG(what.st_mode))
    throw Error(
        Fault::malformed,
        fmt::format("{}: not a regular file, which --skip-existing and --move need because they read files twice",
                    input.path));
  input.digest = hashes.of(file, input.path);
}

int upload(Caller& caller, UploadVideos& wanted) {
  check(wanted, caller.flags);
  const bool several = wanted.files.size() > 1 || wanted.recursive || !wanted.filesFrom.empty();
  std::vector<Input> inputs = inputsOf(wanted, caller.flags);
  const FileOpener opener;
  Descriptor one;  // opened first, so that a missing file is reported before the server is asked
  if (!several) one = openInput(opener, inputs.front().path);
  // A moved file is removed afterwards: what a daemon has stored must be what was read here.
  if (wanted.skipExisting || (wanted.move && caller.target().kind != Target::Kind::direct)) {
    HashCache hashes;
    for (Input& input : inputs) {
      try {
        const Descriptor file = several ? openInput(opener, input.path) : Descriptor();
        look(several ? file : one, input, hashes);
      } catch (const Error& error) {
        if (!several) throw;
        input.broken = error;
      }
    }
    hashes.save();
  }
  if (wanted.user.empty()) wanted.user = caller.self("video upload", "--user");
  std::vector<std::string> paths;
  for (const Input& input : inputs) paths.push_back(input.path);
  std::size_t next = 0;
  Rehearsed so;
  return runBatch(caller, Items::ofFiles(paths, several), [&](const std::string&) -> Result {
    const Input& input = inputs[next++];
    if (input.broken) throw Error(*input.broken);
    return uploadInput(caller, wanted, input, several ? openInput(opener, input.path) : std::move(one), so, opener);
  });
}

}  // namespace

void addUpload(Commands& commands, CLI::App& video) {
  auto put = commands.verb<UploadVideos>(video, "upload", "Upload files or folders; - reads standard input");
  put.several("FILE", &UploadVideos::files, "files, or folders with --recursive; - reads standard input")
      ->required(false);
  put.option("--user", &UploadVideos::user, "upload for this user; default: you")->type_name("USER");
  put.option("--name", &UploadVideos::name, "name of the video; default: the file name");
  put.option("--visibility", &UploadVideos::visibility,
             "who sees the videos; default: what the server is configured for (access.visibility)");
  put.flag("--recursive", &UploadVideos::recursive,
           "upload all files in folders, except hidden files and symbolic links; movie.srt and movie.en.srt (or .vtt) "
           "become subtitles of movie.mp4");
  put.flag("--skip-existing", &UploadVideos::skipExisting,
           "skip files whose content the owner has already uploaded or has deleted");
  put.flag("--again", &UploadVideos::again, "with --skip-existing: upload deleted content again");
  put.flag(
      "--move", &UploadVideos::move,
      "remove each file once it is stored; in direct mode, on the file system of the data directory, it becomes the "
      "stored file and is not copied");
  put.option("--min-age", &UploadVideos::minAge, "skip files modified less than DURATION ago");
  put.each("--include", &UploadVideos::include, "only upload files matching GLOB, such as '*.mp4'; may be repeated");
  put.each("--exclude", &UploadVideos::exclude, "skip files and folders matching GLOB; may be repeated");
  put.option("--files-from", &UploadVideos::filesFrom,
             "read file names from FILE, one per line; - reads standard input")
      ->type_name("FILE");
  put.givesResults();
  put.rehearses();
  put.runs(upload);
}

}  // namespace video::ctl
