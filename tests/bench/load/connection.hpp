// How a client of the load reaches a server: messages over a WebSocket or over a gRPC stream.
//
//   const auto network = make_grpc_network();                        // or make_socket_network()
//   const auto connection = network->connect({port, "/weir.v1.Relay/Sync", ""}, listener);
//   network->wait(until);                                            // listener.opened(), listener.message(...)
//   connection->send(frame); connection->flush();
//
// A network outlives its connections. Whatever goes wrong ends the program: a benchmark that lost a connection has
// measured nothing. Threads: one; everything that a listener is told, it is told within wait().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::bench {

class Listener {
 public:
  virtual ~Listener() = default;
  /// The time of what is told next; once a wake-up is enough.
  virtual void at(std::uint64_t now) = 0;
  virtual void opened() = 0;
  /// `message` lies in a buffer that is used again.
  virtual void message(std::string_view message) = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;
  /// One message, from two parts so that nobody needs to join them; it waits for flush().
  virtual void send(std::string_view head, std::string_view tail) = 0;
  void send(std::string_view message) { send(message, {}); }
  /// Writes what waits; true when nothing is left, else call again later.
  virtual bool flush() = 0;
};

struct Target {
  std::uint16_t port = 0;
  std::string path;         ///< of a WebSocket, or a method's
  std::string subprotocol;  ///< of a WebSocket; empty: none
};

class Network {
 public:
  virtual ~Network() = default;
  [[nodiscard]] virtual std::unique_ptr<Connection> connect(const Target& target, Listener& listener) = 0;
  /// Reads what has come; waits for something to come, at most so many nanoseconds.
  virtual void wait(std::uint64_t nanoseconds_max) = 0;
};

[[nodiscard]] std::unique_ptr<Network> make_socket_network();
[[nodiscard]] std::unique_ptr<Network> make_grpc_network();

}  // namespace weir::bench
