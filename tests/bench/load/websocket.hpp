// A WebSocket client that costs next to nothing: non-blocking, one shared receive buffer, frames parsed where they lie.
// Only for a server one trusts, on loopback: no TLS, no fragments, no compression.
//
//   WebSocketClient socket({port, "/v1/sync", "weir.v1"}, listener);   // connected; listener.opened() follows
//   socket.send(frame); socket.flush();
//   ... epoll says readable: socket.read(scratch);                     // listener.message(...) for each whole message
//
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "connection.hpp"

namespace weir::bench {

class WebSocketClient final : public Connection {
 public:
  WebSocketClient(const Target& target, Listener& listener);
  ~WebSocketClient() override;
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  void send(std::string_view head, std::string_view tail) override { put(0x2, head, tail); }
  bool flush() override;
  void read(std::span<char> scratch);

 private:
  void put(unsigned char opcode, std::string_view head, std::string_view tail);
  void take(std::string_view bytes);
  [[nodiscard]] std::size_t take_upgrade(std::string_view bytes);
  [[nodiscard]] std::size_t take_frame(std::string_view bytes);

  Listener& listener_;
  int descriptor_ = -1;
  bool open_ = false;
  std::uint32_t mask_;
  std::string in_;  // the beginning of a frame whose rest has not come
  std::string out_;
  std::size_t written_ = 0;
};

}  // namespace weir::bench
