#include "data/import.hpp"

#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>

#include "access/passwords.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/rows.hpp"
#include "data/dump.hpp"
#include "data/fields.hpp"
#include "data/make.hpp"
#include "data/rows.hpp"
#include "deletions/rows.hpp"
#include "media/sniff.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

constexpr std::size_t importBatch = 200;
constexpr std::size_t longestImportedName = 200;      // characters, of a video
constexpr std::size_t longestImportedComment = 2000;  // characters
constexpr std::size_t longestDisplayName = 64;        // characters

// Text without control characters, LF excepted if it may have several lines, cut to so many characters.
std::string cleanText(std::string_view text, std::size_t most, Lines lines) {
  const std::string valid = repairedUtf8(text);
  std::string_view rest = valid;
  std::string clean;
  for (std::size_t count = 0; !rest.empty() && count < most;) {
    const char32_t point = takeCodePoint(rest).value_or(0xfffd);
    const bool isControl = point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029;
    if (point == '\n' ? lines == Lines::one : isControl) {
      if (point == '\r' || point == 0) continue;
      clean += ' ';
    } else {
      appendCodePoint(clean, point);
    }
    ++count;
  }
  return std::string(trimmed(clean));
}

// The display name of a user whose name is not allowed here; nothing if that is not allowed either.
std::optional<std::string> displayNameOf(std::string_view name) {
  const std::string clean = cleanText(name, longestDisplayName, Lines::one);
  try {
    checkPersonName("display_name", clean, 1, longestDisplayName);
    return clean;
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool isUuid7(std::string_view text) {
  if (text.size() != 36 || text[14] != '7') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool isDash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool isHex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (isDash ? text[i] != '-' : !isHex) return false;
  }
  return text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b';
}

// A file of the folder of contents, and not a way out of it.
bool isFileName(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name.front() != '.' &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

std::string sha256Of(std::string_view text) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.hex();
}

// Keeps others from importing while it exists. What is locked is the folder itself.
class ImportLock {
 public:
  explicit ImportLock(store::DataDirectory& directory)
      : folder_(os::openFolder(directory.files(), directory.descriptor(), ".")) {
    if (!os::tryLock(folder_.number(), LOCK_EX)) throw Error(Fault::busy, "another import is running");
  }

 private:
  Descriptor folder_;
};

// The values of a row by column, whatever a descendant of the original site calls it.
class ImportRow {
 public:
  explicit ImportRow(const DumpRow& row) : row_(row) {}
  // The first of these columns that the table has, if it is not NULL.
  std::optional<std::string> find(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names)
      for (std::size_t i = 0; i < row_.columns.size(); ++i)
        if (row_.columns[i] == name) return row_.values[i];
    return std::nullopt;
  }
  std::string text(std::initializer_list<std::string_view> names) const { return find(names).value_or(""); }
  std::optional<Time> time(std::initializer_list<std::string_view> names) const {
    const auto text = find(names);
    return text ? parseImportedTime(*text) : std::nullopt;
  }

 private:
  const DumpRow& row_;
};

bool isImportedTable(const std::string& name) {
  static const std::set<std::string, std::less<>> all{"users", "video_info", "comments", "sessions", "video_del_rec"};
  return all.contains(name);
}

void readDump(const ImportFiles& files, const std::function<bool(const std::string&)>& wanted,
              const std::function<void(const DumpRow&)>& take) {
  std::uint64_t offset = 0;
  DumpReader reader([&](std::span<char> to) {
    const std::size_t got = files.dump(offset, to);
    offset += got;
    return got;
  });
  reader.run(wanted, take);
}

void requireUsers(std::int64_t rows) {
  if (rows == 0) throw Error(Fault::malformed, "dump: has no rows of a table users: is it the dump of a video site?");
}

class MysqlImport : public DataImport {
 public:
  MysqlImport(store::Database& database, LocalUploads& uploads, const access::AccessOptions& options)
      : database_(database), uploads_(uploads), passwords_(anyPassword(options)) {}

  ImportTotals run(const ImportFiles& files, const ImportOptions& options,
                   const std::function<void(const ImportedThing&)>& each, const DataProgress& progress) override {
    return Run(*this, files, options, each, progress).all();
  }

 private:
  // What was short enough there is here, too.
  static access::AccessOptions anyPassword(access::AccessOptions options) {
    options.minPassword = 1;
    return options;
  }

  class Run {
   public:
    Run(MysqlImport& its, const ImportFiles& files, const ImportOptions& options,
        const std::function<void(const ImportedThing&)>& each, const DataProgress& progress)
        : its_(its), database_(its.database_), files_(files), options_(options), each_(each), progress_(progress) {}

    ImportTotals all() {
      const ImportLock lock(database_.directory());
      readAll();
      forEach("users", [&](const ImportRow& row) {
        if (isFirst(ImportKind::user, row)) takeUser(row);
      });
      forEach("video_info", [&](const ImportRow& row) {
        if (isFirst(ImportKind::video, row)) takeVideo(row);
      });
      forEach("comments", [&](const ImportRow& row) { takeComment(row); });
      writeComments();
      if (totals_.sessions > 0)
        tell({ImportKind::session,
              ImportOutcome::skipped,
              {},
              {},
              {},
              fmt::format("{} sessions have ended", totals_.sessions)});
      for (const std::string& video : deletions_)
        if (!videos_.contains(video))
          tell({ImportKind::deletion, ImportOutcome::skipped, video, {}, {}, "its video was deleted before"});
      for (const std::string& name : files_.contents())
        if (!isOfVideo(name) && !deletions_.contains(name))
          tell({ImportKind::file, ImportOutcome::skipped, name, {}, {}, "no video has this content"});
      return totals_;
    }

   private:
    // A text is tried with the name of the video alone, and with an extension.
    bool isOfVideo(const std::string& name) const {
      return videos_.contains(name) || videos_.contains(name.substr(0, name.rfind('.')));
    }

    void tell(const ImportedThing& thing) {
      if (thing.outcome == ImportOutcome::failed) ++totals_.failed;
      const bool isThing =
          thing.kind == ImportKind::user || thing.kind == ImportKind::video || thing.kind == ImportKind::comment;
      if (thing.outcome == ImportOutcome::skipped && isThing) ++totals_.skipped;
      each_(thing);
    }

    void read(const std::function<bool(const std::string&)>& wanted, const std::function<void(const DumpRow&)>& take) {
      readDump(files_, wanted, take);
    }

    // Users and videos are few enough to remember which have been met.
    bool isFirst(ImportKind kind, const ImportRow& row) {
      const std::string oldId = row.text({"id"});
      if (oldId.empty() || met_[kind].insert(oldId).second) return true;
      tell({kind, ImportOutcome::skipped, oldId, {}, {}, "is in the dump twice"});
      return false;
    }

    void forEach(std::string_view table, const std::function<void(const ImportRow&)>& take) {
      const std::int64_t rows = rows_[std::string(table)];
      std::int64_t done = 0;
      read([&](const std::string& name) { return name == table; },
           [&](const DumpRow& row) {
             take(ImportRow(row));
             if (progress_) progress_(++done, rows);
           });
    }

    // Finds what is wrong with the dump before anything is changed.
    void readAll() {
      std::set<std::string> users;
      read(isImportedTable, [&](const DumpRow& row) {
        ++rows_[row.table];
        const ImportRow its(row);
        if (row.table == "users" && users.insert(its.text({"id"})).second) requireSameUser(its);
        if (row.table == "video_info") videos_.insert(its.text({"id"}));
        if (row.table == "video_del_rec") deletions_.insert(its.text({"video_id"}));
      });
      totals_.sessions = rows_["sessions"];
      requireUsers(rows_["users"]);
    }

    rows::OldThing thingOf(ImportKind kind, const std::string& oldId) const {
      return {options_.site, nameOf(kind), oldId};
    }
    std::optional<rows::Imported> known(ImportKind kind, const std::string& oldId) const {
      return database_.read([&](store::Reader& reader) { return rows::findImported(reader, thingOf(kind, oldId)); });
    }

    // ---- users

    static std::string oldNameOf(const ImportRow& row) {
      return row.text({"login_name", "name", "user_name", "username"});
    }

    // Another site has other users under the same IDs, to whom nothing of these may be given.
    void requireSameUser(const ImportRow& row) const {
      const std::string oldId = row.text({"id"});
      const auto before = known(ImportKind::user, oldId);
      if (before && before->oldName != sha256Of(oldNameOf(row)))
        throw Error(
            Fault::conflict,
            fmt::format("dump: user {} is {} and was another one when the site {} was imported before: if this "
                        "is another site, name it with --site",
                        cleanText(oldId, 40, Lines::one), cleanText(oldNameOf(row), 100, Lines::one), options_.site));
    }

    void takeUser(const ImportRow& row) {
      const std::string oldId = row.text({"id"});
      const std::string oldName = oldNameOf(row);
      if (oldId.empty()) return tell({ImportKind::user, ImportOutcome::skipped, {}, {}, oldName, "has no ID"});
      if (known(ImportKind::user, oldId)) {
        ++totals_.before;
        return;
      }
      NewUser user;
      const std::string wanted = importedName(oldName, oldId);
      std::vector<std::string> notes;
      const std::string hash = hashOf(row.text({"pwd", "password"}), notes);
      const Time now = systemClock().now();
      UserId id;
      database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
        user.name = wanted;
        for (int number = 2; rows::findUserId(transaction, user.name); ++number) {
          const std::string end = fmt::format("_{}", number);
          user.name = wanted.substr(0, 64 - end.size()) + end;
        }
        user.displayName = user.name == oldName ? std::nullopt : displayNameOf(oldName);
        id = rows::insertUser(transaction, user, hash, row.time({"create_time", "created_at"}).value_or(now));
        rows::insertImported(transaction, thingOf(ImportKind::user, oldId),
                             {fmt::to_string(id.value), sha256Of(oldName)});
      });
      if (user.name != oldName) notes.insert(notes.begin(), fmt::format("was {}", cleanText(oldName, 100, Lines::one)));
      ++totals_.users;
      tell({ImportKind::user, ImportOutcome::imported, oldId, fmt::to_string(id.value), user.name,
            fmt::format("{}", fmt::join(notes, "; "))});
    }

    std::string hashOf(const std::string& password, std::vector<std::string>& notes) const {
      const bool isHash = isPasswordHash(password);
      if (password.empty() || isHash || password.size() > access::Passwords::longest) {
        notes.push_back(fmt::format("{}needs a new password: run `videoctl user passwd NAME`",
                                    isHash ? "the dump has a hash of its password; " : ""));
        return {};
      }
      return its_.passwords_.hash({{}, {}, true}, password);
    }

    // The live user that one of the other site has become; otherwise why there is none.
    std::pair<std::optional<UserId>, std::string> ownerOf(const std::string& oldId) const {
      const auto id = known(ImportKind::user, oldId);
      if (!id) return {std::nullopt, fmt::format("user {} is not in the dump", oldId)};
      const UserId user{std::stoll(id->newId)};
      const bool isLive = database_.read([&](store::Reader& reader) { return rows::isLive(reader, user); });
      if (!isLive) return {std::nullopt, fmt::format("user {} was deleted here", id->newId)};
      return {user, {}};
    }

    // ---- videos

    void takeVideo(const ImportRow& row) {
      const std::string oldId = row.text({"id"});
      const std::string oldName = row.text({"name", "title"});
      ImportedThing thing{ImportKind::video, ImportOutcome::skipped, oldId, {}, {}, {}};
      const auto skip = [&](const std::string& why) {
        thing.detail = why;
        tell(thing);
      };
      if (oldId.empty()) return skip("has no ID");
      const auto before = known(ImportKind::video, oldId);
      if (before && before->isDone) {
        ++totals_.before;
        return;
      }
      // A run that was killed has left it half-done: without content it may have been swept since.
      std::optional<rows::StoredVideo> left;
      if (before)
        left = database_.read([&](store::Reader& reader) { return rows::findVideo(reader, {before->newId}); });
      if (before && (!left || (!left->blob && left->state != VideoState::pending))) {
        database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
          rows::removeImported(transaction, thingOf(ImportKind::video, oldId));
        });
        left.reset();
      }
      Video video;
      if (left) {
        video = *left;
      } else {
        const auto [owner, why] = ownerOf(row.text({"author_id"}));
        if (!owner) return skip(why);
        video.authorId = *owner;
      }
      const auto fail = [&](const std::string& why) {
        thing.outcome = ImportOutcome::failed;
        skip(why);
      };
      std::vector<std::string> notes;
      thing.name = video.name;
      if (!left || !left->blob) {
        std::optional<ByteSource> content;
        try {
          content = openContent(oldId);
        } catch (const Error& error) {
          requireOfContent(error);
          return fail(fmt::format("its content cannot be read: {}", error.what()));
        }
        if (!content) return skip("its file is not in the folder of contents");
        if (!left) addVideo(row, oldId, oldName, video, notes);
        thing.name = video.name;
        try {
          its_.uploads_.put(Operator{}, {video.id, {}}, *content);
        } catch (const Error& error) {
          if (error.fault() != Fault::conflict) withdraw(oldId, video.id);  // else its owner uploads to it meanwhile
          requireOfContent(error);
          return fail(fmt::format("its content was refused: {}", error.what()));
        }
      }
      finish(oldId, video.id, notes);
      ++totals_.videos;
      thing.newId = video.id.text;
      thing.outcome = ImportOutcome::imported;
      thing.detail = fmt::format("{}", fmt::join(notes, "; "));
      tell(thing);
    }

    // Throws what would befall every other content, too; the signal that ends a command is `unavailable`.
    static void requireOfContent(const Error& error) {
      for (const Fault fault : {Fault::diskFull, Fault::busy, Fault::unavailable})
        if (error.fault() == fault) throw error;
    }

    // Removes a video that has got no content, and that it was imported.
    void withdraw(const std::string& oldId, const VideoId& id) {
      database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
        const auto stored = rows::findVideo(transaction, id);
        if (stored && stored->blob) return;
        if (rows::setState(transaction, id, VideoState::pending, VideoState::purging))
          rows::deleteVideo(transaction, id);
        rows::removeImported(transaction, thingOf(ImportKind::video, oldId));
      });
    }

    // What is left to be done once a content is stored, at once.
    void finish(const std::string& oldId, const VideoId& id, std::vector<std::string>& notes) {
      const bool isDeleted = deletions_.contains(oldId);
      if (isDeleted) notes.emplace_back("is in the trash: its deletion was waiting");
      database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
        auto stored = rows::findVideo(transaction, id);
        const Time now = systemClock().now();
        if (isDeleted && stored && rows::queueDeletion(transaction, *stored, now + options_.deletionDelay, now)) {
          stored->visibility = options_.visibility;
          rows::setVideo(transaction, *stored);
        }
        rows::setImportedDone(transaction, thingOf(ImportKind::video, oldId));
      });
    }

    // Adds the row of a video, which waits for its content.
    void addVideo(const ImportRow& row, const std::string& oldId, const std::string& oldName, Video& video,
                  std::vector<std::string>& notes) {
      const std::string shown = row.text({"display_ctime", "display_time"});
      const auto created = row.time({"create_time", "created_at"});
      const auto shownTime = parseImportedTime(shown);
      video.created = created ? *created : shownTime.value_or(systemClock().now());
      video.displayTime = shownTime ? shown : formatDisplayTime(video.created);
      video.name = cleanText(oldName, longestImportedName, Lines::one);
      if (video.name.empty()) video.name = "video";
      if (video.name != oldName) notes.emplace_back("its name was changed");
      // What was deleted there is not shown before it is deleted here.
      video.visibility = deletions_.contains(oldId) ? Visibility::private_ : options_.visibility;
      const bool isKept = isUuid7(oldId);
      database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
        video.id = VideoId{isKept && !rows::isVideo(transaction, oldId) ? oldId : makeUuid7(video.created)};
        rows::insertVideo(transaction, video);
        if (const std::string text = cleanText(row.text({"description"}), 5000, Lines::several); !text.empty()) {
          Video described = *rows::findVideo(transaction, video.id);
          described.description = text;
          rows::setVideo(transaction, described);
        }
        rows::insertImported(transaction, thingOf(ImportKind::video, oldId), {video.id.text, {}, false});
      });
    }

    std::optional<ByteSource> openContent(const std::string& oldId) const {
      if (!isFileName(oldId)) return std::nullopt;
      if (auto content = files_.content(oldId)) return content;
      for (const media::Kind& kind : media::kinds())
        if (auto content = files_.content(fmt::format("{}.{}", oldId, kind.extension))) return content;
      return std::nullopt;
    }

    // ---- comments

    struct NewImport {
      std::string oldId;
      Comment comment;
      UserId author;
    };

    void takeComment(const ImportRow& row) {
      const std::string oldId = row.text({"id"});
      const auto skip = [&](const std::string& why) {
        tell({ImportKind::comment, ImportOutcome::skipped, oldId, {}, {}, why});
      };
      if (oldId.empty()) return skip("has no ID");
      if (known(ImportKind::comment, oldId)) {
        ++totals_.before;
        return;
      }
      const std::string oldVideo = row.text({"video_id"});
      const auto video = known(ImportKind::video, oldVideo);
      if (!video || !video->isDone) return skip(fmt::format("video {} was not taken over", oldVideo));
      const auto [author, why] = ownerOf(row.text({"author_id", "user_id"}));
      if (!author) return skip(why);
      NewImport made;
      made.oldId = oldId;
      made.author = *author;
      made.comment.video = VideoId{video->newId};
      made.comment.content = cleanText(row.text({"content"}), longestImportedComment, Lines::several);
      if (made.comment.content.empty()) return skip("is empty");
      made.comment.time = row.time({"time", "post_time", "created_at"}).value_or(systemClock().now());
      batch_.push_back(std::move(made));
      if (batch_.size() >= importBatch) writeComments();
    }

    void writeComments() {
      if (batch_.empty()) return;
      std::vector<std::string> gone;
      std::int64_t added = 0;
      database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
        gone.clear();
        added = 0;
        for (NewImport& one : batch_) {
          const rows::OldThing thing = thingOf(ImportKind::comment, one.oldId);
          if (rows::findImported(transaction, thing)) continue;  // twice in the dump
          const auto video = rows::findKept(transaction, one.comment.video);
          if (!video || video->isPurged) {
            gone.push_back(one.oldId);
            continue;
          }
          one.comment.id = CommentId{makeUuid7(one.comment.time)};
          rows::insertComment(transaction, one.comment, one.author);
          rows::insertImported(transaction, thing, {one.comment.id.text, {}});
          ++added;
        }
      });
      totals_.comments += added;
      for (const std::string& oldId : gone)
        tell({ImportKind::comment, ImportOutcome::skipped, oldId, {}, {}, "its video was deleted here"});
      batch_.clear();
    }

    MysqlImport& its_;
    store::Database& database_;
    const ImportFiles& files_;
    const ImportOptions& options_;
    const std::function<void(const ImportedThing&)>& each_;
    const DataProgress& progress_;
    std::map<std::string, std::int64_t> rows_;  // by table
    std::map<ImportKind, std::set<std::string>> met_;
    std::set<std::string> videos_;  // the IDs in the dump
    std::set<std::string> deletions_;
    std::vector<NewImport> batch_;
    ImportTotals totals_;
  };

  store::Database& database_;
  LocalUploads& uploads_;
  access::Passwords passwords_;
};

}  // namespace

void checkDump(const ImportFiles& files) {
  std::int64_t users = 0;
  readDump(files, isImportedTable, [&](const DumpRow& row) { users += row.table == "users" ? 1 : 0; });
  requireUsers(users);
}

std::unique_ptr<DataImport> makeDataImport(store::Database& database, LocalUploads& uploads,
                                           const access::AccessOptions& options) {
  return std::make_unique<MysqlImport>(database, uploads, options);
}

}  // namespace video
