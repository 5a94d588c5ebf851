#pragma once

#include <chrono>
#include <string_view>
#include <vector>

namespace video::observe {

/// Tells systemd that the daemon is ready (sd_notify READY=1). Does nothing if NOTIFY_SOCKET is not set.
void notifyReady() noexcept;

/// Tells systemd that the daemon is stopping (STOPPING=1). Does nothing if NOTIFY_SOCKET is not set.
void notifyStopping() noexcept;

/// Tells systemd what the daemon is doing while it starts (STATUS=), and that it may take so much longer
/// (EXTEND_TIMEOUT_USEC=).
void notifyStarting(std::string_view status, std::chrono::microseconds longer) noexcept;

/// Returns the sockets that systemd passed to this process (sd_listen_fds); the caller owns them. Call it only once.
std::vector<int> takeHandedSockets() noexcept;

}  // namespace video::observe
