// The seam between a transport and the sessions: what each must do for the other.
//
//   transport                                   shard
//   accept, handshake            -> Shard::open(dialect, connection) = Session&
//   one complete binary message  -> session.receive(message)
//   write finished, socket free  -> session.take(...) while it returns bytes, then session.flushed()
//   peer's pong or any bytes     -> session.heard()
//   connection is gone           -> session.closed()             (the Session reference is dead afterwards)
//                                   connection.output_ready()    <- something waits to be sent: take it
//                                   connection.reading(false)    <- stop reading the peer; true: go on
//                                   connection.close(...)        <- send what waits, then close the socket, then
//                                   closed()
//
// Threads: everything here happens on the session's own shard thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/vocabulary/bytes.hpp"

namespace weir::shard {

/// Ways to connect, for telling them apart in figures.
enum class Transport : std::uint8_t { websocket = 0, grpc = 1 };
inline constexpr std::size_t transports = 2;

/// Implemented by a transport.
class Connection {
 public:
  virtual ~Connection() = default;
  [[nodiscard]] virtual Transport transport() const { return Transport::websocket; }
  /// Bytes wait. Called at most once until take() has returned nothing; may be called from inside receive().
  virtual void output_ready() = 0;
  virtual void reading(bool wanted) = 0;
  /// Take and send what waits, then close with this WebSocket close code. The transport sets its own deadline for a
  /// peer that does not read.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
};

/// A session, as its transport sees it. Owned by its shard until closed().
class Session {
 public:
  virtual ~Session() = default;
  /// Largest message to accept now, in bytes; a longer one is answered with close code 1009 by the transport.
  [[nodiscard]] virtual std::size_t message_bytes_max() const = 0;
  /// True: what take() gives are whole WebSocket frames; false: events to be gathered into messages of ≤ 1 MiB.
  [[nodiscard]] virtual bool framed() const = 0;
  virtual void receive(const SharedBytes& message) = 0;
  /// Moves what waits to the end of `out`, about `bytes_max` of it (at least one piece); false when nothing waits.
  virtual bool take(std::size_t bytes_max, std::vector<SharedBytes>& out) = 0;
  /// Everything taken so far is in the kernel's hands.
  virtual void flushed() = 0;
  virtual void heard() = 0;
  virtual void closed() = 0;
};

}  // namespace weir::shard
