#pragma once

#include <functional>

namespace video {

namespace http {
class Router;
}

/// What a daemon can say of itself.
struct ServerHealth {
  std::function<bool()> isReady;    ///< writes succeed, and it is not stopping
  std::function<bool()> isDiskLow;  ///< free space is below the floor
};

/// Adds /healthz, /readyz and /version to every listener.
void serveServer(http::Router& router, ServerHealth health);

}  // namespace video
