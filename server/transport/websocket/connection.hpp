// One WebSocket connection: Beast for the protocol's rules, a queue of our own for what is written, and a shard's
// session behind it.
//
//   auto connection = std::make_shared<WebSocketConnection>(std::move(accepted), shard, limits, on_gone);
//   connection->start(request, "weir.v1");        // answers the handshake, opens the session, reads
//
// Life: handshake -> open -> (close asked for -> what waits is sent -> close frames) -> gone. At the end, whatever the
// way, the session is told closed() once and `on_gone` is called once; neither happens inside a call of the session.
//
// Threads: the shard's own.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/dialect.hpp"
#include "weir/shard/shard.hpp"
#include "weir/websocket/queue_stream.hpp"
#include "weir/websocket/receive_buffer.hpp"

namespace weir::websocket {

struct Limits {
  /// Between the upgrade request and our answer, and between close frames: without progress for so long, the socket is
  /// closed.
  std::chrono::milliseconds close_wait_max{5000};
  /// Events are gathered into messages of at most this.
  std::size_t gathered_bytes_max = 1 << 20;
  /// Server's name in the handshake's answer.
  std::string server = "weir";
};

/// A connection that asked to be upgraded.
struct Accepted {
  boost::asio::ip::tcp::socket socket;
  boost::beast::http::request<boost::beast::http::empty_body> request;
  std::string early;           ///< what came in behind the request
  std::shared_ptr<void> slot;  ///< held while the connection lives: it counts
  std::unique_ptr<core::Dialect> dialect;
  std::string subprotocol;  ///< to answer with; empty: none
};

class WebSocketConnection final : public shard::Connection,
                                  private QueueStream::Owner,
                                  public std::enable_shared_from_this<WebSocketConnection> {
 public:
  using Gone = std::function<void(WebSocketConnection&)>;
  WebSocketConnection(Accepted accepted, shard::Shard& shard, const Limits& limits, Gone on_gone);

  void start();
  /// Closes the socket without ceremony.
  void abort();

  // shard::Connection
  void output_ready() override;
  void reading(bool wanted) override;
  void close(std::uint16_t code, std::string_view reason) override;

 private:
  using Stream = boost::beast::websocket::stream<QueueStream, false>;

  // QueueStream::Owner
  bool refill(Outbox& outbox) override;
  void drained() override;
  void write_failed() override;
  void flush_wanted() override;
  void close_queued() override;
  void reading_on() override;
  std::shared_ptr<void> keep_alive() override { return shared_from_this(); }

  void configure(const std::string& subprotocol);
  void on_accepted(boost::system::error_code error);
  void read_more();
  void on_read(boost::system::error_code error, std::size_t count);
  void on_text();
  void on_message(SharedBytes message);
  void resume();
  void run_flush();
  void begin_close_frames();
  void arm_deadline();
  void on_deadline();
  void finish();

  QueueStream& queue() { return stream_.next_layer(); }
  [[nodiscard]] bool closing() const { return close_asked_.has_value(); }

  struct CloseAsked {
    std::uint16_t code;
    std::string reason;
  };

  shard::Shard& shard_;
  const Limits& limits_;
  Gone on_gone_;
  boost::beast::http::request<boost::beast::http::empty_body> request_;  ///< until it is answered
  std::shared_ptr<void> slot_;
  std::unique_ptr<core::Dialect> dialect_;  ///< until the session is open
  const bool foreign_;
  Stream stream_;
  shard::Session* session_ = nullptr;  ///< while open
  ReceiveBuffer received_;
  std::optional<SharedBytes> held_;  ///< a message that came in while reading was not wanted
  std::vector<SharedBytes> taken_;
  boost::asio::steady_timer deadline_;
  std::uint64_t written_at_deadline_ = 0;
  std::optional<CloseAsked> close_asked_;
  int messages_unflushed_ = 0;
  bool paused_ = false;
  bool read_outstanding_ = false;
  bool handling_ = false;  ///< inside Session::receive
  bool flush_posted_ = false;
  bool flush_deferred_ = false;
  bool taken_unflushed_ = false;
  bool close_frames_begun_ = false;
  bool gone_ = false;
};

}  // namespace weir::websocket
