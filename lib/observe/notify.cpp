#include "observe/notify.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>

namespace video::observe {

void notifyReady() noexcept {
  ::sd_notify(0, "READY=1");
}

void notifyStopping() noexcept {
  ::sd_notify(0, "STOPPING=1");
}

void notifyStatus(const std::string& text) noexcept {
  ::sd_notifyf(0, "STATUS=%.*s", static_cast<int>(std::min(text.find('\n'), text.size())), text.c_str());
}

void notifyAlive() noexcept {
  ::sd_notify(0, "WATCHDOG=1");
}

std::chrono::milliseconds watchdogPeriod() noexcept {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(microseconds));
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
