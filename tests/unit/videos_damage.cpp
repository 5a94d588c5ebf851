// Missing and damaged contents: how they are recorded, and the task that looks for them.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "access/access.hpp"
#include "catch.hpp"
#include "failing_files.hpp"
#include "fault_of.hpp"
#include "os/descriptor.hpp"
#include "os/locks.hpp"
#include "quiet_log.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "temp.hpp"
#include "toolkit/toolkit.hpp"
#include "videos/content_check.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;

namespace {

std::string movie(int number) {
  std::string bytes(
      "\0\0\0\x18"
      "ftypmp42",
      12);
  while (bytes.size() < 5000) bytes += std::to_string(number) + '.';
  return bytes;
}

// Calls something once, before a content is opened.
struct HookedFiles : FailingFiles {
  std::function<void()> beforeOpening;
  int openat(int folder, const char* name, int flags, mode_t mode) override {
    if (beforeOpening && std::string_view(name).ends_with(".mp4")) std::exchange(beforeOpening, nullptr)();
    return FailingFiles::openat(folder, name, flags, mode);
  }
};

// A site, and the parts of the task verify on the same data directory.
struct Checked {
  explicit Checked(const fs::path& path) : data(path) {
    settings.dataDirectory = data;
    settings.store.freeSpaceFloor = 0;
    settings.access.passwordOpslimit = 1;
    settings.access.passwordMemlimit = 8192;
    toolkit = openLocal(settings, "the test", true);
    NewUser ada;
    ada.name = "ada";
    ada.password = "password-of-ada";
    toolkit->users().add(Operator{}, ada);
    directory = store::DataDirectory::open(data, store::Hold::shared, {}, std::chrono::seconds{1}, files);
    store::StoreOptions options;
    options.freeSpaceFloor = 0;
    options.lockTimeout = std::chrono::milliseconds{20};
    database.emplace(directory, options);
    blobs.emplace(directory);
    access.emplace(*database, settings.access, systemClock());
    damaged.emplace(*database, *access);
  }

  void put(const VideoId& id, int number) {
    ByteSource source;
    const std::string bytes = movie(number);
    source.size = bytes.size();
    source.push = [&](const ByteSink& sink) { sink(std::as_bytes(std::span(bytes))); };
    toolkit->uploads().put(Operator{}, {id, std::nullopt}, source);
  }
  VideoId add(int number) {
    const VideoId id = toolkit->videos().add(Operator{}, {"ada", "a video"}).id;
    put(id, number);
    return id;
  }
  Fault open(const VideoId& id) {
    return faultOf([&] { toolkit->videos().open(Operator{}, {id, std::nullopt}); }).value();
  }
  // The only content.
  fs::path content() const {
    for (const auto& entry : fs::recursive_directory_iterator(data / "blobs"))
      if (entry.is_regular_file()) return entry.path();
    throw std::runtime_error("no content");
  }
  schedule::Counts verify() {
    const std::atomic<std::int64_t> share = 1;
    return schedule::runToEnd(makeVerifyTask(*damaged, *database, *blobs, *access, share), [] { return false; });
  }

  const fs::path data;
  Settings settings;
  std::unique_ptr<LocalToolkit> toolkit;
  HookedFiles files;
  std::shared_ptr<store::DataDirectory> directory;
  std::optional<store::Database> database;
  std::optional<store::Blobs> blobs;
  std::optional<access::Access> access;
  std::optional<DamagedContents> damaged;
};

// The log, in a file, while in scope.
class LoggedTo {
 public:
  explicit LoggedTo(const fs::path& file) : file_(file), before_(::dup(STDERR_FILENO)) {
    const Descriptor opened(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    ::dup2(opened.number(), STDERR_FILENO);
  }
  ~LoggedTo() { ::dup2(before_.number(), STDERR_FILENO); }
  LoggedTo(const LoggedTo&) = delete;
  LoggedTo& operator=(const LoggedTo&) = delete;
  int lines(std::string_view with) const {
    std::ifstream in(file_);
    int count = 0;
    for (std::string line; std::getline(in, line);) count += line.find(with) != std::string::npos ? 1 : 0;
    return count;
  }

 private:
  fs::path file_;
  Descriptor before_;
};

}  // namespace

TEST_CASE("a verification that an error ends neither goes on nor reports damage") {
  const QuietLog quiet;
  const TempDirectory folder;
  Checked site(folder / "data");
  for (int i = 0; i < 3; ++i) site.add(i);
  site.files.failAt(1, {EMFILE, true});
  schedule::Counts counts = site.verify();
  REQUIRE(site.files.heal() > 0);
  CHECK(counts.done == 0);
  CHECK(counts.failed == 1);
  CHECK(site.toolkit->damagedContents() == 0);
  CHECK(site.verify().done == 3);
}

TEST_CASE("a sound content whose record of damage cannot be removed is not hashed twice") {
  const QuietLog quiet;
  const TempDirectory folder;
  Checked site(folder / "data");
  const VideoId id = site.add(1);
  const fs::path content = site.content();
  fs::rename(content, folder / "aside");
  CHECK(site.open(id) == Fault::contentUnavailable);
  fs::rename(folder / "aside", content);
  {
    const Descriptor lock(::open((site.data / "WRITE").c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(os::tryLock(lock.number(), LOCK_EX));
    const schedule::Counts counts = site.verify();
    CHECK(counts.done == 0);
    CHECK(counts.failed == 1);
  }
  CHECK(site.toolkit->damagedContents() == 1);
  CHECK(site.verify().done == 2);  // as a damaged one, and in its turn
  CHECK(site.toolkit->damagedContents() == 0);
}

TEST_CASE("a content that is replaced while verification opens it is looked up again") {
  const QuietLog quiet;
  const TempDirectory folder;
  Checked site(folder / "data");
  const VideoId id = site.add(1);
  site.files.beforeOpening = [&] {
    const fs::path old = site.content();
    site.put(id, 2);
    fs::remove(old);
  };
  const schedule::Counts counts = site.verify();
  REQUIRE_FALSE(site.files.beforeOpening);
  CHECK(counts.done == 1);
  CHECK(counts.failed == 0);
  CHECK(site.toolkit->damagedContents() == 0);
}

TEST_CASE("a damaged content is logged once, and costs no reserve on a full disk") {
  const TempDirectory folder;
  const SmallDisk disk("60m");
  if (!disk.isMounted()) return;
  Checked site(disk / "data");
  const VideoId id = site.add(1);
  fs::remove(site.content());
  const LoggedTo log(folder / "log");
  const auto fill = [&] {
    std::ofstream filler(disk / "filler", std::ios::app);
    for (const std::string& piece : {std::string(64 << 10, 'x'), std::string(1 << 10, 'x')})
      while (filler << piece << std::flush) continue;
  };
  REQUIRE(fs::exists(site.data / "reserve"));
  for (int i = 0; i < 5; ++i) {
    fill();
    CHECK(site.open(id) == Fault::contentUnavailable);
  }
  CHECK(fs::exists(site.data / "reserve"));
  waitFor("the damage is logged", [&] { return log.lines("missing or damaged") > 0; });
  CHECK(log.lines("missing or damaged") == 1);
  fs::remove(disk / "filler");
  for (int i = 0; i < 5; ++i) CHECK(site.open(id) == Fault::contentUnavailable);
  CHECK(site.toolkit->damagedContents() == 1);
  CHECK(log.lines("missing or damaged") == 1);

  // What no longer is the video's content is nobody's damage.
  site.damaged->note(id, std::string(32, 'a') + ".mp4", "gone");
  CHECK(log.lines("missing or damaged") == 1);
  CHECK(log.lines("gone") == 0);
}
