#include <array>

#include "weir/app/metrics.hpp"
#include "weir/app/version.hpp"

namespace weir::app {

void add_server_metrics(Families& families, const ServerFigures& figures) {
  families.gauge("weir_build_info", "Always 1; the version and how writes are made durable are in the labels.")
      .add(1, {{"version", std::string(version)}, {"durability", figures.settings.durability}});
  families.gauge("weir_ready", "1 while the relay takes connections and writes, as /readyz says.")
      .add(figures.ready ? 1 : 0);
  families.gauge("weir_shards", "Shard threads.").add(figures.threads);

  const http::DoorCounters& door = figures.door.counters();
  families.gauge("weir_connections", "Open connections, by the listener they came through; WebSockets came by http.")
      .add(figures.door.connections(), {{"transport", "http"}});
  families.gauge("weir_connections_max", "How many may be open: limits.connections_max.")
      .add(figures.settings.limits_connections_max, {{"transport", "http"}});
  families.counter("weir_connections_accepted_total", "Connections that were taken.")
      .add(door.accepted.load(), {{"transport", "http"}});
  families.counter("weir_connections_refused_total", "Connections that were answered 503 because too many were open.")
      .add(door.refused.load(), {{"transport", "http"}});
  auto requests = families.counter("weir_http_requests_total",
                                   "HTTP requests answered, by class of status; 1xx became WebSockets.");
  static constexpr std::array<const char*, 6> classes{"", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 1; i < classes.size(); ++i) requests.add(door.answered[i].load(), {{"status", classes[i]}});

  families.gauge("weir_grpc_calls", "Open gRPC calls; a stream is one for as long as it lasts.")
      .add(figures.grpc == nullptr ? 0 : figures.grpc->calls());
  families.gauge("weir_readers", "Threads that read the store.").add(figures.settings.readers);
  families.gauge("weir_reader_queue_tasks", "Reads of the store that wait for a thread.")
      .add(figures.readers.waiting());
}

}  // namespace weir::app
