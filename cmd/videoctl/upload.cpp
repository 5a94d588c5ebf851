#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "base/text.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/progress.hpp"
#include "hashes.hpp"
#include "media/sniff.hpp"
#include "os/descriptor.hpp"
#include "patience.hpp"
#include "subtitles/fields.hpp"
#include "upload_files.hpp"
#include "upload_send.hpp"
#include "uploads/fields.hpp"
#include "videos/fields.hpp"

namespace video::ctl {
namespace {

namespace fs = std::filesystem;

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

// Returns the first bytes of a regular file, from where it stands.
std::string frontOf(const Descriptor& file, const std::string& path, std::size_t most) {
  std::string front(most, '\0');
  std::size_t size = 0;
  for (ssize_t count = 1; count > 0 && size < most; size += static_cast<std::size_t>(count)) {
    count = ::pread(file.number(), front.data() + size, most - size, static_cast<off_t>(positionOf(file) + size));
    if (count < 0) throwFileError(path, errno);
  }
  front.resize(size);
  return front;
}

// How many bytes one request to ask about a file may have.
std::size_t mostOf(const UploadVideos& wanted) {
  const auto chunk = static_cast<std::size_t>(wanted.chunkSize.value_or(0));
  return chunk > 0 ? std::min(chunk, media::mostJudged) : media::mostJudged;
}

// Asks whether a file is taken for a video, before anything is made for it. Throws unsupportedMediaType.
void requireTaken(Caller& caller, const std::string& front) {
  try {
    Patience patience(caller.flags);
    patience([&] { caller.toolkit().uploads().probe(caller.by(), front); });
  } catch (const Error& error) {
    // A server that is too old does not know the question; its answer comes with the upload.
    if (error.fault() == Fault::unsupportedMediaType || endsBatch(error.fault())) throw;
  }
}

Result rehearse(Caller& caller, const NewVideo& wanted, const Input& input, const Descriptor& file, Rehearsed& so) {
  struct stat what {};
  if (::fstat(file.number(), &what) != 0 || !S_ISREG(what.st_mode))
    throw Error(Fault::malformed,
                fmt::format("{}: not a regular file, which --dry-run needs because it reads files twice", input.path));
  if (!input.digest.empty() && so.digests.contains(input.digest))
    return {"skipped", "", input.path, "would already be uploaded"};
  const auto position = static_cast<std::int64_t>(positionOf(file));
  const std::int64_t size = what.st_size - std::min(position, what.st_size);
  const std::string front = frontOf(file, input.path, media::judgedFront);
  caller.toolkit().uploads().rehearse(caller.by(), {wanted.user, wanted.name, size, so.bytes, toHex(front)});
  so.bytes += size;
  so.digests.insert(input.digest);
  return {"would-upload", "", input.path, {}};
}

// Adds the subtitles beside a video that was uploaded. Returns their languages; says which could not be added.
std::string addBeside(Caller& caller, const Input& input, const FileOpener& opener, Result& result) {
  std::string added;
  for (const Beside& one : input.subtitles) {
    try {
      if (!one.otherOfLang.empty())
        throw Error(Fault::conflict, fmt::format("{} has the same language", one.otherOfLang));
      const Descriptor file = opener.open(one.path);
      const auto label = one.label.empty() ? std::nullopt : std::optional(one.label);
      caller.toolkit().subtitles().put(caller.by(), {{result.id}, one.lang, label}, sourceOf(file, one.path));
      added += (added.empty() ? "with subtitles: " : ", ") + one.lang;
    } catch (const Error& error) {
      say(fmt::format("{}: not added to video {}: {}", one.path, result.id, error.what()));
      result.isIncomplete = true;
    }
  }
  return added;
}

// Removes the file that a video was made of; says if that is not possible.
class Removal {
 public:
  Removal(const Input& input, const Descriptor& file, std::string was, const FileOpener& opener)
      : input_(input), file_(file), was_(std::move(was)), opener_(opener) {}

  // Removes it unless it has changed, once. Throws Error.
  void operator()() {
    if (std::exchange(isTried_, true)) return;
    try {
      if (identityOf(file_, input_.path) != was_)
        throw Error(Fault::conflict, fmt::format("{}: changed while it was uploaded", input_.path));
      opener_.remove(input_.path, file_);
    } catch (const Error& error) {
      failure_ = error.what();
      throw;
    }
  }
  void finish(Result& result) {
    try {
      (*this)();
    } catch (const Error&) {
      // Said below.
    }
    if (failure_.empty()) return;
    say(fmt::format("{}: stored as video {}, but not removed: {}", input_.path, result.id, failure_));
    result.isIncomplete = true;
  }

 private:
  const Input& input_;
  const Descriptor& file_;
  const std::string was_;
  const FileOpener& opener_;
  bool isTried_ = false;
  std::string failure_;
};

// Whether what a file has is stored, and not only what was made of it by removing its location.
bool isStored(Caller& caller, const Result& skipped, const std::string& digest) {
  if (skipped.status != "skipped" || skipped.id.empty()) return false;
  return caller.toolkit().videos().show(caller.by(), {{skipped.id}, {}}).sha256 == digest;
}

Result uploadInput(Caller& caller, const UploadVideos& wanted, const Input& input, Descriptor opened, Rehearsed& so,
                   const FileOpener& opener, const Whole& whole) {
  const auto shared = std::make_shared<const Descriptor>(std::move(opened));
  const Descriptor& file = *shared;
  struct stat what {};
  if (::fstat(file.number(), &what) != 0) throwFileError(input.path, errno);
  if (S_ISDIR(what.st_mode)) throwFileError(input.path, EISDIR);
  const bool isRegular = S_ISREG(what.st_mode);
  if (wanted.move && !isRegular)
    throw Error(Fault::malformed, fmt::format("{}: not a regular file, which --move needs", input.path));
  const std::string ignoredStatus = caller.flags.dryRun ? "would-ignore" : "ignored";
  if (input.found && isRegular && what.st_size == 0) return {ignoredStatus, "", input.path, "is empty"};
  Removal removal(input, file, identityOf(what), opener);
  if (wanted.skipExisting) {
    if (auto result = known(caller, wanted, input)) {
      // Also what an earlier run had stored when it was killed.
      if (wanted.move && isStored(caller, *result, input.digest)) removal.finish(*result);
      return *std::move(result);
    }
  }
  const std::string fileName = fs::path(input.path).filename().string();
  const std::string name = wanted.name.empty() ? repairedName(fileName) : wanted.name;
  std::vector<std::string> details;
  if (wanted.name.empty() && name != fileName) details.push_back(fmt::format("named \"{}\"", name));
  try {
    if (isRegular && what.st_size > 0) requireTaken(caller, frontOf(file, input.path, mostOf(wanted)));
    const NewVideo video{wanted.user, name, wanted.visibility};
    if (caller.flags.dryRun) {
      Result result = rehearse(caller, video, input, file, so);
      if (!details.empty() && !result.detail) result.detail = details.front();
      return result;
    }
    Progress progress(caller.flags, name, true, whole);
    const Stored stored =
        sendFile(caller, wanted, {video, input.path, shared, input.digest, [&] { removal(); }}, progress);
    progress.hide();
    if (input.path == "-" && isRegular) ::lseek(file.number(), 0, SEEK_END);  // it is read
    Result result{"uploaded", stored.id.text, input.path, {}};
    if (isRegular) result.bytes = what.st_size;
    details.insert(details.end(), stored.notes.begin(), stored.notes.end());
    if (std::string added = addBeside(caller, input, opener, result); !added.empty())
      details.push_back(std::move(added));
    if (!details.empty()) result.detail = fmt::format("{}", fmt::join(details, "; "));
    if (wanted.move) removal.finish(result);
    return result;
  } catch (const Error& error) {
    if (!input.found || error.fault() != Fault::unsupportedMediaType) throw;
    return {ignoredStatus, "", input.path, "not a video"};
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
  if (wanted.noResume && wanted.chunkSize) throw Usage("--chunk-size: cannot be combined with --no-resume");
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
  const FileOpener opener(wanted.move ? FileRights::remove : FileRights::read);
  Descriptor one;  // opened first, so that a missing file is reported before the server is asked
  if (!several) one = openInput(opener, inputs.front().path, wanted.move);
  // A moved file is removed afterwards: what a daemon has stored must be what was read here.
  if (wanted.skipExisting || (wanted.move && caller.target().kind != Target::Kind::direct)) {
    HashCache hashes;
    for (Input& input : inputs) {
      if (input.broken || (input.found && input.size == 0)) continue;
      try {
        const Descriptor file = several ? openInput(opener, input.path, wanted.move) : Descriptor();
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
  Whole whole{0, inputs.size(), 0, 0};
  for (const Input& input : inputs) whole.bytes += input.size;
  return runBatch(caller, Items::ofFiles(paths, several), [&](const std::string&) -> Result {
    if (next > 0) whole.before += inputs[next - 1].size;
    const Input& input = inputs[next++];
    whole.number = next;
    if (input.broken) throw Error(*input.broken);
    Descriptor file = several ? openInput(opener, input.path, wanted.move) : std::move(one);
    return uploadInput(caller, wanted, input, std::move(file), so, opener, whole);
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
           "upload all files in folders, except hidden files and symbolic links; movie.srt, movie.en.srt and "
           "movie.en.forced.srt (or .vtt) become subtitles of movie.mp4");
  put.flag("--skip-existing", &UploadVideos::skipExisting,
           "skip files whose content the owner has already uploaded or has deleted");
  put.flag("--again", &UploadVideos::again, "with --skip-existing: upload deleted content again");
  put.flag(
      "--move", &UploadVideos::move,
      "remove each file once it is stored, and with --skip-existing if it is stored already; symbolic links are "
      "refused; in direct mode, a file on the file system of the data directory is moved instead of copied, unless "
      "another program has it open for writing");
  put.option("--min-age", &UploadVideos::minAge,
             "skip files modified less than DURATION ago, and videos with such subtitles");
  put.each("--include", &UploadVideos::include,
           "only upload files matching GLOB, such as '*.mp4', with the subtitles beside them; may be repeated");
  put.each("--exclude", &UploadVideos::exclude, "skip files, subtitles and folders matching GLOB; may be repeated");
  put.option("--files-from", &UploadVideos::filesFrom,
             "read file names from FILE, one per line; - reads standard input")
      ->type_name("FILE");
  put.option("--chunk-size", &UploadVideos::chunkSize,
             "send at most SIZE in one request, for proxies with a limit; default: 0, no limit", readSize)
      ->type_name("SIZE");
  put.flag(
      "--no-resume", &UploadVideos::noResume,
      "send each file in one request; by default, files of 16 MiB and more that are sent to a daemon go on after a "
      "broken connection, and when the same command is run again");
  put.givesResults();
  put.rehearses();
  put.runs(upload);
}

}  // namespace video::ctl
