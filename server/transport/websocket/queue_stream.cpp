#include "weir/websocket/queue_stream.hpp"

#include <array>
#include <span>

namespace weir::websocket {

namespace net = boost::asio;

namespace {
constexpr std::size_t buffers_max = 64;
/// Writes before others on the thread get their turn.
constexpr int writes_in_a_row_max = 8;
constexpr unsigned char close_frame_first_byte = 0x88;
}  // namespace

QueueStream::QueueStream(net::ip::tcp::socket socket, std::string early, Owner& owner)
    : socket_(std::move(socket)),
      owner_(owner),
      early_(std::move(early)),
      drained_(socket_.get_executor(), net::steady_timer::time_point::max()) {
  boost::system::error_code ignored;  // a socket that is gone already shows it when it is used
  socket_.non_blocking(true, ignored);
  socket_.set_option(net::ip::tcp::no_delay(true), ignored);
}

std::size_t QueueStream::enqueue(const std::string& bytes) {
  if (failed_) return bytes.size();  // the reader will be told
  outbox_.append(bytes);
  control_bytes_ += bytes.size();
  if (!bytes.empty() && static_cast<unsigned char>(bytes.front()) == close_frame_first_byte && !close_queued_) {
    close_queued_ = true;
    owner_.close_queued();
  }
  owner_.flush_wanted();
  return bytes.size();
}

void QueueStream::flush() {
  if (flushing_ || waiting_ || failed_) return;
  flushing_ = true;
  bool idle = false;
  for (int writes = 0;;) {
    if (outbox_.empty()) {
      outbox_emptied();
      if (close_queued_ || !owner_.refill(outbox_)) {
        idle = true;
        break;
      }
      continue;
    }
    if (writes++ == writes_in_a_row_max) {
      owner_.flush_wanted();
      break;
    }
    if (!write_once()) break;
  }
  flushing_ = false;
  if (idle) owner_.drained();
}

void QueueStream::outbox_emptied() {
  control_bytes_ = 0;
  if (!someone_waits_) return;
  someone_waits_ = false;
  drained_.cancel();
}

bool QueueStream::write_once() {
  std::array<net::const_buffer, buffers_max> room;
  boost::system::error_code error;
  const std::size_t count = socket_.write_some(outbox_.gather(room), error);
  if (error == net::error::would_block || error == net::error::try_again) {
    wait_writable();
    return false;
  }
  if (error) {
    failed_ = true;
    drained_.cancel();
    owner_.write_failed();
    return false;
  }
  written_ += count;
  outbox_.consume(count);
  return true;
}

void QueueStream::wait_writable() {
  waiting_ = true;
  socket_.async_wait(net::ip::tcp::socket::wait_write,
                     [this, kept = owner_.keep_alive()](boost::system::error_code error) {
                       waiting_ = false;
                       if (!error) flush();
                     });
}

void QueueStream::abort() {
  failed_ = true;
  drained_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace weir::websocket
