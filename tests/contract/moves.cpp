// A file that becomes the stored content itself, instead of a copy of it.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fstream>

#include "catch.hpp"
#include "contract/site.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;

namespace {

struct Moved {
  explicit Moved(Site& its, const std::string& bytes) : site(its), path(its.data().parent_path() / "movie.mp4") {
    std::ofstream(path, std::ios::binary) << bytes;
    source = sourceOf(bytes);
    moved = std::make_shared<const Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  struct stat status() const {
    struct stat is {};
    REQUIRE(::stat(path.c_str(), &is) == 0);
    return is;
  }
  Uploaded put(const VideoId& id) const {
    return site.at(Operator{}).uploads().put(Operator{}, {id, {}, MovedFile{moved, remove}}, source);
  }
  // A new video.
  VideoId add() const { return site.at(Operator{}).videos().add(Operator{}, {"ada", "x"}).id; }

  Site& site;
  fs::path path;
  ByteSource source;
  std::shared_ptr<const Descriptor> moved;
  std::function<void()> remove = [this] { fs::remove(path); };
};

fs::path onlyBlob(const Site& site) {
  for (const auto& entry : fs::recursive_directory_iterator(site.data() / "blobs"))
    if (entry.is_regular_file()) return entry.path();
  return {};
}

ino_t inodeOf(const fs::path& path) {
  struct stat is {};
  REQUIRE(::stat(path.c_str(), &is) == 0);
  return is.st_ino;
}

}  // namespace

TEST_CASE("a file on the file system of the data directory becomes the content itself") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const std::string bytes = movie(300'000);
  const Moved file(site, bytes);
  const VideoId video = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  struct stat of {};
  REQUIRE(::stat((site.data() / "incoming").c_str(), &of) == 0);
  if (::geteuid() == 0) REQUIRE(::chown(file.path.c_str(), static_cast<uid_t>(-1), 12345) == 0);
  const ino_t inode = file.status().st_ino;
  CHECK(file.put(video).size == std::ssize(bytes));
  const fs::path blob = onlyBlob(site);
  CHECK(inodeOf(blob) == inode);
  CHECK_FALSE(fs::exists(file.path));
  struct stat is {};
  REQUIRE(::stat(blob.c_str(), &is) == 0);
  CHECK(is.st_nlink == 1);
  CHECK((is.st_mode & 07777) == 0640);
  CHECK(is.st_gid == of.st_gid);
  CHECK(countFiles(site.data() / "incoming") == 0);
  CHECK(readAll(site.at(ada).videos().open(ada, {video, {}})) == bytes);
  CHECK(site.local().videos().verify(Operator{}, {video, {}}).id == video);
}

TEST_CASE("a file with another name, in use, or of another user is copied") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const Moved file(site, movie(5000));
  const VideoId video = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  Descriptor other;
  SECTION("another name") {
    fs::create_hard_link(file.path, file.path.string() + ".same");
  }
  SECTION("locked") {
    other = Descriptor(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(::flock(other.number(), LOCK_EX | LOCK_NB) == 0);
  }
  SECTION("with an access list") {
    // user::rw-, user:12345:r--, group::r--, mask::r--, other::---
    const std::string list(
        "\2\0\0\0"
        "\1\0\6\0\xff\xff\xff\xff"
        "\2\0\4\0\x39\x30\0\0"
        "\4\0\4\0\xff\xff\xff\xff"
        "\x10\0\4\0\xff\xff\xff\xff"
        "\x20\0\0\0\xff\xff\xff\xff",
        44);
    if (::setxattr(file.path.c_str(), "system.posix_acl_access", list.data(), list.size(), 0) != 0) {
      WARN("skipped: the file system has no access lists");
      return;
    }
  }
  SECTION("another user's") {
    if (::chown(file.path.c_str(), 12345, static_cast<gid_t>(-1)) != 0) return;
  }
  const ino_t inode = file.status().st_ino;
  CHECK(file.put(video).size == 5000);
  CHECK(inodeOf(onlyBlob(site)) != inode);
  CHECK_FALSE(fs::exists(file.path));
  CHECK(readAll(site.at(ada).videos().open(ada, {video, {}})) == movie(5000));
}

TEST_CASE("a file that is refused stays as it was, under its own name alone") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const Moved file(site, "not a video, but as long as the first bytes of one");
  REQUIRE(::chmod(file.path.c_str(), 0604) == 0);
  const VideoId video = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  requireFault([&] { file.put(video); }, Fault::unsupportedMediaType);
  CHECK(file.status().st_nlink == 1);
  CHECK((file.status().st_mode & 07777) == 0604);
  CHECK(countFiles(site.data() / "incoming") == 0);
  CHECK(countFiles(site.data() / "blobs") == 0);
}

TEST_CASE("a file that changes while it is read is refused and keeps its change") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  Moved file(site, movie(5000));
  file.source.push = [&, push = file.source.push](const ByteSink& sink) {
    push(sink);
    std::ofstream(file.path, std::ios::app) << "more";
  };
  const VideoId video = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  requireFault([&] { file.put(video); }, Fault::conflict, "changed");
  CHECK(file.status().st_size == 5004);
  CHECK(file.status().st_nlink == 1);
}

TEST_CASE("an upload does not touch a file that a killed process had linked") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  const Moved file(site, movie(5000));
  const VideoId video = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  fs::create_hard_link(file.path, site.data() / "incoming" / video.text);
  fs::create_hard_link(file.path, site.data() / "incoming" / (video.text + ".link"));
  site.at(ada).uploads().put(ada, {video, {}}, sourceOf(movie(700, 2)));
  CHECK(file.status().st_size == 5000);
  CHECK(readAll(site.at(ada).videos().open(ada, {video, {}})) == movie(700, 2));
}

TEST_CASE("a file that cannot be removed stays the user's own, and a copy of it is the content") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  Moved file(site, movie(300'000));
  REQUIRE(::chmod(file.path.c_str(), 0604) == 0);
  const gid_t group = ::geteuid() == 0 ? 12345 : file.status().st_gid;
  REQUIRE(::chown(file.path.c_str(), static_cast<uid_t>(-1), group) == 0);
  bool isAsked = false;
  file.remove = [&] {
    isAsked = true;
    throw Error(Fault::forbidden, "movie.mp4: may not be removed");
  };
  const VideoId video = file.add();
  CHECK(file.put(video).size == 300'000);
  CHECK(isAsked);
  CHECK(file.status().st_nlink == 1);
  CHECK((file.status().st_mode & 07777) == 0604);
  CHECK(file.status().st_gid == group);
  CHECK(inodeOf(onlyBlob(site)) != file.status().st_ino);
  std::ofstream(file.path) << "changed";
  CHECK(readAll(site.at(ada).videos().open(ada, {video, {}})) == movie(300'000));
  CHECK(countFiles(site.data() / "blobs") == 1);
  CHECK(countFiles(site.data() / "incoming") == 0);
}

TEST_CASE("a file that somebody has open for writing, or opens or links meanwhile, does not become the content") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  Moved file(site, movie(5000));
  const ino_t inode = file.status().st_ino;
  Descriptor writer;
  const std::string other = file.path.string() + ".same";
  SECTION("before") {
    writer = Descriptor(::open(file.path.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(writer);
  }
  SECTION("while it is removed") {
    file.remove = [&] {
      CHECK(::open(file.path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC) < 0);  // another program would wait here
      CHECK(errno == EWOULDBLOCK);
      fs::remove(file.path);
    };
  }
  SECTION("another name") {
    file.remove = [&] {
      fs::create_hard_link(file.path, other);
      fs::remove(file.path);
    };
  }
  const VideoId video = file.add();
  CHECK(file.put(video).size == 5000);
  CHECK(inodeOf(onlyBlob(site)) != inode);
  CHECK_FALSE(fs::exists(file.path));
  if (writer) CHECK(::pwrite(writer.number(), "changed", 7, 0) == 7);
  if (fs::exists(other)) std::ofstream(other) << "changed";
  CHECK(readAll(site.at(ada).videos().open(ada, {video, {}})) == movie(5000));
  CHECK(countFiles(site.data() / "incoming") == 0);
  // Nobody waits for the file any more.
  CHECK(Descriptor(::open(("/proc/self/fd/" + std::to_string(file.moved->number())).c_str(), O_WRONLY | O_NONBLOCK)));
}

TEST_CASE("a file that somebody wants to write to while it is read is refused") {
  Site site(Way::local);
  const Credential ada = site.user("ada");
  Moved file(site, movie(5000));
  file.source.push = [&, push = file.source.push](const ByteSink& sink) {
    push(sink);
    CHECK(::open(file.path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC) < 0);
  };
  requireFault([&] { file.put(file.add()); }, Fault::conflict, "opened for writing");
  CHECK(file.status().st_nlink == 1);
  CHECK(countFiles(site.data() / "blobs") == 0);
}
