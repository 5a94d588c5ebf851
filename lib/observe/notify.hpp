#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace video::observe {

/// Tells systemd that the daemon is ready (sd_notify READY=1). Does nothing if NOTIFY_SOCKET is not set; nor do the
/// other notifications.
void notifyReady() noexcept;

/// Tells systemd that the daemon is stopping (STOPPING=1).
void notifyStopping() noexcept;

/// Sets the line that `systemctl status` shows (STATUS=); `text` up to the end of its first line. May be called from
/// any thread.
void notifyStatus(const std::string& text) noexcept;

/// Tells systemd that the daemon works (WATCHDOG=1). May be called from any thread.
void notifyAlive() noexcept;

/// Returns how often systemd must hear that the daemon works before it ends it (WatchdogSec); 0: it does not watch.
std::chrono::milliseconds watchdogPeriod() noexcept;

/// Tells systemd what the daemon is doing while it starts (STATUS=), and that it may take so much longer
/// (EXTEND_TIMEOUT_USEC=).
void notifyStarting(std::string_view status, std::chrono::microseconds longer) noexcept;

/// Returns the sockets that systemd passed to this process (sd_listen_fds); the caller owns them. Call it only once.
std::vector<int> takeHandedSockets() noexcept;

}  // namespace video::observe
