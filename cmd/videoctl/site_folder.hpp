#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "os/descriptor.hpp"

namespace video::ctl {

/// The folder of one user in an export: the files of its videos, which have the same stem, and what is in it from
/// earlier runs. Each file is written whole or not at all; none is removed. Functions throw Error. For one thread.
class ExportedFolder {
 public:
  /// A video that an earlier run has exported, as its JSON says.
  struct Known {
    std::string stem;
    std::string sha256;
  };

  /// Opens the folder `name` in `parent`, or makes it, and reads the JSON in it.
  ExportedFolder(const Descriptor& parent, const std::string& name);

  /// Returns the video with this ID; nothing if it was not exported.
  std::optional<Known> find(const std::string& id) const;
  /// Writes `bytes` as STEM.json for a new video, and returns the stem: `stem`, with a number if a file has its name,
  /// or one that a file system may take for the same.
  std::string begin(const std::string& stem, const std::string& extension, std::string_view bytes);
  /// Returns the size of a file; nothing if there is none.
  std::optional<std::uint64_t> sizeOf(const std::string& name) const;
  /// Writes a file, unless it has these bytes already. Returns whether it was written.
  bool put(const std::string& name, std::string_view bytes);
  /// Writes a file: `fill` writes the bytes of an empty one.
  void write(const std::string& name, const std::function<void(int file)>& fill);

 private:
  bool place(const std::string& name, const std::function<void(int file)>& fill, bool isNew);
  std::optional<std::string> read(const std::string& name, std::size_t most) const;

  std::string name_;
  Descriptor folder_;
  std::map<std::string, Known> known_;     // by ID
  std::unordered_set<std::string> names_;  // in lower case
};

}  // namespace video::ctl
