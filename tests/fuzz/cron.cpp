#include "schedule/cron.hpp"

#include <ctime>

#include "base/error.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;
using namespace std::chrono_literals;

namespace {

void run(fuzz::Input in) {
  static const bool local = [] {  // a time zone with daylight saving time
    ::setenv("TZ", "Europe/Berlin", 1);
    ::tzset();
    return true;
  }();
  holds(local, "the time zone is set");
  const Time early{std::chrono::seconds{in.word()}};
  const Time late = early + std::chrono::seconds{in.word() % (40 * 86400)};
  const std::string text = in.rest();
  try {
    const schedule::Cron cron(text);
    const auto began = std::chrono::steady_clock::now();
    const Time afterEarly = cron.after(early);
    const Time afterLate = cron.after(late);
    holds(std::chrono::steady_clock::now() - began < 30s, "the next time is found quickly", text);
    holds(afterEarly > early && afterLate > late, "the next time is later", text);
    holds(afterEarly <= afterLate, "later moments have later times", text);
    if (late < afterEarly) holds(afterEarly == afterLate, "no time lies between a moment and its next time", text);
    holds(afterEarly.time_since_epoch() % 1min == 0ms, "times are at whole minutes", text);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed, "a line is refused as malformed", error.what());
  }
}

const fuzz::Target target{"cron", run};

}  // namespace
