#include "observe/metrics.hpp"

#include "http/server/transport.hpp"

namespace video::http {

void Transport::addMetrics(observe::Metrics& metrics) const {
  const TransportCounters counts = counters();
  const auto add = [&](const char* name, const char* help, std::uint64_t count) {
    metrics.counter(name, help, static_cast<double>(count));
  };
  add("videod_connections_total", "Accepted connections.", counts.accepted);
  add("videod_connections_refused_total", "Connections refused because http.max_connections were open.",
      counts.refused);
  add("videod_requests_total", "Requests received with a complete head.", counts.requests);
  add("videod_sent_bytes_total", "Bytes sent to clients.", counts.sent);
  add("videod_received_bytes_total", "Bytes received from clients.", counts.received);
  metrics.gauge("videod_connections", "Open connections, including idle ones.", static_cast<double>(counts.open));
  metrics.gauge("videod_workers", "Worker threads of the HTTP server.", static_cast<double>(counts.workers));
}

}  // namespace video::http
