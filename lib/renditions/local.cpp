#include <fmt/format.h>

#include <functional>
#include <utility>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "media/ffmpeg.hpp"
#include "media/picture.hpp"
#include "renditions/make.hpp"
#include "renditions/maker.hpp"
#include "renditions/rows.hpp"
#include "store/derived_files.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

constexpr std::size_t mostPictureBytes = 512 * 1024;
constexpr std::uint32_t mostPictureSide = 4096;
constexpr std::string_view renditionsTaskName = "renditions";
constexpr std::string_view thumbnailsTaskName = "thumbnails";

Error noPicture(const VideoId& id) {
  return Error(Fault::notFound, fmt::format("video {}: has no picture", id.text));
}

// The bytes of a picture that a client sends.
std::string collect(const ByteSource& bytes) {
  const auto require = [](std::uint64_t size) {
    if (size > mostPictureBytes)
      throw Error(Fault::tooLarge, fmt::format("picture: exceeds {} KiB", mostPictureBytes / 1024));
  };
  require(bytes.size.value_or(bytes.least));
  std::string all;
  bytes.push([&](std::span<const std::byte> piece) {
    require(all.size() + piece.size());
    all.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  });
  return all;
}

// The name of a picture's file, which the picture decides. Throws unsupportedMediaType for what is none.
std::string pictureNameOf(std::string_view bytes) {
  const auto picture = media::readPicture(bytes);
  if (!picture) throw Error(Fault::unsupportedMediaType, "picture: must be JPEG, PNG or WebP");
  if (picture->width > mostPictureSide || picture->height > mostPictureSide)
    throw Error(Fault::unsupportedMediaType,
                fmt::format("picture: has {} by {} pixels; at most {} by {} are allowed", picture->width,
                            picture->height, mostPictureSide, mostPictureSide));
  Sha256 hash;
  hash.add(std::as_bytes(std::span(bytes)));
  return rows::thumbnailName(hash.hex(), picture->extension);
}

class DirectoryRenditions : public LocalRenditions {
 public:
  DirectoryRenditions(store::Database& database, store::Blobs& blobs, access::Access& access,
                      const RenditionsOptions& options)
      : database_(database),
        blobs_(blobs),
        access_(access),
        options_(options),
        programs_(options.programs ? media::Ffmpeg{*options.programs + "/ffmpeg", *options.programs + "/ffprobe"}
                                   : media::installedFfmpeg()),
        files_(database.directory()) {
    if (options.programs && options.programs->empty()) programs_ = {};
  }

  Page<Rendition> list(const Credential& by, const RenditionsOf& wanted) override {
    const Identity who = access_.identify(by);
    Page<Rendition> page;
    const auto names = database_.read([&](store::Reader& reader) {
      requireVideo(reader, who, rights::renditionsList, wanted.id);
      page.items = rows::listQueued(reader, wanted.id);
      return rows::findDerived(reader, wanted.id).value_or(rows::DerivedNames{});
    });
    for (const auto& [form, name] :
         {std::pair(RenditionForm::thumbnail, names.thumbnail), std::pair(RenditionForm::play, names.play)}) {
      const auto file = name.empty() ? std::nullopt : files_.find(wanted.id, name);
      if (!file) continue;
      std::erase_if(page.items, [form = form](const Rendition& queued) { return queued.form == form; });
      Rendition ready;
      ready.id = wanted.id;
      ready.form = form;
      ready.state = RenditionState::ready;
      ready.size = static_cast<std::int64_t>(file->meta.size);
      page.items.push_back(std::move(ready));
    }
    return page;
  }

  Content thumbnail(const Credential& by, const ThumbnailQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::renditionsThumbnail);
    const auto [name, noIndex] = database_.read([&](store::Reader& reader) {
      const auto video = rows::findVideo(reader, wanted.id);
      access_.requireView(reader, by, who, wanted.id, rows::viewOf(video), rows::noSuchVideo(wanted.id));
      return std::pair(video->thumbnailFile, video->visibility != Visibility::public_);
    });
    if (name.empty()) throw noPicture(wanted.id);
    auto content = files_.find(wanted.id, name);
    if (!content) {
      forget(wanted.id, name);
      throw noPicture(wanted.id);
    }
    content->meta.type = media::pictureTypeOf(std::string_view(name).substr(name.rfind('.') + 1));
    content->meta.noIndex = noIndex;
    // Whoever must not see it any more would still have it.
    content->meta.immutable = !noIndex && wanted.version && *wanted.version == rows::versionOf(name);
    return *std::move(content);
  }

  void setThumbnail(const Credential& by, const RenditionsOf& wanted, const ByteSource& bytes) override {
    const auto require = [&](store::Reader& reader, const Identity& who, std::int64_t size) {
      const auto video = requireVideo(reader, who, rights::renditionsSetThumbnail, wanted.id);
      if (video.state != VideoState::pending && video.state != VideoState::ready) throw rows::wrongState(video);
      if (video.blocked) throw Error(Fault::conflict, fmt::format("video {}: is blocked", wanted.id.text));
      const rows::UserSpace space = rows::spaceOf(reader, video.authorId);
      const std::int64_t quota = space.ownQuota.value_or(options_.quota);
      const auto before = rows::findDerived(reader, wanted.id).value_or(rows::DerivedNames{});
      if (quota > 0 && space.used - before.thumbnailSize + size > quota)
        throw Error(Fault::overQuota, "the owner's quota would be exceeded");
      return before.thumbnail;
    };
    const Identity asking = access_.identify(by);
    database_.read([&](store::Reader& reader) {
      return require(reader, asking, static_cast<std::int64_t>(bytes.size.value_or(0)));
    });
    const std::string picture = collect(bytes);
    const std::string name = pictureNameOf(picture);
    database_.requireSpace(picture.size());
    const Descriptor written = files_.write(wanted.id, name, picture);
    std::string before;
    try {
      before = database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
        std::string replaced =
            require(transaction, access_.identify(transaction, by), static_cast<std::int64_t>(picture.size()));
        rows::setThumbnail(transaction, wanted.id, name, static_cast<std::int64_t>(picture.size()));
        rows::unqueueRendition(transaction, wanted.id, RenditionForm::thumbnail);
        return replaced;
      });
    } catch (...) {
      removeUnused(wanted.id, name);
      throw;
    }
    removeUnused(wanted.id, before);
  }

  void removeThumbnail(const Credential& by, const RenditionsOf& wanted) override {
    const std::string before = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const auto video =
          requireVideo(transaction, access_.identify(transaction, by), rights::renditionsRemoveThumbnail, wanted.id);
      const auto names = rows::findDerived(transaction, wanted.id).value_or(rows::DerivedNames{});
      if (names.thumbnail.empty()) throw noPicture(wanted.id);
      rows::setDerived(transaction, wanted.id, RenditionForm::thumbnail, {});
      if (names.thumbnailSize > 0 && video.blob)
        rows::queueRendition(transaction, wanted.id, RenditionForm::thumbnail, false, access_.now());
      return names.thumbnail;
    });
    removeUnused(wanted.id, before);
  }

  Rendition render(const Credential& by, const RenderVideo& wanted) override {
    Rendition made = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const auto video =
          requireVideo(transaction, access_.identify(transaction, by), rights::renditionsRender, wanted.id);
      if (video.state != VideoState::ready) throw rows::wrongState(video);
      if (!programs_.isInstalled()) throw Error(Fault::conflict, "renditions: ffmpeg is not installed");
      Rendition asked;
      asked.id = wanted.id;
      asked.form = wanted.form.value_or(RenditionForm::play);
      const bool isPlay = asked.form == RenditionForm::play;
      if (isPlay && options_.transcode == TranscodeMode::off)
        throw Error(Fault::conflict, "renditions: media.transcode is off");
      const bool isForced = wanted.force.value_or(false);
      if (!isPlay || !isForced) asked.state = stateOf(transaction, wanted.id, asked.form, isForced);
      if (asked.state == RenditionState::waiting)
        rows::queueRendition(transaction, wanted.id, asked.form, isPlay && isForced, access_.now());
      return asked;
    });
    if (made.state == RenditionState::waiting && wake_)
      wake_(made.form == RenditionForm::play ? renditionsTaskName : thumbnailsTaskName);
    return made;
  }

  Page<Rendition> listQueued(const Credential& by, const RenditionQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::renditionsListQueued);
    checkLimit(wanted.limit);
    const RenditionState state = wanted.state.value_or(RenditionState::dead);
    if (state == RenditionState::ready || state == RenditionState::unneeded)
      throw Error(Fault::malformed, "state: must be waiting, transcode or dead");
    return database_.read([&](store::Reader& reader) {
      return rows::listQueued(
          reader,
          access_.whose(reader, who, wanted.user, rights::renditionsListQueuedOf, rights::renditionsListQueuedAll),
          state, wanted);
    });
  }

  schedule::Task thumbnailsTask() override {
    return makeRenditionTask(std::string(thumbnailsTaskName), RenditionForm::thumbnail, database_, blobs_, access_,
                             programs_, options_);
  }
  schedule::Task renditionsTask() override {
    return makeRenditionTask(std::string(renditionsTaskName), RenditionForm::play, database_, blobs_, access_,
                             programs_, options_);
  }

  std::vector<VideoId> listFolders() override { return files_.list(); }

  schedule::Counts sweep(const VideoId& video) override { return {sweepDerived(database_, files_, video), 0}; }

  void wakeBy(std::function<void(std::string_view)> wake) override { wake_ = std::move(wake); }

 private:
  rows::StoredVideo requireVideo(store::Reader& reader, const Identity& who, const access::Right& right,
                                 const VideoId& id) const {
    auto video = rows::findVideo(reader, id);
    access_.requireOnVideo(who, right, rows::viewOf(video), rows::noSuchVideo(id));
    return *std::move(video);
  }

  // Whether one is there, or must be made on request; a content that the task has looked at may need none.
  RenditionState stateOf(store::Reader& reader, const VideoId& id, RenditionForm form, bool isForced) const {
    const auto names = rows::findDerived(reader, id).value_or(rows::DerivedNames{});
    if (form == RenditionForm::thumbnail)
      return names.thumbnailSize > 0 || (!names.thumbnail.empty() && !isForced) ? RenditionState::ready
                                                                                : RenditionState::waiting;
    if (!names.play.empty()) return RenditionState::ready;
    const auto queued = rows::stateOfQueued(reader, id, form);
    if (!queued) return RenditionState::unneeded;
    const bool isKept = queued == RenditionState::transcode && options_.transcode != TranscodeMode::h264;
    return isKept ? RenditionState::transcode : RenditionState::waiting;
  }

  // The file of a picture is gone: one is made of the content instead.
  void forget(const VideoId& id, const std::string& name) {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const auto names = rows::findDerived(transaction, id);
      if (!names || names->thumbnail != name) return;
      rows::setDerived(transaction, id, RenditionForm::thumbnail, {});
      rows::queueRendition(transaction, id, RenditionForm::thumbnail, false, access_.now());
    });
  }

  // What cannot be removed now is removed by the sweep.
  void removeUnused(const VideoId& id, const std::string& name) noexcept try {
    const auto names = database_.read([&](store::Reader& reader) { return rows::findDerived(reader, id); });
    if (!name.empty() && (!names || names->thumbnail != name)) files_.remove(id, name);
  } catch (const std::exception&) {
  }

  store::Database& database_;
  store::Blobs& blobs_;
  access::Access& access_;
  const RenditionsOptions options_;
  media::Ffmpeg programs_;
  store::DerivedFiles files_;
  std::function<void(std::string_view)> wake_;
};

}  // namespace

std::unique_ptr<LocalRenditions> makeLocalRenditions(store::Database& database, store::Blobs& blobs,
                                                     access::Access& access, const RenditionsOptions& options) {
  return std::make_unique<DirectoryRenditions>(database, blobs, access, options);
}

}  // namespace video
