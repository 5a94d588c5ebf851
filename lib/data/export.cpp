#include "data/export.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/rows.hpp"
#include "data/rows.hpp"
#include "media/sniff.hpp"
#include "os/copy_on_write.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
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
constexpr std::size_t largestRecord = 1U << 20;

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

// Whether a killed export has left a file of this name: one of ours, whose name begins with a date, that is not whole.
bool isUnfinished(std::string_view name) {
  constexpr std::string_view date = "0000-00-00 ";
  const auto fits = [](char form, char c) { return form == '0' ? c >= '0' && c <= '9' : c == form; };
  return name.ends_with(".new") && exportedStem(name.substr(0, name.size() - 4)) && name.size() > date.size() &&
         std::equal(date.begin(), date.end(), name.begin(), fits);
}

// Names that Windows keeps for devices, with any extension.
bool isDevice(std::string_view name) {
  const std::string base = foldedCase(name.substr(0, name.find('.')));
  if (base == "con" || base == "prn" || base == "aux" || base == "nul") return true;
  return base.size() == 4 && (base.starts_with("com") || base.starts_with("lpt")) && base[3] >= '1' && base[3] <= '9';
}

// Returns the name of a user's folder, also on disks of Windows. No user's name has a tilde.
std::string folderOf(const std::string& user) {
  if (!isUserName(user)) throw Error(Fault::malformed, "the name of its user is none that a user can have");
  return fmt::format("{}{}{}", isDevice(user) ? "~" : "", user, user.ends_with('.') ? "~" : "");
}

using Sink = std::function<bool(std::string_view piece)>;  // returns whether it wants more

// What stands in the folder of a user: names, and which of them are ours. Nobody else exports to it meanwhile.
class ExportFolder {
 public:
  ExportFolder(os::FileSystem& files, int parent, const std::string& user, int data)
      : files_(files), isNew_(os::makeFolder(files, parent, user)), folder_(os::openFolder(files, parent, user)) {
    if (os::isSameFile(folder_.number(), data)) throw Error(Fault::malformed, user + ": is the data directory");
    if (isNew_) os::sync(files, parent, user);
    for (const std::string& name : os::listNames(files, folder_.number(), user)) {
      if (isUnfinished(name) && sizeOf(name))
        os::removeFile(files, number(), name);
      else
        add(name);
    }
    readRecords();
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
  // when the wanted one becomes free, and when only the case of letters has changed.
  std::string stemOf(const VideoId& video, const std::string& wanted) const {
    const Record* const before = find(video);
    if (before != nullptr && isNumbered(foldedCase(before->stem), foldedCase(wanted))) return before->stem;
    std::string stem = wanted;
    for (int number = 2; isTaken(video, stem); ++number) stem = fmt::format("{} ({})", wanted, number);
    return stem;
  }

  // Gives the files of a video another stem. A record that names the old one comes first, so that the next export goes
  // on where this one was cut short.
  void move(const VideoId& video, const std::string& stem) {
    Record& record = records_.at(video.text);
    const std::string old = record.stem;
    auto json = nlohmann::json::parse(bytesOf(old + std::string(recordEnd)), nullptr, false);
    if (!json.is_object()) json = {{"id", video.text}, {"sha256", record.sha256}};
    json[formerKey] = old;
    write(stem + std::string(recordEnd), json.dump() + '\n');
    finishMove(old, stem);
    record.stem = stem;
  }

  // Writes a file unless it has these bytes. Returns whether it was written.
  bool write(const std::string& name, std::string_view bytes) {
    return write(name, [&](const Sink& sink) { sink(bytes); });
  }

  // The same with what `make` passes to the sink, each time that it is asked to; without any bytes nothing is written.
  template <class Make>
  requires std::invocable<Make, const Sink&>
  bool write(const std::string& name, const Make& make) {
    const Descriptor there = names_.contains(name) ? openFile(name) : Descriptor();
    bool isAny = false;
    bool isSame = static_cast<bool>(there);
    make([&](std::string_view piece) {
      isAny = isAny || !piece.empty();
      return isSame = isSame && readPiece(there.number(), piece.size(), name) == piece;
    });
    if (!isAny || (isSame && readPiece(there.number(), 1, name).empty())) return false;
    place(name, [&](int to) {
      make([&](std::string_view piece) {
        os::writeAll(files_, to, piece, name);
        return true;
      });
    });
    return true;
  }

  void note(const VideoId& video, Record record) { records_[video.text] = std::move(record); }

  // Writes a file, whole or not at all: `fill` writes to the open file.
  template <class Fill>
  void place(const std::string& name, const Fill& fill) {
    if (name.find('/') != std::string::npos) throw Error(Fault::malformed, "a row names a file outside of the folder");
    const std::string unfinished = name + ".new";
    os::removeFile(files_, number(), unfinished);
    const Descriptor to = os::makeFile(files_, number(), unfinished, O_RDWR, exportMode);
    if (!to) throw Error(Fault::conflict, fmt::format("{}: another process is writing it", name));
    try {
      fill(to.number());
      os::sync(files_, to.number(), name);
      if (const int error = os::tryPlaceFile(files_, number(), unfinished, name); error != 0)
        os::throwErrno(error, name);
    } catch (...) {
      files_.unlinkat(number(), unfinished.c_str());
      throw;
    }
    add(name);
  }

  std::optional<std::uint64_t> sizeOf(const std::string& name) const {
    struct stat is {};
    if (::fstatat(number(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(is.st_mode)) return std::nullopt;
    return static_cast<std::uint64_t>(is.st_size);
  }

 private:
  static constexpr const char* formerKey = "former_stem";  // in a record whose video's files are being moved

  // A file of ours; nothing if something else has its name.
  Descriptor openFile(const std::string& name) const {
    if (!sizeOf(name)) return Descriptor();
    return os::openIfThere(files_, number(), name, O_RDONLY | O_NONBLOCK);
  }

  // Returns the next bytes, fewer at the end.
  static std::string readPiece(int file, std::size_t size, const std::string& name) {
    std::string piece(size, '\0');
    std::size_t has = 0;
    while (has < size) {
      const ssize_t got = ::read(file, piece.data() + has, size - has);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) os::throwErrno(errno, name);
      if (got == 0) break;
      has += static_cast<std::size_t>(got);
    }
    piece.resize(has);
    return piece;
  }

  std::string bytesOf(const std::string& name) const {
    const Descriptor file = openFile(name);
    return file ? readPiece(file.number(), largestRecord, name) : std::string();
  }

  struct FoundRecord {
    std::string id;
    std::string former;
    Record record;
  };

  // Returns what a JSON file says of a video; nothing if it is not one of ours.
  std::optional<FoundRecord> readRecord(const std::string& name) const try {
    if (!isUtf8(name) || sizeOf(name).value_or(largestRecord) >= largestRecord) return std::nullopt;
    const auto json = nlohmann::json::parse(bytesOf(name), nullptr, false);
    const auto textOf = [&](const char* key) {
      return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string();
    };
    if (!json.is_object() || textOf("id").empty()) return std::nullopt;
    return FoundRecord{
        textOf("id"), textOf(formerKey), {name.substr(0, name.size() - recordEnd.size()), textOf("sha256")}};
  } catch (const Error& error) {
    if (error.fault() == Fault::unavailable) throw;
    return std::nullopt;
  }

  void readRecords() {
    std::map<std::string, FoundRecord> found;  // by stem
    for (const std::string& name : names_)
      if (name.ends_with(recordEnd))
        if (auto one = readRecord(name)) found.emplace(one->record.stem, std::move(*one));
    for (const auto& [stem, one] : found) {
      const auto old = found.find(one.former);
      if (!one.former.empty() && (old == found.end() || old->second.id == one.id)) finishMove(one.former, stem);
    }
    for (const auto& [stem, one] : found) {
      if (!names_.contains(stem + std::string(recordEnd))) continue;  // moved
      const auto known = records_.find(one.id);
      // Somebody may have copied a record.
      if (known == records_.end() || (!hasContent(known->second.stem) && hasContent(stem)))
        records_[one.id] = one.record;
    }
  }

  // Returns the names of a stem's files but the record.
  std::vector<std::string> filesOf(const std::string& stem) const {
    std::vector<std::string> all;
    for (auto name = names_.lower_bound(stem + '.'); name != names_.end() && name->starts_with(stem + '.'); ++name)
      if (exportedStem(*name) == stem && *name != stem + std::string(recordEnd)) all.push_back(*name);
    return all;
  }

  bool hasContent(const std::string& stem) const {
    const std::vector<std::string> all = filesOf(stem);
    return std::any_of(all.begin(), all.end(), [&](const std::string& name) {
      return name.find('.', stem.size() + 1) == std::string::npos && !name.ends_with(".xml");
    });
  }

  void finishMove(const std::string& old, const std::string& stem) {
    for (const std::string& name : filesOf(old)) {
      const std::string newName = stem + name.substr(old.size());
      const int error = tryRename(name, newName);
      if (error == EEXIST) continue;  // another's, or the new one already
      if (error != 0) os::throwErrno(error, name);
      names_.erase(name);
      add(newName);
    }
    os::sync(files_, number(), stem);
    const std::string oldRecord = old + std::string(recordEnd);
    const std::string record = stem + std::string(recordEnd);
    if (const Descriptor file = openFile(oldRecord); file && !os::isSameFile(file.number(), number(), record)) {
      os::removeFile(files_, number(), oldRecord);
      names_.erase(oldRecord);
    }
    if (filesOf(old).empty()) stems_[foldedCase(old)].erase(old);
    auto json = nlohmann::json::parse(bytesOf(record), nullptr, false);
    if (json.is_object() && json.erase(formerKey) > 0) write(record, json.dump() + '\n');
  }

  // Renames a file unless the new name exists. Returns 0, or the errno of the call that failed.
  int tryRename(const std::string& name, const std::string& newName) const {
    const auto call = [&](unsigned flags) {
      return files_.renameat2(number(), name.c_str(), number(), newName.c_str(), flags) == 0 ? 0 : errno;
    };
    const int error = call(RENAME_NOREPLACE);
    if (error != EINVAL && error != ENOSYS) return error;
    // NFS cannot do both at once.
    struct stat is {};
    if (::fstatat(number(), newName.c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
    return call(0);
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
  DirectoryExport(const std::shared_ptr<store::DataDirectory>& directory, const std::function<int()>& openFolder,
                  const std::function<void(const ExportedVideo&)>& each, const DataProgress& progress)
      : files_(directory->files()),
        database_(directory, {}),
        blobs_(directory),
        data_(directory->descriptor()),
        openFolder_(openFolder),
        each_(each),
        progress_(progress) {}

  void run(const std::optional<std::string>& user) {
    if (user) {
      const auto found = read([&](store::Reader& reader) { return rows::findUser(reader, *user, 0); });
      if (!found) throw noSuchUser(*user);
      openFolder();
      return exportUser(*found);
    }
    openFolder();
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
  void openFolder() {
    to_ = openFolder_();
    if (!os::tryLock(to_, LOCK_EX)) throw Error(Fault::busy, "another export is writing to this folder");
  }

  // Whether no other video could be exported either.
  static bool endsAll(const Error& error) {
    return error.fault() == Fault::diskFull || error.fault() == Fault::unreachable;
  }

  void exportUser(const User& user) {
    std::optional<ExportFolder> folder;
    std::string problem;
    VideoId last;
    for (;;) {
      // Of videos with the same title the oldest gets it alone.
      const auto page =
          read([&](store::Reader& reader) { return rows::listReadyOf(reader, user.id, last, exportPageSize); });
      if (page.empty()) return;
      if (!folder && problem.empty()) try {
          folder.emplace(files_, to_, folderOf(user.name), data_);
        } catch (const Error& error) {
          if (endsAll(error)) throw;
          problem = error.what();
        }
      for (const VideoId& video : page) {
        if (folder)
          exportOne(*folder, user, video);
        else
          each_({ExportOutcome::failed, video, {}, problem});
        ++done_;
        tell();
      }
      last = page.back();
    }
  }

  // Says how far it is; called often, since it is how an export is ended.
  void tell() const {
    if (progress_) progress_(done_, all_);
  }

  void exportOne(ExportFolder& folder, const User& user, const VideoId& id) {
    const auto video = read([&](store::Reader& reader) { return rows::findVideo(reader, id); });
    if (!video || video->state != VideoState::ready || !video->blob) return;  // deleted meanwhile
    ExportedVideo done{ExportOutcome::unchanged, id, {}, {}};
    try {
      exportVideo(folder, user, *video, done);
    } catch (const Error& error) {
      if (endsAll(error)) throw;
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
    // Windows refuses the first, and leaves out the others.
    for (char& c : title)
      if (std::string_view(":*?\"<>|").find(c) != std::string_view::npos) c = '_';
    while (!title.empty() && (title.back() == ' ' || title.back() == '.')) title.pop_back();
    return fmt::format("{} {}", formatTime(video.created).substr(0, 10), title.empty() ? "_" : title);
  }

  void exportVideo(ExportFolder& folder, const User& user, const rows::StoredVideo& video, ExportedVideo& done) {
    const std::string_view known = media::extensionOf(video.contentType);
    const std::string extension = fmt::format(".{}", known.empty() ? "bin" : known);
    const std::string stem = folder.stemOf(video.id, wantedStem(video, extension));
    const std::string content = stem + extension;
    done.path = fmt::format("{}/{}", folderOf(user.name), content);
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
      copyContent(folder, video, content);
      improve(ExportOutcome::updated);
    }
    for (const Subtitle& one : subtitles) {
      const auto text = read([&](store::Reader& reader) {
        return rows::findSubtitleText(reader, {video.id, one.lang});
      });
      if (text && folder.write(fmt::format("{}.{}.vtt", stem, one.lang), text->text)) improve(ExportOutcome::updated);
    }
    const auto danmaku = [&](const Sink& sink) {
      rows::writeDanmaku(database_, video.id, CommentFormat::bilibili, told(sink));
    };
    if (folder.write(stem + ".xml", danmaku)) improve(ExportOutcome::updated);
    const auto comments = [&](const Sink& sink) { writeComments(video.id, told(sink)); };
    if (folder.write(stem + ".comments.ndjson", comments)) improve(ExportOutcome::updated);
    if (!isNew && folder.write(stem + std::string(recordEnd), record)) improve(ExportOutcome::updated);
    folder.note(video.id, {stem, video.sha256});
  }

  Sink told(const Sink& sink) const {
    return [this, &sink](std::string_view piece) {
      tell();
      return sink(piece);
    };
  }

  // Copies the content, and looks whether it is what the row says: a damaged one must not pass for the video.
  void copyContent(ExportFolder& folder, const rows::StoredVideo& video, const std::string& name) {
    constexpr std::size_t pieceSize = 1U << 20;
    const auto file = blobs_.open(*video.blob);
    if (!file) throw Error(Fault::contentUnavailable, "its content is missing; run `videoctl data check`");
    const auto requireSame = [](bool isSame) {
      if (!isSame) throw Error(Fault::checksumMismatch, "its content is damaged; run `videoctl data check --hash`");
    };
    struct stat is {};
    requireSame(::fstat(file->number(), &is) == 0 && is.st_size == video.size);
    folder.place(name, [&](int to) {
      tell();
      if (!os::cloneFile(file->number(), to)) {
        Sha256 hash;
        std::string piece(pieceSize, '\0');
        for (off_t at = 0;;) {
          tell();
          const ssize_t got = ::pread(file->number(), piece.data(), piece.size(), at);
          if (got < 0 && errno == EINTR) continue;
          if (got < 0) os::throwErrno(errno, name);
          if (got == 0) break;
          const std::string_view bytes = std::string_view(piece).substr(0, static_cast<std::size_t>(got));
          hash.add(std::as_bytes(std::span(bytes)));
          os::writeAll(files_, to, bytes, name);
          at += got;
        }
        requireSame(video.sha256.empty() || hash.hex() == video.sha256);
      }
      const auto seconds = std::chrono::floor<std::chrono::seconds>(video.modified).time_since_epoch().count();
      const timespec times[2] = {{static_cast<time_t>(seconds), 0}, {static_cast<time_t>(seconds), 0}};
      ::futimens(to, times);
    });
  }

  // All comments of a video, those held back included, as JSON lines.
  void writeComments(const VideoId& video, const Sink& sink) {
    CommentQuery query;
    query.video = video;
    query.limit = 1000;
    do {
      const auto page = read([&](store::Reader& reader) {
        return rows::listComments(reader, query, {UserId{}, true});
      });
      std::string lines;
      for (const Comment& comment : page.items) {
        appendJson(lines, comment);
        lines += '\n';
      }
      if (!sink(lines)) return;
      query.cursor = page.nextCursor;
    } while (query.cursor);
  }

  os::FileSystem& files_;
  store::Database database_;
  store::Blobs blobs_;
  const int data_;
  const std::function<int()>& openFolder_;
  int to_ = -1;
  const std::function<void(const ExportedVideo&)>& each_;
  const DataProgress& progress_;
  std::int64_t done_ = 0;
  std::int64_t all_ = 0;
};

}  // namespace

void exportDirectory(const std::shared_ptr<store::DataDirectory>& directory, const ExportData& wanted,
                     const std::function<int()>& openFolder, const std::function<void(const ExportedVideo&)>& each,
                     const DataProgress& progress) {
  DirectoryExport(directory, openFolder, each, progress).run(wanted.user);
}

}  // namespace video
