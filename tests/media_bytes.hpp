#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "media/probe.hpp"

namespace video::test {

/// A file in memory, which counts what is read of it. Behind `front` it has zeros up to its size, if that is larger.
struct BytesFile {
  explicit BytesFile(std::string bytes, std::uint64_t size = 0) : front(std::move(bytes)) {
    file.size = std::max<std::uint64_t>(size, front.size());
    file.read = [this](std::uint64_t offset, std::span<std::byte> to) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), file.size - offset));
      std::memset(to.data(), 0, count);
      if (offset < front.size()) std::memcpy(to.data(), front.data() + offset, std::min(count, front.size() - offset));
      read += count;
      ++reads;
      return count;
    };
  }
  BytesFile(const BytesFile&) = delete;
  BytesFile& operator=(const BytesFile&) = delete;

  const std::string front;
  media::File file;
  std::uint64_t read = 0;
  std::uint64_t reads = 0;
};

/// Returns the bytes with a stretch overwritten by its padding.
inline std::string padded(std::string bytes, const media::Stretch& stretch) {
  std::string padding = stretch.padding;
  padding.resize(stretch.size);
  return bytes.replace(stretch.offset, stretch.size, padding);
}

/// Returns the names and bytes of small files that ffmpeg has made: the inputs of the fuzz target `boxes` or
/// `elements`.
inline std::vector<std::pair<std::string, std::string>> sampleFiles(const std::filesystem::path& source,
                                                                    const std::string& target) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& entry : std::filesystem::directory_iterator(source / "tests/fuzz/corpus" / target)) {
    std::ifstream file(entry.path(), std::ios::binary);
    all.emplace_back(entry.path().filename().string(), std::string{std::istreambuf_iterator<char>(file), {}});
  }
  return all;
}

}  // namespace video::test
