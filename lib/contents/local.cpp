#include <fmt/format.h>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "contents/make.hpp"
#include "contents/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;

class LocalContents : public Contents {
 public:
  LocalContents(store::Database& database, access::Access& access) : database_(database), access_(access) {}

  NewlyBlockedContent block(const Credential& by, const BlockContent& wanted) override {
    checkSha256("sha256", wanted.sha256);
    checkText("reason", wanted.reason, 1, 500);
    constexpr std::size_t most = 500;
    access::Identity who;
    NewlyBlockedContent blocked;
    database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      who = access_.identify(transaction, by);
      access::require(who, rights::contentsBlock);
      requireNotOwn(transaction, who, rights::contentsBlockOwn, wanted.sha256);
      blocked.time = access_.now();
      rows::blockContent(transaction, wanted, who.doer(), blocked.time);
    });
    blocked.sha256 = wanted.sha256;
    blocked.reason = wanted.reason;
    if (who.isUser()) blocked.by = who.userName;
    database_.read([&](store::Reader& reader) {
      rows::forEachUnblocked(reader, wanted.sha256, [&](VideoId id, const ViewedVideo& video) {
        if (blocked.videos.size() < most && access_.mayView(who, video))
          blocked.videos.push_back(std::move(id));
        else
          ++blocked.others;
      });
    });
    return blocked;
  }

  void unblock(const Credential& by, const ContentRef& wanted) override {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const access::Identity who = access_.identify(transaction, by);
      access::require(who, rights::contentsUnblock);
      requireNotOwn(transaction, who, rights::contentsUnblockOwn, wanted.sha256);
      if (!rows::unblockContent(transaction, wanted.sha256))
        throw Error(Fault::notFound, fmt::format("content {}: is not blocked", wanted.sha256));
    });
  }

  Page<BlockedContent> list(const Credential& by, const ListQuery& wanted) override {
    access::require(access_.identify(by), rights::contentsList);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) { return rows::listBlockedContents(reader, wanted); });
  }

 private:
  // A content is somebody's own who has a video with it, or has deleted one as far as that is remembered.
  static void requireNotOwn(store::Reader& reader, const access::Identity& who, const access::Right& right,
                            std::string_view sha256) {
    if (rows::findContent(reader, who.user, sha256, Time::min()).state != ContentState::absent)
      access::requireIfOwn(who, right, who.user);
  }

  store::Database& database_;
  access::Access& access_;
};

}  // namespace

std::unique_ptr<Contents> makeLocalContents(store::Database& database, access::Access& access) {
  return std::make_unique<LocalContents>(database, access);
}

}  // namespace video
