#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "access/access.hpp"
#include "access/view.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/waiting.hpp"
#include "comments/formats.hpp"
#include "comments/make.hpp"
#include "comments/rows.hpp"
#include "comments/words.hpp"
#include "store/temporary_file.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

class DirectoryComments : public LocalComments {
 public:
  DirectoryComments(store::Database& database, access::Access& access, const CommentsOptions& options)
      : database_(database), access_(access), options_(withFoldedWords(options)) {}

  Comment post(const Credential& by, const NewComment& wanted) override {
    checkText("content", wanted.content, 1, 2000, Lines::several);
    if (wanted.color && (*wanted.color < 0 || *wanted.color > whiteColor))
      throw Error(Fault::malformed, "color: must be 0 to 16777215");
    if (wanted.positionMs.value_or(0) < 0) throw Error(Fault::malformed, "position_ms: must not be negative");
    const Identity author = requireAuthor(access_.identify(by));
    access_.countComment(author);
    try {
      Comment comment = insert(by, wanted);
      if (comment.positionMs) forget(wanted.video);
      return comment;
    } catch (...) {
      access_.uncountComment(author);
      throw;
    }
  }

  Page<Comment> list(const Credential& by, const CommentQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::commentsList);
    checkLimit(wanted.limit);
    const CommentOrder order = wanted.by.value_or(CommentOrder::time);
    if (wanted.parent && order != CommentOrder::time)
      throw Error(Fault::malformed, fmt::format("parent: cannot be combined with by={}", nameOf(order)));
    if (wanted.position == CommentPosition::none && (wanted.parent || order == CommentOrder::position))
      throw Error(Fault::malformed, "position: cannot be combined with parent or by=position");
    dropOldExport();
    return database_.read([&](store::Reader& reader) {
      const auto video = requireVideo(reader, by, who, wanted.video);
      if (order == CommentOrder::position && video.danmakuOff.value_or(false)) return Page<Comment>{};
      // Replies are shown even where the comment itself was deleted or hidden.
      if (const auto& parent = wanted.parent; parent && !rows::hasReplies(reader, {wanted.video, *parent}))
        requireVisible(reader, who, {wanted.video, *parent});
      return rows::listComments(reader, wanted, {who.user, access::may(who, rights::commentsListHidden)});
    });
  }

  Page<Comment> listBy(const Credential& by, const CommentsByQuery& wanted) override {
    const Identity who = access_.identify(by);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      const auto author = rows::findUserId(reader, wanted.user);
      access::requireOn(who, rights::commentsListBy, author, noSuchUser(wanted.user));
      // Authors find all that they have said, also on videos that have become private.
      const bool isOwn = who.isUser() && who.user == *author;
      return rows::listSaidBy(reader, *author, wanted, isOwn ? MaySee() : videosSeenBy(who));
    });
  }

  void remove(const Credential& by, const CommentRef& wanted) override {
    database_.write(store::Purpose::keep,
                    [&](store::Transaction& transaction) { removeInside(transaction, by, wanted); });
    forget(wanted.video);
  }

  Comment rehearseRemove(const Credential& by, const CommentRef& wanted) override {
    return database_.rehearse(store::Purpose::keep, [&](store::Transaction& transaction) {
      auto comment = rows::showComment(transaction, wanted.id);
      removeInside(transaction, by, wanted);
      return comment.value();
    });
  }

  RemovedComments removeBy(const Credential& by, const RemoveCommentsBy& wanted) override {
    RemovedComments removed = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const UserId author = requireAuthorOf(transaction, who, wanted);
      ListQuery query = queryOf(wanted);
      query.limit = 500;
      const Page<Comment> page = rows::listCommentsBy(transaction, author, query, videosSeenBy(who));
      for (const Comment& comment : page.items) rows::deleteComment(transaction, comment.id, comment.parent);
      return RemovedComments{std::ssize(page.items), page.nextCursor};
    });
    forget({});
    return removed;
  }

  Page<Comment> rehearseRemoveBy(const Credential& by, const RehearseRemoveCommentsBy& wanted) override {
    const Identity who = access_.identify(by);
    ListQuery query = queryOf(wanted);
    query.limit = wanted.limit.value_or(500);
    checkLimit(query.limit);
    return database_.read([&](store::Reader& reader) {
      return rows::listCommentsBy(reader, requireAuthorOf(reader, who, wanted), query, videosSeenBy(who));
    });
  }

  Page<Comment> listHeld(const Credential& by, const HeldCommentQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::commentsListHeld);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      std::optional<UserId> author;
      if (wanted.user) {
        author = rows::findUserId(reader, *wanted.user);
        if (!author) throw noSuchUser(*wanted.user);
      }
      return rows::listHeldComments(reader, author, wanted, videosSeenBy(who));
    });
  }

  Content exportAs(const Credential& by, const ExportComments& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::commentsExport);
    const CommentFormat format = wanted.format.value_or(CommentFormat::ndjson);
    const auto writer = danmaku::writerOf(format);
    const rows::StoredVideo video =
        database_.read([&](store::Reader& reader) { return requireVideo(reader, by, who, wanted.video); });
    const bool isOff = video.danmakuOff.value_or(false);
    const bool isEmpty = isOff && !access::may(who, rights::commentsExportOff, video.authorId);
    if (const auto made = isOff ? std::nullopt : findExported(wanted.video, format)) return *made;
    const Waiting waiting;
    const std::lock_guard one(exporting_);
    if (const auto made = isOff ? std::nullopt : findExported(wanted.video, format)) return *made;
    Exported made{markNow(), bootClock().now(), wanted.video, format, {}};
    store::TemporaryWriter file(database_);
    Sha256 hash;
    const auto flush = [&](std::size_t from) {
      hash.add(std::as_bytes(std::span(file.buffer()).subspan(from)));
      file.flushSome();
    };
    database_.snapshot([&](store::Reader& reader) {
      CommentQuery query;
      query.video = wanted.video;
      query.by = CommentOrder::position;
      query.limit = 1000;
      std::size_t from = 0;
      writer->begin(file.buffer());
      while (!isEmpty) {
        const Page<Comment> page = rows::listComments(reader, query, {});
        for (const Comment& comment : page.items) writer->add(file.buffer(), comment);
        query.cursor = page.nextCursor;
        flush(from);
        from = file.buffer().size();
        if (!query.cursor) break;
      }
      writer->end(file.buffer());
      flush(from);
    });
    const auto [type, extension] = danmaku::typeOf(format);
    made.content.reader = file.finish();
    made.content.meta = {file.size(),
                         type,
                         fmt::format("\"{}\"", hash.hex()),
                         access_.now(),
                         fmt::format("{}.{}", wanted.video.text, extension),
                         true};
    if (isOff) return made.content;
    const std::lock_guard lock(mutex_);
    exported_ = made;
    return made.content;
  }

  ImportedComments importFrom(const Credential& by, const ImportComments& wanted, const ByteSource& file) override {
    constexpr std::uint64_t mostBytes = 64ULL << 20;
    const Identity who = access_.identify(by);
    const UserId owner =
        database_.read([&](store::Reader& reader) { return requireImport(reader, who, wanted.video).authorId; });
    access_.countImport(who);
    store::TemporaryWriter spooled(database_);
    std::uint64_t size = 0;
    file.push([&](std::span<const std::byte> piece) {
      size += piece.size();
      if (size > mostBytes) throw Error(Fault::tooLarge, "file: exceeds 64 MiB");
      spooled.buffer().append(reinterpret_cast<const char*>(piece.data()), piece.size());
      spooled.flushSome();
    });
    const auto content = spooled.finish();
    const Waiting waiting;
    // The file is read twice, so that one that is refused adds nothing.
    ImportedComments result;
    Weigher weigher;
    result.format = danmaku::readRows(*content, wanted.format, weigher);
    const auto whyNot = [&](store::Reader& reader) { return whyNoRoom(reader, owner, wanted.video, weigher.all); };
    if (database_.read(whyNot))
      database_.snapshot([&](store::Reader& reader) {  // without the rows that are there already it may fit
        weigher = Weigher([&](const Comment& row) { return isKnown(reader, wanted.video, row); });
        danmaku::readRows(*content, result.format, weigher);
        if (const auto error = whyNot(reader)) throw Error(*error);
      });
    Importer importer(*this, by, wanted.video, result);
    danmaku::readRows(*content, result.format, importer);
    importer.flush();
    return result;
  }

  Heat heat(const Credential& by, const HeatQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::commentsHeat);
    dropOldExport();
    const Mark mark = markNow();
    const rows::StoredVideo video =
        database_.read([&](store::Reader& reader) { return requireVideo(reader, by, who, wanted.video); });
    if (video.danmakuOff.value_or(false)) return {video.durationMs.value_or(1), std::vector<std::int64_t>(100)};
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = heats_.find(wanted.video); found != heats_.end() && isFresh(found->second.first))
        return found->second.second;
    }
    Heat heat = database_.read([&](store::Reader& reader) {
      const std::int64_t length = video.durationMs.value_or(rows::lastPosition(reader, wanted.video) + 1);
      return Heat{length, rows::countByPosition(reader, wanted.video, length)};
    });
    const std::lock_guard lock(mutex_);
    if (heats_.size() >= mostHeats) heats_.clear();
    heats_.insert_or_assign(wanted.video, std::pair(mark, heat));
    return heat;
  }

  Comment hide(const Credential& by, const ModerateComment& wanted) override {
    return moderate(by, wanted, rights::commentsHide, rights::commentsHideOwn, HeldFor::hidden);
  }

  Comment approve(const Credential& by, const ModerateComment& wanted) override {
    return moderate(by, wanted, rights::commentsApprove, rights::commentsApproveOwn, std::nullopt);
  }

  void setOptions(const CommentsOptions& options) override {
    auto next = withFoldedWords(options);
    const std::lock_guard lock(mutex_);
    options_ = std::move(next);
  }

 private:
  static constexpr std::size_t mostHeats = 1000;
  static constexpr std::int64_t mostImported = 1'000'000;  // on one video
  static constexpr std::int64_t mostHeld = 1000;           // of one user, by an import

  // The version of the database that something was made from, and when.
  struct Mark {
    std::uint64_t version = 0;
    Time made{};
  };

  // The last file that was exported: a client asks for it piece by piece.
  struct Exported {
    Mark mark;
    Time used{};
    VideoId video;
    CommentFormat format = CommentFormat::ndjson;
    Content content;
  };

  Mark markNow() const { return {database_.version(), bootClock().now()}; }

  // Every write changes the version, so what is expensive to make stays good for some seconds more. What this process
  // writes to the video itself, `forget` drops at once.
  bool isFresh(const Mark& mark) const {
    return mark.version == database_.version() || bootClock().now() < mark.made + std::chrono::seconds{10};
  }

  std::optional<Content> findExported(const VideoId& video, CommentFormat format) {
    const std::lock_guard lock(mutex_);
    if (!exported_ || exported_->video != video || exported_->format != format || !isFresh(exported_->mark))
      return std::nullopt;
    exported_->used = bootClock().now();
    return exported_->content;
  }

  // Frees the space of a file that nobody has asked for in a minute.
  void dropOldExport() {
    const std::lock_guard lock(mutex_);
    if (exported_ && exported_->used + std::chrono::minutes{1} < bootClock().now()) exported_.reset();
  }

  // Drops what was made from the comments of a video, or of all videos.
  void forget(const std::optional<VideoId>& video) {
    const std::lock_guard lock(mutex_);
    if (!video || (exported_ && exported_->video == *video)) exported_.reset();
    if (video)
      heats_.erase(*video);
    else
      heats_.clear();
  }

  // What a file adds to a video.
  struct Weight {
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
  };

  class Weigher : public danmaku::RowSink {
   public:
    using IsKnown = std::function<bool(const Comment&)>;
    // Leaves out rows that are there already, if asked to.
    explicit Weigher(IsKnown isKnown = {}) : isKnown_(std::move(isKnown)) {}
    void take(Comment comment) override {
      if (isKnown_ && isKnown_(comment)) return;
      ++all.rows;
      all.bytes += rows::importedSize(comment);
    }
    void skip(CommentSkip /*reason*/) override {}

    Weight all;

   private:
    IsKnown isKnown_;
  };

  std::optional<Error> whyNoRoom(store::Reader& reader, UserId owner, const VideoId& video, const Weight& more) {
    if (more.rows > 0 && rows::countImported(reader, video) + more.rows > mostImported)
      return Error(Fault::tooLarge,
                   fmt::format("video {}: can have at most {} imported comments", video.text, mostImported));
    return whyOverQuota(reader, owner, more.bytes);
  }

  std::optional<Error> whyOverQuota(store::Reader& reader, UserId owner, std::int64_t more) {
    const rows::UserSpace space = rows::spaceOf(reader, owner);
    const std::int64_t quota = space.ownQuota.value_or(currentOptions()->quota);
    if (quota <= 0 || more <= 0 || space.used + more <= quota) return std::nullopt;
    return Error(Fault::overQuota, "the owner's quota would be exceeded");
  }

  // A comment that was exported from this video, and still exists, is known too.
  static bool isKnown(store::Reader& reader, const VideoId& video, const Comment& row) {
    return isOurs(reader, video, row) || rows::hasSource(reader, video, row.sourceId.value());
  }

  static bool isOurs(store::Reader& reader, const VideoId& video, const Comment& row) {
    constexpr std::string_view ours = "videod:";
    const std::string& source = row.sourceId.value();
    return source.starts_with(ours) &&
           rows::findComment(reader, {video, CommentId{source.substr(ours.size())}}).has_value();
  }

  // Inserts the rows of a file, some in each transaction.
  class Importer : public danmaku::RowSink {
   public:
    Importer(DirectoryComments& comments, const Credential& by, const VideoId& video, ImportedComments& result)
        : comments_(comments), by_(by), video_(video), result_(result) {}

    void take(Comment comment) override {
      rows_.push_back(std::move(comment));
      if (rows_.size() == step) flush();
    }
    void skip(CommentSkip reason) override { skip(reason, 1); }
    void flush() {
      if (rows_.empty()) return;
      const ImportedComments some = comments_.insertRows(by_, video_, rows_);
      result_.added += some.added;
      result_.known += some.known;
      result_.held += some.held;
      for (const SkippedComments& one : some.skipped) skip(one.reason, one.count);
      rows_.clear();
    }

   private:
    static constexpr std::size_t step = 500;

    void skip(CommentSkip reason, std::int64_t count) {
      for (SkippedComments& known : result_.skipped)
        if (known.reason == reason) return static_cast<void>(known.count += count);
      result_.skipped.push_back({reason, count});
    }

    DirectoryComments& comments_;
    const Credential& by_;
    const VideoId& video_;
    ImportedComments& result_;
    std::vector<Comment> rows_;
  };

  ImportedComments insertRows(const Credential& by, const VideoId& id, std::vector<Comment>& comments) {
    const std::shared_ptr<const CommentsOptions> options = currentOptions();
    ImportedComments done = database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const UserId owner = requireImport(transaction, who, id).authorId;
      const Time now = access_.now();
      std::optional<std::int64_t> maybeHeld;  // so many more
      std::int64_t bytes = 0;
      std::int64_t words = 0;
      ImportedComments result;
      for (const Comment& comment : comments) {
        const bool hasWord = !isExempt(who) && (hasWordOf(*options, comment.content) ||
                                                hasWordOf(*options, comment.importedAuthor.value_or("")));
        if (isOurs(transaction, id, comment)) {
          ++result.known;
          continue;
        }
        if (hasWord && !maybeHeld) maybeHeld = mostHeld - rows::countHeldBy(transaction, owner, mostHeld);
        if (hasWord && *maybeHeld <= 0) {
          ++words;
          continue;
        }
        Comment row = comment;
        row.video = id;
        row.id.text = makeUuid7(now);
        if (row.time == Time{} || row.time > now) row.time = now;
        if (hasWord) row.held = HeldFor::word;
        const bool isNew = rows::insertComment(transaction, row, owner);
        ++(isNew ? result.added : result.known);
        if (isNew) bytes += rows::importedSize(row);
        if (isNew && hasWord) {
          ++result.held;
          --*maybeHeld;
        }
      }
      if (const auto error = whyOverQuota(transaction, owner, bytes)) throw Error(*error);
      if (bytes > 0) rows::addImportedSize(transaction, id, bytes);
      if (words > 0) result.skipped.push_back({CommentSkip::word, words});
      return result;
    });
    forget(id);
    return done;
  }

  rows::StoredVideo requireVideo(store::Reader& reader, const Credential& by, const Identity& who, const VideoId& id) {
    auto video = rows::findVideo(reader, id);
    access_.requireView(reader, by, who, id, rows::viewOf(video), rows::noSuchVideo(id));
    return *std::move(video);
  }

  rows::StoredVideo requireImport(store::Reader& reader, const Identity& who, const VideoId& id) {
    auto video = rows::findVideo(reader, id);
    access_.requireOnVideo(who, rights::commentsImport, rows::viewOf(video), rows::noSuchVideo(id));
    if (video->state != VideoState::ready) throw rows::noSuchVideo(id);
    requireOpen(*video, true);
    if (who.isUser()) rows::requireNotMuted(reader, who.user, access_.now());
    // A moderator could not look through so many.
    if (isHeldAsNew(reader, *currentOptions(), who, video->authorId))
      throw Error(Fault::forbidden, "import: new users cannot import until one of their comments has been approved");
    return *std::move(video);
  }

  // Throws forbidden if the owner has switched comments, or those with a position, off.
  static void requireOpen(const Video& video, bool withPosition) {
    if (video.commentsOff.value_or(false))
      throw Error(Fault::forbidden, fmt::format("video {}: comments are switched off", video.id.text));
    if (withPosition && video.danmakuOff.value_or(false))
      throw Error(Fault::forbidden,
                  fmt::format("video {}: danmaku (comments with a position) are switched off", video.id.text));
  }

  // Whether comments are held because their author has too few public ones.
  static bool isHeldAsNew(store::Reader& reader, const CommentsOptions& options, const Identity& who, UserId author) {
    return !isExempt(who) && options.holdFirst > 0 && !rows::isKnownAuthor(reader, author, options.holdFirst);
  }

  Comment insert(const Credential& by, const NewComment& wanted) {
    const std::shared_ptr<const CommentsOptions> options = currentOptions();
    const bool hasWord = hasWordOf(*options, wanted.content);
    return database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const Identity who = requireAuthor(access_.identify(transaction, by));
      rows::requireNotMuted(transaction, who.user, access_.now());
      const auto video = requireVideo(transaction, by, who, wanted.video);
      if (video.state != VideoState::ready) throw rows::noSuchVideo(wanted.video);
      requireOpen(video, wanted.positionMs.has_value());
      Comment comment;
      if (wanted.parent) comment.parent = threadOf(transaction, who, {wanted.video, *wanted.parent});
      comment.time = access_.now();
      comment.id.text = makeUuid7(comment.time);
      comment.video = wanted.video;
      comment.author = who.userName;
      comment.authorDisplayName = rows::displayNameOf(transaction, who.user);
      comment.content = wanted.content;
      comment.positionMs = wanted.positionMs;
      comment.mode = wanted.mode;
      comment.color = wanted.color;
      comment.size = wanted.size;
      if (hasWord && !isExempt(who))
        comment.held = HeldFor::word;
      else if (isHeldAsNew(transaction, *options, who, who.user))
        comment.held = HeldFor::newAuthor;
      rows::insertComment(transaction, comment, who.user);
      return comment;
    });
  }

  static Identity requireAuthor(Identity who) {
    access::require(who, rights::commentsPost);
    if (!who.isUser()) throw Error(Fault::malformed, "a comment needs an author: as the operator, use --as USER");
    return who;
  }

  static Error noSuchComment(const CommentId& id) {
    return Error(Fault::notFound, fmt::format("comment {}: not found", id.text));
  }

  // Comments by moderators, admins and the operator, --as whoever, are never held.
  static bool isExempt(const Identity& who) {
    return who.kind == Identity::Kind::operator_ || access::may(who, rights::commentsApprove);
  }

  static rows::StoredComment requireVisible(store::Reader& reader, const Identity& who, const CommentRef& wanted) {
    auto comment = rows::findComment(reader, wanted);
    if (!comment || !access::mayViewComment(who, comment->author, comment->isHeld)) throw noSuchComment(wanted.id);
    return *std::move(comment);
  }

  // The first comment of the thread that a reply to this comment belongs to.
  static CommentId threadOf(store::Reader& reader, const Identity& who, const CommentRef& wanted) {
    return requireVisible(reader, who, wanted).parent.value_or(wanted.id);
  }

  void removeInside(store::Transaction& transaction, const Credential& by, const CommentRef& wanted) {
    const Identity who = access_.identify(transaction, by);
    const auto comment = rows::findComment(transaction, wanted);
    // An author removes comments even from a video that has become private.
    if (comment && comment->author == who.user && who.isUser()) {
      access::require(who, rights::commentsRemove, comment->author);
    } else {
      const auto video = comment ? rows::findVideo(transaction, wanted.video) : std::nullopt;
      access_.requireOnVideo(who, rights::commentsRemove, rows::viewOf(video), noSuchComment(wanted.id));
    }
    rows::deleteComment(transaction, wanted.id, comment->parent);
  }

  static UserId requireAuthorOf(store::Reader& reader, const Identity& who, const RemoveCommentsBy& wanted) {
    const auto author = rows::findUser(reader, wanted.user, 0);
    access::requireOn(who, rights::commentsRemoveBy, author ? std::optional(author->id) : std::nullopt,
                      noSuchUser(wanted.user));
    if (author->role != Role::user) access::require(who, rights::commentsRemoveByStaff);
    return author->id;
  }

  static ListQuery queryOf(const RemoveCommentsBy& wanted) {
    ListQuery query;
    query.cursor = wanted.cursor;
    if (wanted.since != Time{}) query.since = wanted.since;
    return query;
  }

  MaySee videosSeenBy(const Identity& who) const {
    return [this, &who](const ViewedVideo& video) { return access_.mayView(who, video); };
  }

  Comment moderate(const Credential& by, const ModerateComment& wanted, const access::Right& right,
                   const access::Right& ownRight, std::optional<HeldFor> held) {
    Comment moderated = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      access::require(who, right);
      auto comment = rows::showComment(transaction, wanted.id);
      const auto video = comment ? rows::findVideo(transaction, comment->video) : std::nullopt;
      access_.requireOnVideo(who, right, rows::viewOf(video), noSuchComment(wanted.id));
      access::requireIfOwn(who, ownRight, rows::findComment(transaction, {comment->video, wanted.id})->author);
      rows::setHeld(transaction, wanted.id, held);
      if (!held) rows::markAuthorApproved(transaction, wanted.id);
      comment->held = held;
      return *std::move(comment);
    });
    forget(moderated.video);
    return moderated;
  }

  std::shared_ptr<const CommentsOptions> currentOptions() {
    const std::lock_guard lock(mutex_);
    return options_;
  }

  store::Database& database_;
  access::Access& access_;
  std::mutex exporting_;  // one file is made at a time
  std::mutex mutex_;
  std::optional<Exported> exported_;
  std::map<VideoId, std::pair<Mark, Heat>> heats_;
  std::shared_ptr<const CommentsOptions> options_;  // words in folded case
};

}  // namespace

std::unique_ptr<LocalComments> makeLocalComments(store::Database& database, access::Access& access,
                                                 const CommentsOptions& options) {
  return std::make_unique<DirectoryComments>(database, access, options);
}

}  // namespace video
