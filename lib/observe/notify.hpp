#pragma once

namespace video::observe {

/// Tells systemd that the daemon serves (sd_notify READY=1); does nothing where no NOTIFY_SOCKET is set.
void notifyReady() noexcept;

/// Tells systemd that the daemon is stopping; does nothing where no NOTIFY_SOCKET is set.
void notifyStopping() noexcept;

}  // namespace video::observe
