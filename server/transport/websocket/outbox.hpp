// What one connection is about to write: a row of pieces, each either copied into one reused string or held by
// reference.
//
//   outbox.append(header);            // copied: small things cost less copied than as a buffer of their own
//   outbox.push(large);               // not copied
//   std::array<const_buffer, 64> buffers;
//   n = socket.write_some(outbox.gather(buffers));
//   outbox.consume(n);
//
// A small piece costs a few nanoseconds to copy; as a separate buffer it costs the kernel more. So everything below
// `copied_bytes_max` is flattened, and neighbours that were copied are one buffer.
//
// Threads: the connection's own.
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/vocabulary/bytes.hpp"

namespace weir::websocket {

class Outbox {
 public:
  static constexpr std::size_t copied_bytes_max = 4096;

  /// The string to append small things to; they follow everything that is in the outbox.
  void append(std::string_view bytes);
  /// Copies small pieces, shares large ones.
  void push(const SharedBytes& bytes);
  /// One WebSocket message of these pieces; a new one is begun whenever it would exceed `message_bytes_max`.
  void push_messages(std::span<const SharedBytes> pieces, std::size_t message_bytes_max);

  [[nodiscard]] bool empty() const { return first_ == pieces_.size(); }
  /// The next bytes to write, in order.
  [[nodiscard]] std::span<const boost::asio::const_buffer> gather(std::span<boost::asio::const_buffer> into) const;
  /// `count` bytes of what gather() gave were written.
  void consume(std::size_t count);

 private:
  struct Piece {
    SharedBytes shared;  ///< empty: a range of copied_
    std::size_t from = 0;
    std::size_t size = 0;
  };
  [[nodiscard]] const char* data_of(const Piece& piece) const;
  void push_one_message(std::span<const SharedBytes> pieces, std::size_t bytes);

  std::string copied_;
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;   ///< pieces before it are written
  std::size_t offset_ = 0;  ///< bytes of pieces_[first_] that are written
};

}  // namespace weir::websocket
