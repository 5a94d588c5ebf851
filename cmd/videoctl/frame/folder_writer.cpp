#include "frame/folder_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/tar.hpp"
#include "frame/file_opener.hpp"
#include "frame/files.hpp"
#include "os/files.hpp"

namespace video::ctl {
namespace {

namespace fs = std::filesystem;

fs::path partOf(const fs::path& target) {
  return fs::path(target).concat(".part");
}

// Writes the files of an archive below an open folder.
class Unpacker {
 public:
  explicit Unpacker(const fs::path& folder)
      : folder_(folder), root_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) {
    if (!root_) throwFileError(folder, errno);
  }

  void run(int from) {
    TarReader reader({[this](const TarEntry& entry) { begin(entry); },
                      [this](std::span<const std::byte> bytes) { writeFile(file_.number(), bytes, name_); },
                      [this] { end(); }});
    std::vector<std::byte> piece(256 * 1024);
    for (;;) {
      const ssize_t count = ::read(from, piece.data(), piece.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throwFileError(folder_, errno);
      if (count == 0) break;
      reader.add(std::span(piece).first(static_cast<std::size_t>(count)));
    }
    reader.finish();
    if (::syncfs(root_.number()) != 0) throwFileError(folder_, errno);
  }

 private:
  void begin(const TarEntry& entry) {
    const std::size_t first = entry.path.find('/');
    std::string rest = first == std::string::npos ? std::string() : entry.path.substr(first + 1);
    Descriptor folder(::fcntl(root_.number(), F_DUPFD_CLOEXEC, 0));
    for (;;) {
      const std::size_t slash = rest.find('/');
      const std::string name = rest.substr(0, slash);
      if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string::npos)
        throw Error(Fault::malformed, fmt::format("archive: has a file with the path \"{}\"", entry.path));
      name_ = folder_ / name;
      if (slash == std::string::npos) break;
      if (::mkdirat(folder.number(), name.c_str(), 0700) != 0 && errno != EEXIST) throwFileError(name_, errno);
      folder = Descriptor(::openat(folder.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
      if (!folder) throwFileError(name_, errno);
      rest.erase(0, slash + 1);
    }
    name_ = folder_ / entry.path.substr(first + 1);
    file_ = Descriptor(::openat(folder.number(), name_.filename().c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_) throwFileError(name_, errno);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(entry.modified).time_since_epoch().count();
    times_[0] = times_[1] = {static_cast<time_t>(seconds), 0};
  }

  void end() {
    ::futimens(file_.number(), times_);
    file_.reset();
  }

  fs::path folder_;
  Descriptor root_;
  Descriptor file_;
  fs::path name_;
  timespec times_[2] = {};
};

constexpr std::string_view done = "done";

void unpack(int from, int to, const fs::path& target) {
  const fs::path part = partOf(target);
  std::string answer;
  try {
    Unpacker(part).run(from);
    if (const int error = os::tryPlaceFile(os::systemFiles(), AT_FDCWD, part, target); error != 0)
      throwFileError(target, error);
    os::tryWriteAll(os::systemFiles(), to, done);
    return;
  } catch (const Error& error) {
    answer = fmt::format("{} {}", static_cast<int>(error.fault()), error.detail());
  } catch (const std::exception& error) {
    answer = fmt::format("{} {}", static_cast<int>(Fault::internal), error.what());
  }
  std::error_code ignored;
  fs::remove_all(part, ignored);
  os::tryWriteAll(os::systemFiles(), to, answer);
}

}  // namespace

FolderWriter::FolderWriter(fs::path target) : target_(std::move(target)) {
  while (!target_.has_filename() && target_.has_relative_path()) target_ = target_.parent_path();
  std::error_code none;
  if (fs::exists(target_, none) && !(fs::is_directory(target_, none) && fs::is_empty(target_, none)))
    throwFileError(target_, EEXIST);
  const fs::path part = partOf(target_);
  if (::mkdir(part.c_str(), 0700) != 0) throwFileError(part, errno);
  int archive[2];
  int answer[2];
  if (::pipe2(archive, O_CLOEXEC) != 0) throwFileError(part, errno);
  archive_ = Descriptor(archive[1]);
  const Descriptor childArchive(archive[0]);
  if (::pipe2(answer, O_CLOEXEC) != 0) throwFileError(part, errno);
  answer_ = Descriptor(answer[0]);
  const Descriptor childAnswer(answer[1]);
  child_ = ::fork();
  if (child_ < 0) throwFileError(part, errno);
  if (child_ == 0) {
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGTERM, SIG_IGN);
    archive_.reset();
    answer_.reset();
    leaveStandardFiles();
    keepOnly(FileRights::write);
    unpack(childArchive.number(), childAnswer.number(), target_);
    ::_exit(0);
  }
}

FolderWriter::~FolderWriter() {
  archive_.reset();
  waitForChild();
}

void FolderWriter::waitForChild() {
  while (child_ > 0 && ::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
}

void FolderWriter::write(std::span<const std::byte> piece) {
  const std::string_view text(reinterpret_cast<const char*>(piece.data()), piece.size());
  const int error = os::tryWriteAll(os::systemFiles(), archive_.number(), text);
  if (error == 0) return;
  if (error != EPIPE) throwFileError(target_, error);
  finish();  // says why the child has ended
}

void FolderWriter::finish() {
  archive_.reset();
  std::string answer;
  char piece[4096];
  for (ssize_t count; (count = ::read(answer_.number(), piece, sizeof piece)) > 0 || (count < 0 && errno == EINTR);)
    if (count > 0) answer.append(piece, static_cast<std::size_t>(count));
  waitForChild();
  if (answer == done) return;
  const std::size_t space = answer.find(' ');
  if (space == std::string::npos)
    throw Error(Fault::internal, fmt::format("{}: could not be written", target_.string()));
  throw Error(static_cast<Fault>(std::stoi(answer)), answer.substr(space + 1));
}

}  // namespace video::ctl
