#include <map>

#include "http/routing/router.hpp"
#include "observe/metrics.hpp"

namespace video::http {
namespace {

double read(const std::atomic<std::uint64_t>& count) {
  return static_cast<double>(count.load(std::memory_order_relaxed));
}

void addBucket(observe::Metrics& metrics, const char* name, std::size_t used, std::size_t most, std::uint64_t refused) {
  const observe::Metrics::Labels labels{{"bucket", name}};
  metrics.gauge("videod_tokens", "Limiter tokens in use.", static_cast<double>(used), labels);
  metrics.gauge("videod_tokens_max", "Limit on limiter tokens.", static_cast<double>(most), labels);
  metrics.counter("videod_tokens_refused_total", "Requests refused for lack of a limiter token.",
                  static_cast<double>(refused), labels);
}

}  // namespace

void Router::addMetrics(observe::Metrics& metrics) const {
  // An operation may have several routes.
  std::map<std::pair<std::string_view, std::size_t>, double> answers;
  const auto gather = [&](std::string_view operation, const AnswerCounts& counts) {
    for (std::size_t digit = 1; digit < counts.size(); ++digit) answers[{operation, digit}] += read(counts[digit]);
  };
  for (const RouteEntry* entry : routes_.all()) gather(entry->route.name, *entry->answers);
  gather("", counts_.unrouted);
  for (const auto& [of, count] : answers)
    if (count > 0)
      metrics.counter("videod_answers_total", "Responses, by operation and status class.", count,
                      {{"op", std::string(of.first)}, {"status", std::to_string(of.second) + "xx"}});
  std::array<std::uint64_t, RouterCounts::durations.size() + 1> took{};
  for (std::size_t at = 0; at < took.size(); ++at) took[at] = counts_.took[at].load(std::memory_order_relaxed);
  metrics.histogram("videod_answer_seconds", "Time from the request head to the last byte of the response.",
                    RouterCounts::durations, took, read(counts_.tookMicroseconds) / 1e6);
  const LimiterCounts counts = limiter_.counts();
  const LimiterOptions limits = limiter_.options();
  addBucket(metrics, "streams", counts.streams, limits.streams, counts.streamsRefused);
  addBucket(metrics, "address", counts.busiestStreams, limits.streamsPerAddress, counts.streamsOfAddressRefused);
  addBucket(metrics, "uploads", counts.uploads, limits.uploads, counts.uploadsRefused);
  addBucket(metrics, "connection_address", counts.busiestConnections, limits.connectionsPerAddress,
            counts.connectionsOfAddressRefused);
  addBucket(metrics, "upload_address", counts.busiestUploads, limits.uploadsPerAddress, counts.uploadsOfAddressRefused);
  metrics.gauge("videod_buffered_bytes", "Memory of request bodies and responses that wait for clients.",
                static_cast<double>(counts.buffered));
  metrics.gauge("videod_buffered_max_bytes", "Limit on videod_buffered_bytes.", static_cast<double>(limits.buffered));
  metrics.counter("videod_buffered_refused_total", "Requests refused because this limit was reached.",
                  static_cast<double>(counts.bufferedRefused));
}

}  // namespace video::http
