#include "store/backup_writer.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "observe/log.hpp"
#include "os/files.hpp"
#include "store/directory.hpp"
#include "store/folder_filler.hpp"
#include "store/online_copy.hpp"
#include "store/schema.hpp"
#include "store/sqlite_connection.hpp"

namespace video::store {
namespace {

constexpr std::size_t copyPieceSize = 1U << 20;
constexpr std::size_t shortPieceSize = 256U << 10;  // while others write: a commit waits for what is on its way
constexpr std::size_t pageSize = 4096;
constexpr std::uint64_t copyStepSize = 4ULL << 20;  // bytes of a content in one step
constexpr int pauseForTime = 3;                     // how much longer than a piece; few disks know priorities
constexpr std::chrono::milliseconds longestPause{250};
constexpr std::chrono::seconds othersWriteFor{1};
constexpr const char* databaseName = "video.db";
// A backup that is made every day reads each file that it shares once in so many days.
constexpr std::uint64_t daysBetweenReads = 30;

// A video that is being purged is gone for good, and its files may be, too.
constexpr const char* contentsSql =
    "SELECT blob, sha256 FROM video_info WHERE blob IS NOT NULL AND state IN ('ready', 'deleted')";
constexpr const char* picturesSql =
    "SELECT id, thumbnail FROM video_info WHERE thumbnail IS NOT NULL AND state IN ('ready', 'deleted')";

// A picture's name begins with as much of its hash.
std::string hashInName(const std::string& name) {
  const std::size_t start = name.find('-') + 1;
  return name.substr(start, name.find('.', start) - start);
}

}  // namespace

struct BackupWriter::Current {
  std::shared_ptr<const Descriptor> file;
  std::string path;
  std::string expected;  // how its SHA-256 begins; empty if not known
  std::uint64_t size = 0;
  std::uint64_t at = 0;
  Sha256 hash{};
  bool isWritten = true;  // into the sink
  std::string failure{};  // why it could not be read to its end
  // Set for a file of an earlier set, which is shared if it is as it was.
  const BackupEntry* earlier = nullptr;
  std::string name{};  // of the content
};

BackupWriter::BackupWriter(DataDirectory& directory, BackupSink& sink, const Clock& clock,
                           std::chrono::milliseconds lockTimeout, std::function<void(std::uint64_t bytes)> requireSpace)
    : directory_(directory),
      sink_(sink),
      lock_(directory, lockTimeout),
      piece_(copyPieceSize),
      requireSpace_(std::move(requireSpace)) {
  tally_.schema = schemaOf(directory);
  requireSchema(directory.databasePath(), tally_.schema);
  file_ = sink.makeDatabase();
  struct stat data {};
  struct stat set {};
  // The site must not stop for want of space because it is being backed up.
  if (::fstat(directory.descriptor(), &data) != 0 || ::fstat(file_->number(), &set) != 0 || data.st_dev != set.st_dev)
    requireSpace_ = [](std::uint64_t) {};
  tally_.time = clock.now();
  othersWrite();
  writtenTo_ = {};
  copy_ = std::make_unique<OnlineCopy>(directory.databasePath(), *file_);
}

BackupWriter::~BackupWriter() = default;

bool BackupWriter::step() try {
  if (isFinished_) return false;
  pieceBegan_ = std::chrono::steady_clock::now();
  if (copy_) {
    requireSpace_(copyStepSize);
    if (copy_->step(static_cast<int>((isShort_ ? shortPieceSize : copyPieceSize) / pageSize))) {
      paceDatabase();
      leaveDiskToOthers();
      return true;
    }
    copy_.reset();
    beginDatabase();
    return true;
  }
  if (current_) {
    copyPiece();
    return true;
  }
  if (!list_) openList();
  if (beginNext()) return true;
  finish();
  isFinished_ = true;
  return false;
} catch (const SQLite::Exception& exception) {
  throw errorOf(exception);
}

void BackupWriter::paceDatabase() {
  struct stat is {};
  if (::fstat(file_->number(), &is) == 0)
    started_ = paceWriting(file_->number(), started_, static_cast<std::uint64_t>(is.st_size));
}

bool BackupWriter::othersWrite() {
  struct stat log {};
  if (::fstatat(directory_.descriptor(), "video.db-wal", &log, 0) != 0) return false;
  const std::int64_t time = log.st_mtim.tv_sec * 1'000'000'000LL + log.st_mtim.tv_nsec;
  const auto now = std::chrono::steady_clock::now();
  if (time != logTime_ || log.st_size != logSize_) writtenTo_ = now;
  logTime_ = time;
  logSize_ = log.st_size;
  return now - writtenTo_ < othersWriteFor;
}

// Without writers it need not wait: then it is over earlier.
void BackupWriter::leaveDiskToOthers() {
  isShort_ = othersWrite();
  if (isShort_) {
    ++tally_.pauses;
    if (copy_)
      waitUntilWritten(file_->number());
    else
      sink_.settle();
    const auto took = std::chrono::steady_clock::now() - pieceBegan_;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(pauseForTime * took, longestPause));
  }
  pieceBegan_ = std::chrono::steady_clock::now();
}

void BackupWriter::beginDatabase() {
  const bool isWritten = sink_.takeDatabase();
  if (isWritten) requireSpace_ = [](std::uint64_t) {};  // what follows goes elsewhere
  struct stat is {};
  if (::fstat(file_->number(), &is) != 0) os::throwErrno(errno, databaseName);
  current_ = std::make_unique<Current>();
  current_->file = file_;
  current_->path = databaseName;
  current_->size = static_cast<std::uint64_t>(is.st_size);
  current_->isWritten = isWritten;
  if (isWritten) sink_.begin(databaseName, current_->size, tally_.time);
}

void BackupWriter::openList() {
  list_ = std::make_unique<SQLite::Database>(openUnchanging(*file_));
  tally_.bytesOfAll =
      tally_.bytes + static_cast<std::uint64_t>(
                         list_
                             ->execAndGet("SELECT coalesce(sum(size), 0) FROM video_info WHERE blob IS NOT NULL AND "
                                          "state IN ('ready', 'deleted')")
                             .getInt64());
  contents_ = std::make_unique<SQLite::Statement>(*list_, contentsSql);
  pictures_ = std::make_unique<SQLite::Statement>(*list_, picturesSql);
}

bool BackupWriter::beginNext() {
  if (contents_ && contents_->executeStep()) {
    const std::string blob = contents_->getColumn(0).getString();
    beginContent(fmt::format("blobs/{}/{}", blob.substr(0, 2), blob), blob, contents_->getColumn(1).getString());
    return true;
  }
  contents_.reset();
  if (pictures_ && pictures_->executeStep()) {
    const std::string name = pictures_->getColumn(1).getString();
    beginContent(fmt::format("derived/{}/{}", pictures_->getColumn(0).getString(), name), name, hashInName(name));
    return true;
  }
  pictures_.reset();
  return false;
}

void BackupWriter::beginContent(const std::string& path, const std::string& name, const std::string& sha256) {
  if (!isPlainPath(path)) return addProblem("damaged", databaseName, fmt::format("names the file \"{}\"", path));
  if (!tryReuse(path, name, sha256)) beginCopy(path, name, sha256);
}

void BackupWriter::beginCopy(const std::string& path, const std::string& name, const std::string& sha256) {
  std::string failure;
  Descriptor file = openContent(path, name, failure);
  struct stat is {};
  if (file && (::fstat(file.number(), &is) != 0 || !S_ISREG(is.st_mode))) {
    file.reset();
    failure = "is not a file";
  }
  if (!file)
    return addProblem("missing", path, failure.empty() ? "there is no such file in the data directory" : failure);
  const auto size = static_cast<std::uint64_t>(is.st_size);
  const Time modified{std::chrono::seconds{is.st_mtim.tv_sec}};
  if (!sink_.begin(path, size, modified)) return;  // another video has it
  current_ = std::make_unique<Current>();
  current_->isWritten = !sink_.clone(file.number());
  current_->file = std::make_shared<const Descriptor>(std::move(file));
  current_->path = path;
  current_->expected = sha256;
  current_->size = size;
}

bool BackupWriter::isDue(const std::string& sha256) const {
  const auto day = std::chrono::floor<std::chrono::days>(tally_.time).time_since_epoch().count();
  std::uint64_t number = 0;
  for (const char digit : sha256) number = (number * 31 + static_cast<unsigned char>(digit)) % 1'000'003;
  return number % daysBetweenReads == static_cast<std::uint64_t>(day) % daysBetweenReads;
}

bool BackupWriter::tryReuse(const std::string& path, const std::string& name, const std::string& sha256) {
  const BackupEntry* const known = sink_.find(path);
  if (known == nullptr || sha256.empty() || !known->sha256.starts_with(sha256)) return false;
  if (!isDue(known->sha256)) return share(*known);
  Descriptor file = sink_.openEarlier(*known);
  if (!file) return false;
  current_ = std::make_unique<Current>();
  current_->file = std::make_shared<const Descriptor>(std::move(file));
  current_->path = path;
  current_->expected = sha256;
  current_->size = known->size;
  current_->isWritten = false;
  current_->earlier = known;
  current_->name = name;
  return true;
}

bool BackupWriter::share(const BackupEntry& entry) {
  if (!sink_.link(entry)) return false;
  ++tally_.reused;
  addFile(entry);
  return true;
}

// Purging may move it while it is being looked for.
Descriptor BackupWriter::openContent(const std::string& path, const std::string& name, std::string& failure) const {
  try {
    if (Descriptor file = openBelow(directory_.files(), directory_.descriptor(), path)) return file;
    return openHeld(directory_, name);
  } catch (const Error& error) {
    if (error.fault() == Fault::unavailable) throw;  // too many open files
    failure = error.detail();
    return {};
  }
}

void BackupWriter::copyPiece() {
  Current& its = *current_;
  const int file = its.file->number();
  if (its.isWritten) requireSpace_(std::min(copyStepSize, its.size - its.at));
  for (std::uint64_t done = 0; done < copyStepSize && its.at < its.size;) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(isShort_ ? shortPieceSize : piece_.size(), its.size - its.at));
    const std::span<std::byte> bytes = std::span(piece_).first(wanted);
    ssize_t got = its.failure.empty() ? ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(its.at)) : 0;
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (its.failure.empty())
        its.failure = got < 0 ? std::generic_category().message(errno) : "ended while it was being read";
      // The size has been announced.
      std::fill(bytes.begin(), bytes.end(), std::byte{});
      got = static_cast<ssize_t>(bytes.size());
    }
    const std::span<const std::byte> read = bytes.first(static_cast<std::size_t>(got));
    its.hash.add(read);
    if (its.isWritten) sink_.write(read);
    its.at += read.size();
    done += read.size();
    leaveDiskToOthers();
  }
  ::posix_fadvise(file, 0, static_cast<off_t>(its.at), POSIX_FADV_DONTNEED);
  if (its.at >= its.size) endFile();
}

void BackupWriter::endFile() {
  const std::unique_ptr<Current> its = std::move(current_);
  const bool isDatabase = its->file == file_;
  if (its->earlier != nullptr) {
    const bool isSound = its->failure.empty() && its->hash.hex() == its->earlier->sha256;
    if (!isSound) observe::warning("a file of an earlier backup is damaged, and copied again", {{"path", its->path}});
    if (!isSound || !share(*its->earlier)) beginCopy(its->path, its->name, its->expected);
    return;
  }
  if (!isDatabase || its->isWritten) sink_.end();
  const std::string sha256 = its->hash.hex();
  if (isDatabase && !its->failure.empty())
    throw Error(Fault::internal, fmt::format("the copy of the database cannot be read: {}", its->failure));
  if (!its->failure.empty())
    addProblem("damaged", its->path, its->failure);
  else if (!sha256.starts_with(its->expected))
    addProblem("damaged", its->path, "has another SHA-256 than recorded");
  addFile({its->path, its->size, sha256});
}

void BackupWriter::addFile(BackupEntry entry) {
  ++tally_.files;
  tally_.bytes += entry.size;
  manifest_.files.push_back(std::move(entry));
}

void BackupWriter::addProblem(std::string kind, const std::string& path, std::string detail) {
  tally_.problems.push_back({std::move(kind), path, std::move(detail)});
}

void BackupWriter::finish() {
  list_.reset();
  BackupHead& head = manifest_.head;
  head.program = "videod " VIDEO_VERSION;
  head.schema = tally_.schema;
  head.time = tally_.time;
  head.signingKey = "not in this backup: keep a copy of signing.key elsewhere, or all signed links stop working";
  head.count = tally_.files;
  head.bytes = tally_.bytes;
  head.problems = tally_.problems;
  sink_.finish(manifest_);
}

}  // namespace video::store
