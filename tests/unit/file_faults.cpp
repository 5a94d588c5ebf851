#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "catch.hpp"
#include "failing_files.hpp"
#include "fault_of.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"
#include "quiet_log.hpp"
#include "store/directory.hpp"
#include "temp.hpp"
#include "toolkit/toolkit.hpp"
#include "wait.hpp"

using namespace video;
using test::failEachCall;
using test::FailingFiles;
using test::faultOf;

namespace {

namespace fs = std::filesystem;

// The fault that the caller gets for a failure.
Fault faultFor(const FailingFiles::Failure& failure) {
  return failure.error == ENOSPC ? Fault::diskFull : Fault::internal;
}

// A content that is recognised as an mp4 and differs for each number.
std::string movie(int number) {
  std::string bytes(
      "\0\0\0\x18"
      "ftypmp42",
      12);
  while (bytes.size() < 20'000) bytes += std::to_string(number) + '.';
  return bytes;
}

std::set<std::string> filesBelow(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) names.insert(entry.path().filename().string());
  return names;
}

// A site on a file system whose calls can be made to fail.
struct FaultySite {
  FaultySite() {
    Settings settings;
    settings.dataDirectory = folder / "data";
    settings.store.freeSpaceFloor = 0;
    settings.store.synchronous = store::Synchronous::normal;
    settings.store.files = &files;
    settings.deletions.retryDelay = std::chrono::milliseconds{1};
    settings.access.passwordOpslimit = 1;
    settings.access.passwordMemlimit = 8192;
    toolkit = openLocal(settings, "the test", true);
    NewUser user;
    user.name = "ada";
    user.password = "password-of-ada";
    toolkit->users().add(Operator{}, user);
  }

  VideoId add() { return toolkit->videos().add(Operator{}, {"ada", "a video"}).id; }

  void put(const VideoId& video, const std::string& content) {
    ByteSource source;
    source.size = content.size();
    source.push = [&](const ByteSink& sink) {
      for (std::size_t at = 0; at < content.size(); at += 7000)
        sink(std::as_bytes(std::span(content).subspan(at, std::min<std::size_t>(7000, content.size() - at))));
    };
    toolkit->uploads().put(Operator{}, {video, std::nullopt}, source);
  }

  void setPicture(const VideoId& video, char letter) {
    const std::string picture = std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0", 29) +
                                letter + std::string("\0\0\0\0IEND\xae\x42\x60\x82", 12);
    ByteSource source;
    source.size = picture.size();
    source.push = [&](const ByteSink& sink) { sink(std::as_bytes(std::span(picture))); };
    toolkit->renditions().setThumbnail(Operator{}, {video}, source);
  }

  // The last byte of a video's picture; nothing if it has none.
  std::optional<char> pictureOf(const VideoId& video) {
    std::string bytes;
    const auto fault = faultOf([&] {
      const Content content = toolkit->renditions().thumbnail(Operator{}, {video, {}});
      bytes.resize(content.meta.size);
      bytes.resize(content.reader->read(0, std::as_writable_bytes(std::span(bytes))));
    });
    if (fault || bytes.size() < 30) return std::nullopt;
    return bytes[29];
  }

  // Returns the content of a video; empty if it cannot be read.
  std::string contentOf(const VideoId& video) {
    std::string bytes;
    const auto fault = faultOf([&] {
      const Content content = toolkit->videos().open(Operator{}, {video, std::nullopt});
      bytes.resize(content.meta.size + 1);
      bytes.resize(content.reader->read(0, std::as_writable_bytes(std::span(bytes))));
    });
    return fault ? std::string() : bytes;
  }

  // Makes all files old enough for the sweeps and runs them.
  void sweep() {
    for (const char* const part : {"blobs", "incoming"})
      for (const auto& entry : fs::recursive_directory_iterator(folder / "data" / part))
        if (entry.is_regular_file())
          fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours{48});
    for (const char* const task : {"upload-sweep", "orphan-sweep"}) toolkit->tasks().run(Operator{}, {task});
  }

  // Drains until nothing waits to be removed; failed deletions are retried.
  void drain() {
    test::waitFor("the queue is empty", [&] {
      const DeletionPage page = toolkit->deletions().list(Operator{}, {});
      if (page.due + page.leased + page.failed + page.dead == 0) return true;
      for (const Deletion& one : page.items)
        if (one.tries > 0 && one.state != DeletionState::leased) toolkit->deletions().retry(Operator{}, {one.video});
      toolkit->deletions().drain(Operator{}, {true});
      return false;
    });
  }

  // Checks that no files are left but those of every data directory and this many contents.
  void checkNothingLeft(std::size_t contents) {
    drain();
    sweep();
    const fs::path data = folder / "data";
    CHECK(filesBelow(data / "incoming").empty());
    CHECK(filesBelow(data / "blobs").size() == contents);
    static const std::set<std::string> known{
        "LOCK",       "NEXT",      "OWNERS",      "WRITE",         "blobs",        "derived",      "incoming",
        "lost+found", "reserve",   "signing.key", "video.db",      "video.db-shm", "video.db-wal", "scheduler.lock",
        "reserve.1",  "reserve.2", "reserve.3",   "deleted-users", "BACKUP",       "held"};
    for (const auto& entry : fs::directory_iterator(data)) {
      INFO(entry.path());
      CHECK(known.contains(entry.path().filename().string()));
    }
  }

  const test::QuietLog quiet;
  TempDirectory folder;
  FailingFiles files;
  std::unique_ptr<LocalToolkit> toolkit;
};

}  // namespace

TEST_CASE("an upload takes effect completely or not at all if any system call fails, and can be repeated") {
  FaultySite site;
  std::size_t contents = 0;
  const bool replaces = GENERATE(false, true);
  failEachCall(site.files, [&](const FailingFiles::Failure& failure, int call) {
    const VideoId video = site.add();
    const std::string before = replaces ? movie(1) : std::string();
    if (replaces) site.put(video, before);
    ++contents;
    site.files.failAt(call, failure);
    const auto fault = faultOf([&] { site.put(video, movie(2)); });
    const int failed = site.files.heal();
    CHECK(site.contentOf(video) == (fault ? before : movie(2)));
    if (fault) CHECK(rowOf(*fault).code == rowOf(faultFor(failure)).code);
    if (failed == 0) CHECK_FALSE(fault);
    site.put(video, movie(3));
    CHECK(site.contentOf(video) == movie(3));
    return failed;
  });
  site.checkNothingLeft(contents);
}

TEST_CASE("a picture is set completely or not at all if any system call fails, and can be set again") {
  FaultySite site;
  const VideoId video = site.add();
  site.setPicture(video, 'a');
  failEachCall(site.files, [&](const FailingFiles::Failure& failure, int call) {
    site.setPicture(video, 'a');
    site.files.failAt(call, failure);
    const auto fault = faultOf([&] { site.setPicture(video, 'b'); });
    const int failed = site.files.heal();
    CHECK(site.pictureOf(video) == (fault ? 'a' : 'b'));
    if (fault) CHECK(rowOf(*fault).code == rowOf(faultFor(failure)).code);
    if (failed == 0) CHECK_FALSE(fault);
    site.toolkit->tasks().run(Operator{}, {"orphan-sweep"});
    CHECK(filesBelow(site.folder / "data" / "derived").size() == 1);
    return failed;
  });
}

TEST_CASE("a content whose COMMIT was refused goes once that is certain") {
  FaultySite site;
  const VideoId video = site.add();
  site.put(video, movie(1));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  // No file may grow past the log's size now: what COMMIT writes there fails with EFBIG.
  rlimit tight = old;
  tight.rlim_cur = fs::file_size(site.folder / "data" / "video.db-wal");
  REQUIRE(tight.rlim_cur > movie(2).size());
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const auto fault = faultOf([&] { site.put(video, movie(2)); });
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
  CHECK(fault == Fault::databaseFailed);
  CHECK(site.contentOf(video) == movie(1));
  site.put(video, movie(3));
  site.drain();
  CHECK(site.contentOf(video) == movie(3));
  CHECK(filesBelow(site.folder / "data" / "blobs").size() == 1);
}

TEST_CASE("a purge is completed later if any system call fails") {
  FaultySite site;
  const VideoId kept = site.add();
  site.put(kept, movie(1));
  failEachCall(site.files, [&](const FailingFiles::Failure& failure, int call) {
    const VideoId video = site.add();
    site.put(video, movie(2));
    site.setPicture(video, 'a');
    site.put(kept, movie(call));  // its old content is purged too
    site.toolkit->videos().remove(Operator{}, {{video, std::nullopt}, true});
    site.files.failAt(call, failure);
    faultOf([&] { site.toolkit->deletions().drain(Operator{}, {true}); });
    const int failed = site.files.heal();
    CHECK(site.contentOf(video).empty());
    CHECK(site.contentOf(kept) == movie(call));
    const bool isGone = faultOf([&] { site.toolkit->deletions().retry(Operator{}, {video}); }) == Fault::notFound;
    if (failed == 0) CHECK(isGone);
    site.drain();
    CHECK(filesBelow(site.folder / "data" / "blobs").size() == 1);
    CHECK(fs::is_empty(site.folder / "data" / "derived"));
    CHECK(site.contentOf(kept) == movie(call));
    return failed;
  });
  site.checkNothingLeft(1);
}

TEST_CASE("the reserve has its full size or does not exist if any system call fails") {
  const TempDirectory folder;
  FailingFiles files;
  store::DataDirectory::create(folder / "data", files);
  const auto directory = store::DataDirectory::open(folder / "data", store::Hold::shared, {}, {}, files);
  store::Reserve& reserve = directory->reserve();
  const fs::path file = folder / "data" / "reserve";
  failEachCall(files, [&](const FailingFiles::Failure& failure, int call) {
    files.failAt(call, failure);
    bool stands = false;
    const auto fault = faultOf([&] { stands = reserve.make(0); });
    const int failed = files.heal();
    if (fault) CHECK(rowOf(*fault).code == rowOf(faultFor(failure)).code);
    if (stands) CHECK(fs::file_size(file) >= store::Reserve::least);
    CHECK(reserve.make(0));
    CHECK(fs::file_size(file) >= store::Reserve::least);
    files.failAt(1, failure);
    const bool isReleased = reserve.release();
    if (files.heal() > 0) CHECK(isReleased != failure.goesOn);
    reserve.release();
    for (const char* const part : {"", ".1", ".2", ".3"}) CHECK_FALSE(fs::exists(file.string() + part));
    return failed;
  });
}

TEST_CASE("the signing key is the old or the new one if any system call fails") {
  const TempDirectory folder;
  FailingFiles files;
  store::DataDirectory::create(folder / "data", files);
  const auto directory = store::DataDirectory::open(folder / "data", store::Hold::shared, {}, {}, files);
  store::SigningKey& key = directory->signingKey();
  const fs::path file = folder / "data" / "signing.key";
  failEachCall(files, [&](const FailingFiles::Failure& failure, int call) {
    fs::remove(file);
    files.failAt(call, failure);
    const auto fault = faultOf([&] { key.read(); });
    int failed = files.heal();
    if (fault) CHECK(rowOf(*fault).code == rowOf(faultFor(failure)).code);
    const std::string before = key.read();
    const std::string next = makeRandomHex(16);
    files.failAt(call, failure);
    std::string refusal;
    try {
      key.set(next);
    } catch (const Error& error) {
      refusal = error.detail();
    }
    failed += files.heal();
    const std::string now = key.read();
    CHECK((now == next || now == before));
    // Whoever is told of a failure is told too where the old links have ended all the same.
    if (refusal.empty()) CHECK(now == next);
    if (!refusal.empty()) CHECK((refusal.find("signing.key: is new") != std::string::npos) == (now == next));
    key.set(next);
    CHECK(key.read() == next);
    struct stat is {};
    REQUIRE(::stat(file.c_str(), &is) == 0);
    CHECK((is.st_mode & 07777) == 0600);
    key.set(before);  // replaces what a failed call left
    CHECK_FALSE(fs::exists(folder / "data" / "signing.key.new"));
    return failed;
  });
}

TEST_CASE("what a killed key rotation leaves is removed at the next opening, but not one that is under way") {
  const TempDirectory folder;
  FailingFiles files;
  store::DataDirectory::create(folder / "data", files);
  const auto open = [&] { return store::DataDirectory::open(folder / "data", store::Hold::shared, {}, {}, files); };
  const std::string key = open()->signingKey().read();
  const fs::path unfinished = folder / "data" / "signing.key.new";
  {
    const auto directory = open();
    const Descriptor writing = os::makeFile(files, directory->descriptor(), "signing.key.new", O_RDWR);
    REQUIRE(os::tryLock(writing.number(), LOCK_EX));
    open();
    CHECK(fs::exists(unfinished));
  }
  CHECK(open()->signingKey().read() == key);
  CHECK_FALSE(fs::exists(unfinished));
}

TEST_CASE("a data directory is created at the next attempt if any system call fails") {
  FailingFiles files;
  failEachCall(files, [&](const FailingFiles::Failure& failure, int call) {
    const TempDirectory folder;
    const fs::path path = folder / "data";
    const auto make = [&] {
      store::DataDirectory::create(path, files, 0);
      store::DataDirectory::open(path, store::Hold::shared, {}, std::chrono::seconds{1}, files);
    };
    files.failAt(call, failure);
    const auto fault = faultOf(make);
    const int failed = files.heal();
    if (fault && failure.error == ENOSPC) CHECK(rowOf(*fault).code == rowOf(Fault::diskFull).code);
    CHECK_FALSE(faultOf(make));
    CHECK((!fault || !fs::exists(path / "video.db.new")));
    return failed;
  });
}
