#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "frame/command.hpp"
#include "frame/progress.hpp"
#include "os/descriptor.hpp"
#include "upload_files.hpp"
#include "videos/videos.hpp"

namespace video::ctl {

/// An uploaded video, and why it does not play everywhere.
struct Stored {
  VideoId id;
  std::vector<std::string> notes;
};

/// A file to upload, and the video that it becomes.
struct FileToSend {
  NewVideo video;
  std::string path;
  std::shared_ptr<const Descriptor> file;
  std::string digest;  ///< SHA-256, or empty
  /// Removes the file, if it is to be moved. It is called only if the data directory is this program's, once the
  /// content is stored.
  std::function<void()> remove{};
};

/// Creates a video and uploads its content. What is sent to a daemon and is not small goes on after a broken
/// connection, and in a later run; see UploadRecord. What a later run cannot continue is removed if the upload fails.
/// Throws Error, Interrupted.
Stored sendFile(Caller& caller, const UploadVideos& wanted, const FileToSend& sent, Progress& progress);

}  // namespace video::ctl
