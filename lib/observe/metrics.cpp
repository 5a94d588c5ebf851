#include "observe/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>

namespace video::observe {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct Metrics::Families {
  std::vector<MetricFamily> all;

  ClientMetric& add(std::string_view name, std::string_view help, MetricType type, const Labels& labels = {}) {
    auto family = std::find_if(all.begin(), all.end(), [&](const MetricFamily& one) { return one.name == name; });
    if (family == all.end()) {
      family = all.emplace(all.end());
      family->name = name;
      family->help = help;
      family->type = type;
    }
    ClientMetric& metric = family->metric.emplace_back();
    for (const auto& [label, value] : labels) {
      metric.label.emplace_back();
      metric.label.back().name = label;
      metric.label.back().value = value;
    }
    return metric;
  }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::counter(std::string_view name, std::string_view help, double value, const Labels& labels) {
  families_->add(name, help, MetricType::Counter, labels).counter.value = value;
}

void Metrics::gauge(std::string_view name, std::string_view help, double value, const Labels& labels) {
  families_->add(name, help, MetricType::Gauge, labels).gauge.value = value;
}

void Metrics::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                        std::span<const std::uint64_t> counts, double sum) {
  auto& histogram = families_->add(name, help, MetricType::Histogram).histogram;
  for (std::size_t at = 0; at < counts.size(); ++at) {
    histogram.sample_count += counts[at];
    histogram.bucket.emplace_back();
    histogram.bucket.back().cumulative_count = histogram.sample_count;
    histogram.bucket.back().upper_bound = at < bounds.size() ? bounds[at] : std::numeric_limits<double>::infinity();
  }
  histogram.sample_sum = sum;
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(families_->all);
}

}  // namespace video::observe
