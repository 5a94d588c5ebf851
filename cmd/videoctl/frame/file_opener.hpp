#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "os/descriptor.hpp"

namespace video::ctl {

/// What files are opened for. Each includes those before it.
enum class FileRights {
  read,
  remove,  ///< to read and then remove them
  write,   ///< to make, replace and remove files and folders, also those that belong to somebody else
};

/// Takes from this process, a child that works with files for its parent, what it does not need for that: it gains no
/// privileges by programs that it runs, and of the capabilities of root it keeps those that these rights need.
void keepOnly(FileRights rights) noexcept;

/// Returns the descriptor of this program that a path stands for: /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N,
/// /proc/self/fd/N, or a symbolic link to one of these. Opening such a path instead would read a regular file from its
/// beginning, and in a child process it would be another file.
std::optional<int> ownDescriptorOf(const std::filesystem::path& path);

/// Opens files with the permissions that the program started with. In direct mode root becomes the owner of the data
/// directory; then a child process, which keeps the permissions of root as far as they are needed, opens, renames and
/// removes files. For one thread.
class FileOpener {
 public:
  /// There is a child if the program started as root, and with FileRights::write for everyone: it removes empty part
  /// files if this program is killed.
  explicit FileOpener(FileRights rights = FileRights::read);
  ~FileOpener();
  FileOpener(const FileOpener&) = delete;
  FileOpener& operator=(const FileOpener&) = delete;

  /// Opens a file for reading; one of this program's own descriptors where the path stands for one. Throws Error.
  Descriptor open(const std::filesystem::path& path) const;
  /// Opens a file for reading by its path below a folder that others may have filled: follows no symbolic link there,
  /// and waits for nothing. Throws Error.
  Descriptor openBelow(const std::filesystem::path& folder, const std::string& path) const;
  /// Opens a folder, which is made if it is missing: for this user and group, if the program started as root. Throws
  /// Error.
  Descriptor openOrMakeFolder(const std::filesystem::path& path, uid_t user, gid_t group) const;
  /// Opens a file for reading that is to be removed. Throws Error: malformed for a symbolic link, forbidden if the
  /// permissions of its folder do not allow removing it.
  Descriptor openToMove(const std::filesystem::path& path) const;
  /// Removes a name of an open file. Throws Error: conflict if the name is another file's by now.
  void remove(const std::filesystem::path& path, const Descriptor& file) const;

  /// Opens a regular file for reading, not through a symbolic link; returns an empty descriptor if there is none of
  /// this name.
  Descriptor openIfRegular(const std::filesystem::path& path) const;
  /// Opens and locks `part`, which it makes if it is not there, and keeps what it has. Throws Error: conflict if
  /// `target` exists, unless it `replaces` a regular file, whose mode the part then gets, and if the part belongs to
  /// another user or has another name too, because what is written to it is not ours alone; locked if another process
  /// has the part.
  Descriptor openPart(const std::filesystem::path& part, const std::filesystem::path& target, bool replaces) const;
  /// Gives an open part file the name `target`, in the same folder, and as far as it can the owner, group and mode of
  /// a file that it replaces. Throws as openPart does.
  void place(const std::filesystem::path& part, const Descriptor& file, const std::filesystem::path& target,
             bool replaces) const;
  /// Removes an open part file if it is empty.
  void removeEmpty(const std::filesystem::path& part, const Descriptor& file) const noexcept;

 private:
  struct Order;
  struct Parts;
  enum class Work { open, openBelow, openToMove, openRegular, makeFolder, remove, openPart, place, removeEmpty };

  static int carryOut(const Order& order, Descriptor& file, Parts& parts);
  static void serve(int socket);
  int ask(const Order& order, Descriptor& file) const;
  Order orderOf(Work work, const std::filesystem::path& path, const Descriptor* file = nullptr,
                const std::filesystem::path& target = {}, bool replaces = false) const;

  Descriptor child_;  ///< a socket; closing it ends the child
  int pid_ = -1;
};

}  // namespace video::ctl
