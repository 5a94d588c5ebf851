#pragma once

#include <vector>

namespace video::observe {

/// Tells systemd that the daemon serves (sd_notify READY=1); does nothing where no NOTIFY_SOCKET is set.
void notifyReady() noexcept;

/// Tells systemd that the daemon is stopping; does nothing where no NOTIFY_SOCKET is set.
void notifyStopping() noexcept;

/// Descriptors of the sockets that systemd has opened for us (sd_listen_fds); to be asked for once.
std::vector<int> takeHandedSockets() noexcept;

}  // namespace video::observe
