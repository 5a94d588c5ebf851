#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "os/descriptor.hpp"
#include "uploads/uploads.hpp"

namespace video::ctl {

/// What is kept of an upload that a later run can continue, as JSON in a file of its own in
/// `$XDG_STATE_HOME/videoctl/uploads`, whose name is a hash of where the upload goes and which file it is. As long as
/// the object exists, no other process has the record. Failures to read or write are ignored: the upload works, but
/// cannot be continued later.
class UploadRecord {
 public:
  /// Takes the record of an upload: `server` and `key` say where it goes and which file it is, `path` is the file's.
  /// Removes the records of uploads that ended long ago. Throws conflict if another process has it.
  UploadRecord(const std::string& server, const std::string& key, const std::string& path);

  /// Returns the upload that an earlier run began; nothing if there is none.
  std::optional<UploadRef> find() const;
  /// Keeps an upload. Returns false if a later run would not find it.
  bool save(const ResumableUpload& upload) const;
  void remove() const;

 private:
  void removeOld() const;

  std::string server_;
  std::string path_;
  std::filesystem::path folder_;  ///< empty: nothing is kept
  std::string name_;
  Descriptor locks_;  ///< a file whose byte at `byteOf(name_)` is locked
};

}  // namespace video::ctl
