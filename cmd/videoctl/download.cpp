#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <limits>
#include <set>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/output_file.hpp"
#include "frame/progress.hpp"
#include "media/sniff.hpp"
#include "videos/fields.hpp"

namespace video::ctl {
namespace {

// A byte range, both ends included. A `last` beyond the end of the content means its end.
struct ByteSpan {
  std::uint64_t first = 0;
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
};

struct DownloadVideos {
  std::vector<std::string> ids;
  std::optional<VideoForm> form{};
  std::string to;
  std::optional<ByteSpan> range{};
  bool resume = false;
  bool overwrite = false;
};

std::string fileNameOf(const Video& video) {
  std::string name = safeFileName(video.name);
  const std::string_view extension = media::extensionOf(video.contentType);
  if (std::filesystem::path(name).extension().empty() && !extension.empty()) name += fmt::format(".{}", extension);
  return name;
}

// Reads `FIRST-LAST` or `FIRST-`, as in RFC 9110 §14.1.1.
void readSpan(std::string_view text, std::string_view name, std::optional<ByteSpan>& to) {
  const std::size_t dash = text.find('-');
  ByteSpan span;
  if (dash == std::string_view::npos)
    throw Error(Fault::malformed, fmt::format("{}: must be FIRST-LAST or FIRST-", name));
  readText(text.substr(0, dash), name, span.first);
  if (dash + 1 < text.size()) readText(text.substr(dash + 1), name, span.last);
  if (span.last < span.first) throw Error(Fault::malformed, fmt::format("{}: ends before it begins", name));
  to = span;
}

// Pushes a byte range into `sink`. Returns how many bytes there were.
std::uint64_t push(const Content& content, const ByteSpan& span, const ByteSink& sink) {
  std::vector<std::byte> piece(1024 * 1024);
  std::uint64_t offset = span.first;
  while (offset <= span.last) {
    const std::uint64_t left = span.last - offset;
    const std::size_t most = left < piece.size() ? static_cast<std::size_t>(left) + 1 : piece.size();
    const std::size_t count = content.reader->read(offset, std::span(piece).first(most));
    if (count == 0) break;
    sink(std::span(piece).first(count));
    offset += count;
  }
  return offset - span.first;
}

void pushRange(const Content& content, const ByteSpan& span, const ByteSink& sink) {
  if (span.first >= content.meta.size)
    throw Error(Fault::malformed,
                fmt::format("--range: starts beyond the end of the file, which has {} bytes", content.meta.size));
  push(content, span, sink);
}

// Pushes the bytes after the first `have`, which `hash` has seen already. Throws unless the whole matches the recorded
// size and SHA-256 of `video`.
void copy(const Content& content, const Video& video, std::uint64_t have, Sha256& hash, const ByteSink& sink) {
  const std::uint64_t came = push(content, {have}, [&](std::span<const std::byte> bytes) {
    hash.add(bytes);
    sink(bytes);
  });
  if (have + came != static_cast<std::uint64_t>(video.size) || hash.hex() != video.sha256)
    throw Error(Fault::internal,
                fmt::format("video {}: the downloaded bytes do not match its recorded SHA-256", video.id.text));
}

// Adds a file to `hash`, and returns its size.
std::uint64_t addFile(const Descriptor& file, const std::filesystem::path& path, Sha256& hash) {
  std::vector<std::byte> piece(1024 * 1024);
  std::uint64_t size = 0;
  for (ssize_t count = 1; count > 0; size += static_cast<std::uint64_t>(count)) {
    count = ::pread(file.number(), piece.data(), piece.size(), static_cast<off_t>(size));
    if (count < 0) throwFileError(path, errno);
    hash.add(std::span(piece).first(static_cast<std::size_t>(count)));
  }
  return size;
}

// Downloads one video after the other. In direct mode root becomes the owner of the data directory with the first.
class Downloads {
 public:
  Downloads(Caller& caller, const DownloadVideos& wanted)
      : caller_(caller), wanted_(wanted), existing_(wanted.overwrite ? Existing::replace : Existing::refuse) {
    const std::filesystem::path to = wanted.to;
    std::error_code failed;
    const bool isFolder = wanted.to.empty() || wanted.to.ends_with('/') || std::filesystem::is_directory(to, failed);
    if (!isFolder && (wanted.ids.size() > 1 || wanted.ids == std::vector<std::string>{"-"}))
      throw Usage("video download: several videos need a folder: --to DIR/");
    if (wanted.to.ends_with('/') && !std::filesystem::is_directory(to, failed) &&
        !std::filesystem::create_directory(to, failed))
      throwFileError(to, failed ? failed.value() : ENOTDIR);
    if (isFolder)
      folder_ = to;
    else if (!isComplete(to))
      named_.emplace(files_, to, existing_);
  }

  Result operator()(const std::string& id) {
    const OpenVideo one{{VideoId{id}, {}}, wanted_.form};
    Videos& videos = caller_.toolkit().videos();
    Video video = videos.show(caller_.by(), one);
    if (!folder_) {
      if (!named_) {
        if (video.sha256 == completeHash_) return alreadyThere(id, wanted_.to);
        throw Error(Fault::conflict, fmt::format("{}: is another file; --overwrite replaces it", wanted_.to));
      }
      return fetch(one, std::move(video), *named_);
    }
    if (wanted_.form == VideoForm::play) video.name = media::mp4NameOf(video.name, video.contentType);
    const auto [target, there] = placeOf(video, id);
    if (there == There::another && wanted_.resume && !wanted_.overwrite)
      throw Error(Fault::conflict, fmt::format("{}: is another file", target.string()));
    if (there == There::same) {
      taken_.insert(target.string());
      return alreadyThere(id, target);
    }
    OutputFile file(files_, target, *folder_ / (safeFileName(id) + ".part"), existing_);
    taken_.insert(target.string());
    return fetch(one, std::move(video), file);
  }

 private:
  static Result alreadyThere(const std::string& id, const std::filesystem::path& path) {
    return {"skipped", id, path.string(), "already downloaded"};
  }

  // With --resume: whether there is a file already, which is then hashed. Called before the toolkit is used, and before
  // anything is opened: a FIFO would wait for its reader.
  bool isComplete(const std::filesystem::path& to) {
    if (!wanted_.resume) return false;
    const Error isStream(Fault::malformed, fmt::format("{}: is no regular file, which --resume needs", to.string()));
    if (ownDescriptorOf(to)) throw isStream;
    const std::filesystem::path target = behindLinks(to);
    struct stat is {};
    if (::lstat(target.c_str(), &is) != 0) return false;
    if (!S_ISREG(is.st_mode)) throw isStream;
    if (wanted_.overwrite) return false;
    const Descriptor file = files_.openIfRegular(target);
    if (!file) return false;
    Sha256 hash;
    addFile(file, target, hash);
    completeHash_ = hash.hex();
    return true;
  }

  enum class There { nothing, same, another };

  // What there is under the name of a video: nothing, its content, or something else. A file of another size is not
  // read.
  There thereAt(const std::filesystem::path& target, const Video& video) const {
    Descriptor file;
    try {
      file = files_.openIfRegular(target);
      if (!file) return There::nothing;
    } catch (const Error&) {
      return There::another;
    }
    struct stat is {};
    if (::fstat(file.number(), &is) != 0 || is.st_size != video.size) return There::another;
    Sha256 hash;
    addFile(file, target, hash);
    return hash.hex() == video.sha256 ? There::same : There::another;
  }

  // Returns where a video goes in the folder, and with --resume what is there. Of several videos of one name, none may
  // take the place of another one: not of one in this call, and with --resume not of one that an earlier call has
  // fetched, which may be all that is left of it.
  std::pair<std::filesystem::path, There> placeOf(const Video& video, const std::string& id) const {
    const std::filesystem::path target = *folder_ / fileNameOf(video);
    std::filesystem::path other = target;
    other.replace_filename(
        fmt::format("{}-{}{}", target.stem().string(), safeFileName(id), target.extension().string()));
    const bool isTaken = taken_.contains(target.string());
    if (!wanted_.resume) return {isTaken ? other : target, There::nothing};
    if (wanted_.overwrite) return {isTaken ? other : target, thereAt(isTaken ? other : target, video)};
    const There ofOther = thereAt(other, video);
    if (isTaken || ofOther != There::nothing) return {other, ofOther};
    const There there = thereAt(target, video);
    return there == There::another ? std::pair(other, There::nothing) : std::pair(target, there);
  }

  // Returns how many bytes an earlier download left in a part, and adds them to `hash`. Empties a part that is too
  // long.
  static std::uint64_t partOf(OutputFile& file, const Video& video, Sha256& hash) {
    struct stat is {};
    if (::fstat(file.descriptor(), &is) != 0) throwFileError(file.path(), errno);
    if (is.st_size > video.size) {
      file.clear();
      return 0;
    }
    const Descriptor part(::fcntl(file.descriptor(), F_DUPFD_CLOEXEC, 0));
    if (!part) throwFileError(file.path(), errno);
    file.resume();
    return addFile(part, file.path(), hash);
  }

  Result fetch(const OpenVideo& one, Video video, OutputFile& file) {
    const Content content = caller_.toolkit().videos().open(caller_.by(), one);
    video.size = static_cast<std::int64_t>(content.meta.size);
    Sha256 hash;
    std::int64_t done = 0;
    if (wanted_.resume) done = static_cast<std::int64_t>(partOf(file, video, hash));
    const std::int64_t had = done;
    Progress progress(caller_.flags, video.name, true, Whole{++number_, wanted_.ids.size(), 0, 0});
    if (had > 0) progress.resumeAt(had);
    const auto sink = [&](std::span<const std::byte> bytes) {
      file.write(bytes);
      progress.show(done += static_cast<std::int64_t>(bytes.size()), wanted_.range ? 0 : video.size);
    };
    if (wanted_.range) {
      pushRange(content, *wanted_.range, sink);
    } else if (one.form == VideoForm::play) {
      push(content, {}, sink);
    } else {
      try {
        copy(content, video, static_cast<std::uint64_t>(done), hash, sink);
      } catch (const Error& error) {
        if (had == 0 || error.fault() != Fault::internal) throw;
        file.clear();  // it held the beginning of another file
        throw Error(Fault::internal, fmt::format("{}; {} belonged to another file and was emptied: try again",
                                                 error.what(), file.path().string()));
      }
    }
    file.finish();
    Result result{"downloaded", one.id.text, file.target().string(), {}};
    result.bytes = done - had;
    return result;
  }

  Caller& caller_;
  const DownloadVideos& wanted_;
  const Existing existing_;
  const FileOpener files_{FileRights::write};
  std::optional<std::filesystem::path> folder_;  // empty: the current one
  std::optional<OutputFile> named_;
  std::string completeHash_;  // of the file that is there already
  std::set<std::string> taken_;
  std::size_t number_ = 0;  // of the file that is downloaded
};

int downloadToOutput(Caller& caller, const DownloadVideos& wanted) {
  if (wanted.ids.size() > 1 || wanted.ids[0] == "-")
    throw Usage("video download: several videos need a folder: --to DIR/");
  const OpenVideo one{{VideoId{wanted.ids[0]}, {}}, wanted.form};
  const Content content = caller.toolkit().videos().open(caller.by(), one);
  const auto sink = [&](std::span<const std::byte> bytes) {
    caller.out.bytes(bytes);
    if (!caller.out.isOpen()) throw ClosedOutput{};
  };
  Sha256 hash;
  if (wanted.range)
    pushRange(content, *wanted.range, sink);
  else if (wanted.form == VideoForm::play)
    push(content, {}, sink);
  else
    copy(content, caller.toolkit().videos().show(caller.by(), one), 0, hash, sink);
  return 0;
}

int download(Caller& caller, DownloadVideos& wanted) {
  const bool toOutput = isStandardOutput(wanted.to);
  if (wanted.resume && (wanted.range || toOutput)) throw Usage("--resume: cannot be combined with --range or --to -");
  if (wanted.resume && wanted.form == VideoForm::play) throw Usage("--resume: cannot be combined with --form play");
  if (toOutput) return downloadToOutput(caller, wanted);
  Downloads downloads(caller, wanted);
  return runBatch(caller, Items(wanted.ids, caller.flags), std::ref(downloads));
}

}  // namespace

void addDownload(Commands& commands, CLI::App& video) {
  auto get = commands.verb<DownloadVideos>(video, "download", "Download videos to files");
  get.several("ID", &DownloadVideos::ids, "videos; - reads one ID per line from standard input");
  get.option("--to", &DownloadVideos::to,
             "file or folder to write to (DIR/ is created if needed), or - for standard output; an existing device or "
             "FIFO is written to, not replaced; default: the video's name in the current folder")
      ->type_name("FILE");
  get.flag("--overwrite", &DownloadVideos::overwrite, "replace files that exist");
  get.option("--range", &DownloadVideos::range, "only download these bytes, such as 0-99 or 100-; skips verification",
             readSpan)
      ->type_name("FIRST-LAST");
  get.option("--form", &DownloadVideos::form,
             "download the original, or a form that every browser plays; default: original");
  get.flag("--resume", &DownloadVideos::resume,
           "continue interrupted downloads from their NAME.part, and skip what is already downloaded");
  get.givesResults();
  get.runs(download);
}

}  // namespace video::ctl
