// The layer below Beast: reads go straight to the socket; everything written passes through one queue.
//
// Beast writes little: the handshake's answer, pongs, closes, each with one call. Such a write is copied whole into the
// queue and completes at once. Data messages are put into the same queue past Beast, header and all, by its owner. So
// control frames never land inside a data frame, data is never copied by Beast, and one system call sends up to 64
// buffers.
//
//   Beast  -- async_write_some -->  [outbox]  <-- Owner::refill (data messages)
//                                      | flush(): write_some until the kernel is full, then wait until it is writable
//                                   socket
//
// Two rules make it safe. After a close frame from Beast nothing more is taken from the owner. And when a peer sends
// pings but reads nothing, completion of Beast's writes is held back until the queue is drained, which makes Beast stop
// reading: the queue stays small.
//
// Threads: the connection's own.
#pragma once

#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "weir/websocket/outbox.hpp"

namespace weir::websocket {

class QueueStream {
 public:
  /// Who fills the queue. Called from flush(), except where said.
  class Owner {
   public:
    /// The queue is empty: put more into `outbox`, or return false.
    virtual bool refill(Outbox& outbox) = 0;
    /// The queue is empty, and refill had nothing.
    virtual void drained() = 0;
    virtual void write_failed() = 0;
    /// Beast has queued something: call flush() soon. Called from Beast's operations.
    virtual void flush_wanted() = 0;
    /// Beast has queued a close frame: nothing will be taken from refill() any more. Called from Beast's operations.
    virtual void close_queued() = 0;
    /// Beast has used up what it had read and asks for more: what its messages caused may go out now.
    virtual void reading_on() = 0;
    /// Holding it keeps the stream alive.
    [[nodiscard]] virtual std::shared_ptr<void> keep_alive() = 0;

   protected:
    ~Owner() = default;
  };

  using executor_type = boost::asio::ip::tcp::socket::executor_type;

  /// `early`: bytes that came in behind the handshake.
  QueueStream(boost::asio::ip::tcp::socket socket, std::string early, Owner& owner);

  [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
  [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return socket_; }

  /// Writes as much as the kernel takes. Never call it from Owner::refill.
  void flush();
  /// True while Beast waits for bytes of the peer, so nothing it has read waits to be handled.
  [[nodiscard]] bool read_pending() const { return read_pending_; }
  /// Bytes handed to the kernel so far.
  [[nodiscard]] std::uint64_t written() const { return written_; }
  /// Closes the socket at once; everything that waits fails.
  void abort();

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(boost::system::error_code, std::size_t)>(
        [this, &buffers](auto&& done) { this->start_read(buffers, std::forward<decltype(done)>(done)); }, handler);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(boost::system::error_code, std::size_t)>(
        [this, &buffers](auto&& done) {
          const std::size_t count = enqueue(boost::beast::buffers_to_string(buffers));
          complete_write(count, std::forward<decltype(done)>(done));
        },
        handler);
  }

  /// Completes when the queue has been written and the peer has closed its side; Beast's farewell.
  template <class Handler>
  void teardown_async(Handler&& handler) {
    when_drained([this, done = std::forward<Handler>(handler)](boost::system::error_code error) mutable {
      if (!error) socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
      if (error) return done(error);
      read_to_end(std::move(done));
    });
  }

 private:
  template <class Buffers, class Handler>
  void start_read(const Buffers& buffers, Handler&& done) {
    if (!early_.empty()) {
      const std::size_t count = boost::asio::buffer_copy(
          buffers, boost::asio::buffer(early_.data() + early_from_, early_.size() - early_from_));
      early_from_ += count;
      if (early_from_ == early_.size()) early_ = {}, early_from_ = 0;
      boost::asio::post(get_executor(), boost::beast::bind_front_handler(std::forward<Handler>(done),
                                                                         boost::system::error_code{}, count));
      return;
    }
    owner_.reading_on();
    read_pending_ = true;
    auto executor = boost::asio::get_associated_executor(done, get_executor());
    socket_.async_read_some(
        buffers, boost::asio::bind_executor(executor, [this, done = std::forward<Handler>(done)](
                                                          boost::system::error_code error, std::size_t count) mutable {
          read_pending_ = false;
          done(error, count);
        }));
  }

  template <class Handler>
  void complete_write(std::size_t count, Handler&& done) {
    if (control_bytes_ > control_bytes_max) {
      when_drained([done = std::forward<Handler>(done), count](boost::system::error_code error) mutable {
        done(error, error ? 0 : count);
      });
      return;
    }
    boost::asio::post(get_executor(), boost::beast::bind_front_handler(std::forward<Handler>(done),
                                                                       boost::system::error_code{}, count));
  }

  template <class Handler>
  void when_drained(Handler&& handler) {
    auto executor = boost::asio::get_associated_executor(handler, get_executor());
    auto call = [this, handler = std::forward<Handler>(handler)](boost::system::error_code) mutable {
      handler(failed_ ? boost::asio::error::make_error_code(boost::asio::error::broken_pipe)
                      : boost::system::error_code{});
    };
    if (outbox_.empty() || failed_) {
      boost::asio::post(executor, boost::beast::bind_front_handler(std::move(call), boost::system::error_code{}));
    } else {
      someone_waits_ = true;
      drained_.async_wait(boost::asio::bind_executor(executor, std::move(call)));
    }
  }

  template <class Handler>
  void read_to_end(Handler&& done) {
    auto buffer = boost::asio::buffer(discarded_);
    socket_.async_read_some(
        buffer, [this, done = std::forward<Handler>(done)](boost::system::error_code error, std::size_t) mutable {
          if (error) return done(error);
          read_to_end(std::move(done));
        });
  }

  std::size_t enqueue(const std::string& bytes);
  void outbox_emptied();
  bool write_once();
  void wait_writable();

  /// Above it, Beast's writes complete only when the queue is drained.
  static constexpr std::size_t control_bytes_max = 4096;

  boost::asio::ip::tcp::socket socket_;
  Owner& owner_;
  std::string early_;
  std::size_t early_from_ = 0;
  Outbox outbox_;
  boost::asio::steady_timer drained_;  ///< never expires: cancelled when the queue is drained
  std::array<char, 256> discarded_{};
  std::size_t control_bytes_ = 0;  ///< of Beast's in the outbox
  std::uint64_t written_ = 0;
  bool read_pending_ = false;
  bool flushing_ = false;
  bool waiting_ = false;
  bool failed_ = false;
  bool close_queued_ = false;
  bool someone_waits_ = false;  ///< on drained_
};

/// Beast finds these by argument-dependent lookup.
inline void beast_close_socket(QueueStream& stream) { stream.abort(); }

template <class Handler>
void async_teardown(boost::beast::role_type, QueueStream& stream, Handler&& handler) {
  stream.teardown_async(std::forward<Handler>(handler));
}

}  // namespace weir::websocket
