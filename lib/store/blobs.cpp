#include "store/blobs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/sha256.hpp"
#include "base/waiting.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "store/adopted_file.hpp"
#include "store/content_writer.hpp"
#include "store/directory.hpp"
#include "store/held_files.hpp"
#include "store/lost_files.hpp"

namespace video::store {
namespace {

constexpr std::size_t idDigits = 32;
constexpr std::size_t readSize = 1U << 20;

bool isHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}
bool isExtension(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

void requirePlainName(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos)
    throw std::logic_error("not a valid file name");
}

// isUnderWay takes the lock for a moment, so a single failure does not mean that an upload holds it.
bool tryLockBriefly(int file) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (os::tryLock(file, LOCK_EX)) return true;
    const Waiting forTheOther;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return os::tryLock(file, LOCK_EX);
}

// Returns the state of the file, or nothing if the name is gone.
bool findStatus(const Descriptor& folder, const std::string& name, struct stat& found) {
  if (::fstatat(folder.number(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) return true;
  if (errno != ENOENT) os::throwErrno(errno, name);
  return false;
}

// Regular files last written to before `moment`; names that begin with a dot are nobody's of ours.
std::vector<std::string> listOld(os::FileSystem& files, const Descriptor& folder, const std::string& what,
                                 Time moment) {
  std::vector<std::string> names = os::listNames(files, folder.number(), what);
  std::erase_if(names, [&](const std::string& name) {
    struct stat is {};
    if (name.front() == '.' || !findStatus(folder, name, is)) return true;
    const Time written{std::chrono::seconds{is.st_mtim.tv_sec} +
                       std::chrono::milliseconds{is.st_mtim.tv_nsec / 1'000'000}};
    return !S_ISREG(is.st_mode) || written >= moment;
  });
  return names;
}

}  // namespace

struct Incoming::State {
  std::shared_ptr<DataDirectory> directory;
  std::shared_ptr<SyncedShards> syncedShards;
  std::string name;
  Descriptor incoming;  // the folder
  Descriptor file;
  Descriptor placeholder;  // keeps the name locked after the content has been renamed
  std::optional<ContentWriter> writer;
  std::unique_ptr<AdoptedFile> adopted;  // the file that is the content itself
  // The file with the content.
  int content() const { return adopted ? adopted->number() : file.number(); }
  std::string front;
  std::string sha256;
  Descriptor shard;
  std::string blob;
  enum class Kept { no, maybe, yes } kept = Kept::no;  // the blob
  bool resumable = false;
  bool syncFailed = false;
  std::uint64_t synced = 0;  // bytes
  bool isNew = false;        // the name may not survive a power loss yet
  bool linked = false;       // the content has both names

  ~State() {
    const Waiting forTheDisk;  // closing an unlinked file makes the file system free its blocks
    writer.reset();
    if (!blob.empty() && kept == Kept::no) removeBlob();
    if ((holdsName(content()) && (kept == Kept::yes || !resumable)) || (placeholder && holdsName(placeholder.number())))
      directory->files().unlinkat(incoming.number(), name.c_str());
    if (adopted && kept == Kept::no) adopted->restoreRights();
    adopted.reset();
    file.reset();
    placeholder.reset();
  }

  // Until its row is committed, the content keeps its name in incoming/ as well, so that no crash loses it.
  void giveBlobName(const std::string& wanted) {
    os::FileSystem& files = directory->files();
    linked = files.linkat(incoming.number(), name.c_str(), shard.number(), wanted.c_str()) == 0;
    if (!linked && errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
      os::throwErrno(errno, wanted);
    // The file system has no hard links.
    if (!linked && files.renameat2(incoming.number(), name.c_str(), shard.number(), wanted.c_str(), 0) != 0)
      os::throwErrno(errno, wanted);
    blob = wanted;
  }

  // Of an upload that can be resumed, the content gets its name in incoming/ back.
  void removeBlob() {
    if (!resumable || linked ||
        directory->files().renameat2(shard.number(), blob.c_str(), incoming.number(), name.c_str(), RENAME_NOREPLACE) !=
            0)
      directory->files().unlinkat(shard.number(), blob.c_str());
  }

  void sync(std::uint64_t size) {
    if (syncFailed) throw Error(Fault::internal, fmt::format("{}: could not be synced before", name));
    syncFailed = true;
    os::sync(directory->files(), content(), name);
    syncFailed = false;
    synced = size;
  }

  bool holdsName(int holder) const { return holder >= 0 && os::isSameFile(holder, incoming.number(), name); }
};

Incoming::Incoming(std::unique_ptr<State> state) : state_(std::move(state)) {}
Incoming::Incoming(Incoming&&) noexcept = default;
Incoming::~Incoming() = default;

void Incoming::write(std::span<const std::byte> given) {
  State& its = *state_;
  std::string_view bytes(reinterpret_cast<const char*>(given.data()), given.size());
  if (its.front.size() < frontSize) its.front.append(bytes.substr(0, frontSize - its.front.size()));
  if (!its.adopted) return its.writer->write(bytes);
  its.adopted->add(given);
}

bool Incoming::adopt(std::shared_ptr<const Descriptor> file) {
  State& its = *state_;
  os::FileSystem& files = its.directory->files();
  auto adopted = AdoptedFile::take(files, std::move(file), its.incoming.number());
  if (!adopted) return false;
  const std::string link = its.name + ".link";
  files.unlinkat(its.incoming.number(), link.c_str());  // of a process that was killed
  const bool isLinked = files.linkat(adopted->number(), its.incoming.number(), link.c_str()) == 0;
  if (!isLinked ||
      files.renameat2(its.incoming.number(), link.c_str(), its.incoming.number(), its.name.c_str(), 0) != 0) {
    if (isLinked) files.unlinkat(its.incoming.number(), link.c_str());
    adopted->restoreRights();
    return false;
  }
  its.adopted = std::move(adopted);
  return true;
}

std::span<std::byte> Incoming::room() {
  return state_->adopted ? std::span<std::byte>() : state_->writer->room();
}
std::uint64_t Incoming::size() const {
  return state_->adopted ? state_->adopted->size() : state_->writer->size();
}
std::string_view Incoming::front() const {
  return state_->front;
}
std::string Incoming::sha256() const {
  return state_->sha256;
}
void Incoming::keep() {
  state_->kept = State::Kept::yes;
}
void Incoming::unkeep(bool isCertain) {
  state_->kept = isCertain ? State::Kept::no : State::Kept::maybe;
}

std::uint64_t Incoming::sync() {
  State& its = *state_;
  const Waiting forTheDisk;
  its.sync(its.writer->written());
  if (its.isNew) os::sync(its.directory->files(), its.incoming.number(), "incoming");
  its.isNew = false;
  return its.synced;
}
std::uint64_t Incoming::synced() const {
  return state_->isNew ? 0 : state_->synced;
}

void Incoming::cut(std::uint64_t size) {
  const Waiting forTheDisk;
  state_->writer.reset();
  if (state_->directory->files().ftruncate(state_->file.number(), static_cast<off_t>(size)) != 0)
    os::throwErrno(errno, state_->name);
}

void Incoming::drop() {
  state_->resumable = false;
}

HashedPart Incoming::pause() {
  const Waiting forTheDisk;
  HashedPart whole = state_->writer->pause();
  sync();
  return whole;
}

bool Incoming::isAlone() const {
  return state_->adopted && state_->adopted->isAlone();
}

void Incoming::replaceByCopy() {
  State& its = *state_;
  os::FileSystem& files = its.directory->files();
  if (!its.adopted || its.kept == State::Kept::no) return;
  const Waiting forTheDisk;
  const std::string name = its.name + ".copy";
  os::removeFile(files, its.incoming.number(), name);  // of a process that was killed
  const Descriptor copy = os::makeFile(files, its.incoming.number(), name, O_RDWR);
  if (!copy) throw Error(Fault::internal, fmt::format("{}: name already exists", name));
  try {
    its.adopted->copyTo(copy.number(), name);
    os::sync(files, copy.number(), name);
    if (files.renameat2(its.incoming.number(), name.c_str(), its.shard.number(), its.blob.c_str(), 0) != 0)
      os::throwErrno(errno, its.blob);
  } catch (...) {
    files.unlinkat(its.incoming.number(), name.c_str());
    throw;
  }
  os::sync(files, its.shard.number(), "blobs");
  its.adopted->restoreRights();
  its.adopted.reset();
}

std::string Incoming::finish(std::string_view extension) {
  State& its = *state_;
  os::FileSystem& files = its.directory->files();
  const Waiting waiting;
  if (its.adopted) {
    its.adopted->requireUnchanged();
    its.sha256 = its.adopted->sha256();
  } else {
    its.sha256 = its.writer->finish();
  }
  its.sync(size());

  std::string blob = makeRandomHex(idDigits / 2);
  if (!extension.empty() && std::all_of(extension.begin(), extension.end(), isExtension))
    blob.append(".").append(extension);
  const Descriptor blobs = os::openFolder(files, its.directory->descriptor(), "blobs");
  const std::string fanName = blob.substr(0, 2);
  os::makeFolder(files, blobs.number(), fanName);
  // The process that created it may have died before syncing it, so each process syncs it once.
  std::atomic<bool>& isSynced = (*its.syncedShards)[std::stoul(fanName, nullptr, 16)];
  if (!isSynced) os::sync(files, blobs.number(), "blobs");
  isSynced = true;
  its.shard = os::openFolder(files, blobs.number(), fanName);
  if (its.resumable) {
    its.giveBlobName(blob);
    os::sync(files, its.shard.number(), "blobs");
    return blob;
  }
  // The upload's name must stay locked after the rename, so the content is exchanged with an empty file that is already
  // locked.
  its.placeholder = os::makeFile(files, its.shard.number(), blob, O_RDWR);
  if (!its.placeholder) throw Error(Fault::internal, "blob: name already exists");
  its.blob = blob;
  if (!os::tryLock(its.placeholder.number(), LOCK_EX)) throw Error(Fault::internal, "blob: new file is locked");
  const auto rename = [&](unsigned flags) {
    return files.renameat2(its.incoming.number(), its.name.c_str(), its.shard.number(), blob.c_str(), flags) == 0;
  };
  if (!rename(RENAME_EXCHANGE)) {
    if (errno != EINVAL && errno != ENOSYS) os::throwErrno(errno, blob);
    // The file system does not support RENAME_EXCHANGE. Replacing the placeholder is safe, because we created it.
    if (!rename(0)) os::throwErrno(errno, blob);
  }
  os::sync(files, its.shard.number(), "blobs");
  return blob;
}

// Closing the last descriptor of an unlinked file makes the file system free its blocks, which may take a while.
void closeRead(Descriptor* file) noexcept {
  struct stat is {};
  std::optional<Waiting> forTheDisk;
  if (::fstat(file->number(), &is) == 0 && is.st_nlink == 0) forTheDisk.emplace();
  delete file;
}

// The files open for reading. Readers of the same blob share one descriptor.
struct Blobs::Reading {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<const Descriptor>, std::less<>> files;
  std::size_t sweepAt = 64;

  // Returns the descriptor already in use if it refers to the same file, otherwise `file`.
  std::shared_ptr<const Descriptor> share(std::string_view blob, Descriptor file) {
    const std::scoped_lock lock(mutex);
    if (files.size() >= sweepAt) {
      std::erase_if(files, [](const auto& one) { return one.second.expired(); });
      sweepAt = 2 * files.size() + 64;
    }
    std::weak_ptr<const Descriptor>& known = files[std::string(blob)];
    if (auto open = known.lock(); open && os::isSameFile(open->number(), file.number())) return open;
    const std::shared_ptr<const Descriptor> fresh(new Descriptor(std::move(file)), closeRead);
    known = fresh;
    return fresh;
  }
};

Blobs::Blobs(std::shared_ptr<DataDirectory> directory)
    : directory_(std::move(directory)),
      syncedShards_(std::make_shared<SyncedShards>()),
      reading_(std::make_unique<Reading>()) {}
Blobs::~Blobs() = default;

std::unique_ptr<Incoming::State> Blobs::take(std::string_view name, std::uint64_t size, const Error& taken,
                                             const std::function<void(std::uint64_t there)>& confirm) {
  requirePlainName(name);
  auto state = std::make_unique<Incoming::State>();
  state->directory = directory_;
  state->syncedShards = syncedShards_;
  state->name = name;
  os::FileSystem& files = directory_->files();
  state->incoming = os::openFolder(files, directory_->descriptor(), "incoming");
  for (;;) {
    Descriptor file = os::openOrMake(files, state->incoming.number(), state->name, O_RDWR);
    if (!tryLockBriefly(file.number())) throw Error(taken);
    // The previous upload may have unlinked the file after we opened it and before we locked it.
    if (!os::isSameFile(file.number(), state->incoming.number(), state->name)) continue;
    struct stat is {};
    if (::fstat(file.number(), &is) != 0) os::throwErrno(errno, name);
    if (confirm) confirm(static_cast<std::uint64_t>(is.st_size));
    // Nothing of it is wanted, and it has another name: a killed process had adopted it, or was publishing it.
    if (size == 0 && is.st_nlink > 1) {
      os::removeFile(files, state->incoming.number(), state->name);
      continue;
    }
    if (is.st_size < static_cast<off_t>(size)) throw Error(Fault::internal, fmt::format("{}: has lost bytes", name));
    if (files.ftruncate(file.number(), static_cast<off_t>(size)) != 0) os::throwErrno(errno, name);
    state->file = std::move(file);
    return state;
  }
}

Incoming Blobs::begin(std::string_view name) {
  auto state = take(name, 0, Error(Fault::conflict, fmt::format("video {}: an upload is in progress", name)), {});
  state->writer.emplace(directory_->files(), state->file.number(), state->name);
  return Incoming(std::move(state));
}

Incoming Blobs::resume(std::string_view name, std::uint64_t size, HashedPart& hashed,
                       const std::function<bool()>& isStopped,
                       const std::function<void(std::uint64_t there)>& confirm) {
  const Error taken(Fault::locked, fmt::format("upload {}: another process is receiving it", name));
  auto state = take(name, size, taken, confirm);
  state->resumable = true;
  state->isNew = size == 0;
  state->synced = size;
  const int file = state->file.number();
  std::string piece(std::min<std::uint64_t>(size, readSize), '\0');
  const auto readAt = [&](std::uint64_t at) {
    const std::uint64_t wanted = std::min<std::uint64_t>(piece.size(), size - at);
    const ssize_t got = ::pread(file, piece.data(), wanted, static_cast<off_t>(at));
    if (got < 0) os::throwErrno(errno, name);
    if (got == 0) throw Error(Fault::internal, fmt::format("upload {}: its file ended while it was read", name));
    return std::string_view(piece).substr(0, static_cast<std::size_t>(got));
  };
  if (size > 0) state->front = readAt(0).substr(0, Incoming::frontSize);
  if (hashed.size > size) hashed = {};
  while (hashed.size < size) {
    const Waiting longWork;
    if (isStopped()) throw Error(Fault::locked, fmt::format("upload {}: was stopped", name));
    const std::string_view bytes = readAt(hashed.size);
    hashed.hash.add(std::as_bytes(std::span(bytes)));
    hashed.size += bytes.size();
  }
  if (::lseek(file, static_cast<off_t>(size), SEEK_SET) < 0) os::throwErrno(errno, name);
  state->writer.emplace(directory_->files(), file, state->name, hashed);
  return Incoming(std::move(state));
}

std::uint64_t Blobs::incomingSize(std::string_view name) const {
  requirePlainName(name);
  const Descriptor incoming = os::openFolder(directory_->files(), directory_->descriptor(), "incoming");
  struct stat is {};
  return findStatus(incoming, std::string(name), is) ? static_cast<std::uint64_t>(is.st_size) : 0;
}

bool Blobs::isUnderWay(std::string_view name) const {
  requirePlainName(name);
  const Descriptor incoming = os::openFolder(directory_->files(), directory_->descriptor(), "incoming");
  const Descriptor file = os::openIfThere(directory_->files(), incoming.number(), std::string(name), O_RDONLY);
  return file && !os::tryLock(file.number(), LOCK_SH);
}

std::shared_ptr<const Descriptor> Blobs::open(std::string_view blob) const {
  if (!isName(blob)) return nullptr;
  // Opened one folder at a time, because O_NOFOLLOW applies only to the last component of a path.
  const Descriptor blobs = os::openFolder(directory_->files(), directory_->descriptor(), "blobs");
  const Descriptor shard =
      os::openIfThere(directory_->files(), blobs.number(), std::string(blob.substr(0, 2)), O_RDONLY | O_DIRECTORY);
  if (!shard) return nullptr;
  Descriptor file = os::openIfThere(directory_->files(), shard.number(), std::string(blob), O_RDONLY | O_NONBLOCK);
  if (!file) return nullptr;
  return reading_->share(blob, std::move(file));
}

bool Blobs::isName(std::string_view name) {
  if (name.size() < idDigits || !std::all_of(name.begin(), name.begin() + idDigits, isHex)) return false;
  const std::string_view rest = name.substr(idDigits);
  return rest.empty() || (rest.size() >= 2 && rest[0] == '.' && std::all_of(rest.begin() + 1, rest.end(), isExtension));
}

std::string Blobs::pathOf(std::string_view blob) {
  return fmt::format("{}/{}", blob.substr(0, 2), blob);
}

void Blobs::remove(std::span<Removal> all) {
  struct Shard {
    Descriptor folder;
    std::vector<Removal*> removals;
  };
  const Waiting forTheDisk;
  const bool isHeld = BackupLock::isHeld(*directory_);
  std::map<std::string, Shard> shards;
  Descriptor blobs;
  // Throws as often as it fails, so that each removal has its failure.
  const auto shardOf = [&](const std::string& name) -> Shard& {
    const auto found = shards.find(name);
    if (found != shards.end()) return found->second;
    if (!blobs) blobs = os::openFolder(directory_->files(), directory_->descriptor(), "blobs");
    Descriptor folder = os::openIfThere(directory_->files(), blobs.number(), name, O_RDONLY | O_DIRECTORY);
    return shards.emplace(name, Shard{std::move(folder), {}}).first->second;
  };
  const auto attempt = [](Removal& one, const auto& work) {
    try {
      work();
    } catch (const std::exception& error) {
      one.failure = error.what();
    }
  };
  for (Removal& one : all)
    attempt(one, [&] {
      if (!one.incoming.empty()) removeIncoming(one.incoming);
      if (!isName(one.blob)) return;
      Shard& shard = shardOf(one.blob.substr(0, 2));
      if (!shard.folder) return;
      removeOrHold(*directory_, shard.folder.number(), one.blob, isHeld);
      shard.removals.push_back(&one);
    });
  if (isHeld) hasHeld_ = true;
  // What came after the backup had emptied it.
  if (!isHeld && hasHeld_.exchange(false)) emptyHeld(*directory_);
  // Sync even if a file was already gone: the process that unlinked it may have been killed before its sync.
  for (const auto& [name, shard] : shards) {
    if (!shard.folder || directory_->files().fsync(shard.folder.number()) == 0) continue;
    const std::string failure = fmt::format("blobs/{}: {}", name, std::generic_category().message(errno));
    for (Removal* const one : shard.removals) one->failure = failure;
  }
}

bool Blobs::removeIncoming(std::string_view name, const std::function<bool()>& mayRemove) {
  requirePlainName(name);
  const std::string file(name);
  const Descriptor incoming = os::openFolder(directory_->files(), directory_->descriptor(), "incoming");
  const Descriptor opened = os::openIfThere(directory_->files(), incoming.number(), file, O_RDWR);
  if (!opened || !os::tryLock(opened.number(), LOCK_EX)) return false;
  if (!os::isSameFile(opened.number(), incoming.number(), file)) return false;
  if (mayRemove && !mayRemove()) return false;
  os::removeFile(directory_->files(), incoming.number(), file);
  return true;
}

void Blobs::removeAbandoned(const std::function<bool(const std::string& name)>& isKept) {
  for (const std::string& name : listIncoming(Time::max()))
    if (!isKept(name)) removeIncoming(name);
}

std::vector<std::string> Blobs::listIncoming(Time moment) const {
  os::FileSystem& files = directory_->files();
  return listOld(files, os::openFolder(files, directory_->descriptor(), "incoming"), "incoming", moment);
}

std::vector<std::string> Blobs::listFolders() const {
  const Descriptor blobs = os::openFolder(directory_->files(), directory_->descriptor(), "blobs");
  std::vector<std::string> names = os::listNames(directory_->files(), blobs.number(), "blobs");
  std::erase_if(names, [&](const std::string& name) {
    struct stat is {};
    return name.starts_with('.') || !findStatus(blobs, name, is) || !S_ISDIR(is.st_mode);
  });
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Blobs::listFiles(const std::string& folder, Time moment) const {
  requirePlainName(folder);
  os::FileSystem& files = directory_->files();
  const Descriptor blobs = os::openFolder(files, directory_->descriptor(), "blobs");
  return listOld(files, os::openFolder(files, blobs.number(), folder), "blobs/" + folder, moment);
}

bool Blobs::isHeld(const std::string& folder, const std::string& file) const {
  requirePlainName(folder);
  requirePlainName(file);
  os::FileSystem& files = directory_->files();
  const Descriptor blobs = os::openFolder(files, directory_->descriptor(), "blobs");
  const Descriptor from = os::openIfThere(files, blobs.number(), folder, O_RDONLY | O_DIRECTORY);
  if (!from) return false;
  const Descriptor opened = os::openIfThere(files, from.number(), file, O_RDONLY);
  return opened && !os::tryLock(opened.number(), LOCK_SH);
}

Blobs::Swept Blobs::quarantine(const std::string& folder, const std::string& file,
                               const std::function<bool()>& isKnown) {
  requirePlainName(folder);
  requirePlainName(file);
  os::FileSystem& files = directory_->files();
  const Descriptor blobs = os::openFolder(files, directory_->descriptor(), "blobs");
  const Descriptor from = os::openFolder(files, blobs.number(), folder);
  // Its uploader holds this lock until the row is committed, however long that takes.
  const Descriptor opened = os::openIfThere(files, from.number(), file, O_RDONLY);
  if (!opened || !os::tryLock(opened.number(), LOCK_EX) || !os::isSameFile(opened.number(), from.number(), file) ||
      isKnown())
    return Swept::no;
  // It has another name outside: a process was killed that had made a user's file a content.
  struct stat is {};
  if (::fstat(opened.number(), &is) == 0 && is.st_nlink > 1) {
    os::removeFile(files, from.number(), file);
    os::sync(files, from.number(), "blobs");
    return Swept::unlinked;
  }
  LostFiles(*directory_).put(from.number(), file, file);
  return Swept::moved;
}

}  // namespace video::store
