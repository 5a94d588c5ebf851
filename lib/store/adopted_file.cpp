#include "store/adopted_file.hpp"

#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "os/files.hpp"
#include "os/locks.hpp"

namespace video::store {

std::unique_ptr<AdoptedFile> AdoptedFile::take(os::FileSystem& files, std::shared_ptr<const Descriptor> file,
                                               int folder) {
  struct stat is {};
  struct stat its {};
  const int number = file->number();
  if (::fstat(number, &is) != 0 || ::fstat(folder, &its) != 0) return nullptr;
  if (!S_ISREG(is.st_mode) || is.st_dev != its.st_dev || is.st_uid != ::geteuid() || is.st_nlink != 1 ||
      !os::tryLock(number, LOCK_EX))
    return nullptr;
  // Whoever has it open for writing could change the content later.
  if (!os::tryLease(number)) {
    ::flock(number, LOCK_UN);
    return nullptr;
  }
  std::unique_ptr<AdoptedFile> adopted(new AdoptedFile(files, std::move(file), is));
  // Sweeps must be able to open it, and an access list would add others.
  if (::fgetxattr(number, "system.posix_acl_access", nullptr, 0) > 0) return nullptr;
  const bool hasGroup = is.st_gid == its.st_gid || ::fchown(number, static_cast<uid_t>(-1), its.st_gid) == 0;
  if (hasGroup && files.fchmod(number, 0640) == 0) return adopted;
  if (hasGroup) adopted->restoreRights();
  return nullptr;
}

AdoptedFile::~AdoptedFile() {
  // Who gave it may keep it open.
  os::endLease(number());
  ::flock(number(), LOCK_UN);
}

void AdoptedFile::add(std::span<const std::byte> bytes) {
  hash_.add(bytes);
  size_ += bytes.size();
}

bool AdoptedFile::isAsItWas(std::uint64_t size) const noexcept {
  struct stat is {};
  return ::fstat(number(), &is) == 0 && is.st_size == was_.st_size && is.st_mtim.tv_sec == was_.st_mtim.tv_sec &&
         is.st_mtim.tv_nsec == was_.st_mtim.tv_nsec && std::cmp_equal(is.st_size, size);
}

void AdoptedFile::requireUnchanged() const {
  if (!isAsItWas(size_)) throw Error(Fault::conflict, "file: changed while it was read");
  if (!os::holdsLease(number())) throw Error(Fault::conflict, "file: was opened for writing while it was read");
}

bool AdoptedFile::isAlone() const noexcept {
  struct stat is {};
  return ::fstat(number(), &is) == 0 && is.st_nlink == 1 && os::holdsLease(number());
}

void AdoptedFile::copyTo(int to, const std::string& name) const {
  os::copyFile(files_, number(), to, name);
  struct stat made {};
  if (::fstat(to, &made) != 0) os::throwErrno(errno, name);
  if (!isAsItWas(static_cast<std::uint64_t>(made.st_size)))
    throw Error(Fault::conflict, "file: changed while it was read");
}

void AdoptedFile::restoreRights() noexcept {
  if (::fchown(number(), static_cast<uid_t>(-1), was_.st_gid) == 0) files_.fchmod(number(), was_.st_mode & 07777);
}

}  // namespace video::store
