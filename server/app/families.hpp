// Figures in Prometheus' words, put together for one answer.
//
//   Families families;
//   families.gauge("weir_documents", "Documents that are open.").add(12);
//   families.counter("weir_refusals_total", "Errors told.").add(3, {{"code", "ABORTED"}});
//   families.seconds("weir_log_fsync_seconds", "How long an fsync took.", histogram.read());
//   families.text()
//
// Labels come from fixed sets only: what strangers choose (names of spaces and documents) would grow without end.
//
// Threads: one at a time.
#pragma once

#include <prometheus/metric_family.h>

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "weir/observe/histogram.hpp"

namespace weir::app {

class Families {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  /// One name, with a value for each set of labels.
  class Family {
   public:
    explicit Family(prometheus::MetricFamily& family) : family_(family) {}
    template <class Number>
      requires std::integral<Number> || std::floating_point<Number>
    Family& add(Number value, Labels labels = {}) {
      return put(static_cast<double>(value), std::move(labels));
    }

   private:
    Family& put(double value, Labels labels);
    prometheus::MetricFamily& family_;
  };

  /// The reference is good until the next family is begun.
  Family counter(std::string_view name, std::string_view help);
  Family gauge(std::string_view name, std::string_view help);
  /// Of values counted in nanoseconds.
  void seconds(std::string_view name, std::string_view help, const observe::Snapshot& snapshot);
  /// Of values counted in what the name says.
  void sizes(std::string_view name, std::string_view help, const observe::Snapshot& snapshot);

  /// In Prometheus' text format, version 0.0.4.
  [[nodiscard]] std::string text() const;
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  prometheus::MetricFamily& begin(std::string_view name, std::string_view help, prometheus::MetricType type);
  void histogram(std::string_view name, std::string_view help, const observe::Snapshot& snapshot, double unit);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace weir::app
