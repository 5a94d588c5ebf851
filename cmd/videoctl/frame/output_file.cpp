#include "frame/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "frame/files.hpp"

namespace video::ctl {
namespace {

// Whether a symbolic link is in a folder in which everyone can put one, and was put there by somebody else.
bool isForeignLink(const std::filesystem::path& path, const struct stat& link) {
  struct stat folder {};
  const std::filesystem::path in = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (::stat(in.c_str(), &folder) != 0) return false;
  const bool isShared = (folder.st_mode & S_ISVTX) != 0 && (folder.st_mode & S_IWOTH) != 0;
  return isShared && link.st_uid != ::geteuid() && link.st_uid != folder.st_uid;
}

}  // namespace

std::filesystem::path behindLinks(const std::filesystem::path& path) {
  constexpr int mostLinks = 40;  // as many as the kernel follows
  std::filesystem::path target = path;
  for (int links = 0; links < mostLinks; ++links) {
    struct stat is {};
    if (::lstat(target.c_str(), &is) != 0 || !S_ISLNK(is.st_mode)) return target;
    if (isForeignLink(target, is)) throwFileError(target, EACCES);
    std::error_code failed;
    const std::filesystem::path next = std::filesystem::read_symlink(target, failed);
    if (failed) throwFileError(target, failed.value());
    target = target.parent_path() / next;
  }
  throwFileError(path, ELOOP);
}

std::filesystem::path replaceable(const std::filesystem::path& path) {
  std::filesystem::path target = behindLinks(path);
  struct stat is {};
  if (::lstat(target.c_str(), &is) == 0 && !S_ISREG(is.st_mode))
    throw Error(Fault::conflict, fmt::format("{}: is no regular file", target.string()));
  return target;
}

bool isStandardOutput(const std::string& path) {
  return path == "-" || ownDescriptorOf(path) == STDOUT_FILENO;
}

OutputFile::OutputFile(const FileOpener& files, const std::filesystem::path& path, Existing existing)
    : files_(files), existing_(existing), target_(path) {
  if (const auto own = ownDescriptorOf(path)) {
    file_ = Descriptor(::fcntl(*own, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!file_) throwFileError(path, errno == EBADF ? ENOENT : errno);
    return;
  }
  target_ = behindLinks(path);
  struct stat is {};
  if (::lstat(target_.c_str(), &is) == 0 && !S_ISREG(is.st_mode)) {
    if (S_ISDIR(is.st_mode)) throwFileError(target_, EISDIR);
    if (S_ISSOCK(is.st_mode))
      throw Error(Fault::malformed, fmt::format("{}: is a socket, which cannot be written to", target_.string()));
    file_ = Descriptor(::open(target_.c_str(), O_WRONLY | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC));
    if (!file_) throwFileError(target_, errno);
    if (::fstat(file_.number(), &is) != 0 || S_ISREG(is.st_mode)) throwFileError(target_, EEXIST);
    return;
  }
  std::filesystem::path part = target_;
  part += ".part";
  file_ = files_.openPart(part, target_, existing_ == Existing::replace);
  part_ = std::move(part);
}

OutputFile::OutputFile(const FileOpener& files, const std::filesystem::path& target, const std::filesystem::path& part,
                       Existing existing)
    : files_(files),
      existing_(existing),
      target_(target),
      part_(part),
      file_(files.openPart(part, target, existing == Existing::replace)) {}

OutputFile::~OutputFile() {
  if (!isStream() && file_) files_.removeEmpty(part_, file_);
}

void OutputFile::clear() {
  isBegun_ = true;
  if (!isStream() && ::ftruncate(file_.number(), 0) != 0) throwFileError(part_, errno);
}

void OutputFile::write(std::span<const std::byte> bytes) {
  if (!isBegun_) clear();
  writeFile(file_.number(), bytes, path());
}

void OutputFile::finish() {
  if (isStream()) return;
  if (!isBegun_) clear();
  if (::fsync(file_.number()) != 0) throwFileError(part_, errno);
  files_.place(part_, file_, target_, existing_ == Existing::replace);
  file_.reset();
}

}  // namespace video::ctl
