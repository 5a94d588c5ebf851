#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "http/content/limiter.hpp"
#include "http/server/transport.hpp"
#include "observe/watchdog.hpp"
#include "toolkit/toolkit.hpp"

namespace video::daemon {

/// What systemd is told while the daemon serves: that its writer and its listeners work (WatchdogSec), and the line
/// that `systemctl status` shows. Does nothing where systemd does not listen.
class Supervision {
 public:
  /// All must outlive this object.
  Supervision(LocalToolkit& toolkit, http::Transport& transport, const http::Limiter& limiter);
  ~Supervision();
  Supervision(const Supervision&) = delete;
  Supervision& operator=(const Supervision&) = delete;

  /// Says that the daemon stops, and watches no more: systemd then waits for TimeoutStopSec. Returns at once.
  void stop();

 private:
  void keepTelling();
  std::string status() const;

  LocalToolkit& toolkit_;
  http::Transport& transport_;
  const http::Limiter& limiter_;
  std::unique_ptr<observe::Watchdog> watchdog_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::jthread teller_;
};

}  // namespace video::daemon
