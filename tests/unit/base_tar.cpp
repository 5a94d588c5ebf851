#include "base/tar.hpp"

#include <map>

#include "catch.hpp"
#include "fault_of.hpp"

using namespace video;
using test::faultOf;

namespace {

std::span<const std::byte> bytesOf(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string fileOf(const TarEntry& entry, const std::string& content, bool sizeUnknown = false) {
  return tarHeader(entry, sizeUnknown) + content + std::string(tarPadding(content.size()), '\0');
}

// Reads an archive in pieces of one size; returns its files.
std::map<std::string, std::string> read(std::string_view archive, std::size_t piece) {
  std::map<std::string, std::string> files;
  std::string path;
  std::string content;
  TarReader reader({[&](const TarEntry& entry) { path = entry.path; },
                    [&](std::span<const std::byte> some) {
                      content.append(reinterpret_cast<const char*>(some.data()), some.size());
                    },
                    [&] { files[path] = std::exchange(content, {}); }});
  for (; !archive.empty(); archive.remove_prefix(std::min(piece, archive.size())))
    reader.add(bytesOf(archive.substr(0, piece)));
  reader.finish();
  return files;
}

}  // namespace

TEST_CASE("an archive holds files of any name, and is read in pieces of any size") {
  const std::map<std::string, std::string> files{{"ada/a", ""},
                                                 {"ada/b.json", "{}"},
                                                 {"ada/videos/" + std::string(200, 'x'), std::string(512, 'y')},
                                                 {"ada/videos/Café am See.mp4", std::string(1500, 'z')}};
  std::string archive;
  bool sizeUnknown = false;
  for (const auto& [path, content] : files)
    archive += fileOf({path, content.size(), {}}, content, sizeUnknown = !sizeUnknown);
  archive += tarEnd();
  CHECK(archive.size() % tarBlock == 0);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{511}, std::size_t{512}, archive.size()})
    CHECK(read(archive, piece) == files);
}

TEST_CASE("a header whose size is not known yet has the length of the one that replaces it") {
  const TarEntry entry{"ada/comments.json", 0, {}};
  CHECK(tarHeader(entry, true).size() == tarHeader({entry.path, UINT64_C(1) << 40, {}}, true).size());
}

TEST_CASE("a file over 8 GiB keeps its size") {
  const TarEntry entry{"a", UINT64_C(20) << 30, {}};
  std::uint64_t size = 0;
  TarReader reader({[&](const TarEntry& found) { size = found.size; }, [](auto) {}, [] {}});
  reader.add(bytesOf(tarHeader(entry)));
  CHECK(size == entry.size);
}

TEST_CASE("what is no archive, or not a whole one, is refused") {
  const std::string good = fileOf({"a", 600, {}}, std::string(600, 'x'), true) + tarEnd();
  for (std::size_t size = 0; size < good.size() - tarBlock; size += 100)
    CHECK(faultOf([&] { read(std::string_view(good).substr(0, size), 512); }) == Fault::malformed);
  for (const std::size_t at : {0, 100, 124, 148, 156, 257, 512, 520, 1024, 1100}) {
    std::string bad = good;
    bad[at] = '~';
    CAPTURE(at);
    CHECK(faultOf([&] { read(bad, 512); }) == Fault::malformed);
  }
  std::string folder = tarHeader({"a", 0, {}});
  folder[156] = '5';
  CHECK(faultOf([&] { read(folder + tarEnd(), 512); }) == Fault::malformed);
}
