// What is inside of sealed bytes (docs/encryption.md), before they are sealed and after they were opened. What comes
// from another is hostile: nothing here trusts a length.
//
//   record     u8 flags: 1 deflated, 2 base | u64 epoch, u64 offset, 16 bytes chain: what the author had seen | deltas
//   deltas     varuint codec, varuint length, bytes; one after another, compressed by raw DEFLATE if the flag says so
//   presence   16 bytes producer | u64 clock | data
//   snapshot   varuint codec | bytes
//
// Internal. Threads: pure functions.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/client/sealed.hpp"

namespace weir::client {

/// The most that is sealed together; one larger delta goes alone.
inline constexpr std::size_t sealed_deltas_max = 512;
inline constexpr std::size_t sealed_deltas_bytes_max = std::size_t{256} << 10;
/// The most that is taken from a record.
inline constexpr std::size_t opened_deltas_max = 4096;
inline constexpr std::size_t opened_bytes_max = std::size_t{16} << 20;
/// What sealing adds to a record's first delta at most, and to each other.
inline constexpr std::size_t sealed_delta_overhead = 10;
inline constexpr std::size_t sealed_record_overhead =
    sealed_head_bytes + sealed_tag_bytes + 1 + 32 + sealed_delta_overhead;
inline constexpr std::size_t sealed_presence_overhead = sealed_head_bytes + sealed_tag_bytes + 24;

/// An author's cursor when it sealed, its chain value cut to 16 bytes. All 0: it had none.
struct Seen {
  Epoch epoch{};
  Offset offset{};
  std::array<std::byte, 16> chain{};
  friend bool operator==(const Seen&, const Seen&) = default;
};
[[nodiscard]] Seen seen_at(const std::optional<Cursor>& cursor);
/// The part of a chain value that is compared.
[[nodiscard]] std::array<std::byte, 16> seen_chain(const Digest& chain);

struct RecordContents {
  bool base = false;  ///< its producer's count begins anew here
  Seen seen{};
  std::vector<Delta> deltas{};  ///< at least one
};
[[nodiscard]] std::string encode_contents(const RecordContents& contents);
/// INVALID_ARGUMENT, and why.
[[nodiscard]] Result<RecordContents> decode_record_contents(std::string_view bytes);

struct PresenceContents {
  ProducerId producer;
  std::uint64_t clock = 0;
  SharedBytes data;
};
[[nodiscard]] std::string encode_contents(const PresenceContents& contents);
[[nodiscard]] Result<PresenceContents> decode_presence_contents(std::string_view bytes);

struct SnapshotContents {
  Codec codec;
  SharedBytes bytes;
};
[[nodiscard]] std::string encode_contents(const SnapshotContents& contents);
[[nodiscard]] Result<SnapshotContents> decode_snapshot_contents(std::string&& bytes);

}  // namespace weir::client
