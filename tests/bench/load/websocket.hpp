// A WebSocket client that costs next to nothing: non-blocking, one shared receive buffer, frames parsed where they lie.
// Only for a server one trusts, on loopback: no TLS, no fragments, no compression.
//
//   WebSocketClient socket({port, "/v1/sync", "weir.v1"}, listener);   // connected; listener.opened() follows
//   socket.send(frame); socket.flush();
//   ... epoll says readable: socket.read(scratch);                     // listener.message(...) for each whole message
//
// Whatever goes wrong ends the program: a benchmark that lost a connection has measured nothing. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::bench {

class WebSocketListener {
 public:
  virtual ~WebSocketListener() = default;
  virtual void opened() = 0;
  /// `message` lies in a buffer that is used again.
  virtual void message(std::string_view message) = 0;
};

class WebSocketClient {
 public:
  struct Target {
    std::uint16_t port = 0;
    std::string path;
    std::string subprotocol;  ///< empty: none
  };
  WebSocketClient(const Target& target, WebSocketListener& listener);
  ~WebSocketClient();
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// One binary message, from two parts so that nobody needs to join them; it waits for flush().
  void send(std::string_view head, std::string_view tail = {}) { put(0x2, head, tail); }
  /// Writes what waits; true when nothing is left, else call again when the socket is writable.
  bool flush();
  void read(std::span<char> scratch);

 private:
  void put(unsigned char opcode, std::string_view head, std::string_view tail);
  void take(std::string_view bytes);
  [[nodiscard]] std::size_t take_upgrade(std::string_view bytes);
  [[nodiscard]] std::size_t take_frame(std::string_view bytes);

  WebSocketListener& listener_;
  int descriptor_ = -1;
  bool open_ = false;
  std::uint32_t mask_;
  std::string in_;  // the beginning of a frame whose rest has not come
  std::string out_;
  std::size_t written_ = 0;
};

}  // namespace weir::bench
