#include <fmt/format.h>

#include "access/access.hpp"
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

class LocalComments : public Comments {
 public:
  LocalComments(store::Database& database, access::Access& access) : database_(database), access_(access) {}

  Comment post(const Credential& by, const NewComment& wanted) override {
    checkText("content", wanted.content, 1, 2000);
    if (wanted.positionMs.value_or(0) < 0) throw Error(Fault::malformed, "position_ms: must not be negative");
    access_.countComment(requireAuthor(access_.identify(by)));
    return database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const Identity who = requireAuthor(access_.identify(transaction, by));
      rows::requireNotMuted(transaction, who.user, access_.now());
      const auto video = rows::findVideo(transaction, wanted.video);
      access_.requireView(transaction, by, who, wanted.video, rows::viewOf(video), rows::noSuchVideo(wanted.video));
      if (video->state != VideoState::ready) throw rows::noSuchVideo(wanted.video);
      Comment comment;
      comment.time = access_.now();
      comment.id.text = makeUuid7(comment.time);
      comment.video = wanted.video;
      comment.author = who.userName;
      comment.content = wanted.content;
      comment.positionMs = wanted.positionMs;
      rows::insertComment(transaction, comment, who.user);
      return comment;
    });
  }

  Page<Comment> list(const Credential& by, const CommentQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::commentsList);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      const auto video = rows::findVideo(reader, wanted.video);
      access_.requireView(reader, by, who, wanted.video, rows::viewOf(video), rows::noSuchVideo(wanted.video));
      return rows::listComments(reader, wanted);
    });
  }

  void remove(const Credential& by, const CommentRef& wanted) override {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      const auto comment = rows::findComment(transaction, wanted);
      const Error absent(Fault::notFound, fmt::format("comment {}: not found", wanted.id.text));
      // An author removes comments even from a video that has become private.
      if (comment && comment->author == who.user && who.isUser()) {
        access::require(who, rights::commentsRemove, comment->author);
      } else {
        const auto video = comment ? rows::findVideo(transaction, wanted.video) : std::nullopt;
        access_.requireOnVideo(who, rights::commentsRemove, rows::viewOf(video), absent);
      }
      rows::deleteComment(transaction, wanted.id);
    });
  }

 private:
  static Identity requireAuthor(Identity who) {
    access::require(who, rights::commentsPost);
    if (!who.isUser()) throw Error(Fault::malformed, "a comment needs an author: as the operator, use --as USER");
    return who;
  }

  store::Database& database_;
  access::Access& access_;
};

}  // namespace

std::unique_ptr<Comments> makeLocalComments(store::Database& database, access::Access& access) {
  return std::make_unique<LocalComments>(database, access);
}

}  // namespace video
