#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "os/descriptor.hpp"
#include "os/errors.hpp"
#include "os/file_system.hpp"

namespace video::os {

// Files and folders are named by an open folder (`at`) and a name below it; symbolic links are not followed. Unless
// stated otherwise, functions throw as throwErrno does.

/// Opens a folder.
Descriptor openFolder(FileSystem& files, int at, const std::string& name);

/// Creates a folder with mode 0750 and the owner of `at`. Returns false if it exists.
bool makeFolder(FileSystem& files, int at, const std::string& name);

/// Opens a file. Returns an empty descriptor if there is none.
Descriptor openIfThere(FileSystem& files, int at, const std::string& name, int flags);

/// Opens a file; if there is none, creates it with this mode and the owner of `at`.
Descriptor openOrMake(FileSystem& files, int at, const std::string& name, int flags, mode_t mode = 0640);

/// Creates a file with this mode and the owner of `at`. Returns an empty descriptor if the name exists.
Descriptor makeFile(FileSystem& files, int at, const std::string& name, int flags, mode_t mode = 0640);

/// Returns the names in a folder but `.` and `..`, in no order. `what` is used in errors.
std::vector<std::string> listNames(FileSystem& files, int folder, std::string_view what);

/// Removes a file. It is not an error if there is none.
void removeFile(FileSystem& files, int at, const std::string& name);

/// Removes a file, or a folder with all that is in it. It is not an error if there is none.
void removeTree(FileSystem& files, int at, const std::string& name);

/// Writes all bytes. Returns 0, or the errno of the call that failed.
int tryWriteAll(FileSystem& files, int file, std::string_view bytes) noexcept;
/// Writes all bytes; throws as throwErrno does.
void writeAll(FileSystem& files, int file, std::string_view bytes, std::string_view what);

/// Copies an open file to an empty one; the two share their bytes where the file system can do that. `what` is used in
/// errors.
void copyFile(FileSystem& files, int from, int to, std::string_view what);

/// Syncs the file (fsync); throws as throwErrno does.
void sync(FileSystem& files, int file, std::string_view what);

/// Returns the bytes that are free for this process on the file system of `file`.
std::uint64_t freeSpace(FileSystem& files, int file, std::string_view what);

/// Returns how many files this process can still create on the file system of `file`; UINT64_MAX if it has no such
/// limit.
std::uint64_t freeInodes(FileSystem& files, int file, std::string_view what);

/// Returns whether `name` still is the file that is open as `file`.
bool isSameFile(int file, int at, const std::string& name) noexcept;
/// Returns whether both descriptors are of the same file.
bool isSameFile(int file, int other) noexcept;

/// Syncs a folder, so that the names in it survive a power loss. Returns 0, or the errno of the call that failed; a
/// folder that may not be read, or whose file system cannot sync folders, counts as synced. With AT_FDCWD for `at` the
/// name may be a path.
int trySyncFolder(FileSystem& files, int at, const std::string& name);

/// Renames a finished file within its folder, with the flags of renameat2, and syncs the folder. Returns 0, or the
/// errno of the call that failed. With AT_FDCWD for `at` the names may be paths.
int tryPlaceFile(FileSystem& files, int at, const std::string& name, const std::string& newName, unsigned flags = 0);

/// Finishes a file that a library created as `name`: sets mode 0640 and the owner of `at`, syncs it, renames it to
/// `newName`, and syncs the folder.
void placeMadeFile(FileSystem& files, int at, const std::string& name, const std::string& newName);

/// What `writeFile` does if the file exists: keep it as it is, or replace it.
enum class Existing { keep, replace };

/// Writes a whole file durably, with this mode and the owner of `at`: readers find the old content or the new one, also
/// after a crash. It is written as NAME.new first; a leftover NAME.new is reused, and processes that write the same
/// file take turns. With Existing::keep the first writer wins. If only the last sync fails, the new content stays, and
/// the error's detail says so. With AT_FDCWD for `at` the name may be a path.
void writeFile(FileSystem& files, int at, const std::string& name, std::string_view bytes, mode_t mode,
               Existing existing = Existing::replace);

/// Opens /dev/null for each of the descriptors 0, 1 and 2 that is closed, so that no other file becomes stderr. Writing
/// to a stdout that was missing still fails. Call it before anything is opened.
void openMissingStandardStreams() noexcept;

/// Removes the NAME.new of a process that died in `writeFile`, unless another process is writing it.
void removeUnfinished(FileSystem& files, int at, const std::string& name);

}  // namespace video::os
