#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "os/descriptor.hpp"

namespace video::store {

class DataDirectory;

/// The files that are made of a video's content, or given for it: `derived/VIDEO/NAME`. They never change; names are
/// chosen by videod and never used again. While one is being written, its name ends with `.new`, and until a row names
/// it, it is locked. May be used from any thread. Throws Error.
class DerivedFiles {
 public:
  /// `directory` must outlive this object.
  explicit DerivedFiles(DataDirectory& directory) : directory_(directory) {}

  /// Writes a whole file, durably. Returns it; keep it open until a row names it.
  Descriptor write(const VideoId& video, const std::string& name, std::string_view bytes);
  /// Creates NAME.new for reading and writing, empty and locked.
  Descriptor begin(const VideoId& video, const std::string& name);
  /// Syncs such a file and renames it to NAME, durably. It stays locked until it is closed.
  void finish(const VideoId& video, const std::string& name, const Descriptor& file);
  /// Removes NAME.new.
  void abandon(const VideoId& video, const std::string& name) noexcept;
  /// Opens a file for reading; nothing if there is none. Its ETag is what stands in its name between `-` and `.`; the
  /// caller sets its media type.
  std::optional<Content> find(const VideoId& video, const std::string& name) const;
  /// Removes a file, if it exists, and the folder of the video, if it is empty.
  void remove(const VideoId& video, const std::string& name);
  /// Removes all files of a video, durably.
  void removeAll(const VideoId& video);
  /// Returns the videos that have a folder.
  std::vector<VideoId> list() const;
  /// Removes the files of a video that are not locked and for which `isUsed` returns false. Returns how many.
  std::size_t removeUnused(const VideoId& video, const std::function<bool(const std::string& name)>& isUsed);

 private:
  Descriptor openFolder() const;
  Descriptor openFolder(const VideoId& video) const;
  Descriptor makeFolder(const VideoId& video);
  Descriptor tryMakeFile(int folder, const std::string& name, bool isLast);
  void removeFile(int folder, const std::string& name, bool isHeld);
  void removeFolder(const VideoId& video);

  DataDirectory& directory_;
};

}  // namespace video::store
