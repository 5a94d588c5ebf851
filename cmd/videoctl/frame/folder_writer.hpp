#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "os/descriptor.hpp"

namespace video::ctl {

/// Unpacks a tar archive into a new folder, all of it or nothing: into NAME.part first, which is renamed at the end. A
/// child process does this: in direct mode root becomes the owner of the data directory, and the child keeps the
/// permissions that the program started with.
class FolderWriter {
 public:
  /// Makes the folder `target`.part. Throws Error: conflict if `target` exists and is not empty, or the part exists.
  explicit FolderWriter(std::filesystem::path target);
  /// Removes what was written, unless `finish` has returned.
  ~FolderWriter();
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;

  /// Takes the next piece of the archive, whose files are all below one folder, which is left out. Throws Error.
  void write(std::span<const std::byte> piece);
  /// Syncs the files and gives the folder its name. Throws Error, also if the archive is not complete.
  void finish();

 private:
  void waitForChild();

  std::filesystem::path target_;
  Descriptor archive_;  // pipe to the child
  Descriptor answer_;   // pipe from it: that it is done, or the Fault and the sentence
  int child_ = -1;
};

}  // namespace video::ctl
