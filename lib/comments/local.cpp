#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "access/access.hpp"
#include "access/view.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "comments/make.hpp"
#include "comments/rows.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

class DirectoryComments : public LocalComments {
 public:
  DirectoryComments(store::Database& database, access::Access& access, const CommentsOptions& options)
      : database_(database), access_(access), options_(fold(options)) {}

  Comment post(const Credential& by, const NewComment& wanted) override {
    checkText("content", wanted.content, 1, 2000);
    if (wanted.positionMs.value_or(0) < 0) throw Error(Fault::malformed, "position_ms: must not be negative");
    const Identity author = requireAuthor(access_.identify(by));
    access_.countComment(author);
    try {
      return insert(by, wanted);
    } catch (...) {
      access_.uncountComment(author);
      throw;
    }
  }

  Page<Comment> list(const Credential& by, const CommentQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::commentsList);
    checkLimit(wanted.limit);
    if (wanted.parent && wanted.by == CommentOrder::position)
      throw Error(Fault::malformed, "parent: cannot be combined with by=position");
    return database_.read([&](store::Reader& reader) {
      const auto video = rows::findVideo(reader, wanted.video);
      access_.requireView(reader, by, who, wanted.video, rows::viewOf(video), rows::noSuchVideo(wanted.video));
      // Replies are shown even where the comment itself was deleted or hidden.
      if (const auto& parent = wanted.parent; parent && !rows::hasReplies(reader, {wanted.video, *parent}))
        requireVisible(reader, who, {wanted.video, *parent});
      return rows::listComments(reader, wanted, {who.user, access::may(who, rights::commentsListHidden)});
    });
  }

  void remove(const Credential& by, const CommentRef& wanted) override {
    database_.write(store::Purpose::keep,
                    [&](store::Transaction& transaction) { removeInside(transaction, by, wanted); });
  }

  Comment rehearseRemove(const Credential& by, const CommentRef& wanted) override {
    return database_.rehearse(store::Purpose::keep, [&](store::Transaction& transaction) {
      auto comment = rows::showComment(transaction, wanted.id);
      removeInside(transaction, by, wanted);
      return comment.value();
    });
  }

  RemovedComments removeBy(const Credential& by, const RemoveCommentsBy& wanted) override {
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const UserId author = requireAuthorOf(transaction, who, wanted);
      ListQuery query = queryOf(wanted);
      query.limit = 500;
      const Page<Comment> page = rows::listCommentsBy(transaction, author, query, videosSeenBy(who));
      for (const Comment& comment : page.items) rows::deleteComment(transaction, comment.id, comment.parent);
      return RemovedComments{std::ssize(page.items), page.nextCursor};
    });
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

  Comment hide(const Credential& by, const ModerateComment& wanted) override {
    return moderate(by, wanted, rights::commentsHide, rights::commentsHideOwn, HeldFor::hidden);
  }

  Comment approve(const Credential& by, const ModerateComment& wanted) override {
    return moderate(by, wanted, rights::commentsApprove, rights::commentsApproveOwn, std::nullopt);
  }

  void setOptions(const CommentsOptions& options) override {
    auto next = fold(options);
    const std::lock_guard lock(mutex_);
    options_ = std::move(next);
  }

 private:
  Comment insert(const Credential& by, const NewComment& wanted) {
    const std::shared_ptr<const CommentsOptions> options = currentOptions();
    const bool hasWord = hasWordOf(*options, wanted.content);
    return database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const Identity who = requireAuthor(access_.identify(transaction, by));
      rows::requireNotMuted(transaction, who.user, access_.now());
      const auto video = rows::findVideo(transaction, wanted.video);
      access_.requireView(transaction, by, who, wanted.video, rows::viewOf(video), rows::noSuchVideo(wanted.video));
      if (video->state != VideoState::ready) throw rows::noSuchVideo(wanted.video);
      if (video->commentsOff.value_or(false))
        throw Error(Fault::forbidden, fmt::format("video {}: comments are switched off", wanted.video.text));
      Comment comment;
      if (wanted.parent) comment.parent = threadOf(transaction, who, {wanted.video, *wanted.parent});
      comment.time = access_.now();
      comment.id.text = makeUuid7(comment.time);
      comment.video = wanted.video;
      comment.author = who.userName;
      comment.authorDisplayName = rows::displayNameOf(transaction, who.user);
      comment.content = wanted.content;
      comment.positionMs = wanted.positionMs;
      if (!isExempt(who)) {
        if (hasWord)
          comment.held = HeldFor::word;
        else if (options->holdFirst > 0 && !rows::isKnownAuthor(transaction, who.user, options->holdFirst))
          comment.held = HeldFor::newAuthor;
      }
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
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
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
  }

  static std::shared_ptr<const CommentsOptions> fold(CommentsOptions options) {
    for (std::string& word : options.words) word = foldedCase(word);
    return std::make_shared<const CommentsOptions>(std::move(options));
  }

  std::shared_ptr<const CommentsOptions> currentOptions() {
    const std::lock_guard lock(mutex_);
    return options_;
  }

  static bool hasWordOf(const CommentsOptions& options, std::string_view content) {
    if (options.words.empty()) return false;
    const std::string folded = foldedCase(content);
    return std::any_of(options.words.begin(), options.words.end(),
                       [&](const std::string& word) { return folded.find(word) != std::string::npos; });
  }

  store::Database& database_;
  access::Access& access_;
  std::mutex mutex_;
  std::shared_ptr<const CommentsOptions> options_;  // words in folded case
};

}  // namespace

std::unique_ptr<LocalComments> makeLocalComments(store::Database& database, access::Access& access,
                                                 const CommentsOptions& options) {
  return std::make_unique<DirectoryComments>(database, access, options);
}

}  // namespace video
