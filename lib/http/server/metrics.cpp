#include "observe/metrics.hpp"

#include "http/server/transport.hpp"

namespace video::http {

void Transport::addMetrics(observe::Metrics& metrics) const {
  const TransportCounters counts = counters();
  const auto add = [&](const char* name, const char* help, std::uint64_t count) {
    metrics.counter(name, help, static_cast<double>(count));
  };
  add("videod_connections_total", "Connections accepted.", counts.accepted);
  add("videod_requests_total", "Requests whose head was whole.", counts.requests);
  add("videod_sent_bytes_total", "Bytes sent to clients.", counts.sent);
  add("videod_received_bytes_total", "Bytes received from clients.", counts.received);
  metrics.gauge("videod_connections", "Open connections, idle ones included.", static_cast<double>(counts.open));
  metrics.gauge("videod_workers", "Threads of the transport.", static_cast<double>(counts.workers));
}

}  // namespace video::http
