#include "data/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>

#include "access/passwords.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "comments/rows.hpp"
#include "data/dump.hpp"
#include "data/fields.hpp"
#include "data/make.hpp"
#include "data/rows.hpp"
#include "deletions/rows.hpp"
#include "media/sniff.hpp"
#include "store/database.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

constexpr std::size_t importBatch = 200;
constexpr std::size_t longestImportedName = 200;      // characters, of a video
constexpr std::size_t longestImportedComment = 2000;  // characters
constexpr std::size_t longestDisplayName = 64;        // characters

bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

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
      readAll();
      forEach("users", [&](const ImportRow& row) { takeUser(row); });
      forEach("video_info", [&](const ImportRow& row) { takeVideo(row); });
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
      std::uint64_t offset = 0;
      DumpReader reader([&](std::span<char> to) {
        const std::size_t got = files_.dump(offset, to);
        offset += got;
        return got;
      });
      reader.run(wanted, take);
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
      const std::set<std::string, std::less<>> tables{"users", "video_info", "comments", "sessions", "video_del_rec"};
      read([&](const std::string& table) { return tables.contains(table); },
           [&](const DumpRow& row) {
             ++rows_[row.table];
             const ImportRow its(row);
             if (row.table == "video_info") videos_.insert(its.text({"id"}));
             if (row.table == "video_del_rec") deletions_.insert(its.text({"video_id"}));
           });
      totals_.sessions = rows_["sessions"];
      if (rows_["users"] == 0)
        throw Error(Fault::malformed, "dump: has no rows of a table users: is it the dump of a video site?");
    }

    std::optional<std::string> known(store::Reader& reader, ImportKind kind, const std::string& oldId) const {
      return rows::findImported(reader, options_.site, nameOf(kind), oldId);
    }
    std::optional<std::string> known(ImportKind kind, const std::string& oldId) const {
      return database_.read([&](store::Reader& reader) { return known(reader, kind, oldId); });
    }
    void remember(store::Transaction& transaction, ImportKind kind, const std::string& oldId,
                  const std::string& newId) const {
      rows::insertImported(transaction, options_.site, nameOf(kind), oldId, newId);
    }

    // ---- users

    void takeUser(const ImportRow& row) {
      const std::string oldId = row.text({"id"});
      const std::string oldName = row.text({"login_name", "name", "user_name", "username"});
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
        remember(transaction, ImportKind::user, oldId, fmt::to_string(id.value));
      });
      if (user.name != oldName) notes.insert(notes.begin(), fmt::format("was {}", cleanText(oldName, 100, Lines::one)));
      ++totals_.users;
      tell({ImportKind::user, ImportOutcome::imported, oldId, fmt::to_string(id.value), user.name,
            fmt::format("{}", fmt::join(notes, "; "))});
    }

    std::string hashOf(const std::string& password, std::vector<std::string>& notes) const {
      const bool isHash = password.starts_with("$2") && password.size() == 60;
      const bool isUsable = !password.empty() && !isHash && password.size() <= access::Passwords::longest &&
                            password.find('\0') == std::string::npos;
      if (!isUsable) {
        notes.emplace_back("needs a new password: run `videoctl user passwd NAME`");
        return {};
      }
      if (password.size() == 32 && password.find_first_not_of("0123456789abcdef") == std::string::npos)
        notes.emplace_back("its password looks like an MD5 that its client has made");
      return its_.passwords_.hash({{}, {}, true}, password);
    }

    // The live user that one of the other site has become; otherwise why there is none.
    std::pair<std::optional<UserId>, std::string> ownerOf(const std::string& oldId) const {
      const auto id = known(ImportKind::user, oldId);
      if (!id) return {std::nullopt, fmt::format("user {} is not in the dump", oldId)};
      const UserId user{std::stoll(*id)};
      const bool isLive = database_.read([&](store::Reader& reader) { return rows::isLive(reader, user); });
      if (!isLive) return {std::nullopt, fmt::format("user {} was deleted here", *id)};
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
      Video video;
      const auto before = known(ImportKind::video, oldId);
      if (before) {
        const auto found = database_.read([&](store::Reader& reader) { return rows::findVideo(reader, {*before}); });
        // One that was killed in between had not stored the content yet.
        if (!found || found->state != VideoState::pending) {
          ++totals_.before;
          return;
        }
        video = *found;
      } else {
        const auto [owner, why] = ownerOf(row.text({"author_id"}));
        if (!owner) return skip(why);
        video.authorId = *owner;
      }
      const auto content = openContent(oldId);
      if (!content) return skip("its file is not in the folder of contents");
      std::vector<std::string> notes;
      if (!before) addVideo(row, oldId, oldName, video, notes);
      thing.newId = video.id.text;
      thing.name = video.name;
      try {
        its_.uploads_.put(Operator{}, {video.id, {}}, *content);
      } catch (const Error& error) {
        database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
          if (rows::setState(transaction, video.id, VideoState::pending, VideoState::purging)) {
            rows::removeImported(transaction, options_.site, nameOf(ImportKind::video), oldId);
            rows::deleteVideo(transaction, video.id);
          }
        });
        if (error.fault() == Fault::diskFull || error.fault() == Fault::busy) throw;
        thing.outcome = ImportOutcome::failed;
        thing.newId.clear();
        return skip(fmt::format("its content was refused: {}", error.what()));
      }
      if (deletions_.contains(oldId)) {
        notes.emplace_back("is in the trash: its deletion was waiting");
        const Time now = systemClock().now();
        database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
          if (const auto stored = rows::findVideo(transaction, video.id))
            rows::queueDeletion(transaction, *stored, now + options_.deletionDelay, now);
        });
      }
      ++totals_.videos;
      thing.outcome = ImportOutcome::imported;
      thing.detail = fmt::format("{}", fmt::join(notes, "; "));
      tell(thing);
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
      video.visibility = options_.visibility;
      const bool isKept = isUuid7(oldId);
      database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
        video.id = VideoId{isKept && !rows::isVideo(transaction, oldId) ? oldId : makeUuid7(video.created)};
        rows::insertVideo(transaction, video);
        if (const std::string text = cleanText(row.text({"description"}), 5000, Lines::several); !text.empty()) {
          Video described = *rows::findVideo(transaction, video.id);
          described.description = text;
          rows::setVideo(transaction, described);
        }
        remember(transaction, ImportKind::video, oldId, video.id.text);
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
      if (!video) return skip(fmt::format("video {} was not taken over", oldVideo));
      const auto [author, why] = ownerOf(row.text({"author_id", "user_id"}));
      if (!author) return skip(why);
      NewImport made;
      made.oldId = oldId;
      made.author = *author;
      made.comment.video = VideoId{*video};
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
          if (known(transaction, ImportKind::comment, one.oldId)) continue;  // twice in the dump
          const auto video = rows::findKept(transaction, one.comment.video);
          if (!video || video->isPurged) {
            gone.push_back(one.oldId);
            continue;
          }
          one.comment.id = CommentId{makeUuid7(one.comment.time)};
          rows::insertComment(transaction, one.comment, one.author);
          remember(transaction, ImportKind::comment, one.oldId, one.comment.id.text);
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
    std::set<std::string> videos_;              // the IDs in the dump
    std::set<std::string> deletions_;
    std::vector<NewImport> batch_;
    ImportTotals totals_;
  };

  store::Database& database_;
  LocalUploads& uploads_;
  access::Passwords passwords_;
};

}  // namespace

std::string importedName(std::string_view name, std::string_view number) {
  if (isUserName(name)) return std::string(name);
  const bool isAscii =
      std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
  std::string made;
  for (const char c : name.substr(0, 64)) made += isNameStart(c) || c == '.' || c == '-' ? c : '_';
  if (!made.empty() && !isNameStart(made.front())) made.front() = '_';
  if (isAscii && made.find_first_not_of('_') != std::string::npos) return made;
  std::string digits;
  for (const char c : number.substr(0, 40)) digits += isNameStart(c) ? c : '_';
  return "user_" + digits;
}

std::optional<Time> parseImportedTime(std::string_view text) {
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() == 21 && text.substr(11, 2) == ", ") {  // Nov 21 2026, 01:48:20
    for (std::size_t i = 0; i < months.size(); ++i)
      if (text.starts_with(months[i]))
        return parseTime(fmt::format("{}-{:02}-{}T{}Z", text.substr(7, 4), i + 1, text.substr(4, 2), text.substr(13)));
    return std::nullopt;
  }
  if (text.size() < 19) return std::nullopt;
  std::string moment(text);
  if (moment[10] == ' ') moment[10] = 'T';
  if (moment.find_first_of("Zz+", 19) == std::string::npos) moment += 'Z';
  return parseTime(moment);
}

std::unique_ptr<DataImport> makeDataImport(store::Database& database, LocalUploads& uploads,
                                           const access::AccessOptions& options) {
  return std::make_unique<MysqlImport>(database, uploads, options);
}

}  // namespace video
