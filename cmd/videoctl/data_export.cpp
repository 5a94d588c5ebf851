#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/units.hpp"
#include "comments/fields.hpp"
#include "data_here.hpp"
#include "frame/files.hpp"
#include "frame/progress.hpp"
#include "media/sniff.hpp"
#include "os/copy_on_write.hpp"
#include "site_folder.hpp"
#include "subtitles/fields.hpp"
#include "users/fields.hpp"
#include "videos/fields.hpp"

namespace video::ctl {
namespace {

struct DataExportWanted {
  std::string to;
  std::optional<std::string> user;
};

void requireElsewhere(const std::filesystem::path& to, const std::filesystem::path& data) {
  std::error_code ignored;
  const auto whole = [&](const std::filesystem::path& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
  };
  for (auto folder = whole(to); folder.has_relative_path(); folder = folder.parent_path())
    if (folder == whole(data)) throw Error(Fault::malformed, fmt::format("{}: is in the data directory", to.string()));
}

// Opens the folder, or makes it for the owner of the data directory, and locks it.
Descriptor openDestination(const std::string& to, const Target& target) {
  requireElsewhere(to, target.settings.dataDirectory);
  const bool isMade = ::mkdir(to.c_str(), 0755) == 0;
  if (!isMade && errno != EEXIST) throwFileError(to, errno);
  Descriptor folder(::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throwFileError(to, errno);
  struct stat owner {};
  if (isMade && ::geteuid() == 0 && ::stat(target.settings.dataDirectory.c_str(), &owner) == 0 &&
      ::fchown(folder.number(), owner.st_uid, owner.st_gid) != 0)
    throwFileError(to, errno);
  if (::flock(folder.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) throw Error(Fault::busy, fmt::format("{}: another export is writing to it", to));
    throwFileError(to, errno);
  }
  return folder;
}

std::string wholeOf(const Content& content) {
  std::string bytes(content.meta.size, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto rest = std::as_writable_bytes(std::span(bytes)).subspan(size);
    const std::size_t got = content.reader->read(size, rest);
    if (got == 0) break;
    size += got;
  }
  bytes.resize(size);
  return bytes;
}

class SiteExporter {
 public:
  SiteExporter(Caller& caller, Toolkit& toolkit, const Descriptor& to)
      : caller_(caller), toolkit_(toolkit), to_(to), progress_(caller.flags, "export") {}

  // Returns whether all of it was exported.
  bool run(const std::optional<std::string>& user) {
    if (user) {
      exportUser(toolkit_.users().show(by_, {*user}).name);
      return !failed_;
    }
    ListQuery query;
    do {
      const Page<User> page = toolkit_.users().list(by_, query);
      for (const User& one : page.items)
        if (one.videoCount > 0) exportUser(one.name);
      query.cursor = page.nextCursor;
    } while (query.cursor);
    return !failed_;
  }

 private:
  void exportUser(const std::string& name) {
    ExportedFolder folder(to_, name);
    VideoQuery query;
    query.user = name;
    query.state = VideoState::ready;
    do {
      const Page<Video> page = toolkit_.videos().list(by_, query);
      for (const Video& video : page.items) exportOne(folder, name, video.id);
      query.cursor = page.nextCursor;
    } while (query.cursor);
  }

  void exportOne(ExportedFolder& folder, const std::string& user, const VideoId& id) {
    stopIfAsked();
    Result result{"unchanged", id.text, user, {}};
    try {
      exportFiles(folder, toolkit_.videos().show(by_, {id, {}}), result);
    } catch (const Error& error) {
      if (error.fault() == Fault::notFound) return;  // deleted meanwhile
      if (error.fault() != Fault::contentUnavailable) throw;
      failed_ = true;
      result.status = "failed";
      result.detail = error.what();
    }
    progress_.hide();
    if (!caller_.flags.quiet || caller_.flags.output) caller_.out.result(result);
    progress_.show(++done_, 0);
  }

  // The JSON of a new video comes first, and that of one with a new content last: what it says of the content is true,
  // or the file is missing or of another size, wherever the export is cut off.
  void exportFiles(ExportedFolder& folder, const Video& video, Result& result) {
    const std::string_view known = media::extensionOf(video.contentType);
    const std::string extension = fmt::format(".{}", known.empty() ? "bin" : known);
    const std::string json = toJson(video) + '\n';
    const auto before = folder.find(video.id.text);
    const std::string stem = before ? before->stem : folder.begin(stemOf(video, extension), extension, json);
    *result.path += '/' + stem + extension;
    bool isChanged = false;
    const std::uint64_t size = static_cast<std::uint64_t>(video.size);
    if (!before || before->sha256 != video.sha256 || folder.sizeOf(stem + extension) != size) {
      const Content content = toolkit_.videos().open(by_, {{video.id, {}}, {}});
      folder.write(stem + extension, [&](int file) { copy(content, file); });
      isChanged = true;
    }
    for (const Subtitle& one : video.subtitles.value_or(std::vector<Subtitle>{}))
      isChanged |= folder.put(fmt::format("{}.{}.vtt", stem, one.lang),
                              wholeOf(toolkit_.subtitles().open(by_, {video.id, one.lang})));
    const std::string danmaku = wholeOf(toolkit_.comments().exportAs(by_, {video.id, CommentFormat::bilibili}));
    if (danmaku.find("<d ") != std::string::npos) isChanged |= folder.put(stem + ".xml", danmaku);
    if (before) isChanged |= folder.put(stem + ".json", json);
    if (!before)
      result.status = "exported";
    else if (isChanged)
      result.status = "updated";
  }

  static std::string stemOf(const Video& video, const std::string& extension) {
    std::string title = safeFileName(video.name);
    if (title.size() > extension.size() && title.ends_with(extension)) title.resize(title.size() - extension.size());
    return formatTime(video.created).substr(0, 10) + ' ' + title;
  }

  void copy(const Content& content, int file) {
    if (const auto from = content.reader->file(); from && os::cloneFile(from->number(), file)) return;
    std::vector<std::byte> piece(1 << 20);
    std::uint64_t at = 0;
    while (at < content.meta.size) {
      stopIfAsked();
      const std::size_t got = content.reader->read(at, piece);
      if (got == 0) throw Error(Fault::contentUnavailable, "content is shorter than recorded");
      writeFile(file, std::span(piece).first(got), "the export");
      at += got;
    }
  }

  static void stopIfAsked() {
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
  }

  Caller& caller_;
  Toolkit& toolkit_;
  const Descriptor& to_;
  const Credential by_ = Operator{};
  Progress progress_;
  std::int64_t done_ = 0;
  bool failed_ = false;
};

int exportData(Caller& caller, DataExportWanted& wanted) {
  const Target target = pickHere(caller, "data export");
  const Descriptor to = openDestination(wanted.to, target);
  becomeDataOwner(target.settings);
  const auto toolkit = openLocal(target.settings, target.origin);
  const SignalNote note;
  SiteExporter exporter(caller, *toolkit, to);
  caller.out.beginResults();
  bool isWhole = false;
  try {
    isWhole = exporter.run(wanted.user);
  } catch (...) {
    caller.out.endResults();
    throw;
  }
  caller.out.endResults();
  return isWhole ? 0 : 3;
}

}  // namespace

void addDataExport(Commands& commands, CLI::App& noun) {
  auto verb = commands.verb<DataExportWanted>(
      noun, "export",
      "Copy the videos out, as USER/DATE TITLE.mp4 with JSON, subtitles and danmaku beside them; again writes only "
      "what is new, and removes nothing");
  verb.option("DIR", &DataExportWanted::to, "folder to write to, which may have an earlier export")->required();
  verb.option("--user", &DataExportWanted::user, "only the videos of this user")->type_name("USER");
  verb.givesResults();
  verb.runs(exportData);
}

}  // namespace video::ctl
