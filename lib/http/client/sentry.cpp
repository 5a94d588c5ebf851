#include "http/client/sentry.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <regex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "observe/guarded.hpp"

namespace video::http {
namespace {

constexpr std::size_t mostQueued = 100;
constexpr std::size_t mostPerMinute = 30;
constexpr std::chrono::seconds requestTimeout{5};
constexpr std::size_t longestText = 2048;
constexpr std::string_view hidden = "[\xe2\x80\xa6]";

std::string makeEventId() {
  thread_local std::random_device random;
  std::string id;
  for (int part = 0; part < 4; ++part) id += fmt::format("{:08x}", random());
  return id;
}

bool isWordByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

}  // namespace

SentryDsn::SentryDsn(const std::string& text) {
  static const std::regex form(
      R"((https?)://([0-9A-Za-z]{1,64})@(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+)(:\d{1,5})?((?:/[0-9A-Za-z._~-]+)*)/(\d{1,20}))");
  std::smatch parts;
  if (!std::regex_match(text, parts, form))
    throw Error(Fault::malformed, "must be a DSN like \"https://KEY@sentry.example/1\", or empty");
  origin = parts[1].str() + "://" + parts[3].str() + parts[4].str();
  key = parts[2];
  path = fmt::format("{}/api/{}/envelope/", parts[5].str(), parts[6].str());
}

std::string scrubbed(std::string_view text) {
  // A word is cut out if it holds a slash, an @, or a run of letters and digits like that of an ID or a key.
  constexpr std::size_t longestWord = 24;
  constexpr std::size_t longestWithDigits = 12;
  constexpr std::string_view ends = " \t\r\n\"'`,;()[]{}<>=";
  std::string out;
  text = text.substr(0, longestText);
  while (!text.empty()) {
    const std::size_t size = std::min(text.find_first_of(ends), text.size());
    const std::string_view word = text.substr(0, size);
    std::size_t run = 0;
    std::size_t longest = 0;
    std::size_t dots = 0;
    std::size_t colons = 0;
    bool hasDigits = false;
    for (const char c : word) {
      hasDigits = hasDigits || (c >= '0' && c <= '9');
      run = isWordByte(c) ? run + 1 : 0;
      longest = std::max(longest, run);
      dots += c == '.' ? 1 : 0;
      colons += c == ':' ? 1 : 0;
    }
    const bool isAddress =
        (dots == 3 || colons >= 2) && word.find_first_not_of("0123456789abcdefABCDEF.:%") == word.npos;
    const bool isKey = longest > longestWord || (longest > longestWithDigits && hasDigits);
    const bool isPrivate = isKey || isAddress || word.find_first_of("/@\\") != word.npos;
    out += isPrivate ? hidden : word;
    if (isPrivate && word.ends_with(':')) out += ':';
    if (size < text.size()) out += text[size];
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return repairedUtf8(out);
}

std::string sentryEvent(std::string_view id, Time time, std::string_view message,
                        const std::vector<observe::LogField>& fields) {
  const auto valueOf = [&](std::string_view name) -> std::string_view {
    for (const observe::LogField& field : fields)
      if (field.name == name) return field.value;
    return {};
  };
  const std::string_view error = valueOf("error");
  nlohmann::json tags = nlohmann::json::object();
  nlohmann::json fingerprint = nlohmann::json::array({message});
  for (const std::string_view name : {"op", "task", "code", "thread"})
    if (const std::string_view value = valueOf(name); !value.empty()) {
      tags[std::string(name)] = repairedUtf8(value);
      fingerprint.push_back(repairedUtf8(value));
    }
  if (const std::string_view request = valueOf("request_id"); !request.empty())
    tags["request_id"] = repairedUtf8(request.substr(0, 64));
  const nlohmann::json event{
      {"event_id", id},
      {"timestamp", formatTime(time)},
      {"platform", "other"},
      {"level", "error"},
      {"logger", "videod"},
      {"release", "videod@" VIDEO_VERSION},
      {"message",
       {{"formatted", error.empty() ? std::string(message) : fmt::format("{}: {}", message, scrubbed(error))}}},
      {"tags", tags},
      {"fingerprint", fingerprint}};
  return event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct SentryReporter::Impl {
  explicit Impl(SentryDsn to) : dsn(std::move(to)), client(dsn.origin) {
    client.set_keep_alive(true);
    client.set_url_encode(false);
    client.set_connection_timeout(requestTimeout);
    client.set_read_timeout(requestTimeout);
    client.set_write_timeout(requestTimeout);
    sender = std::jthread(
        [this](const std::stop_token& stop) { observe::guarded("the sender of errors", [&] { sendForever(stop); }); });
  }
  ~Impl() {
    sender.request_stop();
    client.stop();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void sendForever(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (filled.wait(lock, stop, [this] { return !queue.empty(); }) && !stop.stop_requested()) {
      const auto [id, event] = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      send(id, event, stop);
      lock.lock();
    }
  }

  void send(const std::string& id, const std::string& event, const std::stop_token& stop) {
    if (std::chrono::steady_clock::now() < pausedUntil) {
      ++dropped;
      return;
    }
    const std::string body =
        fmt::format("{{\"event_id\":\"{}\",\"sent_at\":\"{}\"}}\n{{\"type\":\"event\",\"length\":{}}}\n{}\n", id,
                    formatTime(systemClock().now()), event.size(), event);
    const httplib::Headers headers{
        {"User-Agent", "videod/" VIDEO_VERSION},
        {"X-Sentry-Auth",
         fmt::format("Sentry sentry_version=7, sentry_client=videod/" VIDEO_VERSION ", sentry_key={}", dsn.key)}};
    const httplib::Result result = client.Post(dsn.path, headers, body, "application/x-sentry-envelope");
    const int status = result ? result->status : 0;
    if (status == 200) {
      ++sent;
      failing = false;
      return;
    }
    ++dropped;
    constexpr std::chrono::seconds longestPause{3600};
    if (status == 429) {
      std::chrono::seconds pause{60};
      readPause(result->get_header_value("Retry-After"), pause);
      pausedUntil = std::chrono::steady_clock::now() + std::min(pause, longestPause);
    }
    // Not an error, which would be sent to the same place.
    if (!std::exchange(failing, true) && !stop.stop_requested())
      observe::warning("errors cannot be sent to log.sentry_dsn",
                       {{"host", dsn.origin}, {"status", status}, {"error", status == 0 ? "no answer" : "refused"}});
  }

  static void readPause(const std::string& text, std::chrono::seconds& pause) {
    if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != text.npos) return;
    pause = std::chrono::seconds{std::stoi(text)};
  }

  // Whether one more may be sent now.
  bool isDue(std::chrono::steady_clock::time_point now) {
    while (!recent.empty() && now - recent.front() > std::chrono::minutes{1}) recent.pop_front();
    if (recent.size() >= mostPerMinute || queue.size() >= mostQueued) return false;
    recent.push_back(now);
    return true;
  }

  const SentryDsn dsn;
  httplib::Client client;
  std::mutex mutex;
  std::condition_variable_any filled;
  std::deque<std::pair<std::string, std::string>> queue;     // IDs and events; guarded by the mutex
  std::deque<std::chrono::steady_clock::time_point> recent;  // likewise
  std::chrono::steady_clock::time_point pausedUntil{};       // only for the sender, like the next
  bool failing = false;
  std::atomic<std::uint64_t> sent = 0;
  std::atomic<std::uint64_t> dropped = 0;
  std::jthread sender;
};

SentryReporter::SentryReporter(const SentryDsn& dsn) : impl_(std::make_unique<Impl>(dsn)) {}
SentryReporter::~SentryReporter() = default;

void SentryReporter::report(std::string_view message, const std::vector<observe::LogField>& fields) noexcept try {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->isDue(std::chrono::steady_clock::now())) {
    ++impl_->dropped;
    return;
  }
  std::string id = makeEventId();
  std::string event = sentryEvent(id, systemClock().now(), message, fields);
  impl_->queue.emplace_back(std::move(id), std::move(event));
  impl_->filled.notify_one();
} catch (const std::exception&) {
  // Out of memory: the error was logged, which must do.
}

SentryCounts SentryReporter::counts() const {
  return {impl_->sent, impl_->dropped};
}

}  // namespace video::http
