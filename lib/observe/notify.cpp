#include "observe/notify.hpp"

#include <systemd/sd-daemon.h>

namespace video::observe {

void notifyReady() noexcept {
  ::sd_notify(0, "READY=1");
}

void notifyStopping() noexcept {
  ::sd_notify(0, "STOPPING=1");
}

void notifyStarting(std::string_view status, std::chrono::microseconds longer) noexcept {
  ::sd_notifyf(0, "STATUS=%.*s\nEXTEND_TIMEOUT_USEC=%lld", static_cast<int>(status.size()), status.data(),
               static_cast<long long>(longer.count()));
}

std::vector<int> takeHandedSockets() noexcept {
  std::vector<int> sockets;
  for (int count = ::sd_listen_fds(1), at = 0; at < count; ++at) sockets.push_back(SD_LISTEN_FDS_START + at);
  return sockets;
}

}  // namespace video::observe
