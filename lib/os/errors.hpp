#pragma once

#include <filesystem>
#include <string_view>

namespace video::os {

/// Throws the Error for an errno that concerns one of videod's files: ENOSPC and EDQUOT diskFull, EACCES and EPERM
/// forbidden, EROFS unreachable, EMFILE and ENFILE unavailable, all others internal.
[[noreturn]] void throwErrno(int error, std::string_view what);

/// Throws the Error for an errno that concerns a file named by the user: ENOENT and ENOTDIR notFound, EEXIST conflict,
/// an invalid name malformed, EROFS forbidden, ENOSPC and EDQUOT diskFull, all others internal.
[[noreturn]] void throwFileError(const std::filesystem::path& path, int error);

}  // namespace video::os
