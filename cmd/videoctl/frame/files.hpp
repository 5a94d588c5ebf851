#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "os/descriptor.hpp"
#include "os/errors.hpp"

namespace video::ctl {

/// A variable of the environment; one that is empty counts as not set.
std::optional<std::string> fromEnvironment(const char* name);

using os::throwFileError;

/// Writes all of `bytes`; throws Error.
void writeFile(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path);

/// A file with a secret in it, at most 64 KiB. Throws Error: forbidden where others can read it.
std::string readSecretFile(const std::filesystem::path& path);

/// All of stdin without one line end; at most `most` bytes, else malformed.
std::string readInput(std::size_t most);

/// An open file, or stdin, as a source of bytes; `file` must outlive it. Ends with Error once a signal has come.
ByteSource sourceOf(const Descriptor& file, const std::string& path);

/// Opens files for reading with the rights that the program had when this was made, which it gives up where root
/// becomes the data directory's owner: then a child of this does it.
class FileOpener {
 public:
  FileOpener();
  ~FileOpener();
  FileOpener(const FileOpener&) = delete;
  FileOpener& operator=(const FileOpener&) = delete;
  /// Throws Error.
  Descriptor open(const std::filesystem::path& path) const;

 private:
  Descriptor child_;  ///< a socket; its end ends the child
  int pid_ = -1;
};

/// In scope: SIGINT and SIGTERM are noted, so that what was begun can be taken back; a second one ends the program.
class SignalNote {
 public:
  SignalNote();
  ~SignalNote();
  SignalNote(const SignalNote&) = delete;
  SignalNote& operator=(const SignalNote&) = delete;
  /// The signal that came; 0 for none.
  static int came() noexcept;

 private:
  Descriptor bell_;
};

/// A file being written as NAME.part and put in its place when it is whole. What it does to the folder is done by a
/// child that keeps the rights the program started with, since direct mode becomes the data directory's owner.
class PartFile {
 public:
  /// Opens `part`, with what is there, for this process alone. Throws Error; busy where another one has it.
  explicit PartFile(std::filesystem::path part);
  /// An empty part is removed; one with bytes in it stays.
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  int descriptor() const { return file_.number(); }
  void clear();
  const std::filesystem::path& path() const { return part_; }
  /// Syncs it and gives it its name; with `keepOld`, throws conflict where that is taken.
  void place(const std::filesystem::path& target, bool keepOld);

 private:
  std::filesystem::path part_;
  Descriptor file_;
  Descriptor orders_;
  Descriptor answers_;
  int child_ = -1;
};

}  // namespace video::ctl
