#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/fields.hpp"

namespace video {

/// A data directory and its schema version.
struct DataState {
  std::string path;
  std::int64_t schema = 0;  ///< schema version now
  std::int64_t before = 0;  ///< schema version before; 0 = the directory is new
};

/// Operations on a data directory as a whole; only local. Every function throws Error.
class Data {
 public:
  virtual ~Data() = default;
  /// Creates a data directory in a new or empty folder; an existing data directory is left unchanged. Faults: conflict
  /// (the folder has other files), versionMismatch (newer than this program).
  virtual DataState init() = 0;
  /// Migrates the schema to this program's version, after making a backup of the database. Faults: busy (in use),
  /// versionMismatch (newer than this program), diskFull.
  virtual DataState migrate() = 0;
  /// Creates a new signing key. Every signed link made before becomes invalid, in every process, at its next request.
  virtual void rotateKey() = 0;
};

}  // namespace video
