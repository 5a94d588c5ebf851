#include "data/check.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.hpp"
#include "base/units.hpp"
#include "data/rows.hpp"
#include "deletions/rows.hpp"
#include "os/files.hpp"
#include "renditions/rows.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "store/derived_files.hpp"
#include "store/lost_files.hpp"
#include "store/row_check.hpp"
#include "tasks/rows.hpp"
#include "uploads/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

// Others write files a moment before the rows that name them.
constexpr std::chrono::minutes tooYoung{1};
constexpr std::int64_t pageSize = 500;

// Calls `goOn` for each piece.
std::string hashOf(const Descriptor& file, std::string_view what, const std::function<void()>& goOn) {
  Sha256 hash;
  std::vector<std::byte> piece(1U << 20);
  for (off_t at = 0;;) {
    goOn();
    const ssize_t got = ::pread(file.number(), piece.data(), piece.size(), at);
    if (got < 0) os::throwErrno(errno, what);
    if (got == 0) return hash.hex();
    hash.add(std::span(piece).first(static_cast<std::size_t>(got)));
    at += got;
  }
}

std::uint64_t sizeOf(const Descriptor& file, std::string_view what) {
  struct stat is {};
  if (::fstat(file.number(), &is) != 0) os::throwErrno(errno, what);
  if (!S_ISREG(is.st_mode)) throw Error(Fault::conflict, fmt::format("{}: is not a regular file", what));
  return static_cast<std::uint64_t>(is.st_size);
}

class Checker {
 public:
  Checker(const std::shared_ptr<store::DataDirectory>& directory, const CheckData& wanted,
          std::chrono::milliseconds delay, const std::function<void(const Finding&)>& found,
          const DataProgress& progress)
      : directory_(*directory),
        wanted_(wanted),
        delay_(delay),
        found_(found),
        progress_(progress),
        database_(directory, {}),
        blobs_(directory),
        derived_(*directory),
        lost_(*directory) {}

  void run() {
    checkOrphans();
    checkUploads();
    checkVideos();
    checkDerivedFolders();
    checkDeletions();
    checkSums();
    for (const store::LostFile& file : lost_.list())
      found_({FindingKind::lost, FindingState::information, "lost+found/" + file.name,
              fmt::format("{}, there for {}", formatSize(file.size), ageOf(file.since)), "none"});
  }

 private:
  // Reports a finding. If it is to be repaired, `mend` does that first and returns what it has done; nothing: it cannot
  // be repaired.
  template <class Mend>
  void report(Finding finding, const Mend& mend) {
    if (wanted_.repair) {
      try {
        if (const std::optional<std::string> done = mend()) {
          finding.repair = *done;
          finding.state = FindingState::repaired;
        }
      } catch (const Error& error) {
        if (error.fault() == Fault::diskFull) throw;
        finding.state = FindingState::failed;
        finding.detail += fmt::format("; cannot be repaired: {}", error.what());
      }
    }
    found_(finding);
  }

  // Examines one thing; what cannot be examined is a finding, and the rest goes on.
  template <class Work>
  void examine(FindingKind kind, const std::string& id, const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.fault() == Fault::diskFull || error.fault() == Fault::databaseFailed || error.fault() == Fault::busy)
        throw;
      found_({kind, FindingState::found, id, fmt::format("cannot be checked: {}", error.what()),
              error.fault() == Fault::forbidden ? "none: give it to the owner of the data directory (chown)"
                                                : "none: remove the cause, and check again"});
    }
  }

  std::string ageOf(Time since) const {
    const auto age = std::chrono::floor<std::chrono::minutes>(systemClock().now() - since);
    return formatDuration(std::max<std::chrono::milliseconds>(age, std::chrono::milliseconds{0}));
  }

  // Nobody else writes while it is repaired.
  Time newest() const { return wanted_.repair ? Time::max() : systemClock().now() - tooYoung; }

  template <class Work>
  auto read(const Work& work) {
    return database_.read(work);
  }

  template <class Work>
  void write(const Work& work) {
    database_.write(store::Purpose::keep, work);
  }

  // ---- files without a row

  void checkOrphans() {
    for (const std::string& folder : blobs_.listFolders())
      examine(FindingKind::orphan, "blobs/" + folder, [&] {
        for (const std::string& file : blobs_.listFiles(folder, newest())) checkOrphan(folder, file);
      });
    for (const std::string& name : strayIn("blobs"))
      report({FindingKind::orphan, FindingState::found, "blobs/" + name, "no content is kept here",
              "move it to lost+found"},
             [&] { return setAside("blobs", name, name); });
    for (const VideoId& video : derived_.list())
      if (!isVideo(video)) withoutVideo_.push_back(video);
  }

  void checkOrphan(const std::string& folder, const std::string& file) {
    const auto isKnown = [&] {
      return file.starts_with(folder) && read([&](store::Reader& reader) { return rows::isBlobKnown(reader, file); });
    };
    if (isKnown() || (!wanted_.repair && (blobs_.isHeld(folder, file) || isKnown()))) return;
    if (!isThere("blobs/" + folder, file)) return;
    const std::string path = fmt::format("blobs/{}/{}", folder, file);
    report({FindingKind::orphan, FindingState::found, path, "no video has this content", "move it to lost+found"},
           [&]() -> std::optional<std::string> {
             switch (blobs_.quarantine(folder, file, isKnown)) {
               case store::Blobs::Swept::moved: lostFiles_.reset(); return "moved it to lost+found";
               case store::Blobs::Swept::unlinked: return "removed this name of a file that has another one";
               case store::Blobs::Swept::no: break;
             }
             return std::nullopt;
           });
  }

  // What is not a folder, in a folder of folders.
  std::vector<std::string> strayIn(const std::string& folder) const {
    const Descriptor in = os::openFolder(directory_.files(), directory_.descriptor(), folder);
    std::vector<std::string> names = os::listNames(directory_.files(), in.number(), folder);
    std::erase_if(names, [&](const std::string& name) {
      struct stat is {};
      return name.starts_with('.') || ::fstatat(in.number(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0 ||
             S_ISDIR(is.st_mode);
    });
    return names;
  }

  bool isVideo(const VideoId& video) {
    return read([&](store::Reader& reader) { return rows::isVideo(reader, video.text); });
  }

  // Those that had no video a while ago: a daemon removes the row of a purged one first.
  void checkDerivedFolders() {
    for (const VideoId& video : withoutVideo_) {
      if (isVideo(video) || !isThere("derived", video.text)) continue;
      report({FindingKind::orphan, FindingState::found, "derived/" + video.text, "there is no such video",
              "move it to lost+found"},
             [&] { return setAside("derived", video.text, "derived-" + video.text); });
    }
  }

  bool isThere(const std::string& folder, const std::string& name) const {
    struct stat is {};
    return ::fstatat(directory_.descriptor(), fmt::format("{}/{}", folder, name).c_str(), &is, AT_SYMLINK_NOFOLLOW) ==
           0;
  }

  std::optional<std::string> setAside(const std::string& folder, const std::string& name, const std::string& newName) {
    const Descriptor from = os::openFolder(directory_.files(), directory_.descriptor(), folder);
    return "moved it to lost+found/" + lost_.put(from.number(), name, newName);
  }

  // ---- uploads

  void checkUploads() {
    for (const std::string& name : blobs_.listIncoming(newest())) {
      const auto isKept = [&] {
        return read([&](store::Reader& reader) { return rows::isPartialUpload(reader, name); });
      };
      if (isKept() || blobs_.isUnderWay(name) || isKept() || !isThere("incoming", name)) continue;
      report({FindingKind::leftoverUpload, FindingState::found, "incoming/" + name,
              fmt::format("{} of an upload that has ended", formatSize(blobs_.incomingSize(name))),
              "move it to lost+found"},
             [&] { return setAside("incoming", name, name); });
    }
    const auto uploads = read([](store::Reader& reader) { return rows::listPartialUploads(reader); });
    for (const rows::StoredBytes& upload : uploads) {
      if (upload.upload.find('/') != std::string::npos || upload.upload.starts_with('.')) continue;
      const auto there = static_cast<std::int64_t>(blobs_.incomingSize(upload.upload));
      if (there >= upload.bytes) continue;
      const auto bytes = read([&](store::Reader& reader) { return rows::partialBytes(reader, upload.upload); });
      if (!bytes || *bytes <= static_cast<std::int64_t>(blobs_.incomingSize(upload.upload))) continue;
      report(
          {FindingKind::lostBytes, FindingState::found, upload.upload,
           fmt::format("{} of {} bytes of this upload are in incoming/", there, *bytes),
           fmt::format("have it continued after {} bytes", there)},
          [&]() -> std::optional<std::string> {
            write([&](store::Transaction& transaction) { rows::setPartialBytes(transaction, upload.upload, there); });
            return fmt::format("it continues after {} bytes", there);
          });
    }
  }

  // ---- videos

  void checkVideos() {
    const std::int64_t all = read([](store::Reader& reader) { return rows::countVideos(reader); });
    all_ = static_cast<std::uint64_t>(all);
    VideoId last;
    for (;;) {
      const auto page = read([&](store::Reader& reader) { return rows::listKept(reader, last, pageSize); });
      if (page.empty()) return;
      for (const rows::KeptContent& video : page) {
        ++done_;
        goOn();
        if (video.isPurged) continue;
        if (!video.blob.empty()) examine(FindingKind::missingContent, video.id.text, [&] { checkContent(video); });
        for (const auto& [form, file] :
             {std::pair(RenditionForm::thumbnail, &video.thumbnail), std::pair(RenditionForm::play, &video.play)})
          if (!file->empty()) checkDerived(video, form, *file);
      }
      last = page.back().id;
    }
  }

  void goOn() const {
    if (progress_) progress_(done_, all_);
  }

  // What is wrong with the content; nothing if it is as its row says.
  struct Wrong {
    FindingKind kind;
    std::string detail;
  };
  std::optional<Wrong> wrongWith(const rows::KeptContent& video) const {
    const std::shared_ptr<const Descriptor> file = blobs_.open(video.blob);
    if (!file) return Wrong{FindingKind::missingContent, "its content is missing"};
    const std::uint64_t size = sizeOf(*file, video.blob);
    if (std::cmp_not_equal(size, video.size))
      return Wrong{FindingKind::wrongSize, fmt::format("its content has {} of {} bytes", size, video.size)};
    if (!wanted_.hash || video.sha256.empty()) return std::nullopt;
    const std::string hash = hashOf(*file, video.blob, [this] { goOn(); });
    if (hash == video.sha256) return std::nullopt;
    return Wrong{FindingKind::wrongHash, fmt::format("its content has the SHA-256 {}, not {}", hash, video.sha256)};
  }

  void checkContent(const rows::KeptContent& video) {
    const std::optional<Wrong> wrong = wrongWith(video);
    if (!wrong) return;
    const auto now = read([&](store::Reader& reader) { return rows::findKept(reader, video.id); });
    if (!now || now->isPurged || now->blob != video.blob) return;  // changed meanwhile
    // A row of a damaged or foreign database may say anything.
    const bool hasName = store::Blobs::isName(video.blob);
    const std::optional<std::string> copy = hasName ? findCopy(video) : std::nullopt;
    report({wrong->kind, FindingState::found, video.id.text,
            fmt::format("{} (blobs/{})", wrong->detail, store::Blobs::pathOf(video.blob)),
            copy ? fmt::format("put lost+found/{} back", *copy)
                 : std::string("none: restore it from a backup, or delete the video")},
           [&]() -> std::optional<std::string> {
             if (!copy) return std::nullopt;
             putBack(video, *copy);
             return fmt::format("put lost+found/{} back", *copy);
           });
  }

  // A file in lost+found that is the content of the video.
  std::optional<std::string> findCopy(const rows::KeptContent& video) {
    if (!lostFiles_) lostFiles_ = lost_.list();
    for (const store::LostFile& file : *lostFiles_) {
      if (file.isFolder || std::cmp_not_equal(file.size, video.size)) continue;
      const bool hasName = file.name == video.blob || file.name.starts_with(video.blob + '.');
      if (video.sha256.empty() ? hasName : lostHash(file.name) == video.sha256) return file.name;
    }
    return std::nullopt;
  }

  const std::string& lostHash(const std::string& name) {
    std::string& hash = lostHashes_[name];
    if (!hash.empty()) return hash;
    try {
      const Descriptor file = lost_.open(name);
      hash = file ? hashOf(file, name, [this] { goOn(); }) : "gone";
    } catch (const Error&) {
      hash = "unreadable";
    }
    return hash;
  }

  void putBack(const rows::KeptContent& video, const std::string& copy) {
    os::FileSystem& files = directory_.files();
    const Descriptor blobs = os::openFolder(files, directory_.descriptor(), "blobs");
    const std::string shardName = video.blob.substr(0, 2);
    if (os::makeFolder(files, blobs.number(), shardName)) os::sync(files, blobs.number(), "blobs");
    const Descriptor shard = os::openFolder(files, blobs.number(), shardName);
    if (isThere("blobs/" + shardName, video.blob)) lost_.put(shard.number(), video.blob, video.blob + ".damaged");
    lost_.putBack(copy, shard.number(), video.blob);
    write([&](store::Transaction& transaction) { rows::clearDamage(transaction, video.id); });
    std::erase_if(*lostFiles_, [&](const store::LostFile& file) { return file.name == copy; });
  }

  void checkDerived(const rows::KeptContent& video, RenditionForm form, const std::string& file) {
    if (derived_.find(video.id, file)) return;
    const auto now = read([&](store::Reader& reader) { return rows::findKept(reader, video.id); });
    if (!now || now->isPurged || (form == RenditionForm::thumbnail ? now->thumbnail : now->play) != file) return;
    const bool isPicture = form == RenditionForm::thumbnail;
    report(
        {FindingKind::missingDerived, FindingState::found, video.id.text,
         fmt::format("its {} is missing (derived/{}/{})", isPicture ? "picture" : "playable form", video.id.text, file),
         "have another one made"},
        [&]() -> std::optional<std::string> {
          write([&](store::Transaction& transaction) {
            rows::setDerived(transaction, video.id, form, {});
            rows::queueRendition(transaction, video.id, form, false, systemClock().now());
          });
          return "another one will be made";
        });
  }

  // ---- the queue of deletions, and sums

  void checkDeletions() {
    const Time now = systemClock().now();
    for (const rows::LostDeletion& one : read([](store::Reader& reader) { return rows::listLostDeletions(reader); })) {
      if (one.hasRecord)
        report({FindingKind::deadDeletion, FindingState::found, one.id.text,
                fmt::format("its deletion was given up: {}", one.why), "try again"},
               [&]() -> std::optional<std::string> {
                 write([&](store::Transaction& transaction) { rows::retryDeletion(transaction, one.id, now); });
                 return "it will be tried again";
               });
      else
        report({FindingKind::deadDeletion, FindingState::found, one.id.text,
                "it is deleted and not in the queue of deletions", "queue its deletion"},
               [&]() -> std::optional<std::string> {
                 write([&](store::Transaction& transaction) {
                   rows::insertDeletion(transaction, one.id, now + delay_, now);
                 });
                 return "queued its deletion";
               });
    }
  }

  void checkSums() {
    for (const rows::WrongBeside& one :
         database_.snapshot([](store::Reader& reader) { return rows::listWrongBeside(reader); }))
      report({FindingKind::wrongSums, FindingState::found, one.id.text,
              fmt::format("its subtitles, picture and imported comments count as {} bytes instead of {}", one.recorded,
                          one.counted),
              "count again"},
             [&]() -> std::optional<std::string> {
               write([&](store::Transaction& transaction) { rows::setBeside(transaction, one.id, one.counted); });
               return "counted again";
             });
    for (const rows::WrongSums& one :
         database_.snapshot([](store::Reader& reader) { return rows::listWrongSums(reader); }))
      report({FindingKind::wrongSums, FindingState::found, one.name,
              fmt::format("the user has {} videos, {} bytes, {} of them deleted; recorded are {}, {} and {}",
                          one.counted.videos, one.counted.used, one.counted.trash, one.recorded.videos,
                          one.recorded.used, one.recorded.trash),
              "count again"},
             [&]() -> std::optional<std::string> {
               write([&](store::Transaction& transaction) { rows::correctSums(transaction, one); });
               return "counted again";
             });
  }

  store::DataDirectory& directory_;
  const CheckData& wanted_;
  const std::chrono::milliseconds delay_;
  const std::function<void(const Finding&)>& found_;
  const DataProgress& progress_;
  store::Database database_;
  store::Blobs blobs_;
  store::DerivedFiles derived_;
  store::LostFiles lost_;
  std::optional<std::vector<store::LostFile>> lostFiles_;  // listed when needed
  std::vector<VideoId> withoutVideo_;                      // that have derived files
  std::uint64_t done_ = 0;                                 // videos
  std::uint64_t all_ = 0;
  std::map<std::string, std::string> lostHashes_;
};

}  // namespace

void checkDirectory(const std::shared_ptr<store::DataDirectory>& directory, const CheckData& wanted,
                    std::chrono::milliseconds delay, const std::function<void(const Finding&)>& found,
                    const DataProgress& progress) {
  const auto foundRow = [&](const store::RowProblem& problem) {
    const bool isReference = problem.kind == store::RowProblem::Kind::reference;
    found({isReference ? FindingKind::brokenReference : FindingKind::damagedDatabase,
           problem.isRepaired ? FindingState::repaired : FindingState::found, problem.where, problem.detail,
           problem.repair});
  };
  if (!store::checkRows(*directory, wanted.repair, foundRow)) return;
  Checker(directory, wanted, delay, found, progress).run();
}

}  // namespace video
