// One zstd frame, written piece by piece and read piece by piece.
//
//   Compressor compressor;     compressor.add(bytes);    std::string frame = compressor.compress(3);
//   Decompressor body(frame);  Result<std::string_view> piece = body.pull(100);
//   Result<std::string> chunk = inflate(frame, 4000);                    a frame of which one knows how large it gets
//
// Threads: an object belongs to one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/vocabulary/error.hpp"

struct ZSTD_DCtx_s;

namespace weir::packing {

/// A frame that wants a larger window is refused.
inline constexpr int window_log_max = 20;

/// Gathers the frame's content: the pieces are compressed with tables of their own, and may refer to all before them.
class Compressor {
 public:
  void add(std::string piece) {
    if (!piece.empty()) pieces_.push_back(std::move(piece));
  }
  /// The frame.
  [[nodiscard]] std::string compress(int level) const;

 private:
  std::vector<std::string> pieces_;
};

/// What the bytes would take, about: for choosing between two ways.
[[nodiscard]] std::size_t compressed_bytes(std::string_view bytes);

/// One frame, such as a chunk of a snapshot, which becomes `size` bytes and never more; memory grows with what is
/// really there. Whatever zstd has made, but for a dictionary or a window above 8 MiB. DATA_LOSS when it is none, or
/// not of that size.
[[nodiscard]] Result<std::string> inflate(std::string_view frame, std::size_t size);

class Decompressor {
 public:
  explicit Decompressor(std::string_view frame);
  /// The next `count` bytes of the content; valid until the next call. What is allocated grows with what is really
  /// there, not with `count`. DATA_LOSS when the content ends before or is damaged.
  [[nodiscard]] Result<std::string_view> pull(std::size_t count);
  /// Content and frame both end here.
  [[nodiscard]] bool at_end();

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  /// Some more content behind `content_`; false at the frame's end or on damage.
  [[nodiscard]] bool more();

  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  std::string_view frame_;  // what is not read yet
  std::string content_;
  std::size_t pulled_ = 0;  // of content_
  bool ended_ = false;
};

}  // namespace weir::packing
