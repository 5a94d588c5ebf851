#include "store/process_leases.hpp"

#include <fcntl.h>
#include <sys/random.h>

#include <cerrno>
#include <utility>

#include "os/files.hpp"
#include "os/locks.hpp"

namespace video::store {

Descriptor ProcessLeases::open() const {
  return os::openOrMake(files_, folder_, "OWNERS", O_RDWR);
}

std::int64_t ProcessLeases::own() {
  const std::lock_guard lock(mutex_);
  if (own_ != 0) return own_;
  Descriptor owners = open();
  for (;;) {
    // A number of 62 random bits is practically never used twice, so the lease of a dead process cannot be mistaken for
    // that of a live one.
    std::int64_t byte = 0;
    if (::getrandom(&byte, sizeof byte, 0) != sizeof byte) os::throwErrno(errno, "getrandom");
    byte &= (std::int64_t{1} << 62) - 1;
    if (byte == 0 || !os::tryLockBytes(owners.number(), F_WRLCK, byte)) continue;
    owners_ = std::move(owners);
    return own_ = byte;
  }
}

bool ProcessLeases::isAlive(std::int64_t byte) const {
  if (byte <= 0) return false;
  const std::lock_guard lock(mutex_);
  if (!probe_) probe_ = open();
  return os::isByteLocked(probe_.number(), byte);
}

}  // namespace video::store
