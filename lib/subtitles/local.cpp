#include <fmt/format.h>

#include "access/access.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/language_tag.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/text_reader.hpp"
#include "base/units.hpp"
#include "media/webvtt.hpp"
#include "subtitles/make.hpp"
#include "subtitles/rows.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

constexpr std::size_t mostFile = 2 << 20;  // bytes
constexpr std::int64_t mostLanguages = 32;

std::string languageOf(std::string_view text) {
  if (auto tag = normalLanguageTag(text)) return *std::move(tag);
  throw Error(Fault::malformed, "lang: not a language tag such as en or zh-Hant");
}

Error noSuchSubtitles(const SubtitleRef& wanted) {
  return Error(Fault::notFound, fmt::format("video {}: no subtitles in {}", wanted.video.text, wanted.lang));
}

std::string readFile(const ByteSource& bytes) {
  const auto tooLarge = [] {
    return Error(Fault::tooLarge, fmt::format("file: exceeds the limit of {}", formatSize(mostFile)));
  };
  if (std::max(bytes.size.value_or(0), bytes.least) > mostFile) throw tooLarge();
  std::string file;
  bytes.push([&](std::span<const std::byte> piece) {
    if (file.size() + piece.size() > mostFile) throw tooLarge();
    file.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  });
  if (file.empty()) throw Error(Fault::malformed, "file: is empty");
  return file;
}

class LocalSubtitles : public Subtitles {
 public:
  LocalSubtitles(store::Database& database, access::Access& access, const SubtitlesOptions& options)
      : database_(database), access_(access), options_(options) {}

  StoredSubtitle put(const Credential& by, const NewSubtitle& wanted, const ByteSource& bytes) override {
    const SubtitleRef ref{wanted.video, languageOf(wanted.lang)};
    if (wanted.label) checkText("label", *wanted.label, 0, 100);
    const Identity who = access_.identify(by);
    database_.read([&](store::Reader& reader) { requireChangeable(reader, who, rights::subtitlesPut, ref.video); });
    rows::SubtitleText made;
    made.lang = ref.lang;
    made.text = media::toWebVtt(readFile(bytes), 2 * mostFile);
    made.size = static_cast<std::int64_t>(made.text.size());
    Sha256 hash;
    hash.add(std::as_bytes(std::span(made.text)));
    made.sha256 = hash.hex();
    return database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const auto video =
          requireChangeable(transaction, access_.identify(transaction, by), rights::subtitlesPut, ref.video);
      const auto before = rows::findSubtitle(transaction, ref);
      if (!before && std::ssize(rows::subtitlesOf(transaction, ref.video)) >= mostLanguages)
        throw Error(Fault::conflict, fmt::format("video {}: already has subtitles in {} languages; delete some",
                                                 ref.video.text, mostLanguages));
      requireQuota(transaction, video.authorId, made.size - (before ? before->size : 0));
      made.label = wanted.label.value_or(before ? before->label : "");
      made.modified = access_.now();
      rows::putSubtitle(transaction, ref.video, made);
      return StoredSubtitle{rows::findSubtitle(transaction, ref).value(), before.has_value()};
    });
  }

  Page<Subtitle> list(const Credential& by, const SubtitleQuery& wanted) override {
    checkLimit(wanted.limit);
    const Identity who = access_.identify(by);
    access::require(who, rights::subtitlesList);
    return database_.read([&](store::Reader& reader) {
      requireView(reader, by, who, wanted.video);
      return rows::listSubtitles(reader, wanted);
    });
  }

  Content open(const Credential& by, const SubtitleRef& given) override {
    const SubtitleRef wanted{given.video, languageOf(given.lang)};
    const Identity who = access_.identify(by);
    access::require(who, rights::subtitlesOpen);
    return database_.read([&](store::Reader& reader) {
      const rows::StoredVideo video = requireView(reader, by, who, wanted.video);
      auto found = rows::findSubtitleText(reader, wanted);
      if (!found) throw noSuchSubtitles(wanted);
      Content content;
      content.meta.size = found->text.size();
      content.meta.type = media::webVttType;
      content.meta.etag = fmt::format("\"{}\"", found->sha256);
      content.meta.modified = found->modified;
      content.meta.name = found->lang + ".vtt";
      content.meta.noIndex = video.visibility != Visibility::public_;
      content.reader = readerOf(std::move(found->text));
      return content;
    });
  }

  void remove(const Credential& by, const SubtitleRef& given) override {
    const SubtitleRef wanted{given.video, languageOf(given.lang)};
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      requireChangeable(transaction, access_.identify(transaction, by), rights::subtitlesRemove, wanted.video);
      if (!rows::deleteSubtitle(transaction, wanted)) throw noSuchSubtitles(wanted);
    });
  }

 private:
  rows::StoredVideo requireView(store::Reader& reader, const Credential& by, const Identity& who, const VideoId& id) {
    auto video = rows::findVideo(reader, id);
    access_.requireView(reader, by, who, id, rows::viewOf(video), rows::noSuchVideo(id));
    return *std::move(video);
  }

  // A video that is pending or ready, of which the caller has this right.
  rows::StoredVideo requireChangeable(store::Reader& reader, const Identity& who, const access::Right& right,
                                      const VideoId& id) const {
    auto video = rows::findVideo(reader, id);
    access_.requireOnVideo(who, right, rows::viewOf(video), rows::noSuchVideo(id));
    if (video->state != VideoState::pending && video->state != VideoState::ready) throw rows::wrongState(*video);
    if (video->blocked) throw Error(Fault::conflict, fmt::format("video {}: is blocked", id.text));
    return *std::move(video);
  }

  void requireQuota(store::Reader& reader, UserId owner, std::int64_t more) const {
    if (more > 0 && more > rows::spaceLeft(reader, owner, options_.quota))
      throw Error(Fault::overQuota, "the owner's quota would be exceeded");
  }

  store::Database& database_;
  access::Access& access_;
  SubtitlesOptions options_;
};

}  // namespace

std::unique_ptr<Subtitles> makeLocalSubtitles(store::Database& database, access::Access& access,
                                              const SubtitlesOptions& options) {
  return std::make_unique<LocalSubtitles>(database, access, options);
}

}  // namespace video
