#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include "base/sha256.hpp"
#include "contract/site.hpp"
#include "wait.hpp"

namespace video::test {

/// What has arrived and is not in the file yet is less than this.
inline constexpr std::int64_t buffered = 16'384;

inline std::string hashOf(const std::string& bytes, HashFunction function = HashFunction::sha256) {
  Hash hash(function);
  hash.add(std::as_bytes(std::span(bytes)));
  return hash.hex();
}

inline NewUpload sized(std::size_t size, std::optional<std::string> name = "a film") {
  NewUpload wanted;
  wanted.name = std::move(name);
  wanted.size = static_cast<std::int64_t>(size);
  return wanted;
}

inline AppendUpload at(const UploadId& id, std::size_t offset) {
  return {.id = id, .offset = static_cast<std::int64_t>(offset)};
}

/// A source that breaks off after `size` bytes, and waits before that until `arrived` returns true.
inline ByteSource broken(const std::string& text, std::size_t size, std::function<bool()> arrived) {
  ByteSource source = sourceOf(text);
  source.push = [text, size, arrived = std::move(arrived)](const ByteSink& sink) {
    sink(std::as_bytes(std::span(text).first(size)));
    waitFor("what was sent has arrived", arrived);
    throw std::runtime_error("the source is broken");
  };
  return source;
}

inline std::int64_t sizeOf(Site& site, const UploadId& id) {
  std::error_code none;
  const auto size = std::filesystem::file_size(site.data() / "incoming" / id.text, none);
  return none ? 0 : static_cast<std::int64_t>(size);
}

inline void setQuota(Site& site, std::int64_t bytes) {
  ChangeUser change;
  change.name = "ada";
  change.ownQuota = Nullable<std::int64_t>(bytes);
  site.local().users().change(Operator{}, change);
}

}  // namespace video::test
