#pragma once

#include <filesystem>
#include <string_view>

namespace video::os {

/// Throws what `error`, an errno, says of a file of ours: ENOSPC and EDQUOT diskFull, EACCES and EPERM forbidden, EROFS
/// unreachable, EMFILE and ENFILE unavailable, anything else internal.
[[noreturn]] void throwErrno(int error, std::string_view what);

/// The same for a file that the user named: ENOENT and ENOTDIR notFound, EEXIST conflict, a name that cannot be one
/// malformed, EROFS forbidden, ENOSPC and EDQUOT diskFull, anything else internal.
[[noreturn]] void throwFileError(const std::filesystem::path& path, int error);

}  // namespace video::os
