// Where a connection's messages are received: chunks that several small messages share, one after the other.
//
//   socket.read_some(buffer.prepare());
//   buffer.commit(n);
//   SharedBytes message = buffer.finish();      // a slice; the next message follows it in the same chunk
//
// A chunk lives as long as some slice of it. It grows with what was really received, never with what a peer claims.
//
// Threads: the connection's own; the slices go anywhere.
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>

#include "weir/vocabulary/bytes.hpp"

namespace weir::websocket {

class ReceiveBuffer {
 public:
  static constexpr std::size_t chunk_bytes_min = 2048;
  static constexpr std::size_t free_bytes_min = 256;

  /// Room for at least `free_bytes_min`.
  [[nodiscard]] boost::asio::mutable_buffer prepare();
  void commit(std::size_t count) { end_ += count; }
  /// What was committed since the last finish().
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] SharedBytes finish();
  /// Forgets what was committed since the last finish().
  void discard() { end_ = begin_; }

 private:
  std::shared_ptr<char[]> chunk_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  ///< of the message being received
  std::size_t end_ = 0;
};

}  // namespace weir::websocket
