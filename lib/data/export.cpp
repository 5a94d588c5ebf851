#include "data/export.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/rows.hpp"
#include "data/rows.hpp"
#include "media/sniff.hpp"
#include "os/files.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "subtitles/rows.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

constexpr std::int64_t exportPageSize = 500;
constexpr std::size_t longestTitle = 170;  // bytes; what is added to it makes at most 255
constexpr mode_t exportMode = 0640;
constexpr std::string_view recordEnd = ".json";

// Returns the stem of a file that is as an export names it: STEM.json, .xml, .comments.ndjson, .LANG.vtt, and the
// content. Nothing for any other file.
std::optional<std::string_view> exportedStem(std::string_view name) {
  constexpr std::string_view commentsEnd = ".comments.ndjson";
  if (name.ends_with(commentsEnd)) return name.substr(0, name.size() - commentsEnd.size());
  const std::size_t point = name.rfind('.');
  if (point == std::string_view::npos) return std::nullopt;
  const std::string_view end = name.substr(point + 1);
  const std::string_view rest = name.substr(0, point);
  if (end == "vtt") {
    const std::size_t before = rest.rfind('.');
    return before == std::string_view::npos ? std::nullopt : std::optional(rest.substr(0, before));
  }
  const auto& kinds = media::kinds();
  const auto isIt = [&](const media::Kind& kind) { return kind.extension == end; };
  const bool isOurs = end == "json" || end == "xml" || end == "bin" || std::any_of(kinds.begin(), kinds.end(), isIt);
  return isOurs ? std::optional(rest) : std::nullopt;
}

// What stands in the folder of a user: names, and which of them are ours.
class ExportFolder {
 public:
  ExportFolder(os::FileSystem& files, int parent, const std::string& user)
      : files_(files), isNew_(os::makeFolder(files, parent, user)), folder_(os::openFolder(files, parent, user)) {
    if (isNew_) os::sync(files, parent, user);
    for (const std::string& name : os::listNames(files, folder_.number(), user)) add(name);
    for (const std::string& name : names_)
      if (name.ends_with(recordEnd)) readRecord(name);
  }

  int number() const { return folder_.number(); }

  // What the JSON of a video said when it was exported last.
  struct Record {
    std::string stem;
    std::string sha256;
  };
  const Record* find(const VideoId& video) const {
    const auto found = records_.find(video.text);
    return found == records_.end() ? nullptr : &found->second;
  }

  // Returns the stem of a video's files: the wanted one, or if it is another's, one with a number. It stays as it is
  // when the wanted one becomes free.
  std::string stemOf(const VideoId& video, const std::string& wanted) const {
    const Record* const before = find(video);
    if (before != nullptr && isNumbered(before->stem, wanted)) return before->stem;
    std::string stem = wanted;
    for (int number = 2; isTaken(video, stem); ++number) stem = fmt::format("{} ({})", wanted, number);
    return stem;
  }

  // Gives the files of a video another stem; the record comes last, so that what was cut short goes on.
  void move(const VideoId& video, const std::string& stem) {
    const std::string old = records_.at(video.text).stem;
    std::vector<std::string> ours;
    for (auto name = names_.lower_bound(old + '.'); name != names_.end() && name->starts_with(old + '.'); ++name)
      if (exportedStem(*name) == old && *name != old + std::string(recordEnd)) ours.push_back(*name);
    ours.push_back(old + std::string(recordEnd));
    for (const std::string& name : ours) {
      const std::string newName = stem + name.substr(old.size());
      if (files_.renameat2(number(), name.c_str(), number(), newName.c_str(), RENAME_NOREPLACE) != 0)
        os::throwErrno(errno, name);
      names_.erase(name);
      add(newName);
    }
    stems_[foldedCase(old)].erase(old);
    os::sync(files_, number(), stem);
    records_.at(video.text).stem = stem;
  }

  // Writes a file unless it has these bytes. Returns whether it was written.
  bool write(const std::string& name, std::string_view bytes) {
    if (names_.contains(name) && hasBytes(name, bytes)) return false;
    os::writeFile(files_, number(), name, bytes, exportMode);
    add(name);
    return true;
  }

  void note(const VideoId& video, Record record) { records_[video.text] = std::move(record); }

  // Copies an open file, whole or not at all.
  void copy(const Descriptor& from, const std::string& name, Time modified) {
    const std::string unfinished = name + ".new";
    os::removeFile(files_, number(), unfinished);
    try {
      const Descriptor to = os::makeFile(files_, number(), unfinished, O_RDWR, exportMode);
      if (!to) throw Error(Fault::conflict, fmt::format("{}: another process is writing it", name));
      os::copyFile(files_, from.number(), to.number(), name);
      const auto seconds = std::chrono::floor<std::chrono::seconds>(modified).time_since_epoch().count();
      const timespec times[2] = {{static_cast<time_t>(seconds), 0}, {static_cast<time_t>(seconds), 0}};
      ::futimens(to.number(), times);
      os::sync(files_, to.number(), name);
    } catch (...) {
      files_.unlinkat(number(), unfinished.c_str());
      throw;
    }
    if (const int error = os::tryPlaceFile(files_, number(), unfinished, name); error != 0) os::throwErrno(error, name);
    add(name);
  }

  std::optional<std::uint64_t> sizeOf(const std::string& name) const {
    struct stat is {};
    if (::fstatat(number(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(is.st_mode)) return std::nullopt;
    return static_cast<std::uint64_t>(is.st_size);
  }

 private:
  std::string bytesOf(const std::string& name) const {
    const Descriptor file = os::openIfThere(files_, number(), name, O_RDONLY);
    std::string bytes;
    std::string piece(1U << 16, '\0');
    while (file) {
      const ssize_t got = ::read(file.number(), piece.data(), piece.size());
      if (got < 0) os::throwErrno(errno, name);
      if (got == 0) break;
      bytes.append(piece, 0, static_cast<std::size_t>(got));
    }
    return bytes;
  }

  bool hasBytes(const std::string& name, std::string_view bytes) const {
    return sizeOf(name) == bytes.size() && bytesOf(name) == bytes;
  }

  void readRecord(const std::string& name) {
    const auto json = nlohmann::json::parse(bytesOf(name), nullptr, false);
    if (!json.is_object() || !json.contains("id") || !json["id"].is_string()) return;
    Record record;
    record.stem = name.substr(0, name.size() - recordEnd.size());
    if (json.contains("sha256") && json["sha256"].is_string()) record.sha256 = json["sha256"];
    records_[json["id"]] = std::move(record);
  }

  void add(const std::string& name) {
    names_.insert(name);
    if (const auto stem = exportedStem(name); stem && isUtf8(*stem)) stems_[foldedCase(*stem)].emplace(*stem);
  }

  // Whether a stem is the wanted one, with a number or without.
  static bool isNumbered(std::string_view stem, std::string_view wanted) {
    if (stem == wanted) return true;
    if (!stem.starts_with(wanted) || !stem.ends_with(')')) return false;
    const std::string_view end = stem.substr(wanted.size());
    return end.size() > 3 && end.starts_with(" (") &&
           end.substr(2, end.size() - 3).find_first_not_of("0123456789") == std::string_view::npos;
  }

  // Some file systems do not tell A from a.
  bool isTaken(const VideoId& video, const std::string& stem) const {
    const auto found = stems_.find(foldedCase(stem));
    if (found == stems_.end()) return false;
    const Record* const own = find(video);
    return std::any_of(found->second.begin(), found->second.end(),
                       [&](const std::string& one) { return own == nullptr || one != own->stem; });
  }

  os::FileSystem& files_;
  const bool isNew_;
  const Descriptor folder_;
  std::set<std::string> names_;
  std::map<std::string, std::set<std::string>> stems_;  // by their folded form
  std::map<std::string, Record> records_;
};

class DirectoryExport {
  template <class Work>
  auto read(const Work& work) {
    return database_.read(work);
  }

 public:
  DirectoryExport(const std::shared_ptr<store::DataDirectory>& directory, int to,
                  const std::function<void(const ExportedVideo&)>& each, const DataProgress& progress)
      : files_(directory->files()),
        database_(directory, {}),
        blobs_(directory),
        to_(to),
        each_(each),
        progress_(progress) {}

  void run(const std::optional<std::string>& user) {
    if (user) {
      const auto found = read([&](store::Reader& reader) { return rows::findUser(reader, *user, 0); });
      if (!found) throw noSuchUser(*user);
      return exportUser(*found);
    }
    all_ = read([](store::Reader& reader) { return rows::countReady(reader); });
    ListQuery query;
    query.limit = exportPageSize;
    do {
      const auto page = read([&](store::Reader& reader) { return rows::listUsers(reader, query, 0); });
      for (const User& one : page.items) exportUser(one);
      query.cursor = page.nextCursor;
    } while (query.cursor);
  }

 private:
  void exportUser(const User& user) {
    std::optional<ExportFolder> folder;
    VideoId last;
    for (;;) {
      // Of videos with the same title the oldest gets it alone.
      const auto page =
          read([&](store::Reader& reader) { return rows::listReadyOf(reader, user.id, last, exportPageSize); });
      if (page.empty()) return;
      for (const VideoId& video : page) {
        if (!folder) folder.emplace(files_, to_, user.name);
        exportOne(*folder, user, video);
        if (progress_) progress_(++done_, all_);
      }
      last = page.back();
    }
  }

  void exportOne(ExportFolder& folder, const User& user, const VideoId& id) {
    const auto video = read([&](store::Reader& reader) { return rows::findVideo(reader, id); });
    if (!video || video->state != VideoState::ready || !video->blob) return;  // deleted meanwhile
    ExportedVideo done{ExportOutcome::unchanged, id, {}, {}};
    try {
      exportVideo(folder, user, *video, done);
    } catch (const Error& error) {
      if (error.fault() == Fault::diskFull || error.fault() == Fault::forbidden) throw;  // all others would fail, too
      done.outcome = ExportOutcome::failed;
      done.detail = error.what();
    }
    each_(done);
  }

  static std::string wantedStem(const rows::StoredVideo& video, std::string_view extension) {
    std::string title = safeFileName(video.name);
    if (title.size() > extension.size() && title.ends_with(extension)) title.resize(title.size() - extension.size());
    if (title.size() > longestTitle) {
      title.resize(longestTitle);
      while (!isUtf8(title)) title.pop_back();
    }
    // Windows leaves them out.
    while (!title.empty() && (title.back() == ' ' || title.back() == '.')) title.pop_back();
    return fmt::format("{} {}", formatTime(video.created).substr(0, 10), title.empty() ? "_" : title);
  }

  void exportVideo(ExportFolder& folder, const User& user, const rows::StoredVideo& video, ExportedVideo& done) {
    const std::string_view known = media::extensionOf(video.contentType);
    const std::string extension = fmt::format(".{}", known.empty() ? "bin" : known);
    const std::string stem = folder.stemOf(video.id, wantedStem(video, extension));
    const std::string content = stem + extension;
    done.path = fmt::format("{}/{}", user.name, content);
    const ExportFolder::Record* const before = folder.find(video.id);
    const bool isNew = before == nullptr;
    const auto improve = [&](ExportOutcome outcome) {
      if (done.outcome == ExportOutcome::unchanged) done.outcome = outcome;
    };
    if (isNew) done.outcome = ExportOutcome::exported;
    if (!isNew && before->stem != stem) {
      folder.move(video.id, stem);
      done.outcome = ExportOutcome::moved;
    }
    const bool isSameContent = !isNew && before->sha256 == video.sha256;
    const std::vector<Subtitle> subtitles =
        read([&](store::Reader& reader) { return rows::subtitlesOf(reader, video.id); });
    Video shown = video;
    if (!subtitles.empty()) shown.subtitles = subtitles;
    const std::string record = toJson(shown) + '\n';
    // The record of a new video comes first, so that its name is known; later it comes last.
    if (isNew) folder.write(stem + std::string(recordEnd), record);
    if (!isSameContent || folder.sizeOf(content) != static_cast<std::uint64_t>(video.size)) {
      const auto file = blobs_.open(*video.blob);
      if (!file) throw Error(Fault::contentUnavailable, "its content is missing; run `videoctl data check`");
      folder.copy(*file, content, video.modified);
      improve(ExportOutcome::updated);
    }
    for (const Subtitle& one : subtitles) {
      const auto text = read([&](store::Reader& reader) {
        return rows::findSubtitleText(reader, {video.id, one.lang});
      });
      if (text && folder.write(fmt::format("{}.{}.vtt", stem, one.lang), text->text)) improve(ExportOutcome::updated);
    }
    const auto [flying, comments] = commentsOf(video.id);
    if (!flying.empty() && folder.write(stem + ".xml", flying)) improve(ExportOutcome::updated);
    if (!comments.empty() && folder.write(stem + ".comments.ndjson", comments)) improve(ExportOutcome::updated);
    if (!isNew && folder.write(stem + std::string(recordEnd), record)) improve(ExportOutcome::updated);
    folder.note(video.id, {stem, video.sha256});
  }

  // The danmaku of a video as XML, and all its comments, those held back included, as ndjson; empty if there are none.
  std::pair<std::string, std::string> commentsOf(const VideoId& video) {
    std::string xml;
    std::string lines;
    database_.snapshot([&](store::Reader& reader) {
      xml = rows::danmakuFile(reader, video, CommentFormat::bilibili);
      CommentQuery query;
      query.video = video;
      query.limit = 1000;
      do {
        const auto page = rows::listComments(reader, query, {UserId{}, true});
        for (const Comment& comment : page.items) {
          appendJson(lines, comment);
          lines += '\n';
        }
        query.cursor = page.nextCursor;
      } while (query.cursor);
    });
    return {xml, lines};
  }

  os::FileSystem& files_;
  store::Database database_;
  store::Blobs blobs_;
  const int to_;
  const std::function<void(const ExportedVideo&)>& each_;
  const DataProgress& progress_;
  std::int64_t done_ = 0;
  std::int64_t all_ = 0;
};

}  // namespace

void exportDirectory(const std::shared_ptr<store::DataDirectory>& directory, const ExportData& wanted, int folder,
                     const std::function<void(const ExportedVideo&)>& each, const DataProgress& progress) {
  DirectoryExport(directory, folder, each, progress).run(wanted.user);
}

}  // namespace video
