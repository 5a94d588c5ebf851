#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "os/descriptor.hpp"

namespace video::store {

class DataDirectory;

/// A file or folder in `lost+found/`.
struct LostFile {
  std::string name;
  std::uint64_t size = 0;  ///< bytes; of a folder 0
  Time since{};            ///< when it was put there, as far as the file system tells
  bool isFolder = false;
};

/// The folder `lost+found/` of a data directory: what belongs to no row and may still be wanted. Functions may be
/// called from any thread and throw Error.
class LostFiles {
 public:
  /// `directory` must outlive this object.
  explicit LostFiles(DataDirectory& directory) : directory_(directory) {}

  /// Moves a file or folder here, durably, under a new name if its name is taken. Returns the name it has here.
  std::string put(int folder, const std::string& name, const std::string& newName);
  /// Writes a file here, durably. Returns its name.
  std::string write(const std::string& name, std::string_view bytes);
  /// Returns what is here, by name; nothing if this process may not look.
  std::vector<LostFile> list() const;
  /// Opens a file for reading; empty if there is none.
  Descriptor open(const std::string& name) const;
  /// Moves a file to where nothing else has the name, durably.
  void putBack(const std::string& name, int folder, const std::string& newName);
  /// Removes what was put here before `moment`, but not what the check of a file system has saved. Returns how many.
  std::size_t removeOld(Time moment);

 private:
  Descriptor openFolder() const;

  DataDirectory& directory_;
};

}  // namespace video::store
