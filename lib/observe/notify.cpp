#include "observe/notify.hpp"

#include <systemd/sd-daemon.h>

namespace video::observe {

void notifyReady() noexcept {
  ::sd_notify(0, "READY=1");
}

void notifyStopping() noexcept {
  ::sd_notify(0, "STOPPING=1");
}

}  // namespace video::observe
