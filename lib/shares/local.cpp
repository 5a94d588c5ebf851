#include <fmt/format.h>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "shares/make.hpp"
#include "shares/rows.hpp"
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
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      requireVideo(transaction, access_.identify(transaction, by), rights::sharesCreate, wanted.video);
      CreatedShare share;
      share.created = access_.now();
      if (wanted.expires <= share.created) throw Error(Fault::malformed, "expires: must be in the future");
      share.id.text = makePublicId();
      share.video = wanted.video;
      share.what = wanted.what;
      share.label = wanted.label.value_or("");
      share.expires = wanted.expires;
      rows::insertShare(transaction, share);
      share.url = fmt::format("{}/{}/{}{}", options_.publicUrl.empty() ? wanted.site : options_.publicUrl,
                              wanted.what == ShareWhat::view ? "videos" : "upload", wanted.video.text,
                              access_.link(share.id.text, wanted.video, nameOf(wanted.what), wanted.expires));
      return share;
    });
  }

  Page<Share> list(const Credential& by, const ShareQuery& wanted) override {
    checkLimit(wanted.limit);
    const access::Identity who = access_.identify(by);
    return database_.read([&](store::Reader& reader) {
      requireVideo(reader, who, rights::sharesList, wanted.video);
      return rows::listShares(reader, wanted, access_.now());
    });
  }

  void revoke(const Credential& by, const ShareRef& wanted) override {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      requireVideo(transaction, access_.identify(transaction, by), rights::sharesRevoke, wanted.video);
      if (!rows::deleteShare(transaction, wanted))
        throw Error(Fault::notFound, fmt::format("share {}: not found", wanted.id.text));
    });
  }

 private:
  void requireVideo(store::Reader& reader, const access::Identity& who, const access::Right& right,
                    const VideoId& id) const {
    const auto video = rows::findVideo(reader, id);
    access_.requireOnVideo(who, right, rows::viewOf(video), rows::noSuchVideo(id));
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
