// weir over gRPC: the service weir.v1.Relay, with health and reflection, on one address.
//
//   Transport transport({.log = *log, ...}, {.address = "127.0.0.1", .port = 8788});
//   if (auto listening = transport.listen(); !listening) ...
//   transport.drain(10s);      // returns at once: GOAWAY, not serving; feeds end
//   ... the shards tell their sessions to go ...
//   transport.stop();          // returns when no call is left
//
// gRPC has threads of its own. They do nothing here but post to the shard to which a call belongs.
//
// Threads: construction, listen(), drain(), stop() and destruction from one; calls() and port() from any. The shards'
// and readers' threads must run until stop() has returned.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/core/authorizer.hpp"
#include "weir/core/limits.hpp"
#include "weir/runtime/executor.hpp"
#include "weir/shard/shard.hpp"
#include "weir/storage/delta_log.hpp"
#include "weir/storage/snapshot_store.hpp"

namespace weir::rpc {

/// Everything outlives the transport.
struct Parts {
  const storage::DeltaLog& log;
  const storage::SnapshotStore& snapshots;
  runtime::BlockingPool& readers;
  const core::Authorizer& authorizer;
  const core::Limits& limits;
  std::vector<shard::Shard*> shards;
};

struct Options {
  /// An IP address.
  std::string address = "127.0.0.1";
  /// 0: any free one.
  std::uint16_t port = 0;
  /// Calls at a time, of all clients and of one connection.
  std::size_t calls_max = 10'000;
  std::size_t calls_per_connection_max = 1000;
  /// A call's metadata.
  std::size_t metadata_bytes_max = 8 << 10;
  /// What gRPC may use for its buffers before it reads more slowly.
  std::size_t buffer_bytes_max = 256 << 20;
  /// Events are gathered into messages of at most this; what Read and Feed send at a time.
  std::size_t gathered_bytes_max = 1 << 20;
  std::size_t page_bytes = 256 << 10;
  /// A stream that ends is cut off when it makes no progress for so long.
  std::chrono::milliseconds close_wait_max{5000};
  /// A silent connection is asked whether it is still there.
  std::chrono::milliseconds heartbeat{15'000};
  /// A connection without calls is closed.
  std::chrono::milliseconds idle_max{300'000};
  std::chrono::milliseconds reconnect_after{1000};
  /// What health answers.
  std::function<bool()> ready = [] { return true; };
};

class Transport {
 public:
  Transport(Parts parts, Options options);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport();

  /// UNAVAILABLE when the address cannot be had.
  [[nodiscard]] Result<void> listen();
  /// Of the listener.
  [[nodiscard]] std::uint16_t port() const;
  /// No new calls; those that are left after `wait_max` are cancelled. Does not wait.
  void drain(std::chrono::milliseconds wait_max);
  /// Waits until no call is left. Without drain() before, they are cancelled.
  void stop();

  /// Calls that are open: streams and others.
  [[nodiscard]] std::size_t calls() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::rpc
