#include "weir/client/sealed_contents.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "weir/client/internal/bytes_codec.hpp"
#include "weir/vocabulary/assert.hpp"

namespace weir::client {
namespace {

constexpr int flag_deflated = 1;
constexpr int flag_base = 2;
/// Below this nothing gets smaller that was not made to.
constexpr std::size_t deflate_bytes_min = 64;
constexpr int window_bits_raw = -15;

Error wrong(const std::string& what) { return fail(Code::invalid_argument, what); }

Bytef* bytes(char* text) { return reinterpret_cast<Bytef*>(text); }
/// zlib reads only, though it takes no const.
Bytef* bytes(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

/// Empty where it would not be smaller.
std::string deflated(std::string_view plain) {
  if (plain.size() < deflate_bytes_min || plain.size() > UINT32_MAX / 2) return {};
  z_stream stream{};
  constexpr int memory_level = 8;
  const int begun =
      deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits_raw, memory_level, Z_DEFAULT_STRATEGY);
  WEIR_ASSERT(begun == Z_OK);
  std::string out(plain.size() - 1, '\0');
  stream.next_in = bytes(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = bytes(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool smaller = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(smaller ? out.size() - stream.avail_out : 0);
  deflateEnd(&stream);
  return out;
}

/// A bomb costs what is taken of it, and no more.
Result<std::string> inflated(std::string_view packed) {
  z_stream stream{};
  const int begun = inflateInit2(&stream, window_bits_raw);
  WEIR_ASSERT(begun == Z_OK);
  stream.next_in = bytes(packed);
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(packed.size(), UINT32_MAX));
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() < opened_bytes_max) {
    const std::size_t had = out.size();
    out.resize(std::min(opened_bytes_max, std::max<std::size_t>(4096, had * 2)));
    stream.next_out = bytes(out.data() + had);
    stream.avail_out = static_cast<uInt>(out.size() - had);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() == had && state == Z_OK) state = Z_BUF_ERROR;  // it ends before its end
  }
  // Full to the brim it may yet be over; then one more call says so without giving any more.
  char beyond = 0;
  if (state == Z_OK) {
    stream.next_out = bytes(&beyond);
    stream.avail_out = 1;
    state = inflate(&stream, Z_NO_FLUSH);
    if (stream.avail_out == 0) state = Z_BUF_ERROR;
  }
  const bool whole = state == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) return wrong("its deltas cannot be unpacked, or are more than 16 MiB");
  return out;
}

Result<std::vector<Delta>> decode_deltas(std::string&& bytes) {
  const SharedBytes whole = SharedBytes::take(std::move(bytes));
  std::vector<Delta> deltas;
  for (ByteReader in(whole.view()); !in.empty();) {
    const auto codec = in.varuint();
    const auto size = in.varuint();
    const auto payload = size ? in.bytes(*size) : std::nullopt;
    if (!codec || *codec > UINT32_MAX || !payload) return wrong("its deltas are cut off");
    if (deltas.size() == opened_deltas_max) return wrong("it holds more than 4096 deltas");
    deltas.push_back({{*codec}, whole.slice(*payload)});
  }
  if (deltas.empty()) return wrong("it holds no delta");
  return deltas;
}

}  // namespace

std::array<std::byte, 16> seen_chain(const Digest& chain) {
  std::array<std::byte, 16> part{};
  std::memcpy(part.data(), chain.bytes.data(), part.size());
  return part;
}

Seen seen_at(const std::optional<Cursor>& cursor) {
  if (!cursor || cursor->offset.value == 0) return {};
  return {cursor->epoch, cursor->offset, seen_chain(cursor->chain)};
}

std::string encode_contents(const RecordContents& contents) {
  std::string deltas;
  for (const Delta& delta : contents.deltas) {
    put_varuint(deltas, delta.codec.value);
    put_varuint(deltas, delta.payload.size());
    deltas += delta.payload.view();
  }
  const std::string packed = deflated(deltas);
  std::string out(1, static_cast<char>((packed.empty() ? 0 : flag_deflated) | (contents.base ? flag_base : 0)));
  put_big_endian(out, contents.seen.epoch.value, 8);
  put_big_endian(out, contents.seen.offset.value, 8);
  out.append(reinterpret_cast<const char*>(contents.seen.chain.data()), contents.seen.chain.size());
  return out += packed.empty() ? deltas : packed;
}

Result<RecordContents> decode_record_contents(std::string_view bytes) {
  ByteReader in(bytes);
  const auto flags = in.big_endian(1);
  const auto epoch = in.big_endian(8);
  const auto offset = in.big_endian(8);
  const auto chain = in.bytes(16);
  if (!flags || !epoch || !offset || !chain) return wrong("it is cut off");
  if (*flags > (flag_deflated | flag_base))
    return wrong("it has flags that are not known here; a newer client may know them");
  RecordContents contents{.base = (*flags & flag_base) != 0, .seen = {{*epoch}, {*offset}, {}}};
  std::memcpy(contents.seen.chain.data(), chain->data(), chain->size());
  Result<std::string> plain = std::string();
  if ((*flags & flag_deflated) != 0)
    plain = inflated(in.rest());
  else if (in.rest().size() <= opened_bytes_max)
    plain = std::string(in.rest());
  else
    plain = wrong("its deltas are more than 16 MiB");
  if (!plain) return plain.error();
  Result<std::vector<Delta>> deltas = decode_deltas(std::move(*plain));
  if (!deltas) return deltas.error();
  contents.deltas = std::move(*deltas);
  return contents;
}

std::string encode_contents(const PresenceContents& contents) {
  std::string out(contents.producer.view());
  put_big_endian(out, contents.clock, 8);
  return out += contents.data.view();
}

Result<PresenceContents> decode_presence_contents(std::string_view bytes) {
  ByteReader in(bytes);
  const auto producer = in.bytes(16);
  const auto clock = in.big_endian(8);
  if (!producer || !clock) return wrong("it is cut off");
  const Result<ProducerId> id = ProducerId::parse(*producer);
  if (!id) return id.error();
  return PresenceContents{*id, *clock, SharedBytes::copy(in.rest())};
}

std::string encode_contents(const SnapshotContents& contents) {
  std::string out;
  put_varuint(out, contents.codec.value);
  return out += contents.bytes.view();
}

Result<SnapshotContents> decode_snapshot_contents(std::string&& bytes) {
  const SharedBytes whole = SharedBytes::take(std::move(bytes));
  ByteReader in(whole.view());
  const auto codec = in.varuint();
  if (!codec || *codec > UINT32_MAX) return wrong("it has no codec");
  return SnapshotContents{{*codec}, whole.slice(in.rest())};
}

}  // namespace weir::client
