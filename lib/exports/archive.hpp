#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/forward.hpp"
#include "os/descriptor.hpp"

namespace video {

/// A tar archive whose contents of videos are left where they are: a temporary file without a name holds the other
/// bytes.
struct Archive {
  /// A content in the archive.
  struct Part {
    std::uint64_t at = 0;      ///< offset in the archive
    std::uint64_t size = 0;    ///< bytes
    std::uint64_t before = 0;  ///< bytes of the contents before it
    std::string blob;
  };
  std::shared_ptr<const Descriptor> file;
  std::vector<Part> parts;  ///< by offset
  std::uint64_t size = 0;   ///< bytes of the whole archive
  Time made{};
};

/// Returns a reader of an archive. `blobs` must outlive it.
std::shared_ptr<ContentReader> readerOf(std::shared_ptr<const Archive> archive, const store::Blobs& blobs);

/// Writes an archive, file by file. Functions throw Error: diskFull. For one thread.
class ArchiveWriter {
 public:
  /// Files have `now` as the time of their last change. `database` must outlive this object.
  ArchiveWriter(store::Database& database, Time now);

  /// Adds a file with these bytes.
  void add(std::string path, std::string_view bytes);
  /// Begins a file whose size is not known yet; `append` adds to it, and `end` ends it.
  void begin(std::string path);
  void append(std::string_view bytes);
  void end();
  /// Adds the content of a video.
  void addContent(std::string path, std::string blob, std::uint64_t size, Time modified);
  /// Ends the archive and returns it.
  std::shared_ptr<const Archive> finish();

 private:
  void put(std::string_view bytes);
  void flush();

  store::Database& database_;
  std::shared_ptr<Archive> archive_ = std::make_shared<Archive>();
  std::string buffer_;         // to be written at the end of the file
  std::uint64_t written_ = 0;  // bytes of the file
  std::string path_;           // of the file that was begun
  std::uint64_t headerAt_ = 0;
  std::uint64_t begunAt_ = 0;
};

}  // namespace video
