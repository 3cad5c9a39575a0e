#include "weir/app/families.hpp"

#include <prometheus/text_serializer.h>

#include <limits>

namespace weir::app {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily& Families::begin(std::string_view name, std::string_view help, MetricType type) {
  families_.push_back({std::string(name), std::string(help), type, {}});
  return families_.back();
}

Families::Family& Families::Family::put(double value, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family_.type == MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  family_.metric.push_back(std::move(metric));
  return *this;
}

Families::Family Families::counter(std::string_view name, std::string_view help) {
  return Family(begin(name, help, MetricType::Counter));
}

Families::Family Families::gauge(std::string_view name, std::string_view help) {
  return Family(begin(name, help, MetricType::Gauge));
}

void Families::seconds(std::string_view name, std::string_view help, const observe::Snapshot& snapshot) {
  histogram(name, help, snapshot, 1e9);
}

void Families::sizes(std::string_view name, std::string_view help, const observe::Snapshot& snapshot) {
  histogram(name, help, snapshot, 1);
}

void Families::histogram(std::string_view name, std::string_view help, const observe::Snapshot& snapshot, double unit) {
  ClientMetric metric;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < snapshot.buckets.size(); ++i) {
    count += snapshot.buckets[i];
    const bool last = i == snapshot.bounds.size();
    const double bound =
        last ? std::numeric_limits<double>::infinity() : static_cast<double>(snapshot.bounds[i]) / unit;
    metric.histogram.bucket.push_back({count, bound});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = static_cast<double>(snapshot.sum) / unit;
  begin(name, help, MetricType::Histogram).metric.push_back(std::move(metric));
}

std::string Families::text() const { return prometheus::TextSerializer().prometheus::Serializer::Serialize(families_); }

}  // namespace weir::app
