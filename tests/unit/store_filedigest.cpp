#include "store/filedigest.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "catch.hpp"
#include "store/files.hpp"
#include "temp.hpp"

using namespace video;

namespace {

// A file that is written and hashed piece by piece, and the digest that it should have.
struct Written {
  explicit Written(const TempDirectory& folder)
      : file(::open((folder / "file").c_str(), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600)) {}

  void add(std::size_t size) {
    std::vector<std::byte> piece(size);
    for (std::byte& one : piece) one = static_cast<std::byte>(number++ * 31 >> 3);
    store::writeAll(file.number(), {reinterpret_cast<const char*>(piece.data()), piece.size()}, "file");
    plain.add(piece);
    digest.add(piece);
  }

  Descriptor file;
  Sha256 plain;
  store::FileDigest digest{file.number()};
  std::uint32_t number = 0;
};

}  // namespace

TEST_CASE("a file is hashed while it is written, however long it is and wherever its pieces end") {
  const TempDirectory folder;
  for (const std::size_t size : {0UL, 1UL, (8UL << 20) - 1, 8UL << 20, (8UL << 20) + 1, 11UL << 20}) {
    for (const std::size_t piece : {65'536UL, 1'000'003UL}) {
      Written written(folder);
      for (std::size_t at = 0; at < size; at += piece) written.add(std::min(piece, size - at));
      CHECK(written.digest.finish() == written.plain.hex());
    }
  }
}

TEST_CASE("many files are hashed at once, with threads or without") {
  std::vector<std::unique_ptr<TempDirectory>> folders;
  std::vector<std::unique_ptr<Written>> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(std::make_unique<Written>(*folders.emplace_back(std::make_unique<TempDirectory>())));
  for (int round = 0; round < 9; ++round)
    for (const auto& one : all) one->add(1 << 20);
  all.pop_back();  // its upload broke
  for (const auto& one : all) CHECK(one->digest.finish() == one->plain.hex());
}

TEST_CASE("a file that lost its bytes meanwhile has no digest") {
  const TempDirectory folder;
  Written written(folder);
  written.add(8 << 20);
  REQUIRE(::ftruncate(written.file.number(), 0) == 0);
  written.number = 0;
  REQUIRE(::lseek(written.file.number(), 0, SEEK_SET) == 0);
  written.add(1 << 20);
  if (std::thread::hardware_concurrency() < 2) return;  // hashed as it was given
  CHECK_THROWS_AS(written.digest.finish(), Error);
}
