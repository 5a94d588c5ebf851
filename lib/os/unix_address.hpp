#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <string>

#include "os/descriptor.hpp"

namespace video::os {

/// The address of a Unix socket. A path too long for sockaddr_un is reached through its folder, which this object keeps
/// open, so it must outlive the use of the address.
class UnixAddress {
 public:
  explicit UnixAddress(const std::filesystem::path& path);
  /// Returns 0, or the errno that says why there is no address; ENAMETOOLONG also for an empty path.
  int error() const noexcept { return error_; }
  /// Returns the path in the address, direct or through the folder; empty if there is no address.
  std::string path() const { return address_.sun_path; }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const noexcept { return sizeof address_; }

 private:
  sockaddr_un address_{};
  Descriptor folder_;
  int error_ = 0;
};

}  // namespace video::os
