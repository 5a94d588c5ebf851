#include "os/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "catch.hpp"
#include "fault_of.hpp"
#include "os/copy_on_write.hpp"
#include "os/errors.hpp"
#include "os/unix_address.hpp"
#include "temp.hpp"
#include "wait.hpp"

using namespace video;
using test::faultOf;

namespace {

std::string textOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a file is written atomically, and kept if it exists and is not to be replaced") {
  const TempDirectory folder;
  const Descriptor at(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto write = [&](std::string_view text, os::Existing existing) {
    os::writeFile(os::systemFiles(), at.number(), "file", text, 0600, existing);
  };
  std::ofstream(folder / "file.new") << "left by a process that was killed, and longer than what follows";
  write("first", os::Existing::keep);
  CHECK(textOf(folder / "file") == "first");
  write("second", os::Existing::keep);
  CHECK(textOf(folder / "file") == "first");
  write("third", os::Existing::replace);
  CHECK(textOf(folder / "file") == "third");
  struct stat is {};
  REQUIRE(::stat((folder / "file").c_str(), &is) == 0);
  CHECK((is.st_mode & 07777) == 0600);
  CHECK_FALSE(std::filesystem::exists(folder / "file.new"));
  os::writeFile(os::systemFiles(), AT_FDCWD, folder / "by path", "x", 0644);
  CHECK(textOf(folder / "by path") == "x");
}

TEST_CASE("a reader sees one complete version of a file that several threads write") {
  const TempDirectory folder;
  const Descriptor at(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::vector<std::jthread> writers;
  for (const char letter : {'a', 'b', 'c', 'd'})
    writers.emplace_back([&, letter] {
      for (int i = 0; i < 50; ++i)
        os::writeFile(os::systemFiles(), at.number(), "file", std::string(20'000, letter), 0600);
    });
  test::waitFor("the first file is there", [&] { return std::filesystem::exists(folder / "file"); });
  for (int i = 0; i < 200; ++i) {
    const std::string text = textOf(folder / "file");
    REQUIRE(text == std::string(20'000, text.at(0)));
  }
  writers.clear();
  CHECK_FALSE(std::filesystem::exists(folder / "file.new"));
}

TEST_CASE("a Unix socket may have a path of any length") {
  const TempDirectory folder;
  const os::UnixAddress near(folder / "socket");
  CHECK(near.error() == 0);
  CHECK(near.path() == folder / "socket");
  const std::filesystem::path deep = folder / std::string(120, 'd');
  std::filesystem::create_directory(deep);
  const os::UnixAddress far(deep / "socket");
  CHECK(far.error() == 0);
  CHECK(std::filesystem::equivalent(std::filesystem::path(far.path()).parent_path(), deep));
  CHECK(os::UnixAddress(folder / std::string(120, 'x') / "socket").error() == ENOENT);
  CHECK(os::UnixAddress(deep / std::string(120, 's')).error() == ENAMETOOLONG);
  CHECK(os::UnixAddress({}).error() == ENAMETOOLONG);
}

TEST_CASE("an errno maps to a fault, which differs for files of the data directory and files the user named") {
  const auto ours = [](int error) { return faultOf([&] { os::throwErrno(error, "x"); }); };
  const auto named = [](int error) { return faultOf([&] { os::throwFileError("x", error); }); };
  for (const int full : {ENOSPC, EDQUOT}) CHECK((ours(full) == Fault::diskFull && named(full) == Fault::diskFull));
  for (const int denied : {EACCES, EPERM})
    CHECK((ours(denied) == Fault::forbidden && named(denied) == Fault::forbidden));
  CHECK((ours(EROFS) == Fault::unreachable && named(EROFS) == Fault::forbidden));
  CHECK((ours(ENOENT) == Fault::internal && named(ENOENT) == Fault::notFound));
  CHECK((ours(EEXIST) == Fault::internal && named(EEXIST) == Fault::conflict));
  CHECK((ours(EMFILE) == Fault::unavailable && named(EISDIR) == Fault::malformed));
  CHECK((ours(EIO) == Fault::internal && named(EIO) == Fault::internal));
}

TEST_CASE("the release of Linux tells whether btrfs writes to mapped memory in place") {
  for (const char* const release : {"6.17.0", "6.17", "6.18.44-x", "6.100", "7.0-rc1", "10.2"})
    CHECK(os::canWriteInPlace(release));
  for (const char* const release :
       {"", "6", "6.", "6.1.0-40-amd64", "6.12.57+deb13-amd64", "6.16.9", "5.18", "x", "6.x"})
    CHECK_FALSE(os::canWriteInPlace(release));
}

TEST_CASE("a full disk is told apart by whose file was written", "[os]") {
  const auto reasonOf = [](const auto& work) {
    try {
      work();
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::diskFull);
      return error.reason();
    }
    FAIL("no error");
    return Reason::none;
  };
  for (const int number : {ENOSPC, EDQUOT}) {
    CHECK(reasonOf([&] { os::throwFileError("/home/ada/back.mp4", number); }) == Reason::ownFile);
    CHECK(reasonOf([&] { os::throwErrno(number, "video.db"); }) == Reason::none);
  }
}
