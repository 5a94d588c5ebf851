#include <fmt/format.h>

#include <cstdint>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "shares/make.hpp"
#include "shares/rows.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;

class LocalShares : public Shares {
 public:
  LocalShares(store::Database& database, access::Access& access, const SharesOptions& options)
      : database_(database), access_(access), options_(options) {}

  CreatedShare create(const Credential& by, const NewShare& wanted) override {
    if (wanted.label) checkText("label", *wanted.label, 0, 100);
    checkTarget(wanted);
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const access::Identity who = access_.identify(transaction, by);
      const bool isDrop = wanted.what == ShareWhat::drop;
      UserId owner;
      if (isDrop)
        owner = requireUser(transaction, who, rights::sharesCreate, *wanted.user);
      else
        requireVideo(transaction, who, rights::sharesCreate, *wanted.video);
      CreatedShare share;
      share.created = access_.now();
      const auto end = access_.endOf(wanted.expires, wanted.expiresIn);
      if (!end) throw Error(Fault::malformed, "expires: is missing; give expires or expires_in_ms");
      share.expires = *end;
      share.id.text = makePublicId();
      share.what = wanted.what;
      share.label = wanted.label.value_or("");
      const std::string& site = options_.publicUrl.empty() ? wanted.site : options_.publicUrl;
      if (!isDrop) {
        share.video = wanted.video;
        rows::insertShare(transaction, share);
        share.url =
            fmt::format("{}/{}/{}{}", site, wanted.what == ShareWhat::view ? "videos" : "upload", wanted.video->text,
                        access_.link(share.id.text, *wanted.video, nameOf(wanted.what), share.expires));
        return share;
      }
      share.user = wanted.user;
      share.maxFiles = wanted.maxFiles.value_or(50);
      share.maxBytes = wanted.maxBytes;
      share.files = 0;
      share.bytes = 0;
      rows::insertDrop(transaction, owner, share);
      share.url = fmt::format("{}/drop/{}{}", site, share.id.text, access_.dropLink(share.id, owner, share.expires));
      return share;
    });
  }

  Page<Share> list(const Credential& by, const ShareQuery& wanted) override {
    checkLimit(wanted.limit);
    checkOne(wanted.video.has_value(), wanted.user.has_value());
    const access::Identity who = access_.identify(by);
    return database_.read([&](store::Reader& reader) {
      if (wanted.user)
        return rows::listDrops(reader, requireUser(reader, who, rights::sharesList, *wanted.user), wanted,
                               access_.now());
      requireVideo(reader, who, rights::sharesList, *wanted.video);
      return rows::listShares(reader, wanted, access_.now());
    });
  }

  void revoke(const Credential& by, const ShareRef& wanted) override {
    checkOne(wanted.video.has_value(), wanted.user.has_value());
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const access::Identity who = access_.identify(transaction, by);
      bool isRevoked = false;
      if (wanted.user) {
        const UserId owner = requireUser(transaction, who, rights::sharesRevoke, *wanted.user);
        isRevoked = rows::deleteDrop(transaction, owner, wanted.id);
      } else {
        requireVideo(transaction, who, rights::sharesRevoke, *wanted.video);
        isRevoked = rows::deleteShare(transaction, wanted);
      }
      if (!isRevoked) throw Error(Fault::notFound, fmt::format("share {}: not found", wanted.id.text));
    });
  }

 private:
  static void checkOne(bool hasVideo, bool hasUser) {
    if (hasVideo == hasUser) throw Error(Fault::malformed, "video: give a video, or a user for drop links");
  }

  static void checkTarget(const NewShare& wanted) {
    const bool isDrop = wanted.what == ShareWhat::drop;
    if (isDrop != wanted.user.has_value() || isDrop == wanted.video.has_value())
      throw Error(Fault::malformed, "what: a drop link is for a user, any other for a video");
    if (!isDrop && (wanted.maxFiles || wanted.maxBytes))
      throw Error(Fault::malformed, "max_files, max_bytes: for drop links only");
    if (wanted.maxFiles && (*wanted.maxFiles < 1 || *wanted.maxFiles > 1000))
      throw Error(Fault::malformed, "max_files: must be from 1 to 1000");
    if (wanted.maxBytes && (*wanted.maxBytes < 1 || *wanted.maxBytes > INT64_MAX / 4))
      throw Error(Fault::malformed, fmt::format("max_bytes: must be from 1 to {}", INT64_MAX / 4));
  }

  void requireVideo(store::Reader& reader, const access::Identity& who, const access::Right& right,
                    const VideoId& id) const {
    const auto video = rows::findVideo(reader, id);
    access_.requireOnVideo(who, right, rows::viewOf(video), rows::noSuchVideo(id));
  }

  static UserId requireUser(store::Reader& reader, const access::Identity& who, const access::Right& right,
                            std::string_view name) {
    const auto user = rows::findUserId(reader, name);
    access::requireOn(who, right, user, noSuchUser(name));
    return *user;
  }

  store::Database& database_;
  access::Access& access_;
  SharesOptions options_;
};

}  // namespace

std::unique_ptr<Shares> makeLocalShares(store::Database& database, access::Access& access,
                                        const SharesOptions& options) {
  return std::make_unique<LocalShares>(database, access, options);
}

}  // namespace video
