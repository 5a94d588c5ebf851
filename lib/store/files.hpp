#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace video::store {

/// Throws what errno says of `what`: ENOSPC and EDQUOT diskFull, EACCES and EPERM forbidden, EROFS unreachable, EMFILE
/// and ENFILE unavailable, anything else internal.
[[noreturn]] void throwErrno(int error, std::string_view what);

/// Opens a folder below `at` that is no link.
Descriptor openFolder(int at, const std::string& name);

/// Makes a folder below `at`, 0750 and of the owner of `at`; false where there is one already.
bool makeFolder(int at, const std::string& name);

/// Opens a file below `at` that is no link; empty where there is none.
Descriptor openIfThere(int at, const std::string& name, int flags);

/// Opens a file below `at` that is no link; where there is none, makes it with this mode and the owner of `at`.
Descriptor openOrMake(int at, const std::string& name, int flags, mode_t mode = 0640);

/// Makes a file below `at` with this mode and the owner of `at`; empty where there is something already.
Descriptor makeFile(int at, const std::string& name, int flags, mode_t mode = 0640);

/// Gives a file that a library made below `at` mode 0640 and the owner of `at`, and syncs it.
void fixOwnerAndMode(int at, const std::string& name);

/// Writes all of it. Throws as throwErrno does.
void writeAll(int file, std::string_view bytes, std::string_view what);

/// fsync. Throws as throwErrno does.
void sync(int file, std::string_view what);

/// Takes or converts a flock without waiting (`operation` is LOCK_SH or LOCK_EX); false where another holds it.
bool tryLock(int file, int operation);

}  // namespace video::store
