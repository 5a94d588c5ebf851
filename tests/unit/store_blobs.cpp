#include "store/blobs.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>
#include <array>
#include <atomic>
#include <fstream>
#include <set>
#include <span>
#include <string>

#include "failing_files.hpp"
#include "store_scratch.hpp"

using namespace video;
using namespace video::store;

namespace {

std::shared_ptr<DataDirectory> openOn(const Scratch& scratch, os::FileSystem& files) {
  DataDirectory::create(scratch.data(), files);
  return DataDirectory::open(scratch.data(), Hold::shared, "the test", std::chrono::milliseconds{50}, files);
}

// A content, as an upload leaves it, and when its bytes came.
std::filesystem::path makeBlob(const Scratch& scratch, const std::string& name, std::chrono::hours age = {}) {
  const std::filesystem::path folder = scratch.data() / "blobs" / name.substr(0, 2);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / name) << "bytes";
  std::filesystem::last_write_time(folder / name, std::filesystem::file_time_type::clock::now() - age);
  return folder / name;
}

std::string blobOf(char first, char last) {
  return std::string(2, first) + std::string(29, '0') + last;
}

// Fails to open what has this name.
struct ClosedFolder : os::FileSystem {
  std::string name;
  int openat(int folder, const char* its, int flags, mode_t mode) override {
    if (name != its) return FileSystem::openat(folder, its, flags, mode);
    errno = EIO;
    return -1;
  }
};

// A file system that may have no hard links.
struct Linkless : os::FileSystem {
  bool hasLinks = false;
  int linkat(int from, const char* name, int to, const char* newName) override {
    if (hasLinks) return FileSystem::linkat(from, name, to, newName);
    errno = EPERM;
    return -1;
  }
};

// Counts the syncs of one folder or file, and fails the first ones.
struct CountedSyncs : os::FileSystem {
  std::filesystem::path folder;
  std::atomic<int> syncs = 0;
  int failures = 0;
  int fsync(int file) override {
    struct stat is {};
    struct stat wanted {};
    if (::fstat(file, &is) == 0 && ::stat(folder.c_str(), &wanted) == 0 && is.st_ino == wanted.st_ino &&
        ++syncs <= failures) {
      errno = EIO;
      return -1;
    }
    return FileSystem::fsync(file);
  }
};

}  // namespace

TEST_CASE("a batch of removals notes the failure of each", "[store]") {
  const Scratch scratch;
  ClosedFolder files;
  Blobs blobs(openOn(scratch, files));
  std::array removals{Removal{blobOf('a', '1'), {}}, Removal{blobOf('a', '2'), {}}, Removal{blobOf('b', '1'), {}}};
  for (const Removal& one : removals) makeBlob(scratch, one.blob);
  const auto left = [&] {
    std::string which;
    for (const Removal& one : removals) which += blobs.open(one.blob) ? '1' : '0';
    return which;
  };
  files.name = "aa";
  blobs.remove(removals);
  CHECK_FALSE(removals[0].failure.empty());
  CHECK_FALSE(removals[1].failure.empty());
  CHECK(removals[2].failure.empty());
  files.name = "blobs";
  std::array again{Removal{removals[0].blob, {}}, Removal{removals[1].blob, {}}};
  blobs.remove(again);
  for (const Removal& one : again) CHECK_FALSE(one.failure.empty());
  files.name.clear();
  CHECK(left() == "110");
}

TEST_CASE("a folder that cannot be read to its end is an error, not an empty folder", "[store]") {
  const Scratch scratch;
  test::FailingFiles files;
  Blobs blobs(openOn(scratch, files));
  makeBlob(scratch, blobOf('a', '1'));
  makeBlob(scratch, blobOf('a', '2'));
  std::ofstream(scratch.data() / "incoming" / "v1") << "half";
  const auto lists = {std::function<std::size_t()>([&] { return blobs.listFolders().size(); }),
                      std::function<std::size_t()>([&] { return blobs.listFiles("aa", Time::max()).size(); }),
                      std::function<std::size_t()>([&] { return blobs.listIncoming(Time::max()).size(); })};
  for (const auto& list : lists) {
    const std::size_t all = list();
    CHECK(all > 0);
    int call = 0;
    for (int failed = 1; failed > 0;) {
      files.failAt(++call, {});
      std::size_t found = all;
      const auto fault = faultOf([&] { found = list(); });
      failed = files.heal();
      CHECK(found == all);
      CHECK((fault == Fault::internal) == (failed > 0));
    }
    CHECK(call > 4);
  }
}

TEST_CASE("a sweep leaves the content of an uploader who has not committed yet", "[store]") {
  const Scratch scratch;
  Blobs blobs(openAt(scratch.data()));
  const auto unknown = [] { return false; };
  std::string blob;
  {
    Incoming incoming = blobs.begin("v1");
    incoming.write(std::as_bytes(std::span("content", 7)));
    blob = incoming.finish("mp4");
    CHECK(blobs.quarantine(blob.substr(0, 2), blob, unknown) == Blobs::Swept::no);
    CHECK(blobs.open(blob));
    incoming.keep();
  }
  // The row was committed between the sweep's first look and its lock.
  CHECK(blobs.quarantine(blob.substr(0, 2), blob, [] { return true; }) == Blobs::Swept::no);
  CHECK(blobs.open(blob));
  CHECK(blobs.quarantine(blob.substr(0, 2), blob, unknown) == Blobs::Swept::moved);
  CHECK_FALSE(blobs.open(blob));
  CHECK(std::filesystem::exists(scratch.data() / "lost+found" / blob));
}

TEST_CASE("a file without a row that has another name elsewhere is unlinked", "[store]") {
  const Scratch scratch;
  Blobs blobs(openAt(scratch.data()));
  const std::filesystem::path movie = scratch.data().parent_path() / "movie.mp4";
  std::ofstream(movie) << "bytes";
  const std::string blob = std::string(32, 'a') + ".mp4";
  std::filesystem::create_directory(scratch.data() / "blobs/aa");
  std::filesystem::create_hard_link(movie, scratch.data() / "blobs/aa" / blob);
  CHECK(blobs.quarantine("aa", blob, [] { return false; }) == Blobs::Swept::unlinked);
  CHECK(std::filesystem::is_empty(scratch.data() / "blobs/aa"));
  CHECK(std::filesystem::is_empty(scratch.data() / "lost+found"));
  CHECK(std::filesystem::hard_link_count(movie) == 1);
}

TEST_CASE("the name of a folder made by a process that died is synced by the next that uses the folder", "[store]") {
  const Scratch scratch;
  CountedSyncs files;
  const auto directory = openOn(scratch, files);
  files.folder = scratch.data() / "blobs";
  for (int i = 0; i < 256; ++i) std::filesystem::create_directory(files.folder / fmt::format("{:02x}", i));
  Blobs blobs(directory);
  const auto upload = [&] {
    Incoming incoming = blobs.begin("v1");
    incoming.write(std::as_bytes(std::span("content", 7)));
    const std::string blob = incoming.finish({});
    incoming.keep();
    return blob.substr(0, 2);
  };
  std::set<std::string> used;
  for (int i = 0; i < 40; ++i) {
    used.insert(upload());
    CHECK(files.syncs == static_cast<int>(used.size()));
  }
}

TEST_CASE("a resumable upload whose row was refused stays, and its blob as long as a row may have it", "[store]") {
  const bool hasLinks = GENERATE(true, false);
  const bool isCertain = GENERATE(true, false);
  const Scratch scratch;
  Linkless files;
  files.hasLinks = hasLinks;
  Blobs blobs(openOn(scratch, files));
  std::string blob;
  {
    HashedPart none;
    Incoming incoming = blobs.resume("u1", 0, none, [] { return false; });
    incoming.write(std::as_bytes(std::span("content", 7)));
    blob = incoming.finish("mp4");
    CHECK(incoming.synced() == 0);  // its name may not survive
    incoming.keep();
    incoming.unkeep(isCertain);
  }
  CHECK((blobs.open(blob) != nullptr) == !isCertain);
  CHECK(blobs.incomingSize("u1") == (hasLinks || isCertain ? 7 : 0));
}

TEST_CASE("a sync that failed is not believed the second time", "[store]") {
  const Scratch scratch;
  CountedSyncs files;
  Blobs blobs(openOn(scratch, files));
  HashedPart none;
  Incoming incoming = blobs.resume("u1", 0, none, [] { return false; });
  incoming.write(std::as_bytes(std::span("content", 7)));
  CHECK(incoming.pause().size == 7);
  CHECK(incoming.synced() == 7);
  files.folder = scratch.data() / "incoming" / "u1";
  files.failures = 1;
  CHECK_THROWS(incoming.sync());
  CHECK_THROWS(incoming.sync());
  CHECK_THROWS(incoming.finish("mp4"));
  CHECK(files.syncs == 1);
  CHECK(incoming.synced() == 7);
}

TEST_CASE("whatever fails while a file is given back, it and the content stay whole", "[store]") {
  test::FailingFiles files;
  const Scratch scratch;
  Blobs blobs(openOn(scratch, files));
  int count = 0;
  test::failEachCall(files, [&](const test::FailingFiles::Failure& failure, int call) {
    const std::string name = "v" + std::to_string(++count);
    const std::filesystem::path movie = scratch.data().parent_path() / name;
    const std::string bytes(300'000, 'm');
    std::ofstream(movie) << bytes;
    files.heal();
    std::string blob;
    int failed = 0;
    {
      Incoming incoming = blobs.begin(name);
      REQUIRE(incoming.adopt(std::make_shared<const Descriptor>(::open(movie.c_str(), O_RDONLY | O_CLOEXEC))));
      incoming.write(std::as_bytes(std::span(bytes)));
      blob = incoming.finish("mp4");
      incoming.keep();
      files.failAt(call, failure);
      bool isBack = true;
      try {
        incoming.replaceByCopy();
      } catch (const Error&) {
        isBack = false;
      }
      failed = files.heal();
      CHECK((isBack || failed > 0));
      if (isBack) CHECK(std::filesystem::hard_link_count(movie) == 1);
    }
    const std::filesystem::path stored = scratch.data() / "blobs" / blob.substr(0, 2) / blob;
    for (const auto& path : {movie, stored}) {
      std::ifstream file(path);
      CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == bytes);
    }
    return failed;
  });
}
