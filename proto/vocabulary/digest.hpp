// SHA-256, and the chain that names a document's history.
//
//   H_0 = SHA-256("weir1" ‖ u16(|space|) ‖ space ‖ u16(|document|) ‖ document)
//   H_n = SHA-256(H_{n-1} ‖ producer ‖ u64(sequence) ‖ u32(codec) ‖ SHA-256(payload))          integers big-endian
//
// The chain value at an offset names every record of the document up to it: two parties with equal values hold equal
// histories. It does not prove that an author is honest.
//
// Threads: pure functions; a Sha256 belongs to one thread at a time.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "weir/vocabulary/ids.hpp"

struct evp_md_ctx_st;

namespace weir {

/// 32 bytes of SHA-256.
struct Digest {
  std::array<std::byte, 32> bytes{};
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  [[nodiscard]] std::string hex() const;
  /// INVALID_ARGUMENT unless `raw` is 32 bytes.
  [[nodiscard]] static Result<Digest> parse(std::string_view raw);
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

[[nodiscard]] Digest sha256(std::string_view bytes);

/// The same of bytes that come in pieces: add() each, then finish() once.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  [[nodiscard]] Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* state) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> state_;
};

/// H_0 of a document.
[[nodiscard]] Digest chain_start(const DocumentPath& path);
/// H_n from H_{n-1} and the n-th record.
[[nodiscard]] Digest chain_next(const Digest& previous, const ProducerId& producer, Sequence sequence, Codec codec,
                                std::string_view payload);
/// The same for a payload that is known by its digest.
[[nodiscard]] Digest chain_next(const Digest& previous, const ProducerId& producer, Sequence sequence, Codec codec,
                                const Digest& payload);

/// The epoch of a document's `incarnation`-th life (1 for its first) in a store.
[[nodiscard]] Epoch derive_epoch(const StoreIncarnation& store, std::uint64_t incarnation);

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(std::string_view bytes);
/// Base64 with padding (RFC 4648, 4).
[[nodiscard]] std::string to_base64(std::string_view bytes);

}  // namespace weir

template <>
struct std::hash<weir::Digest> {
  std::size_t operator()(const weir::Digest& digest) const noexcept {
    std::size_t part = 0;  // a digest is spread already
    std::memcpy(&part, digest.bytes.data(), sizeof part);
    return part;
  }
};
