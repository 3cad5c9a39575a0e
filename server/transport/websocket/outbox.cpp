#include "weir/websocket/outbox.hpp"

#include "weir/websocket/frame_header.hpp"

namespace weir::websocket {

namespace {
/// More than this is given back when it has been written: ten thousand idle connections must stay small.
constexpr std::size_t kept_bytes_max = 16 << 10;
constexpr std::size_t kept_pieces_max = 64;
constexpr std::size_t frame_header_bytes_max = 10;
}  // namespace

void Outbox::append(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::size_t from = copied_.size();
  copied_.append(bytes);
  if (!empty() && pieces_.back().shared.empty()) {
    pieces_.back().size += bytes.size();  // what was copied last lies right before it
  } else {
    pieces_.push_back({{}, from, bytes.size()});
  }
}

void Outbox::push(const SharedBytes& bytes) {
  if (bytes.size() < copied_bytes_max) return append(bytes.view());
  pieces_.push_back({bytes, 0, bytes.size()});
}

void Outbox::push_messages(std::span<const SharedBytes> pieces, std::size_t message_bytes_max) {
  std::size_t begin = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (bytes > 0 && bytes + pieces[i].size() > message_bytes_max) {
      push_one_message(pieces.subspan(begin, i - begin), bytes);
      begin = i;
      bytes = 0;
    }
    bytes += pieces[i].size();
  }
  if (bytes > 0) push_one_message(pieces.subspan(begin), bytes);
}

void Outbox::push_one_message(std::span<const SharedBytes> pieces, std::size_t bytes) {
  std::string header;
  header.reserve(frame_header_bytes_max);
  append_binary_header(bytes, header);
  append(header);
  for (const SharedBytes& piece : pieces) push(piece);
}

const char* Outbox::data_of(const Piece& piece) const {
  return piece.shared.empty() ? copied_.data() + piece.from : piece.shared.view().data();
}

std::span<const boost::asio::const_buffer> Outbox::gather(std::span<boost::asio::const_buffer> into) const {
  std::size_t count = 0;
  std::size_t skip = offset_;
  for (std::size_t i = first_; i < pieces_.size() && count < into.size(); ++i, skip = 0) {
    into[count++] = {data_of(pieces_[i]) + skip, pieces_[i].size - skip};
  }
  return into.first(count);
}

void Outbox::consume(std::size_t count) {
  offset_ += count;
  while (!empty() && offset_ >= pieces_[first_].size) {
    offset_ -= pieces_[first_].size;
    pieces_[first_].shared = {};
    ++first_;
  }
  if (!empty()) return;
  first_ = 0;
  offset_ = 0;
  pieces_.clear();
  copied_.clear();
  if (copied_.capacity() > kept_bytes_max) copied_ = {};
  if (pieces_.capacity() > kept_pieces_max) pieces_ = {};
}

}  // namespace weir::websocket
