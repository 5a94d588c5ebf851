#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/ids.hpp"
#include "users/users.hpp"

namespace video {

/// The state of an export: waiting, being prepared, or ready to be read.
enum class ExportState { queued, running, ready };

using ExportId = Id<struct ExportNoun>;  ///< 12 base32 characters; public

/// An export of everything of a user.
struct Export {
  ExportId id;
  std::string userName;
  ExportState state = ExportState::queued;
};

/// Identifies an export.
struct ExportRef {
  std::string user;
  ExportId id;
};

/// The media type of a finished export.
inline constexpr std::string_view exportType = "application/x-tar";

/// Exports of everything that belongs to a user, as a tar archive: the account, videos with their files, comments,
/// sessions, tokens, links, and hashes of deleted videos; no secrets. Every function may be called from any thread and
/// throws Error.
class Exports {
 public:
  virtual ~Exports() = default;
  /// Has an export prepared: a daemon in the background, joining one of the user that is queued or running; a single
  /// command at once. A newer export replaces the user's older one. For the user, admins and the operator. Faults:
  /// notFound, tooMany (of the caller wait, or 250 of others are kept), diskFull.
  virtual Export start(const Credential& by, const UserName& wanted) = 0;
  /// Opens an export: an archive of type `exportType`, or until it is ready its Export as JSON. It is kept for a day,
  /// until the daemon ends or the user is deleted. A video that was purged since cannot be read. For the same callers.
  /// Faults: those of its preparation, notFound, contentUnavailable.
  virtual Content open(const Credential& by, const ExportRef& wanted) = 0;
};

/// The exports of a data directory.
class LocalExports : public Exports {
 public:
  /// Drops exports that are older than a day or whose user was deleted.
  virtual void dropOld() = 0;
};

}  // namespace video
