#include "data/import.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "access/passwords.hpp"
#include "base/error.hpp"
#include "base/mysql_dump.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "base/waiting.hpp"
#include "comments/rows.hpp"
#include "contents/rows.hpp"
#include "data/import_texts.hpp"
#include "data/rows.hpp"
#include "deletions/rows.hpp"
#include "media/sniff.hpp"
#include "os/errors.hpp"
#include "store/blobs.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

using mysql::valueIn;

constexpr std::size_t commentsAtOnce = 500;
constexpr std::string_view needsPassword = "needs a new password: videoctl user passwd NAME";

// What is kept of a user's name to tell another site's user of the same ID apart.
std::string checkNameOf(std::string_view name) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(name)));
  return hash.hex().substr(0, 16);
}

std::string cutOld(std::string_view text) {
  return std::string(mysql::firstCharacters(mysql::cleanText(text, false), 200));
}

// One reading of a dump.
class ImportRun {
 public:
  ImportRun(store::Database& database, store::Blobs& blobs, access::Access& access, const ImportOptions& options,
            const ImportSource& source, bool isDry, const SiteImport::Report& report,
            const SiteImport::Progress& progress)
      : database_(database),
        blobs_(blobs),
        access_(access),
        options_(options),
        source_(source),
        isDry_(isDry),
        report_(report),
        progress_(progress),
        passwords_(anyLength(access.options())),
        files_(source.files.begin(), source.files.end()) {}

  // Tables are in alphabetical order in a dump, so it is read once for each that others refer to.
  void run() {
    load(ImportKind::user);
    load(ImportKind::video);
    readTables([this](const MysqlRow& row) {
      if (equalWithoutCase(row.table, "users")) takeUser(row);
      if (equalWithoutCase(row.table, "sessions")) ++sessions_;
      if (equalWithoutCase(row.table, "video_del_rec"))
        if (auto id = valueIn(row, {"video_id", "id"})) deletions_.insert(*std::move(id));
    });
    readTables([this](const MysqlRow& row) {
      if (equalWithoutCase(row.table, "video_info")) takeVideo(row);
    });
    load(ImportKind::comment);
    readTables([this](const MysqlRow& row) {
      if (equalWithoutCase(row.table, "comments")) takeComment(row);
    });
    writeComments();
    reportRest();
  }

 private:
  // A user of the dump who is here.
  struct Owner {
    UserId id;
    std::string name;
    bool isGone = false;  // was deleted here after an earlier import
  };
  struct WaitingComment {
    Comment comment;
    UserId author;
    std::string oldId;
    ImportedItem item;
    bool isInserted = false;
  };

  static access::AccessOptions anyLength(access::AccessOptions options) {
    options.minPassword = 1;
    return options;
  }

  void load(ImportKind kind) {
    database_.read([&](store::Reader& reader) {
      rows::forEachImported(reader, kind, [&](rows::Imported one) {
        std::string id = one.oldId;
        known_[kind].insert_or_assign(std::move(id), std::move(one));
      });
    });
  }

  const rows::Imported* known(ImportKind kind, const std::string& id) const {
    const auto all = known_.find(kind);
    if (all == known_.end()) return nullptr;
    const auto one = all->second.find(id);
    return one == all->second.end() ? nullptr : &one->second;
  }

  void readTables(const std::function<void(const MysqlRow&)>& take) {
    MysqlDumpReader reader(take);
    source_.dump([&](std::span<const std::byte> piece) { reader.add(piece); });
    reader.finish();
    charset_ = reader.charset();
  }

  void say(ImportedItem item, ImportStatus status, std::string detail = {}) {
    item.status = status;
    if (!detail.empty()) item.detail = std::move(detail);
    report_(item);
    progress_(++done_);
  }

  Time timeIn(const MysqlRow& row, std::initializer_list<std::string_view> columns) const {
    for (const std::string_view column : columns)
      if (const auto text = valueIn(row, {column}))
        if (const auto time = mysql::parseOldTime(*text)) return std::min(*time, access_.now());
    return access_.now();
  }

  // ---- users

  void takeUser(const MysqlRow& row) {
    const std::string oldId = valueIn(row, {"id"}).value_or("");
    const auto oldName = valueIn(row, {"login_name", "name", "user_name", "username"});
    ImportedItem item{{}, ImportKind::user, cutOld(oldId), cutOld(oldName.value_or("")), {}, {}, {}};
    if (!mysql::isOldId(oldId)) return say(std::move(item), ImportStatus::skipped, "has no usable ID");
    if (!oldName) return say(std::move(item), ImportStatus::skipped, "has no name");
    if (users_.contains(oldId)) return say(std::move(item), ImportStatus::skipped, "has the ID of an earlier row");
    const std::string check = checkNameOf(*oldName);
    if (const rows::Imported* const before = known(ImportKind::user, oldId)) {
      if (before->checkName != check)
        return say(std::move(item), ImportStatus::skipped, "another user with this ID was imported before");
      const Owner owner = ownerOf(*before);
      item.id = before->newId;
      item.name = owner.name;
      users_.emplace(oldId, owner);
      return say(std::move(item), ImportStatus::unchanged, owner.isGone ? "was deleted here since" : "");
    }
    NewUser wanted;
    wanted.name = freeName(mysql::userNameFor(*oldName, oldId));
    if (wanted.name != *oldName) wanted.displayName = displayNameFor(*oldName);
    item.name = wanted.name;
    const std::string password = valueIn(row, {"pwd", "password"}).value_or("");
    const std::string hash = hashOf(password, item.detail);
    const Time created = timeIn(row, {"create_time", "created_at"});
    Owner owner{{}, wanted.name};
    if (!isDry_) {
      owner.id = database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
        if (rows::findUserId(transaction, wanted.name))
          throw Error(Fault::conflict, fmt::format("user {}: was added meanwhile; import again", wanted.name));
        const UserId id = rows::insertUser(transaction, wanted, hash, created);
        rows::insertImported(transaction, {ImportKind::user, oldId, check, std::to_string(id.value)});
        return id;
      });
      item.id = std::to_string(owner.id.value);
    }
    takenNames_.insert(foldedCase(wanted.name));
    users_.emplace(oldId, owner);
    const bool isRenamed = wanted.name != *oldName;
    say(std::move(item), isRenamed ? ImportStatus::renamed : ImportStatus::imported);
  }

  Owner ownerOf(const rows::Imported& before) {
    Owner owner{{std::stoll(before.newId)}, {}, false};
    auto name = database_.read([&](store::Reader& reader) { return rows::liveUserName(reader, owner.id); });
    owner.isGone = !name;
    owner.name = std::move(name).value_or("");
    return owner;
  }

  std::string freeName(const std::string& name) {
    const auto isFree = [&](const std::string& one) {
      return !takenNames_.contains(foldedCase(one)) &&
             !database_.read([&](store::Reader& reader) { return rows::findUserId(reader, one); });
    };
    std::string found = name;
    for (int number = 2; !isFree(found); ++number) found = mysql::numberedName(name, number);
    return found;
  }

  static std::optional<std::string> displayNameFor(std::string_view name) {
    try {
      checkPersonName("display_name", name, 1, 64);
      return std::string(name);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  // An empty hash matches no password.
  std::string hashOf(const std::string& password, std::string& detail) {
    const bool isUsable = !password.empty() && !mysql::isPasswordHash(password) &&
                          password.size() <= access::Passwords::longest && password.find('\0') == std::string::npos;
    if (!isUsable) {
      detail = needsPassword;
      return {};
    }
    if (password.size() < access_.options().minPassword) detail = "the password is shorter than a new one may be";
    return isDry_ ? std::string() : passwords_.hash({{}, {}, true}, password);
  }

  // ---- videos

  void takeVideo(const MysqlRow& row) {
    const std::string oldId = valueIn(row, {"id"}).value_or("");
    const std::string oldName = valueIn(row, {"name", "title"}).value_or("");
    ImportedItem item{{}, ImportKind::video, cutOld(oldId), cutOld(oldName), {}, {}, {}};
    if (!mysql::isOldId(oldId)) return say(std::move(item), ImportStatus::skipped, "has no usable ID");
    if (!seenVideos_.insert(oldId).second)
      return say(std::move(item), ImportStatus::skipped, "has the ID of an earlier row");
    if (const rows::Imported* const before = known(ImportKind::video, oldId)) {
      const VideoId id{before->newId};
      const auto video = database_.read([&](store::Reader& reader) { return rows::findVideo(reader, id); });
      item.id = before->newId;
      item.name = video ? video->name : "";
      videos_.emplace(oldId, id.text);
      return say(std::move(item), ImportStatus::unchanged, video ? "" : "was deleted here since");
    }
    const auto owner = users_.find(valueIn(row, {"author_id", "user_id"}).value_or(""));
    const bool isDeleted = deletions_.contains(oldId);
    const std::string file = fileOf(oldId);
    if (file.empty() && isDeleted)
      return say(std::move(item), ImportStatus::ended, "was deleted there, and its file is gone");
    if (owner == users_.end()) return say(std::move(item), ImportStatus::skipped, "its owner was not imported");
    if (owner->second.isGone) return say(std::move(item), ImportStatus::skipped, "its owner was deleted here since");
    if (file.empty()) return say(std::move(item), ImportStatus::skipped, "has no file");
    rows::StoredVideo video;
    video.created = timeIn(row, {"create_time", "created_at", "display_ctime"});
    video.id.text = mysql::isUuid7(oldId) ? oldId : makeUuid7(video.created);
    video.authorId = owner->second.id;
    video.name = videoNameFor(oldName, oldId);
    video.displayTime = formatDisplayTime(video.created);
    video.visibility = Visibility::unlisted;
    video.description =
        mysql::firstCharacters(mysql::cleanText(valueIn(row, {"description"}).value_or(""), true), 5000);
    item.name = video.name;
    try {
      store(video, oldId, file, isDeleted);
    } catch (const Error& error) {
      if (error.fault() != Fault::forbidden && error.fault() != Fault::notFound &&
          error.fault() != Fault::unsupportedMediaType && error.fault() != Fault::malformed &&
          error.fault() != Fault::conflict)
        throw;
      return say(std::move(item), ImportStatus::skipped, error.detail());
    }
    if (!isDry_) item.id = video.id.text;
    videos_.emplace(oldId, video.id.text);
    const bool isRenamed = video.name != oldName;
    say(std::move(item), isRenamed ? ImportStatus::renamed : ImportStatus::imported,
        isDeleted ? fmt::format("was deleted there: is in the trash for {}", formatDuration(options_.trashDelay)) : "");
  }

  // Returns the name of a video's file; empty if it has none.
  std::string fileOf(const std::string& id) const {
    for (const std::string& name : {id, id + ".mp4"})
      if (files_.contains(name)) return name;
    return {};
  }

  static std::string videoNameFor(std::string_view old, std::string_view id) {
    const std::string clean = mysql::cleanText(old, false);
    const std::string_view name = mysql::firstCharacters(clean, 200);
    return std::string(name.empty() ? mysql::firstCharacters(id, 200) : name);
  }

  void store(const rows::StoredVideo& video, const std::string& oldId, const std::string& name, bool isDeleted) {
    const Descriptor file = source_.open(name);
    struct stat is {};
    if (!file || ::fstat(file.number(), &is) != 0 || !S_ISREG(is.st_mode)) throw Error(Fault::notFound, "has no file");
    if (is.st_size == 0) throw Error(Fault::malformed, "its file is empty");
    std::string piece(1 << 20, '\0');
    const std::size_t front = readAt(file, name, 0, piece);
    const auto sniffed = media::sniff(std::string_view(piece).substr(0, std::min<std::size_t>(front, 4096)));
    if (!sniffed && !options_.unknownTypes)
      throw Error(Fault::unsupportedMediaType, "its file is not in a supported video format");
    if (isDry_) return;
    const media::Kind kind = sniffed.value_or(media::Kind{"application/octet-stream", "bin"});
    database_.requireSpace(static_cast<std::uint64_t>(is.st_size));
    store::Incoming incoming = blobs_.begin(video.id.text);
    for (std::size_t got = front; got > 0; got = readAt(file, name, incoming.size(), piece)) {
      incoming.write(std::as_bytes(std::span(piece).first(got)));
      progress_(done_);
    }
    rows::NewContent content;
    content.blob = incoming.finish(kind.extension);
    content.size = static_cast<std::int64_t>(incoming.size());
    content.sha256 = incoming.sha256();
    content.contentType = kind.type;  // the task media-probe looks into it
    bool isKept = false;
    try {
      database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
        const Time now = access_.now();
        if (!rows::isLive(transaction, video.authorId)) throw Error(Fault::notFound, "its owner was deleted meanwhile");
        rows::requireContentAllowed(transaction, content.sha256);
        rows::insertVideo(transaction, video);
        if (!video.description.empty()) rows::setVideo(transaction, video);
        rows::setContent(transaction, video, content, now);
        if (isDeleted) {
          Video stored = video;
          stored.state = VideoState::ready;
          rows::queueDeletion(transaction, stored, now + options_.trashDelay, now);
        }
        rows::insertImported(transaction, {ImportKind::video, oldId, {}, video.id.text});
        incoming.keep();
        isKept = true;
      });
    } catch (...) {
      if (isKept) incoming.unkeep(false);  // what is left of it, the task orphan-sweep finds
      throw;
    }
  }

  static std::size_t readAt(const Descriptor& file, const std::string& name, std::uint64_t offset, std::string& to) {
    const Waiting forTheDisk;
    for (;;) {
      const ssize_t got = ::pread(file.number(), to.data(), to.size(), static_cast<off_t>(offset));
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) os::throwFileError(name, errno);
    }
  }

  // ---- comments

  void takeComment(const MysqlRow& row) {
    const std::string oldId = valueIn(row, {"id"}).value_or("");
    ImportedItem item{{}, ImportKind::comment, cutOld(oldId), {}, {}, {}, {}};
    if (!mysql::isOldId(oldId)) return say(std::move(item), ImportStatus::skipped, "has no usable ID");
    if (!seenComments_.insert(oldId).second)
      return say(std::move(item), ImportStatus::skipped, "has the ID of an earlier row");
    if (const rows::Imported* const before = known(ImportKind::comment, oldId)) {
      item.id = before->newId;
      return say(std::move(item), ImportStatus::unchanged);
    }
    const auto video = videos_.find(valueIn(row, {"video_id"}).value_or(""));
    if (video == videos_.end()) return say(std::move(item), ImportStatus::skipped, "its video was not imported");
    const auto author = users_.find(valueIn(row, {"author_id", "user_id"}).value_or(""));
    if (author == users_.end()) return say(std::move(item), ImportStatus::skipped, "its author was not imported");
    Comment comment;
    comment.content = mysql::cleanText(valueIn(row, {"content"}).value_or(""), true);
    try {
      checkText("content", comment.content, 1, 2000, Lines::several);
    } catch (const Error& error) {
      return say(std::move(item), ImportStatus::skipped, error.detail());
    }
    comment.time = timeIn(row, {"time", "post_time", "created_at", "create_time"});
    comment.id.text = mysql::isUuid7(oldId) ? oldId : makeUuid7(comment.time);
    comment.video.text = video->second;
    comments_.push_back({std::move(comment), author->second.id, oldId, std::move(item)});
    if (comments_.size() >= commentsAtOnce) writeComments();
  }

  void writeComments() {
    if (!isDry_ && !comments_.empty())
      database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
        for (WaitingComment& one : comments_) {
          one.isInserted = rows::isLive(transaction, one.author) && rows::findVideo(transaction, one.comment.video);
          if (!one.isInserted) continue;
          rows::insertComment(transaction, one.comment, one.author);
          rows::insertImported(transaction, {ImportKind::comment, one.oldId, {}, one.comment.id.text});
        }
      });
    for (WaitingComment& one : comments_) {
      if (isDry_ || one.isInserted) {
        if (!isDry_) one.item.id = one.comment.id.text;
        say(std::move(one.item), ImportStatus::imported);
      } else {
        say(std::move(one.item), ImportStatus::skipped, "its video or author was deleted here since");
      }
    }
    comments_.clear();
  }

  // ---- the rest

  void reportRest() {
    for (const std::string& id : deletions_)
      if (!seenVideos_.contains(id))
        say({{}, ImportKind::deletion, cutOld(id), {}, {}, {}, {}}, ImportStatus::ended,
            "the video was deleted there; its file, if it is there still, stays there");
    std::unordered_set<std::string> used;
    for (const std::string& id : seenVideos_) used.insert(fileOf(id));
    for (const std::string& id : deletions_) used.insert(fileOf(id));
    for (const std::string& name : source_.files)
      if (!used.contains(name))
        say({{}, ImportKind::file, cutOld(name), {}, {}, {}, {}}, ImportStatus::skipped,
            "no video in the dump has this file");
    if (sessions_ > 0)
      say({{}, ImportKind::session, std::to_string(sessions_), {}, {}, {}, {}}, ImportStatus::ended,
          "users sign in again");
    if (charset_ != "utf8mb4" && charset_ != "utf8" && charset_ != "utf8mb3")
      say({{}, ImportKind::dump, charset_, {}, {}, {}, {}}, ImportStatus::noted,
          "the dump is not said to be in UTF-8: other bytes became the replacement character; dump it with "
          "--default-character-set=utf8mb4");
  }

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  const ImportOptions& options_;
  const ImportSource& source_;
  const bool isDry_;
  const SiteImport::Report& report_;
  const SiteImport::Progress& progress_;
  access::Passwords passwords_;
  const std::unordered_set<std::string> files_;
  std::map<ImportKind, std::unordered_map<std::string, rows::Imported>> known_;  // by ID there
  std::unordered_map<std::string, Owner> users_;                                 // by ID there
  std::unordered_map<std::string, std::string> videos_;                          // from ID there to ID here
  std::unordered_set<std::string> takenNames_;                                   // by users of this run
  std::unordered_set<std::string> seenVideos_;
  std::unordered_set<std::string> seenComments_;
  std::set<std::string> deletions_;
  std::vector<WaitingComment> comments_;
  std::int64_t sessions_ = 0;
  std::int64_t done_ = 0;
  std::string charset_;
};

class MysqlImport : public SiteImport {
 public:
  MysqlImport(store::Database& database, store::Blobs& blobs, access::Access& access, const ImportOptions& options)
      : database_(database), blobs_(blobs), access_(access), options_(options) {}

  void run(const ImportSource& source, const Report& report, const Progress& progress) override {
    ImportRun(database_, blobs_, access_, options_, source, false, report, progress).run();
  }
  void rehearse(const ImportSource& source, const Report& report, const Progress& progress) override {
    ImportRun(database_, blobs_, access_, options_, source, true, report, progress).run();
  }

 private:
  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  const ImportOptions options_;
};

}  // namespace

std::unique_ptr<SiteImport> makeSiteImport(store::Database& database, store::Blobs& blobs, access::Access& access,
                                           const ImportOptions& options) {
  return std::make_unique<MysqlImport>(database, blobs, access, options);
}

}  // namespace video
