#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "os/descriptor.hpp"
#include "os/errors.hpp"
#include "os/file_system.hpp"

namespace video::os {

// Files and folders are named by an open folder (`at`) and a name below it, and links are not followed. Where nothing
// else is said, a failure throws as throwErrno does.

/// Opens a folder.
Descriptor openFolder(FileSystem& files, int at, const std::string& name);

/// Makes a folder, 0750 and of the owner of `at`; false where there is one already.
bool makeFolder(FileSystem& files, int at, const std::string& name);

/// Opens a file; empty where there is none.
Descriptor openIfThere(FileSystem& files, int at, const std::string& name, int flags);

/// Opens a file; where there is none, makes it with this mode and the owner of `at`.
Descriptor openOrMake(FileSystem& files, int at, const std::string& name, int flags, mode_t mode = 0640);

/// Makes a file with this mode and the owner of `at`; empty where there is something already.
Descriptor makeFile(FileSystem& files, int at, const std::string& name, int flags, mode_t mode = 0640);

/// Removes a file; one that is not there is no failure.
void removeFile(FileSystem& files, int at, const std::string& name);

/// Writes all of it; 0, or the errno of what failed.
int tryWriteAll(FileSystem& files, int file, std::string_view bytes) noexcept;
/// Writes all of it.
void writeAll(FileSystem& files, int file, std::string_view bytes, std::string_view what);

/// fsync.
void sync(FileSystem& files, int file, std::string_view what);

/// Bytes free to this process on the file system that `file` is on.
std::uint64_t freeSpace(FileSystem& files, int file, std::string_view what);

/// Whether `name` is the file that is open as `file`.
bool isSameFile(int file, int at, const std::string& name) noexcept;
/// Whether both are one file.
bool isSameFile(int file, int other) noexcept;

/// Gives a finished file another name in its folder, with the flags of renameat2, and syncs the folder; 0, or the errno
/// of what failed. Paths do for names where `at` is AT_FDCWD.
int tryPlaceFile(FileSystem& files, int at, const std::string& name, const std::string& newName, unsigned flags = 0);

/// Gives a file that a library made as `name` mode 0640 and the owner of `at`, syncs it, and gives it its name, which
/// is synced too.
void placeMadeFile(FileSystem& files, int at, const std::string& name, const std::string& newName);

/// What `writeFile` does if the file exists: keep it as it is, or replace it.
enum class Existing { keep, replace };

/// Writes a whole file with this mode and the owner of `at`, durably: who opens it finds the old content or the new,
/// also after a crash. It is written as NAME.new; one that was left there is taken over, and processes that write the
/// same file take turns. With Existing::keep the first maker wins. A path does for `name` where `at` is AT_FDCWD.
void writeFile(FileSystem& files, int at, const std::string& name, std::string_view bytes, mode_t mode,
               Existing existing = Existing::replace);

}  // namespace video::os
