#include "store/content_writer.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "catch.hpp"
#include "failing_files.hpp"
#include "os/descriptor.hpp"
#include "temp.hpp"
#include "wait.hpp"

using namespace video;

namespace {

// A content that is written in pieces, and the digest that it should have.
struct Written {
  explicit Written(const TempDirectory& folder, std::chrono::milliseconds fast = std::chrono::hours{1},
                   os::FileSystem& files = os::systemFiles())
      : path(folder / "file"),
        file(::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600)),
        writer(files, file.number(), "file", {}, fast) {}

  void add(std::size_t size) {
    std::vector<std::uint64_t> words(size / sizeof(std::uint64_t) + 1);
    for (std::uint64_t& one : words) one = number++;
    const auto piece = std::as_bytes(std::span(words)).first(size);
    plain.add(piece);
    writer.write({reinterpret_cast<const char*>(piece.data()), size});
  }

  // Finishes and checks that the file has what was written; throws what finish throws.
  void check() {
    const std::uint64_t size = writer.size();
    const std::string expected = plain.hex();
    const std::string found = writer.finish();
    CHECK(found == expected);
    REQUIRE(std::filesystem::file_size(path) == size);
    std::string content(size, '\0');
    std::ifstream(path, std::ios::binary).read(content.data(), static_cast<std::streamsize>(size));
    Sha256 read;
    read.add(std::as_bytes(std::span(content)));
    CHECK(read.hex() == expected);
  }

  std::filesystem::path path;
  Descriptor file;
  Sha256 plain;
  store::ContentWriter writer;
  std::uint64_t number = 0;
};

constexpr std::size_t MiB = 1UL << 20;

}  // namespace

TEST_CASE("a content of any length is written and hashed, however it is split") {
  const TempDirectory folder;
  for (const std::size_t size : {0UL, 1UL, 8 * MiB - 1, 8 * MiB, 8 * MiB + 1, 18 * MiB, 31 * MiB + 4097}) {
    for (const std::size_t piece : {65'536UL, 1'000'003UL}) {
      INFO(size << " bytes by " << piece);
      Written written(folder);
      for (std::size_t at = 0; at < size; at += piece) written.add(std::min(piece, size - at));
      written.check();
    }
  }
}

TEST_CASE("a content that was paused goes on in another writer") {
  const TempDirectory folder;
  const std::filesystem::path path = folder / "file";
  const Descriptor file(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  const std::string piece(MiB, 'x');
  Sha256 plain;
  store::HashedPart hashed;
  std::uint64_t total = 0;
  for (const std::size_t size : {5UL, 8 * MiB - 5, 20 * MiB + 1, 12 * MiB - 1, 17 * MiB, 3UL}) {
    store::ContentWriter writer(os::systemFiles(), file.number(), "file", hashed, std::chrono::hours{1});
    for (std::size_t left = size; left > 0;) {
      const std::string_view now = std::string_view(piece).substr(0, std::min(left, piece.size()));
      plain.add(std::as_bytes(std::span(now)));
      writer.write(now);
      left -= now.size();
      CHECK(writer.written() <= writer.size());
      CHECK(writer.written() >= total);
    }
    total += size;
    hashed = writer.pause();
    CHECK(hashed.size == total);
    CHECK(writer.written() == total);
    CHECK(std::filesystem::file_size(path) == total);
  }
  CHECK(store::ContentWriter(os::systemFiles(), file.number(), "file", hashed).finish() == plain.hex());
}

TEST_CASE("several contents are written at once, one of them through the pipeline") {
  std::vector<std::unique_ptr<TempDirectory>> folders;
  std::vector<std::unique_ptr<Written>> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(std::make_unique<Written>(*folders.emplace_back(std::make_unique<TempDirectory>())));
  for (int round = 0; round < 9; ++round)
    for (const auto& one : all) one->add(MiB + 1);
  all.erase(all.begin());  // as if its upload broke: the pipeline is free again
  for (int round = 0; round < 20; ++round)
    for (const auto& one : all) one->add(MiB);
  for (const auto& one : all) one->check();
}

TEST_CASE("the pipeline writes 2 MiB at a time, without copying data that is already in its buffer") {
  const TempDirectory folder;
  Written fast(folder);
  CHECK(fast.writer.room().empty());
  fast.add(8 * MiB);
  const auto writes = [] {
    std::ifstream stream("/proc/self/io");
    std::string word;
    std::uint64_t count = 0;
    while (stream >> word && word != "syscw:") stream >> count;
    stream >> count;
    return count;
  };
  const std::uint64_t before = writes();
  for (std::size_t left = 32 * MiB + 5; left > 0;) {
    const std::span<std::byte> room = fast.writer.room();
    REQUIRE_FALSE(room.empty());
    CHECK(room.size() <= 2 * MiB);
    const auto piece = room.first(std::min({room.size(), left, 700'000UL}));
    std::fill(piece.begin(), piece.end(), static_cast<std::byte>(left));
    fast.plain.add(piece);
    fast.writer.write({reinterpret_cast<const char*>(piece.data()), piece.size()});
    left -= piece.size();
  }
  const TempDirectory other;
  Written second(other);
  second.add(8 * MiB);
  CHECK(second.writer.room().empty());  // there is only one pipeline
  const std::uint64_t ofSecond = 1;
  fast.check();
  CHECK(writes() - before <= 32 / 2 + 1 + ofSecond);
  second.check();
}

TEST_CASE("an upload that becomes slow gives up the pipeline, and another can take it") {
  const TempDirectory folder;
  // Long enough for 8 MiB under a thread sanitizer on a busy machine.
  Written slow(folder, std::chrono::milliseconds{500});
  for (int i = 0; i < 20 && slow.writer.room().empty(); ++i) slow.add(8 * MiB);
  REQUIRE_FALSE(slow.writer.room().empty());
  const TempDirectory other;
  Written fast(other);
  test::waitFor("the slow upload gives up the pipeline", [&] {
    if (slow.writer.room().empty()) return true;
    slow.add(1);
    return false;
  });
  fast.add(8 * MiB);
  CHECK_FALSE(fast.writer.room().empty());
  slow.add(20 * MiB);
  slow.check();
  fast.add(MiB);
  fast.check();
}

TEST_CASE("a write error refuses the content, at its end at the latest") {
  const TempDirectory folder;
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  for (const std::size_t most : {1 * MiB, 11 * MiB + 5000}) {
    rlimit limited = before;
    limited.rlim_cur = most;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limited) == 0);
    Written written(folder);
    std::string refused;
    try {
      for (int i = 0; i < 13; ++i) written.add(MiB);  // the blocks after the limit are still in memory
      written.writer.finish();
    } catch (const Error& error) {
      refused = error.what();
    }
    ::setrlimit(RLIMIT_FSIZE, &before);
    CHECK(refused == "file: File too large");
    CHECK(std::filesystem::file_size(written.path) <= most);
  }
  std::signal(SIGXFSZ, SIG_DFL);
}

TEST_CASE("if any write fails, the content is refused or complete") {
  test::FailingFiles files;
  int refused = 0;
  test::failEachCall(files, [&](const test::FailingFiles::Failure& failure, int call) {
    const TempDirectory folder;
    Written written(folder, std::chrono::hours{1}, files);
    // Written in pieces until the pipeline takes over, then in its blocks.
    written.add(8 * MiB - 1000);
    files.failAt(call, failure);
    try {
      written.add(1000);
      written.add(9 * MiB + 77);
      written.check();
    } catch (const Error& error) {
      ++refused;
      CHECK(rowOf(error.fault()).code == rowOf(failure.error == ENOSPC ? Fault::diskFull : Fault::internal).code);
    }
    return files.heal();
  });
  CHECK(refused > 0);
}
