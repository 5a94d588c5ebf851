#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <list>
#include <mutex>
#include <stop_token>
#include <unordered_set>
#include <utility>

#include "access/access.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/text_reader.hpp"
#include "base/waiting.hpp"
#include "comments/rows.hpp"
#include "exports/archive.hpp"
#include "exports/fields.hpp"
#include "exports/make.hpp"
#include "media/sniff.hpp"
#include "reports/rows.hpp"
#include "schedule/background.hpp"
#include "sessions/rows.hpp"
#include "shares/rows.hpp"
#include "store/derived_files.hpp"
#include "subtitles/rows.hpp"
#include "tokens/rows.hpp"
#include "uploads/rows.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"
#include "views/rows.hpp"

namespace video {

template <>
struct Fields<rows::DeletedContent> {
  static constexpr std::string_view plural = "deleted_contents";
  static constexpr std::tuple list{
      Field{"sha256", &rows::DeletedContent::sha256, "SHA-256 of the content, hex"},
      Field{"delete_time", &rows::DeletedContent::deleted, "when the video was deleted"},
  };
};

namespace {

namespace rights = access::rights;
using access::Identity;

constexpr std::int64_t exportPage = 500;
constexpr std::size_t mostExports = 250;  // each has a file open
constexpr std::chrono::hours keptFor{24};

constexpr std::string_view readme = R"(This is everything that {0} has on this video site, as of {1}.

profile.json           the account
videos/                the videos under their own names; NAME.json beside each says the rest of it, NAME.LANG.vtt are
                       its subtitles, NAME.thumbnail.jpg (or png, webp) is its picture. Names that file systems could
                       take for the same end with the ID of the video. One without a file was never uploaded. A video
                       with the state deleted is in the trash.
comments.json          the comments that {0} posted on any video, and those imported to {0}'s videos
history.json           the videos that {0} has watched, and how far
reports.json           the reports that {0} has made, with the decisions
shares.json            the signed links to the videos, and the links through which guests upload, without their
                       signatures
uploads.json           uploads that can be resumed: their progress, not their bytes
sessions.json          the sign-ins that have not ended; their secrets are not included
tokens.json            the API tokens; their secrets are not included
deleted_contents.json  hashes of videos that were deleted and purged, kept so that an import does not add them again

Times are UTC (RFC 3339), texts are UTF-8, sizes are in bytes.
)";

// Writes the archive of one user, a page of rows at a time.
class Exporter {
 public:
  Exporter(store::Database& database, const access::Access& access, const User& user, std::stop_token stop)
      : database_(database),
        user_(user),
        now_(access.now()),
        sessionMax_(access.options().sessionMax),
        stop_(std::move(stop)),
        root_(user.name + '/'),
        writer_(database, now_) {}

  std::shared_ptr<const Archive> run() {
    writer_.add(root_ + "README.txt", fmt::format(readme, user_.name, formatTime(now_)));
    writer_.add(root_ + "profile.json", toJson(user_) + '\n');
    list<Session>("sessions.json", [&](store::Reader& reader, const ListQuery& query) {
      return rows::listSessions(reader, user_.id, query, now_, sessionMax_, {});
    });
    list<Token>("tokens.json", [&](store::Reader& reader, const ListQuery& query) {
      return rows::listTokens(reader, user_.id, query, now_);
    });
    list<ResumableUpload>("uploads.json", [&](store::Reader& reader, const ListQuery& query) {
      return rows::listUploads(reader, user_.id, query);
    });
    list<Comment>("comments.json", [&](store::Reader& reader, const ListQuery& query) {
      return rows::listCommentsBy(reader, user_.id, query, {});
    });
    list<HistoryEntry>("history.json", [&](store::Reader& reader, const ListQuery& query) {
      return rows::listHistory(reader, user_.id, query);
    });
    list<Report>("reports.json", [&](store::Reader& reader, const ListQuery& query) {
      return rows::listReportsBy(reader, user_.id, query);
    });
    list<rows::DeletedContent>("deleted_contents.json", [&](store::Reader& reader, const ListQuery& query) {
      return rows::listDeletedContents(reader, user_.id, query);
    });
    writer_.begin(root_ + "shares.json");
    beginList(Fields<Share>::plural);
    forEachVideo([&](const Video& video) { listShares(video.id); });
    forEachPage(
        [&](store::Reader& reader, const ListQuery& query) {
          return rows::listDrops(reader, user_.id, {query, {}, user_.name}, now_);
        },
        [&](const Page<Share>& page) {
          for (const Share& share : page.items) addItem(share);
        });
    endList();
    writer_.end();
    forEachVideo([&](const Video& video) {
      const auto stored = database_.read([&](store::Reader& reader) { return rows::findVideo(reader, video.id); });
      if (stored && stored->authorId == user_.id) addVideo(*stored);
    });
    return writer_.finish();
  }

 private:
  template <class Item, class NextPage>
  void list(std::string_view file, const NextPage& nextPage) {
    writer_.begin(root_ + std::string(file));
    beginList(Fields<Item>::plural);
    forEachPage([&](store::Reader& reader, const ListQuery& query) { return nextPage(reader, query); },
                [&](const Page<Item>& page) {
                  for (const Item& item : page.items) addItem(item);
                });
    endList();
    writer_.end();
  }

  template <class NextPage, class Visit>
  void forEachPage(const NextPage& nextPage, const Visit& visit) {
    ListQuery query;
    query.limit = exportPage;
    do {
      if (stop_.stop_requested()) throw Error(Fault::unavailable, "export: the daemon is stopping");
      const auto page = database_.read([&](store::Reader& reader) { return nextPage(reader, query); });
      visit(page);
      query.cursor = page.nextCursor;
    } while (query.cursor);
  }

  void forEachVideo(const std::function<void(const Video&)>& visit) {
    for (const VideoState state : {VideoState::ready, VideoState::pending, VideoState::deleted}) {
      rows::VideoFilter filter;
      filter.author = user_.id;
      filter.states = {state};
      forEachPage(
          [&](store::Reader& reader, const ListQuery& query) { return rows::listVideos(reader, filter, query); },
          [&](const Page<Video>& page) {
            for (const Video& video : page.items) visit(video);
          });
    }
  }

  void listShares(const VideoId& video) {
    forEachPage(
        [&](store::Reader& reader, const ListQuery& query) {
          return rows::listShares(reader, {query, video}, now_);
        },
        [&](const Page<Share>& page) {
          for (const Share& share : page.items) addItem(share);
        });
  }

  void addVideo(const rows::StoredVideo& video) {
    const std::string_view known = media::extensionOf(video.contentType);
    const std::string extension = fmt::format(".{}", known.empty() ? "bin" : known);
    std::string stem = safeFileName(video.name);
    if (stem.size() > extension.size() && stem.ends_with(extension)) stem.resize(stem.size() - extension.size());
    // Some file systems do not tell A from a.
    std::string folded = stem;
    std::transform(folded.begin(), folded.end(), folded.begin(), toLower);
    if (mayBeFolded(stem) || !stems_.insert(stableHash(folded)).second) stem += fmt::format(" {}", video.id.text);
    const std::string path = fmt::format("{}videos/{}", root_, stem);
    if (video.blob && video.state != VideoState::pending)
      writer_.addContent(path + extension, *video.blob, static_cast<std::uint64_t>(video.size), video.modified);
    addThumbnail(path, video);
    Video shown = video;
    const auto subtitles = database_.read([&](store::Reader& reader) { return rows::subtitlesOf(reader, video.id); });
    if (!subtitles.empty()) shown.subtitles.emplace();
    for (const Subtitle& one : subtitles) {  // one text at a time
      auto text = database_.read([&](store::Reader& reader) {
        return rows::findSubtitleText(reader, {video.id, one.lang});
      });
      if (!text) continue;  // deleted meanwhile
      writer_.add(fmt::format("{}.{}.vtt", path, one.lang), text->text);
      shown.subtitles->push_back(*std::move(text));
    }
    writer_.add(path + ".json", toJson(shown) + '\n');
  }

  void addThumbnail(const std::string& path, const rows::StoredVideo& video) {
    if (video.thumbnailFile.empty()) return;
    const auto picture = store::DerivedFiles(database_.directory()).find(video.id, video.thumbnailFile);
    if (!picture) return;
    std::string bytes(picture->meta.size, '\0');
    const std::size_t got = picture->reader->read(0, std::as_writable_bytes(std::span(bytes)));
    const std::string& name = video.thumbnailFile;
    writer_.add(path + ".thumbnail" + name.substr(name.rfind('.')), std::string_view(bytes).substr(0, got));
  }

  void beginList(std::string_view plural) {
    writer_.append(fmt::format("{{\"{}\":[", plural));
    isFirst_ = true;
  }
  template <class Item>
  void addItem(const Item& item) {
    std::string json = std::exchange(isFirst_, false) ? "\n" : ",\n";
    appendJson(json, item);
    writer_.append(json);
  }
  void endList() { writer_.append("\n]}\n"); }

  store::Database& database_;
  const User user_;
  const Time now_;
  const std::chrono::milliseconds sessionMax_;
  const std::stop_token stop_;
  const std::string root_;
  ArchiveWriter writer_;
  std::unordered_set<std::uint64_t> stems_;
  bool isFirst_ = true;
};

class DirectoryExports : public LocalExports {
 public:
  DirectoryExports(store::Database& database, store::Blobs& blobs, access::Access& access, bool inBackground)
      : database_(database), blobs_(blobs), access_(access), inBackground_(inBackground) {}

  Export start(const Credential& by, const UserName& wanted) override {
    const Identity who = access_.identify(by);
    const User user = require(who, rights::exportsStart, wanted.name);
    dropOld();  // tasks may be off
    if (!inBackground_) {
      const Waiting waiting;
      const auto entry = std::make_shared<Entry>(Entry{user.id, {ExportId{makePublicId()}, user.name}});
      prepare(*entry, user, {});
      if (entry->failure) throw Error(*entry->failure);
      const std::lock_guard lock(mutex_);
      requireRoom(who, user.id);
      return keep(entry);
    }
    const std::lock_guard lock(mutex_);
    for (const auto& entry : entries_)
      if (entry->user == user.id && !entry->isEnded()) return entry->shown;
    requireRoom(who, user.id);
    const auto entry = std::make_shared<Entry>(Entry{user.id, {ExportId{makePublicId()}, user.name}});
    background_.add(who.kind == Identity::Kind::operator_ ? 0 : who.user.value,
                    [this, entry, user](const std::stop_token& stop) { prepare(*entry, user, stop); });
    return keep(entry);
  }

  Content open(const Credential& by, const ExportRef& wanted) override {
    const Identity who = access_.identify(by);
    const User user = require(who, rights::exportsOpen, wanted.user);
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
      return entry->shown.id == wanted.id && entry->user == user.id && !isOld(*entry);
    });
    if (found == entries_.end()) throw Error(Fault::notFound, fmt::format("export {}: not found", wanted.id.text));
    const Entry& entry = **found;
    if (entry.failure) throw Error(*entry.failure);
    if (!entry.archive) {
      std::string json = toJson(entry.shown);
      const std::size_t size = json.size();
      return {{size, "application/json; charset=utf-8", {}, access_.now(), {}}, readerOf(std::move(json))};
    }
    return {{entry.archive->size, std::string(exportType), fmt::format("\"{}\"", entry.shown.id.text),
             entry.archive->made, user.name + ".tar"},
            readerOf(entry.archive, blobs_)};
  }

  void dropOld() override {
    const std::lock_guard lock(mutex_);
    if (entries_.empty()) return;
    database_.read([&](store::Reader& reader) {
      entries_.remove_if([&](const auto& entry) { return isOld(*entry) || !rows::isLive(reader, entry->user); });
    });
  }

 private:
  struct Entry {
    UserId user;
    Export shown;
    std::shared_ptr<const Archive> archive{};
    std::optional<Error> failure{};
    Time ended{};
    bool isEnded() const { return archive || failure; }
  };

  bool isOld(const Entry& entry) const { return entry.isEnded() && entry.ended + keptFor <= access_.now(); }

  User require(const Identity& who, const access::Right& right, std::string_view name) {
    auto user = database_.read([&](store::Reader& reader) { return rows::findUser(reader, name, 0); });
    access::requireOn(who, right, user ? std::optional(user->id) : std::nullopt, noSuchUser(name));
    return *std::move(user);
  }

  // The mutex is held. Throws tooMany if there is no room for an export of the user, which replaces the user's older
  // one; of others, only one that has failed makes room. Strangers cannot take it from admins.
  void requireRoom(const Identity& who, UserId user) {
    if (access::may(who, rights::exportsStart)) return;
    const auto isOf = [user](const auto& entry) { return entry->user == user; };
    if (entries_.size() < mostExports || std::any_of(entries_.begin(), entries_.end(), isOf)) return;
    const auto failed =
        std::find_if(entries_.begin(), entries_.end(), [](const auto& entry) { return entry->failure.has_value(); });
    if (failed != entries_.end()) {
      entries_.erase(failed);
      return;
    }
    Time next = access_.now() + std::chrono::minutes{1};
    if (entries_.front()->isEnded()) next = std::max(next, entries_.front()->ended + keptFor);
    throw Error(
        Fault::tooMany,
        fmt::format("exports: the limit of {} is reached; try again later, or ask an admin to start it", mostExports),
        std::chrono::ceil<std::chrono::seconds>(next - access_.now()));
  }

  // The mutex is held.
  Export keep(const std::shared_ptr<Entry>& entry) {
    entries_.remove_if([&](const auto& known) { return known->user == entry->user; });
    entries_.push_back(entry);
    return entry->shown;
  }

  void prepare(Entry& entry, const User& user, const std::stop_token& stop) {
    std::shared_ptr<const Archive> archive;
    std::optional<Error> failure;
    {
      const std::lock_guard lock(mutex_);
      entry.shown.state = ExportState::running;
    }
    try {
      archive = Exporter(database_, access_, user, stop).run();
    } catch (const Error& error) {
      failure = error;
    } catch (const std::exception& error) {
      failure = Error(Fault::internal, error.what());
    }
    const std::lock_guard lock(mutex_);
    entry.archive = std::move(archive);
    entry.failure = std::move(failure);
    entry.ended = access_.now();
    if (entry.archive) entry.shown.state = ExportState::ready;
  }

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  const bool inBackground_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Entry>> entries_;  // oldest first
  schedule::Background background_;            // last: its jobs use the others
};

}  // namespace

std::unique_ptr<LocalExports> makeLocalExports(store::Database& database, store::Blobs& blobs, access::Access& access,
                                               bool inBackground) {
  return std::make_unique<DirectoryExports>(database, blobs, access, inBackground);
}

}  // namespace video
