#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "os/descriptor.hpp"
#include "os/file_system.hpp"
#include "store/backup_manifest.hpp"

namespace video::store {

/// Called now and then with the bytes that are done and those of all files; may throw to stop.
using BackupProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;

/// What reading a backup set through has found.
struct BackupVerified {
  BackupHead head;
  std::vector<BackupFinding> problems;  ///< those that the manifest knows of, too
};

/// Reads all files of the set `path`, and compares them with its manifest. Throws Error: notFound if there is no set,
/// malformed, versionMismatch.
BackupVerified verifyBackup(const std::filesystem::path& path, const BackupProgress& progress);

/// Does the same with a tar archive, as a backup writes it, that `push` passes on in pieces of any size.
BackupVerified verifyBackupArchive(
    const std::function<void(const std::function<void(std::span<const std::byte>)>&)>& push);

/// How a set is restored.
struct RestoreOptions {
  Time now{};
  std::chrono::milliseconds deletionDelay{};  ///< no deletion is due before `now` plus this
  bool revokeTokens = false;
  std::uint64_t freeSpaceFloor = 0;  ///< bytes that a reserve must leave free
};

/// A token that is valid again after a restore.
struct RevivedToken {
  std::string id;
  std::string userName;
  std::string label;
  std::string scope;
  std::optional<Time> expires;
};

/// What a restore has done.
struct BackupRestored {
  BackupHead head;
  std::int64_t sessions = 0;   ///< that were ended
  std::int64_t deletions = 0;  ///< that were put off
  std::int64_t tokensRevoked = 0;
  std::vector<RevivedToken> tokens;
  std::vector<BackupFinding> problems;  ///< files that are missing or damaged, and not restored
};

/// Makes the data directory `target` of a set, whose files `open` opens by their path below it; it returns an empty
/// descriptor if there is none. Checks every hash. All sessions end; uploads under way are gone. All or nothing, but
/// contents that are missing or damaged in the set are left out. Throws Error: notFound if there is no set, malformed,
/// versionMismatch (newer than this program), checksumMismatch (the database is damaged); what
/// DataDirectory::createFrom throws.
BackupRestored restoreBackup(const std::function<Descriptor(const std::string& path)>& open,
                             const std::filesystem::path& target, const RestoreOptions& options,
                             const BackupProgress& progress, os::FileSystem& files = os::systemFiles());

}  // namespace video::store
