#include "store/reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "os/files.hpp"

namespace video::store {
namespace {

constexpr const char* reserveName = Reserve::names.front();
constexpr std::span emptyNames = std::span(Reserve::names).subspan(1);
constexpr std::uint64_t most = 64ULL << 20;
constexpr std::uint64_t fewInodes = 16;

}  // namespace

bool Reserve::release() noexcept {
  struct stat is {};
  const bool stands = ::fstatat(folder_, reserveName, &is, AT_SYMLINK_NOFOLLOW) == 0;
  bool isReleased = files_.unlinkat(folder_, reserveName) == 0;
  if (isReleased && stands) given_ += static_cast<std::uint64_t>(is.st_size);
  for (const char* const name : emptyNames) isReleased |= files_.unlinkat(folder_, name) == 0;
  return isReleased;
}

void Reserve::runWithRoom(const std::function<void()>& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.fault() != Fault::diskFull || !release()) throw;
  }
  work();
}

bool Reserve::make(std::uint64_t floor) {
  const std::lock_guard lock(mutex_);
  if (!complete(floor)) return false;
  given_ = 0;
  return true;
}

bool Reserve::complete(std::uint64_t floor) {
  struct stat is {};
  const bool stands =
      ::fstatat(folder_, reserveName, &is, AT_SYMLINK_NOFOLLOW) == 0 && std::cmp_greater_equal(is.st_size, least);
  const bool hasInodes = ::fstatat(folder_, emptyNames.back(), &is, AT_SYMLINK_NOFOLLOW) == 0;
  if (stands && hasInodes) return true;
  if (os::freeInodes(files_, folder_, reserveName) < fewInodes) return stands;
  try {
    if (!stands && !allocate(floor)) return false;
    for (const char* const name : emptyNames) os::makeFile(files_, folder_, name, O_WRONLY);
    return true;
  } catch (const Error& error) {
    if (error.fault() != Fault::diskFull) throw;
    return stands;
  }
}

bool Reserve::allocate(std::uint64_t floor) {
  const std::uint64_t free = os::freeSpace(files_, folder_, reserveName);
  const std::uint64_t size = std::clamp(free / 8, least, most);
  if (free < floor + 2 * size) return false;
  files_.unlinkat(folder_, reserveName);
  const Descriptor made = os::makeFile(files_, folder_, reserveName, O_WRONLY);
  if (made && files_.fallocate(made.number(), static_cast<off_t>(size)) == 0) return true;
  files_.unlinkat(folder_, reserveName);
  return false;
}

}  // namespace video::store
