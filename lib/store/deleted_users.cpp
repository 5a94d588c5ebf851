#include "store/deleted_users.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "os/files.hpp"

namespace video::store {
namespace {

constexpr const char* listName = "deleted-users";
constexpr std::size_t listPiece = 64 * 1024;

std::string readAt(int file, off_t offset) {
  std::string text(listPiece, '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), offset);
  if (got < 0) os::throwErrno(errno, listName);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

}  // namespace

void DeletedUsers::add(UserId user, Time time) {
  reserve_.runWithRoom([&] { append(user, time); });
}

void DeletedUsers::append(UserId user, Time time) {
  const Descriptor file = os::openOrMake(files_, folder_, listName, O_RDWR | O_APPEND);
  while (::flock(file.number(), LOCK_EX) != 0)
    if (errno != EINTR) os::throwErrno(errno, listName);
  struct stat is {};
  if (::fstat(file.number(), &is) != 0) os::throwErrno(errno, listName);
  const std::string last = readAt(file.number(), std::max<off_t>(0, is.st_size - static_cast<off_t>(listPiece)));
  // What a crash or a full disk cut short is closed by the next line.
  const bool isCut = !last.empty() && last.back() != '\n';
  if (!isCut && ("\n" + last).find(fmt::format("\n{} ", user.value)) != std::string::npos) return;
  os::writeAll(files_, file.number(), fmt::format("{}{} {}\n", isCut ? "\n" : "", user.value, formatTime(time)),
               listName);
  os::sync(files_, file.number(), listName);
}

void DeletedUsers::forEach(const std::function<void(UserId user, Time time)>& visit) const {
  const Descriptor file = os::openIfThere(files_, folder_, listName, O_RDONLY);
  if (!file) return;
  std::string rest;
  off_t offset = 0;
  for (std::string piece = readAt(file.number(), 0); !piece.empty(); piece = readAt(file.number(), offset)) {
    offset += static_cast<off_t>(piece.size());
    rest += piece;
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      const std::string_view line = std::string_view(rest).substr(begin, end - begin);
      begin = end + 1;
      UserId user;
      Time time{};
      try {
        const std::size_t space = std::min(line.find(' '), line.size());
        readText(line.substr(0, space), "id", user);
        readText(line.substr(std::min(space + 1, line.size())), "time", time);
      } catch (const Error&) {
        continue;
      }
      visit(user, time);
    }
    rest.erase(0, begin);
    if (rest.size() > listPiece) rest.clear();
  }
}

}  // namespace video::store
