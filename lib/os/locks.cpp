#include "os/locks.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <csignal>

#include "os/errors.hpp"

namespace video::os {
namespace {

struct flock rangeOf(short type, off_t start, off_t length) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = start;
  range.l_len = length;
  return range;
}

}  // namespace

bool tryLock(int file, int operation) {
  while (::flock(file, operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throwErrno(errno, "flock");
  }
  return true;
}

void lock(int file) {
  while (::flock(file, LOCK_EX) != 0)
    if (errno != EINTR) throwErrno(errno, "flock");
}

bool tryLockBytes(int file, short type, off_t start, off_t length) {
  struct flock range = rangeOf(type, start, length);
  while (::fcntl(file, F_OFD_SETLK, &range) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (errno != EINTR) throwErrno(errno, "fcntl");
  }
  return true;
}

void lockBytes(int file, short type, off_t start, off_t length) {
  struct flock range = rangeOf(type, start, length);
  while (::fcntl(file, F_OFD_SETLKW, &range) != 0)
    if (errno != EINTR) throwErrno(errno, "fcntl");
}

bool isByteLocked(int file, off_t byte) {
  struct flock range = rangeOf(F_WRLCK, byte, 1);
  if (::fcntl(file, F_OFD_GETLK, &range) != 0) throwErrno(errno, "fcntl");
  return range.l_type != F_UNLCK;
}

bool tryLease(int file) noexcept {
  // A signal tells that somebody waits; SIGIO would end the process, and this one is ignored.
  return ::fcntl(file, F_SETSIG, SIGURG) == 0 && ::fcntl(file, F_SETLEASE, F_RDLCK) == 0;
}

bool holdsLease(int file) noexcept {
  return ::fcntl(file, F_GETLEASE) == F_RDLCK;
}

void endLease(int file) noexcept {
  ::fcntl(file, F_SETLEASE, F_UNLCK);
}

}  // namespace video::os
