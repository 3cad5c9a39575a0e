#include "weir/websocket/connections.hpp"

#include <utility>

namespace weir::websocket {

void Connections::accept(Accepted accepted) {
  auto connection = std::make_shared<WebSocketConnection>(
      std::move(accepted), shard_, limits_,
      [this](WebSocketConnection& gone) { connections_.erase(gone.shared_from_this()); });
  connections_.insert(connection);
  connection->start();
}

void Connections::abort_all() {
  for (const auto& connection : connections_) connection->abort();
}

}  // namespace weir::websocket
