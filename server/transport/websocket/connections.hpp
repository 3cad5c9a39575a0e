// The WebSocket connections of one thread. Owns them: they live from their handshake to their end, or until this object
// is destroyed (after its thread has stopped).
//
//   Connections connections(*shards[i], limits);
//   connections.accept({std::move(socket), std::move(request), ...});      // on shard i's thread
//
// Threads: the shard's own; construction and destruction while it does not run.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_set>

#include "weir/websocket/connection.hpp"

namespace weir::websocket {

class Connections {
 public:
  Connections(shard::Shard& shard, Limits limits) : shard_(shard), limits_(std::move(limits)) {}
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// Answers the handshake and opens a session.
  void accept(Accepted accepted);
  /// Closes every socket without ceremony.
  void abort_all();
  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  shard::Shard& shard_;
  const Limits limits_;
  std::unordered_set<std::shared_ptr<WebSocketConnection>> connections_;
};

}  // namespace weir::websocket
