#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "base/fields.hpp"
#include "os/descriptor.hpp"

namespace video::store {

/// A file of a backup set.
struct BackupEntry {
  std::string path;        ///< below the set, with `/`
  std::uint64_t size = 0;  ///< bytes
  std::string sha256;      ///< lower-case hex
};

/// What is wrong with a content or with a file of a set.
struct BackupFinding {
  std::string kind;    ///< `missing`, `damaged` or `extra`
  std::string path;    ///< below the set
  std::string detail;  ///< for people
};

/// What `manifest.json` of a set says before the list of its files.
struct BackupHead {
  static constexpr std::int64_t latestFormat = 1;

  std::int64_t format = latestFormat;
  std::string program;                  ///< the one that made it, and its version
  std::int64_t schema = 0;              ///< of the database
  Time time{};                          ///< of the state of the database
  std::string signingKey;               ///< that it is not in the set
  std::int64_t count = 0;               ///< files
  std::uint64_t bytes = 0;              ///< their sum
  std::vector<BackupFinding> problems;  ///< contents that were missing or damaged already when the set was made
};

/// The list of the files of a backup set, with what is to be said of the set as a whole.
struct BackupManifest {
  BackupHead head;
  std::vector<BackupEntry> files;

  static constexpr const char* name = "manifest.json";
  /// Calls `visit` with the pieces of its JSON, one file a line.
  void write(const std::function<void(std::string_view)>& visit) const;
};

/// Parses a manifest. Throws Error: malformed if it is none, versionMismatch if its format is newer.
BackupManifest parseManifest(std::string_view text);
/// Reads the manifest from an open file of this path. Throws Error.
BackupManifest readManifest(const Descriptor& file, const std::string& path);

/// Returns whether a path of a manifest can be trusted to stay in its folder: relative, without `.` and `..`.
bool isPlainPath(std::string_view path);

}  // namespace video::store

namespace video {

template <>
struct Fields<store::BackupEntry> {
  static constexpr std::tuple list{
      Field{"path", &store::BackupEntry::path, "path below the set"},
      Field{"size", &store::BackupEntry::size, "bytes"},
      Field{"sha256", &store::BackupEntry::sha256, "SHA-256 in hex"},
  };
};

template <>
struct Fields<store::BackupFinding> {
  static constexpr std::tuple list{
      Field{"kind", &store::BackupFinding::kind, "missing or damaged"},
      Field{"path", &store::BackupFinding::path, "path below the set"},
      Field{"detail", &store::BackupFinding::detail, "the reason"},
  };
};

template <>
struct Fields<store::BackupHead> {
  static constexpr std::tuple list{
      Field{"format", &store::BackupHead::format, "format version"},
      Field{"program", &store::BackupHead::program, "program and version"},
      Field{"schema", &store::BackupHead::schema, "schema version of the database"},
      Field{"time", &store::BackupHead::time, "time of the state of the database"},
      Field{"signing_key", &store::BackupHead::signingKey, "where the signing key is"},
      Field{"count", &store::BackupHead::count, "number of files"},
      Field{"bytes", &store::BackupHead::bytes, "bytes of all files"},
      Field{"problems", &store::BackupHead::problems, "contents that were missing or damaged"},
  };
};

}  // namespace video
