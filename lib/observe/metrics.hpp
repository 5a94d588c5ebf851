#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace video::observe {

/// Metrics of the daemon, collected on each request, in Prometheus's text format (version 0.0.4). Names follow its
/// conventions: base units, and `_total` for counters. Not thread-safe: each request has its own object.
class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  Metrics();
  ~Metrics();

  /// Adds a counter to the family `name`. The first call for a family sets its help text.
  void counter(std::string_view name, std::string_view help, double value, const Labels& labels = {});
  /// Adds a gauge to the family `name`. The first call for a family sets its help text.
  void gauge(std::string_view name, std::string_view help, double value, const Labels& labels = {});
  /// Adds a histogram. `counts` has the number of values in each bucket (not cumulative), with one more bucket for
  /// values over the last of `bounds`; `sum` is the sum of all values.
  void histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum);
  /// Returns all metrics in the text format.
  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace video::observe
