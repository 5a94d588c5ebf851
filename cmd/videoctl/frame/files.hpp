#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

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

/// Returns a text with each CR LF replaced by LF.
std::string withLineFeeds(std::string text);

/// Reads a file with text; lines end in LF afterwards, and one trailing newline is removed. Throws Error: malformed
/// beyond `most` bytes.
std::string readTextFile(const std::filesystem::path& path, std::size_t most);

/// Closes the standard files of a child: the caller's pipes must end when the program ends, not when the child does.
void leaveStandardFiles();

/// Returns where the next byte would be read from; 0 for what is no regular file. A file that was opened by its name
/// stands at its beginning, standard input where others have left it.
std::uint64_t positionOf(const Descriptor& file) noexcept;

/// Returns an open file or standard input, from where it stands, as a source of bytes; `file` must outlive it. The
/// source throws Error after a signal, and conflict if a regular file has changed since, before it passes on the last
/// bytes.
ByteSource sourceOf(const Descriptor& file, const std::string& path);
/// The same for `size` bytes of a regular file from `offset` on; fewer if the file ends before.
ByteSource sourceOf(const Descriptor& file, const std::string& path, std::uint64_t offset, std::uint64_t size);

/// Pushes a whole content into `sink`. Throws Error internal, naming `what`, if it ends before its size.
void pushAll(const Content& content, std::string_view what, const ByteSink& sink);

/// Returns a text that is another one for another file, and for one that has changed: device, inode, size and mtime.
std::string identityOf(const struct stat& what);
/// The same for an open file. Throws Error, naming `path`.
std::string identityOf(const Descriptor& file, const std::string& path);

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

}  // namespace video::ctl
