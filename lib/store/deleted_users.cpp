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

void DeletedUsers::add(UserId user, Time created) {
  reserve_.runWithRoom([&] { append(fmt::format("{} {}\n", user.value, formatTime(created))); });
}

void DeletedUsers::append(const std::string& line) {
  const Descriptor file = os::openOrMake(files_, folder_, listName, O_RDWR | O_APPEND);
  while (::flock(file.number(), LOCK_EX) != 0)
    if (errno != EINTR) os::throwErrno(errno, listName);
  struct stat is {};
  if (::fstat(file.number(), &is) != 0) os::throwErrno(errno, listName);
  const off_t offset = std::max<off_t>(0, is.st_size - static_cast<off_t>(listPiece));
  std::string last = readAt(file.number(), offset);
  if (offset > 0) last.erase(0, last.find('\n') + 1);  // the rest of a line
  // What a crash or a full disk cut short is closed by the next line.
  const bool isCut = !last.empty() && last.back() != '\n';
  if (!isCut && ("\n" + last).find("\n" + line) != std::string::npos) return;
  os::writeAll(files_, file.number(), (isCut ? "\n" : "") + line, listName);
  os::sync(files_, file.number(), listName);
}

void DeletedUsers::forEach(const std::function<void(UserId user, Time created)>& visit) const {
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
      Time created{};
      try {
        const std::size_t space = std::min(line.find(' '), line.size());
        readText(line.substr(0, space), "id", user);
        readText(line.substr(std::min(space + 1, line.size())), "time", created);
      } catch (const Error&) {
        continue;
      }
      visit(user, created);
    }
    rest.erase(0, begin);
    if (rest.size() > listPiece) rest.clear();
  }
}

}  // namespace video::store
