// /metrics: everything there is to watch, collected when it is asked for. docs/metrics.md has the list.
//
//   families.text()   after   add_server_metrics(families, ...), add_shard_metrics(...), add_log_metrics(...), ...
//
// Nothing here is on the way of a delta: shards and the log count by themselves, this only reads and adds up.
//
// Threads: any; blocking, since the store and /proc are looked at, so not a shard's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/app/families.hpp"
#include "weir/app/server.hpp"

namespace weir::app {

struct ServerFigures {
  const config::Settings& settings;
  const http::FrontDoor& door;
  const rpc::Transport* grpc = nullptr;  ///< null when it is off
  const runtime::ReaderPool& readers;
  std::size_t threads = 0;
  bool ready = false;
};
void add_server_metrics(Families& families, const ServerFigures& figures);
void add_shard_metrics(Families& families, const std::vector<std::unique_ptr<shard::Shard>>& shards);
/// Of a log in memory there is nothing to add.
void add_log_metrics(Families& families, const OpenLog& log, const std::string& folder);
/// By the names that Prometheus' own client libraries use.
void add_process_metrics(Families& families);

}  // namespace weir::app
