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
#include "base/text.hpp"
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

// The place after this many bytes; the beginning if the file has fewer.
DeletedUsers::Place placeAt(int file, std::int64_t bytes) {
  constexpr std::int64_t most = 64;
  if (bytes <= 0) return {};
  const std::int64_t count = std::min(bytes, most);
  const std::string last = readAt(file, bytes - count).substr(0, static_cast<std::size_t>(count));
  if (std::ssize(last) < count) return {};
  return {bytes, static_cast<std::int64_t>(stableHash(last))};
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

DeletedUsers::Place DeletedUsers::forEach(const Place& from,
                                          const std::function<void(UserId user, Time created)>& visit) const {
  const Descriptor file = os::openIfThere(files_, folder_, listName, O_RDONLY);
  if (!file) return {};
  std::string rest;
  off_t offset = placeAt(file.number(), from.bytes) == from ? from.bytes : 0;
  off_t whole = offset;
  for (std::string piece = readAt(file.number(), offset); !piece.empty(); piece = readAt(file.number(), offset)) {
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
    if (begin > 0) whole = offset - static_cast<off_t>(rest.size());
    if (rest.size() > listPiece) rest.clear();
  }
  return placeAt(file.number(), whole);
}

}  // namespace video::store
