// A client that can be as wrong as it likes: a blocking TCP connection that speaks HTTP and WebSocket frames by hand.
//
//   RawClient client(port);
//   client.handshake("/v1/sync", "Sec-WebSocket-Protocol: weir.v1\r\n");
//   client.send_frame(Opcode::binary, "hello");
//   Frame frame = client.read_frame();
//
// A read that nothing answers fails the test after `patience`; it never waits for a time to pass.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::test {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct Frame {
  Opcode opcode{};
  bool fin = true;
  std::string payload;

  /// Of a close frame; 1005 when it has none.
  [[nodiscard]] int close_code() const;
  friend bool operator==(const Frame&, const Frame&) = default;
};

struct FrameOptions {
  bool fin = true;
  bool masked = true;
  std::uint8_t reserved = 0;  ///< the three bits
  std::optional<std::uint64_t> claimed_size = std::nullopt;
};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< chunks joined
  bool complete = true;                        ///< false: the connection ended before the body did
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);

  void send(std::string_view bytes);
  /// Whatever comes next, at least one byte; empty at the end of the connection.
  std::string read_some();
  /// True when the peer has closed and nothing was left to read.
  bool at_end();
  /// True when the peer has broken the connection off: a send or a read failed by something else than an orderly end.
  [[nodiscard]] bool broken() const { return broken_; }
  void close();
  void shutdown_send();
  /// Keeps what is in flight towards us small, so that a reader who does not read is soon felt.
  void shrink_receive_buffer();

  /// A GET that upgrades; returns the status. `more`: further header lines.
  int handshake(std::string_view target, std::string_view more = {}, std::string_view host = "localhost");
  /// Sends a request without a body and reads its reply.
  HttpReply request(std::string_view method, std::string_view target, std::string_view more = {},
                    std::string_view host = "localhost");
  HttpReply read_reply(bool head = false);

  void send_frame(Opcode opcode, std::string_view payload, FrameOptions options = {});
  static std::string frame_bytes(Opcode opcode, std::string_view payload, FrameOptions options = {});
  Frame read_frame();
  /// Reads until a close frame or the end; the close code, or 1006 without one.
  int read_close_code();

  [[nodiscard]] const std::map<std::string, std::string>& headers() const { return headers_; }

 private:
  std::string read_exactly(std::size_t count);
  std::string read_line();
  std::string read_chunks(bool& complete);
  int read_header();
  bool fill();

  std::unique_ptr<boost::asio::io_context> context_ = std::make_unique<boost::asio::io_context>();
  boost::asio::ip::tcp::socket socket_;
  std::string buffer_;
  bool ended_ = false;
  bool broken_ = false;
  std::map<std::string, std::string> headers_;
};

}  // namespace weir::test
