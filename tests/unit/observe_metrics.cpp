#include "observe/metrics.hpp"

#include <array>

#include "catch.hpp"

TEST_CASE("metrics are written in Prometheus's text format") {
  video::observe::Metrics metrics;
  metrics.counter("a_total", "What is counted.", 3, {{"op", "x"}});
  metrics.gauge("b", "What is there.", 7);
  metrics.counter("a_total", "", 4, {{"op", "say \"y\""}});
  const std::array bounds{0.5, 1.0};
  const std::array<std::uint64_t, 3> counts{2, 1, 4};
  metrics.histogram("c_seconds", "How long.", bounds, counts, 12.5);
  const std::string text = metrics.text();
  INFO(text);
  for (const char* const line :
       {"# HELP a_total What is counted.\n", "# TYPE a_total counter\n", "a_total{op=\"x\"} 3",
        "a_total{op=\"say \\\"y\\\"\"} 4", "# TYPE b gauge\n", "b 7", "# TYPE c_seconds histogram\n",
        "c_seconds_bucket{le=\"0.5\"} 2", "c_seconds_bucket{le=\"1\"} 3", "c_seconds_bucket{le=\"+Inf\"} 7",
        "c_seconds_count 7", "c_seconds_sum 12.5"})
    CHECK(text.find(line) != std::string::npos);
  CHECK(text.find("# TYPE a_total") == text.rfind("# TYPE a_total"));
}
