#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "os/descriptor.hpp"
#include "os/errors.hpp"

namespace video::ctl {

/// Returns an environment variable; an empty one counts as unset.
std::optional<std::string> fromEnvironment(const char* name);

using os::throwFileError;

/// Writes all of `bytes`. Throws Error, naming `path`.
void writeFile(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path);

/// Reads a file that holds a secret, at most 64 KiB. Throws Error: forbidden if others can read it.
std::string readSecretFile(const std::filesystem::path& path);

/// Reads standard input to its end and removes one trailing newline. Throws malformed beyond `most` bytes.
std::string readInput(std::size_t most);

/// Reads a file with text; lines end in LF afterwards, and one trailing newline is removed. Throws Error: malformed
/// beyond `most` bytes.
std::string readTextFile(const std::filesystem::path& path, std::size_t most);

/// Closes the standard files of a child: the caller's pipes must end when the program ends, not when the child does.
void leaveStandardFiles();

/// Returns an open file or standard input as a source of bytes; `file` must outlive it. The source throws Error after a
/// signal.
ByteSource sourceOf(const Descriptor& file, const std::string& path);
/// The same for `size` bytes of a regular file from `offset` on; fewer if the file ends before.
ByteSource sourceOf(const Descriptor& file, const std::string& path, std::uint64_t offset, std::uint64_t size);

/// Returns a text that is another one for another file, and for one that has changed: device, inode, size and mtime.
std::string identityOf(const struct stat& what);
/// The same for an open file. Throws Error, naming `path`.
std::string identityOf(const Descriptor& file, const std::string& path);

struct FileOrder;

/// Opens files for reading with the permissions that the program started with. In direct mode root becomes the owner of
/// the data directory; a child process keeps the permissions of root and opens and removes the files.
class FileOpener {
 public:
  FileOpener();
  ~FileOpener();
  FileOpener(const FileOpener&) = delete;
  FileOpener& operator=(const FileOpener&) = delete;
  /// Opens a file for reading. Throws Error.
  Descriptor open(const std::filesystem::path& path) const;
  /// Opens a file for reading by its path below a folder that others may have filled: follows no symbolic link there,
  /// and waits for nothing. Throws Error.
  Descriptor openBelow(const std::filesystem::path& folder, const std::string& path) const;
  /// Opens a folder, which is made if it is missing: for this user and group, if the program started as root. Throws
  /// Error.
  Descriptor openOrMakeFolder(const std::filesystem::path& path, uid_t user, gid_t group) const;
  /// Opens a file for reading that is to be removed. Throws Error: malformed for a symbolic link, forbidden if its
  /// folder does not let it be removed.
  Descriptor openToMove(const std::filesystem::path& path) const;
  /// Removes a name of an open file. Throws Error: conflict if the name is another file's by now.
  void remove(const std::filesystem::path& path, const Descriptor& file) const;

 private:
  Descriptor openWith(const std::filesystem::path& path, FileOrder order) const;

  Descriptor child_;  ///< a socket; closing it ends the child
  int pid_ = -1;
};

/// While in scope, SIGINT, SIGTERM and SIGHUP (unless ignored, as by nohup) are only recorded, so that the command can
/// undo what it has begun. A second signal ends the program.
class SignalNote {
 public:
  SignalNote();
  ~SignalNote();
  SignalNote(const SignalNote&) = delete;
  SignalNote& operator=(const SignalNote&) = delete;
  /// Returns the signal that arrived; 0 for none.
  static int came() noexcept;

 private:
  Descriptor bell_;
  bool notesHangup_ = false;
};

/// A file that is written as NAME.part and renamed when it is complete. A child process, which keeps the permissions
/// the program started with, renames and removes it, because in direct mode root becomes the owner of the data
/// directory.
class PartFile {
 public:
  /// Opens and locks `part`, keeping its contents. Throws Error; busy if another process has it.
  explicit PartFile(std::filesystem::path part);
  /// Removes the part file if it is empty, and keeps it otherwise.
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  int descriptor() const { return file_.number(); }
  /// Empties the part file. Throws Error.
  void clear();
  const std::filesystem::path& path() const { return part_; }
  /// Syncs the file and renames it to `target`. With `keepOld`, throws conflict if `target` exists.
  void place(const std::filesystem::path& target, bool keepOld);

 private:
  std::filesystem::path part_;
  Descriptor file_;
  Descriptor orders_;
  Descriptor answers_;
  int child_ = -1;
};

}  // namespace video::ctl
