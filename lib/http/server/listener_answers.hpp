#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace video::http {

/// Connects to the address that a listening socket of this process is bound to, sends `GET /healthz`, and returns
/// whether an HTTP reply begins within this time, whatever its status. `unixPath` is the path of a Unix socket, empty
/// for TCP. Returns true if this machine no longer has the address: that is no fault of the process. Gives up soon
/// after `stop` is set.
bool listenerAnswers(int listening, const std::string& unixPath, std::chrono::milliseconds within,
                     const std::atomic<bool>& stop);

}  // namespace video::http
