#include "weir/websocket/receive_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace weir::websocket {

boost::asio::mutable_buffer ReceiveBuffer::prepare() {
  if (capacity_ - end_ < free_bytes_min) {
    const std::size_t kept = size();
    const std::size_t capacity = std::max(chunk_bytes_min, kept * 2);
    auto chunk = std::make_shared_for_overwrite<char[]>(capacity);
    if (kept > 0) std::memcpy(chunk.get(), chunk_.get() + begin_, kept);
    chunk_ = std::move(chunk);
    capacity_ = capacity;
    begin_ = 0;
    end_ = kept;
  }
  return {chunk_.get() + end_, capacity_ - end_};
}

SharedBytes ReceiveBuffer::finish() {
  if (size() == 0) return {};
  SharedBytes message(chunk_, std::string_view(chunk_.get() + begin_, size()));
  begin_ = end_;
  if (capacity_ > chunk_bytes_min * 8) {
    // A long message keeps its chunk to itself: neither the connection nor a short one after it pins the memory.
    chunk_.reset();
    capacity_ = begin_ = end_ = 0;
  }
  return message;
}

}  // namespace weir::websocket
