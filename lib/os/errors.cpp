#include "os/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "base/error.hpp"

namespace video::os {
namespace {

// Errno values that mean the same for videod's own files and the user's.
Fault faultOf(int error) noexcept {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return Fault::diskFull;
    case EACCES:
    case EPERM: return Fault::forbidden;
    default: return Fault::internal;
  }
}

[[noreturn]] void fail(Fault fault, std::string_view what, int error, Reason reason = Reason::none) {
  throw Error(fault, fmt::format("{}: {}", what, std::generic_category().message(error))).because(reason);
}

}  // namespace

void throwErrno(int error, std::string_view what) {
  switch (error) {
    case EROFS: fail(Fault::unreachable, what, error);
    case EMFILE:
    case ENFILE: fail(Fault::unavailable, what, error);
    default: fail(faultOf(error), what, error);
  }
}

void throwFileError(const std::filesystem::path& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: fail(Fault::notFound, path.native(), error);
    case EROFS: fail(Fault::forbidden, path.native(), error);
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP: fail(Fault::malformed, path.native(), error);
    case EEXIST: fail(Fault::conflict, path.native(), error);
    case ENOSPC:
    case EDQUOT: fail(Fault::diskFull, path.native(), error, Reason::ownFile);
    default: fail(faultOf(error), path.native(), error);
  }
}

}  // namespace video::os
