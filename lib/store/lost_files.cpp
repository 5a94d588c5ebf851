#include "store/lost_files.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "os/files.hpp"
#include "store/directory.hpp"

namespace video::store {
namespace {

constexpr const char* lostFolder = "lost+found";

Time timeOf(const timespec& moment) {
  return Time{std::chrono::seconds{moment.tv_sec} + std::chrono::milliseconds{moment.tv_nsec / 1'000'000}};
}

}  // namespace

Descriptor LostFiles::openFolder() const {
  return os::openFolder(directory_.files(), directory_.descriptor(), lostFolder);
}

std::string LostFiles::put(int folder, const std::string& name, const std::string& newName) {
  os::FileSystem& files = directory_.files();
  const Descriptor to = openFolder();
  // Its age counts from now. Not every file system notes a rename.
  ::utimensat(folder, name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  std::string given = newName;
  while (files.renameat2(folder, name.c_str(), to.number(), given.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno != EEXIST) os::throwErrno(errno, name);
    given = newName + '.' + makeRandomHex(4);
  }
  os::sync(files, to.number(), lostFolder);
  os::sync(files, folder, name);
  return given;
}

std::string LostFiles::write(const std::string& name, std::string_view bytes) {
  os::writeFile(directory_.files(), openFolder().number(), name, bytes, 0640, os::Existing::replace);
  return name;
}

std::vector<LostFile> LostFiles::list() const {
  std::vector<LostFile> all;
  Descriptor folder;
  try {
    folder = openFolder();
  } catch (const Error& error) {
    if (error.fault() != Fault::forbidden) throw;  // it may be the file system's own
    return all;
  }
  for (const std::string& name : os::listNames(directory_.files(), folder.number(), lostFolder)) {
    struct stat is {};
    if (::fstatat(folder.number(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const bool isFolder = S_ISDIR(is.st_mode);
    all.push_back({name, isFolder ? 0 : static_cast<std::uint64_t>(is.st_size),
                   std::max(timeOf(is.st_mtim), timeOf(is.st_ctim)), isFolder});
  }
  std::sort(all.begin(), all.end(), [](const LostFile& a, const LostFile& b) { return a.name < b.name; });
  return all;
}

Descriptor LostFiles::open(const std::string& name) const {
  return os::openIfThere(directory_.files(), openFolder().number(), name, O_RDONLY);
}

void LostFiles::putBack(const std::string& name, int folder, const std::string& newName) {
  os::FileSystem& files = directory_.files();
  const Descriptor from = openFolder();
  if (files.renameat2(from.number(), name.c_str(), folder, newName.c_str(), RENAME_NOREPLACE) != 0)
    os::throwErrno(errno, name);
  os::sync(files, folder, newName);
  os::sync(files, from.number(), lostFolder);
}

std::size_t LostFiles::removeOld(Time moment) {
  os::FileSystem& files = directory_.files();
  std::size_t removed = 0;
  for (const LostFile& one : list()) {
    // fsck names what it saves #INODE.
    if (one.since >= moment || one.name.starts_with('#')) continue;
    const Descriptor all = openFolder();
    if (!one.isFolder) {
      os::removeFile(files, all.number(), one.name);
    } else {
      const Descriptor folder = os::openFolder(files, all.number(), one.name);
      for (const std::string& name : os::listNames(files, folder.number(), one.name))
        os::removeFile(files, folder.number(), name);
      if (files.rmdirat(all.number(), one.name.c_str()) != 0) os::throwErrno(errno, one.name);
    }
    ++removed;
  }
  return removed;
}

}  // namespace video::store
