#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <sys/stat.h>

#include <array>
#include <fstream>

#include "base/ids.hpp"
#include "os/descriptor.hpp"
#include "store/blobs.hpp"
#include "store_scratch.hpp"

using namespace video;
using namespace video::store;

namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string hashOf(std::string_view text) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), hash, &length, EVP_sha256(), nullptr);
  return toHex({reinterpret_cast<const char*>(hash), length});
}

std::string readAll(const std::shared_ptr<const Descriptor>& file) {
  std::string text;
  char piece[8192];
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(file->number(), piece, sizeof piece, at);
    if (got <= 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
    at += got;
  }
}

std::size_t filesBelow(const std::filesystem::path& path) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) count += entry.is_regular_file();
  return count;
}

}  // namespace

TEST_CASE("an upload is kept whole, with its size and hash", "[store]") {
  const Scratch scratch;
  Blobs blobs(openAt(scratch.data()));
  std::string content;
  for (int i = 0; content.size() < 3'000'000; ++i) content += std::to_string(i);
  const std::size_t step = GENERATE(std::size_t{1000}, std::size_t{65536}, std::size_t{1'000'000});
  std::string blob;
  {
    Incoming incoming = blobs.begin("v1");
    for (std::size_t at = 0; at < content.size(); at += step)
      incoming.write(bytes(std::string_view(content).substr(at, step)));
    CHECK(incoming.size() == content.size());
    CHECK(incoming.front() == content.substr(0, Incoming::frontSize));
    blob = incoming.finish("mp4");
    CHECK(incoming.sha256() == hashOf(content));
    incoming.keep();
  }
  CHECK(blob.size() == 36);
  CHECK(blob.ends_with(".mp4"));
  const auto file = blobs.open(blob);
  REQUIRE(file);
  CHECK(readAll(file) == content);
  CHECK(blobs.open(blob) == file);  // all readers of a blob share one descriptor
  struct stat is {};
  REQUIRE(::fstat(file->number(), &is) == 0);
  CHECK((is.st_mode & 07777) == 0640);
  CHECK(filesBelow(scratch.data() / "incoming") == 0);
  CHECK(std::filesystem::exists(scratch.data() / "blobs" / blob.substr(0, 2) / blob));
  for (int i = 0; i < 2; ++i) {
    std::array removals{Removal{blob, "nothing"}, Removal{"no name of ours", {}}, Removal{}};
    blobs.remove(removals);
    for (const Removal& removal : removals) CHECK(removal.failure.empty());
  }
  CHECK(!blobs.open(blob));
  CHECK(readAll(file) == content);
}

TEST_CASE("an abandoned upload leaves nothing behind", "[store]") {
  const Scratch scratch;
  Blobs blobs(openAt(scratch.data()));
  {
    Incoming incoming = blobs.begin("v1");
    incoming.write(bytes("half"));
  }
  CHECK(filesBelow(scratch.data() / "incoming") == 0);
  std::string blob;
  {
    Incoming incoming = blobs.begin("v1");
    incoming.write(bytes("whole"));
    blob = incoming.finish("");
    CHECK(blob.size() == 32);
    CHECK(blobs.open(blob));
  }
  CHECK(!blobs.open(blob));
  CHECK(filesBelow(scratch.data() / "incoming") == 0);
  CHECK(filesBelow(scratch.data() / "blobs") == 0);
}

TEST_CASE("only one upload at a time uses a name, until the row points at it", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  Blobs blobs(directory);
  Blobs other(openAt(scratch.data()));
  CHECK(!blobs.isUnderWay("v1"));
  {
    Incoming incoming = blobs.begin("v1");
    const auto refused = [&] {
      CHECK(blobs.isUnderWay("v1"));
      CHECK(faultOf([&] { other.begin("v1"); }) == Fault::conflict);
      other.removeIncoming("v1");
      CHECK(statusOf(start([&] {
              Blobs its(openAt(scratch.data()));
              return its.isUnderWay("v1") && faultOf([&] { its.begin("v1"); }) == Fault::conflict ? 0 : 1;
            })) == 0);
    };
    refused();
    incoming.write(bytes("content"));
    incoming.finish("bin");
    refused();
    incoming.keep();
    CHECK(blobs.isUnderWay("v1"));
    CHECK(!blobs.isUnderWay("v2"));
  }
  CHECK(!blobs.isUnderWay("v1"));
  blobs.begin("v1");
}

TEST_CASE("the file of a dead uploader is reused, and none of its content remains", "[store]") {
  const Scratch scratch;
  const bool finished = GENERATE(false, true);
  openAt(scratch.data());
  CHECK(statusOf(start([&] {
          Blobs blobs(openAt(scratch.data()));
          Incoming incoming = blobs.begin("v1");
          incoming.write(bytes(std::string(1'000'000, 'x')));
          if (finished) incoming.finish("mp4");
          ::kill(::getpid(), SIGKILL);
          return 0;
        })) == -SIGKILL);
  CHECK(filesBelow(scratch.data() / "blobs") == (finished ? 1 : 0));
  Blobs blobs(openAt(scratch.data()));
  CHECK(!blobs.isUnderWay("v1"));
  std::string blob;
  {
    Incoming incoming = blobs.begin("v1");
    CHECK(incoming.size() == 0);
    incoming.write(bytes("new"));
    blob = incoming.finish("mp4");
    CHECK(incoming.sha256() == hashOf("new"));
    incoming.keep();
  }
  CHECK(readAll(blobs.open(blob)) == "new");
  CHECK(filesBelow(scratch.data() / "incoming") == 0);
  std::ofstream(scratch.data() / "incoming" / "v2") << "left";
  blobs.removeIncoming("v2");
  blobs.removeIncoming("v2");
  CHECK(filesBelow(scratch.data() / "incoming") == 0);
}

TEST_CASE("symbolic links are not followed, and only valid blob names are opened", "[store]") {
  const Scratch scratch;
  Blobs blobs(openAt(scratch.data()));
  const std::string name = std::string(32, 'a') + ".mp4";
  std::ofstream(scratch.path() / "secret") << "secret";
  for (const char* bad : {"", "../secret", "aa/../../secret", "secret", "aa", "AA", "%2e%2e"}) CHECK(!blobs.open(bad));
  CHECK(!blobs.open(std::string(32, 'a') + "./../../../secret"));
  CHECK(!blobs.open(name));
  std::filesystem::create_directory(scratch.data() / "blobs" / "aa");
  std::filesystem::create_symlink(scratch.path() / "secret", scratch.data() / "blobs" / "aa" / name);
  CHECK(faultOf([&] { blobs.open(name); }) == Fault::internal);
  std::filesystem::create_directory(scratch.path() / "away");
  std::ofstream(scratch.path() / "away" / (std::string(32, 'b'))) << "secret";
  std::filesystem::create_directory_symlink(scratch.path() / "away", scratch.data() / "blobs" / "bb");
  CHECK(faultOf([&] { blobs.open(std::string(32, 'b')); }) == Fault::internal);
  std::filesystem::create_symlink(scratch.path() / "secret", scratch.data() / "incoming" / "v1");
  CHECK(faultOf([&] { blobs.begin("v1"); }) == Fault::internal);
  std::filesystem::remove_all(scratch.data() / "incoming");
  std::filesystem::create_directory_symlink(scratch.path() / "away", scratch.data() / "incoming");
  CHECK(faultOf([&] { blobs.begin("v2"); }) == Fault::internal);
  CHECK(std::filesystem::file_size(scratch.path() / "secret") == 6);
}

TEST_CASE("a full disk ends an upload and leaves nothing behind", "[store]") {
  const SmallDisk disk("4m");
  if (!disk.isMounted()) return;
  const auto directory = openAt(disk / "data");
  Blobs blobs(directory);
  const std::uint64_t before = directory->freeSpace();
  CHECK(faultOf([&] {
          Incoming incoming = blobs.begin("v1");
          const std::string piece(100'000, 'x');
          for (int i = 0; i < 100; ++i) incoming.write(bytes(piece));
        }) == Fault::diskFull);
  CHECK(directory->freeSpace() == before);
  CHECK(filesBelow(disk / "data" / "incoming") == 0);
}
