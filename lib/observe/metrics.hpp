#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace video::observe {

/// What the daemon counts, gathered when somebody asks, in the text format of Prometheus (version 0.0.4). Names follow
/// its conventions: base units, `_total` for what only grows.
class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  Metrics();
  ~Metrics();

  /// Adds a value to the family `name`, which its first value describes.
  void counter(std::string_view name, std::string_view help, double value, const Labels& labels = {});
  void gauge(std::string_view name, std::string_view help, double value, const Labels& labels = {});
  /// `counts` of what fell into each bucket, with one more for what is over the last of `bounds`; `sum` of all values.
  void histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum);
  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace video::observe
