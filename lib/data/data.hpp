#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/fields.hpp"

namespace video {

/// What became of a data directory.
struct DataState {
  std::string path;
  std::int64_t schema = 0;  ///< its version now
  std::int64_t before = 0;  ///< its version before; 0 = it was new
};

/// What is done to a data directory as a whole; there is no remote half. Throws Error.
class Data {
 public:
  virtual ~Data() = default;
  /// Makes a data directory in a new or empty folder; one that stands is left as it is.
  virtual DataState init() = 0;
  /// Brings the schema to this program's version, after a copy of the database. Faults: busy (in use), versionMismatch
  /// (newer than this program), diskFull.
  virtual DataState migrate() = 0;
  /// Makes a new signing key: every signed link made before is void, in every process at its next request.
  virtual void rotateKey() = 0;
};

/// On the folder `path`, which came from `origin` (named where it is missing); `lockTimeout` bounds the wait for
/// others.
std::unique_ptr<Data> makeLocalData(const std::filesystem::path& path, std::string_view origin,
                                    std::chrono::milliseconds lockTimeout);

}  // namespace video
