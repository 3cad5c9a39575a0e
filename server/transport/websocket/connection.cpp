#include "weir/websocket/connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <utility>

namespace weir::websocket {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace ws = boost::beast::websocket;

namespace {
/// Messages handled before what they caused is sent, when more of them have been read already.
constexpr int messages_unflushed_max = 64;
constexpr std::size_t close_reason_bytes_max = 123;

/// A close reason is UTF-8 of limited length: cut it between characters.
ws::close_reason make_reason(std::uint16_t code, std::string_view text) {
  std::size_t size = std::min(text.size(), close_reason_bytes_max);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  ws::close_reason reason(static_cast<ws::close_code>(code));
  reason.reason.assign(text.data(), size);
  return reason;
}
}  // namespace

WebSocketConnection::WebSocketConnection(Accepted accepted, shard::Shard& shard, const Limits& limits, Gone on_gone)
    : shard_(shard),
      limits_(limits),
      on_gone_(std::move(on_gone)),
      request_(std::move(accepted.request)),
      slot_(std::move(accepted.slot)),
      dialect_(std::move(accepted.dialect)),
      foreign_(dialect_->framed()),
      stream_(std::move(accepted.socket), std::move(accepted.early), static_cast<QueueStream::Owner&>(*this)),
      deadline_(stream_.get_executor()) {
  configure(accepted.subprotocol);
}

void WebSocketConnection::configure(const std::string& subprotocol) {
  stream_.auto_fragment(false);
  stream_.binary(true);
  stream_.set_option(ws::stream_base::decorator([server = limits_.server, subprotocol](ws::response_type& response) {
    response.set(beast::http::field::server, server);
    if (!subprotocol.empty()) response.set(beast::http::field::sec_websocket_protocol, subprotocol);
  }));
}

void WebSocketConnection::start() {
  // The session hears of pongs (and pings): they are signs of life.
  stream_.control_callback([this](ws::frame_type, beast::string_view) {
    if (session_ != nullptr) session_->heard();
  });
  arm_deadline();
  stream_.async_accept(request_, beast::bind_front_handler(&WebSocketConnection::on_accepted, shared_from_this()));
}

void WebSocketConnection::on_accepted(boost::system::error_code error) {
  if (gone_) return;
  request_ = {};
  if (error) {
    // Beast has answered what is wrong with the request, and that was written already.
    boost::system::error_code ignored;
    queue().socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
    return finish();
  }
  if (!closing()) deadline_.cancel();
  session_ = &shard_.open(std::move(dialect_), *this);
  read_more();
}

void WebSocketConnection::read_more() {
  if (gone_ || closing() || paused_ || read_outstanding_ || held_) return;
  stream_.read_message_max(std::max<std::size_t>(session_->message_bytes_max(), 1));
  read_outstanding_ = true;
  stream_.async_read_some(received_.prepare(),
                          beast::bind_front_handler(&WebSocketConnection::on_read, shared_from_this()));
}

void WebSocketConnection::on_read(boost::system::error_code error, std::size_t count) {
  read_outstanding_ = false;
  if (gone_) return;
  if (error) return finish();
  if (closing()) {
    if (flush_deferred_) flush_wanted();
    return;  // the rest is read, and thrown away, by the closing handshake
  }
  session_->heard();
  received_.commit(count);
  if (stream_.got_text()) {
    on_text();
  } else if (stream_.is_message_done()) {
    on_message(received_.finish());
  }
  read_more();
  if (!read_outstanding_ && flush_deferred_) flush_wanted();
}

void WebSocketConnection::on_text() {
  received_.discard();
  // The native protocol is binary. Foreign servers ignore text, and so do we there.
  if (!foreign_) close(static_cast<std::uint16_t>(ws::close_code::unknown_data), "weir.v1 speaks binary messages only");
}

void WebSocketConnection::on_message(SharedBytes message) {
  if (paused_) {
    held_ = std::move(message);
    return;
  }
  ++messages_unflushed_;
  handling_ = true;
  session_->receive(message);
  handling_ = false;
}

void WebSocketConnection::reading(bool wanted) {
  if (paused_ == !wanted) return;
  paused_ = !wanted;
  if (wanted)
    net::post(stream_.get_executor(), beast::bind_front_handler(&WebSocketConnection::resume, shared_from_this()));
}

void WebSocketConnection::resume() {
  if (gone_ || closing() || paused_ || session_ == nullptr) return;
  if (held_) {
    SharedBytes message = std::move(*held_);
    held_.reset();
    on_message(std::move(message));
  }
  read_more();
  if (!read_outstanding_ && flush_deferred_) flush_wanted();
}

// ---- writing ----

void WebSocketConnection::output_ready() {
  // Beast has read messages that wait to be handled, and they will cause more: then reading_on() or on_read() sends.
  // It cannot be forgotten: whatever else Beast does then writes something itself, and that is flushed at once.
  const bool more_is_read = handling_ || (read_outstanding_ && !queue().read_pending());
  if (more_is_read && messages_unflushed_ < messages_unflushed_max) {
    flush_deferred_ = true;
  } else {
    flush_wanted();
  }
}

void WebSocketConnection::flush_wanted() {
  if (flush_posted_ || gone_) return;
  flush_posted_ = true;
  net::post(stream_.get_executor(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->run_flush();
  });
}

void WebSocketConnection::run_flush() {
  flush_deferred_ = false;
  messages_unflushed_ = 0;
  if (!gone_) queue().flush();
}

void WebSocketConnection::reading_on() {
  if (flush_deferred_) run_flush();
}

bool WebSocketConnection::refill(Outbox& outbox) {
  if (session_ == nullptr || close_frames_begun_) return false;
  taken_.clear();
  if (!session_->take(limits_.gathered_bytes_max, taken_)) return false;
  taken_unflushed_ = true;
  if (foreign_) {
    for (const SharedBytes& frame : taken_) outbox.push(frame);
  } else {
    outbox.push_messages(taken_, limits_.gathered_bytes_max);
  }
  taken_.clear();
  return true;
}

void WebSocketConnection::drained() {
  const bool all_is_sent = closing();  // asked before flushed(), which may close and queue a last word
  if (taken_unflushed_ && session_ != nullptr) {
    taken_unflushed_ = false;
    session_->flushed();
  }
  if (all_is_sent && session_ != nullptr) begin_close_frames();
}

void WebSocketConnection::write_failed() {
  net::post(stream_.get_executor(), beast::bind_front_handler(&WebSocketConnection::finish, shared_from_this()));
}

// ---- closing ----

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
  if (closing() || gone_) return;
  close_asked_ = CloseAsked{code, std::string(reason)};
  arm_deadline();
  flush_wanted();
}

void WebSocketConnection::begin_close_frames() {
  if (close_frames_begun_) return;
  close_frames_begun_ = true;
  stream_.async_close(make_reason(close_asked_->code, close_asked_->reason),
                      [self = shared_from_this()](boost::system::error_code) { self->finish(); });
}

void WebSocketConnection::close_queued() {
  // Beast closes by itself when the peer did, or broke the protocol.
  close_frames_begun_ = true;
  arm_deadline();
}

void WebSocketConnection::arm_deadline() {
  written_at_deadline_ = queue().written();
  deadline_.expires_after(limits_.close_wait_max);
  deadline_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->on_deadline();
  });
}

void WebSocketConnection::on_deadline() {
  if (gone_) return;
  const bool still_sending = closing() && !close_frames_begun_ && queue().written() != written_at_deadline_;
  if (still_sending) return arm_deadline();
  finish();
}

void WebSocketConnection::abort() {
  queue().abort();
  net::post(stream_.get_executor(), beast::bind_front_handler(&WebSocketConnection::finish, shared_from_this()));
}

void WebSocketConnection::finish() {
  if (gone_) return;
  gone_ = true;
  deadline_.cancel();
  queue().abort();
  held_.reset();
  if (session_ != nullptr) std::exchange(session_, nullptr)->closed();
  on_gone_(*this);
}

}  // namespace weir::websocket
