#include "weir/packing/compression.hpp"

#include <zstd.h>

#include <algorithm>

#include "weir/vocabulary/assert.hpp"

namespace weir::packing {
namespace {

// Without content size, checksum and dictionary: a decoder needs no more of the format than this.
constexpr std::string_view frame_start("\x28\xB5\x2F\xFD\0", 5);
constexpr std::size_t step_bytes = std::size_t{64} << 10;
/// What every decoder is asked to support (RFC 8878): 8 MiB.
constexpr int inflate_window_log_max = 23;

}  // namespace

void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

std::string Compressor::compress(int level) const {
  std::size_t total = 0;
  for (const std::string& piece : pieces_) total += piece.size();
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  WEIR_ASSERT(context != nullptr);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  if (total > std::size_t{1} << window_log_max) ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log_max);
  ZSTD_CCtx_setPledgedSrcSize(context.get(), total);  // so that tables are not larger than needed
  std::string frame(ZSTD_compressBound(total) + 32 * (pieces_.size() + 1), '\0');
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    ZSTD_inBuffer in{pieces_[i].data(), pieces_[i].size(), 0};
    const auto end = i + 1 == pieces_.size() ? ZSTD_e_end : ZSTD_e_flush;
    const std::size_t left = ZSTD_compressStream2(context.get(), &out, &in, end);
    WEIR_ASSERT(left == 0);  // there is room for all; only a parameter could be wrong
  }
  frame.resize(out.pos);
  return frame;
}

std::size_t compressed_bytes(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1);
  WEIR_ASSERT(!ZSTD_isError(size));
  return size;
}

Result<std::string> inflate(std::string_view frame, std::size_t size) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  WEIR_ASSERT(context != nullptr);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, inflate_window_log_max);
  ZSTD_inBuffer in{frame.data(), frame.size(), 0};
  std::string content;
  for (std::size_t left = 1; left != 0;) {
    const std::size_t from = content.size();
    const std::size_t before = in.pos;
    content.resize(std::min(size + 1, from + step_bytes));  // a byte more than allowed shows that there is more
    ZSTD_outBuffer out{content.data() + from, content.size() - from, 0};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    content.resize(from + out.pos);
    if (ZSTD_isError(left)) return fail(Code::data_loss, "a zstd frame is damaged");
    if (content.size() > size) return fail(Code::data_loss, "a zstd frame has more in it than was said");
    if (left != 0 && out.pos == 0 && in.pos == before) return fail(Code::data_loss, "a zstd frame ends too early");
  }
  if (content.size() != size) return fail(Code::data_loss, "a zstd frame has not so much in it as was said");
  if (in.pos != in.size) return fail(Code::data_loss, "a zstd frame does not end where its bytes do");
  return content;
}

Decompressor::Decompressor(std::string_view frame) : context_(ZSTD_createDCtx()), frame_(frame) {
  WEIR_ASSERT(context_ != nullptr);
  ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log_max);
  ended_ = !frame.starts_with(frame_start);
}

bool Decompressor::more() {
  if (ended_) return false;
  const std::size_t from = content_.size();
  content_.resize(from + step_bytes);
  ZSTD_inBuffer in{frame_.data(), frame_.size(), 0};
  ZSTD_outBuffer out{content_.data() + from, step_bytes, 0};
  const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
  content_.resize(from + out.pos);
  frame_.remove_prefix(in.pos);
  // Nothing left, an error, or neither read nor written: truncated.
  ended_ = left == 0 || ZSTD_isError(left) || (in.pos == 0 && out.pos == 0);
  if (ended_ && left != 0) frame_ = "damaged";
  return out.pos > 0 || !ended_;
}

Result<std::string_view> Decompressor::pull(std::size_t count) {
  if (content_.size() - pulled_ < count) {
    content_.erase(0, pulled_);
    pulled_ = 0;
    while (content_.size() < count)
      if (!more()) return fail(Code::data_loss, "a pack ends too early, or its compression is damaged");
  }
  const std::string_view piece(content_.data() + pulled_, count);
  pulled_ += count;
  return piece;
}

bool Decompressor::at_end() {
  while (content_.size() == pulled_ && more()) {
  }
  return content_.size() == pulled_ && ended_ && frame_.empty();
}

}  // namespace weir::packing
