#include "os/unix_address.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace video::os {

UnixAddress::UnixAddress(const std::filesystem::path& path) {
  address_.sun_family = AF_UNIX;
  std::string reached = path.string();
  if (reached.size() >= sizeof address_.sun_path) {
    const std::filesystem::path parent = path.parent_path();
    folder_ = Descriptor(::open(parent.empty() ? "." : parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder_) error_ = errno;
    reached = fmt::format("/proc/self/fd/{}/{}", folder_.number(), path.filename().string());
  }
  if (error_ == 0 && (reached.empty() || reached.size() >= sizeof address_.sun_path)) error_ = ENAMETOOLONG;
  if (error_ == 0) std::memcpy(address_.sun_path, reached.c_str(), reached.size() + 1);
}

}  // namespace video::os
