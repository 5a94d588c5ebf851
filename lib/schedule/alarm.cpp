#include "schedule/alarm.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "os/descriptor.hpp"

namespace video::schedule {
namespace {

Descriptor opened(int number, const char* what) {
  if (number < 0) throw Error(Fault::unavailable, fmt::format("{}: {}", what, std::strerror(errno)));
  return Descriptor(number);
}

class SystemAlarm : public Alarm {
 public:
  SystemAlarm()
      : timer_(opened(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd")),
        bell_(opened(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

  void sleepUntil(Time until) override {
    // A timer of zero would never expire, and the kernel's clock cannot count beyond `latest`.
    const std::chrono::seconds latest{9'000'000'000};
    const auto since = std::clamp<std::chrono::milliseconds>(until.time_since_epoch(), std::chrono::seconds{1}, latest);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    itimerspec wanted{};
    wanted.it_value.tv_sec = seconds.count();
    wanted.it_value.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
    ::timerfd_settime(timer_.number(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &wanted, nullptr);
    std::array<pollfd, 2> waited{pollfd{timer_.number(), POLLIN, 0}, pollfd{bell_.number(), POLLIN, 0}};
    while (::poll(waited.data(), waited.size(), -1) < 0 && errno == EINTR) {
    }
    for (const pollfd& one : waited) {
      if (one.revents == 0) continue;
      std::uint64_t count = 0;  // read even if the timer was cancelled because the clock was set
      [[maybe_unused]] const ssize_t got = ::read(one.fd, &count, sizeof count);
    }
  }

  void ring() noexcept override {
    const std::uint64_t one = 1;
    while (::write(bell_.number(), &one, sizeof one) < 0 && errno == EINTR) {
    }
  }

 private:
  Descriptor timer_;
  Descriptor bell_;
};

}  // namespace

const AlarmClock& systemAlarmClock() noexcept {
  struct System : AlarmClock {
    Time now() const override { return systemClock().now(); }
    std::unique_ptr<Alarm> makeAlarm() const override { return std::make_unique<SystemAlarm>(); }
  };
  static const System clock;
  return clock;
}

}  // namespace video::schedule
