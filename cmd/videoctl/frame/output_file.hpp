#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "frame/file_opener.hpp"
#include "os/descriptor.hpp"

namespace video::ctl {

/// What becomes of a regular file that an output would replace.
enum class Existing { refuse, replace };

/// Returns the file that a path stands for once the symbolic links at its end are followed; it need not exist. Throws
/// Error: malformed for a cycle, forbidden for a link that somebody else has put into a folder such as /tmp, which the
/// kernel does not follow either (fs.protected_symlinks).
std::filesystem::path behindLinks(const std::filesystem::path& path);

/// Does the same for a file that is to be replaced as a whole. Throws Error conflict if it exists and is no regular
/// file: a link to /dev/null must not make a file of that.
std::filesystem::path replaceable(const std::filesystem::path& path);

/// Returns whether a command that writes to `path` writes to standard output: `-`, /dev/stdout and what stands for it.
bool isStandardOutput(const std::string& path);

/// A file that a command writes. A regular file is written as NAME.part and gets its name once it is complete; an
/// existing one is refused or replaced as a whole, behind symbolic links. What an earlier run has left in the part is
/// emptied by the first piece that is written, so that a command that fails before does not destroy it. What is no
/// regular file, such as a FIFO, a device or one of the program's own descriptors, is written to as it is.
class OutputFile {
 public:
  /// Opens the file that a user has named. In direct mode call it before the toolkit is used: root then becomes the
  /// owner of the data. Throws Error: malformed for folders and sockets, conflict if it exists and is to be refused,
  /// and as FileOpener::openPart does.
  OutputFile(const FileOpener& files, const std::filesystem::path& path, Existing existing);
  /// Opens a file whose name this program has chosen, in a folder. Throws conflict for whatever exists under the name,
  /// but a regular file that is to be replaced.
  OutputFile(const FileOpener& files, const std::filesystem::path& target, const std::filesystem::path& part,
             Existing existing);
  /// Removes the part file if it is empty, and keeps it otherwise.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Whether it is written to as it is: it has no part, and cannot be emptied or read.
  bool isStream() const { return part_.empty(); }
  int descriptor() const { return file_.number(); }
  /// Returns the file's name in the end, behind symbolic links.
  const std::filesystem::path& target() const { return target_; }
  /// Returns what is written to: the part file, or the target.
  const std::filesystem::path& path() const { return isStream() ? target_ : part_; }
  /// What is written goes behind what the part has from an earlier run.
  void resume() { isBegun_ = true; }
  /// Empties the part file. Throws Error.
  void clear();
  void write(std::span<const std::byte> bytes);
  /// Syncs the part file and gives it its name. Throws Error: conflict if there is a file of this name by now.
  void finish();

 private:
  const FileOpener& files_;
  const Existing existing_;
  std::filesystem::path target_;
  std::filesystem::path part_;
  Descriptor file_;
  bool isBegun_ = false;  ///< what the part has is this run's, or is to stay
};

}  // namespace video::ctl
