// Sealed bytes (docs/encryption.md): encrypted, and bound to the place where they belong.
//
//   Sealing sealing(path);
//   std::string sealed = sealing.seal(key, SealedPlace::record(producer, sequence), nonce, contents);
//   std::optional<std::string> contents = sealing.open(key, SealedPlace::record(producer, sequence), sealed);
//
//   01 | u32 key id | 12 bytes nonce | AES-256-GCM: ciphertext, tag of 16 bytes
//
// The AES key is derived from the document's, one for each kind of thing and each producer. What the bytes are bound to
// (kind, document, place) is the associated data: open() gives nothing where any of it is another.
//
// Internal. Threads: one.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "weir/client/encryption.hpp"
#include "weir/vocabulary/record.hpp"

struct evp_cipher_ctx_st;

namespace weir::client {

/// Of records and snapshots that are sealed.
inline constexpr Codec sealed_codec{2};
inline constexpr std::size_t sealed_head_bytes = 17;
inline constexpr std::size_t sealed_tag_bytes = 16;

enum class SealKind : std::uint8_t { record = 0, presence = 1, snapshot = 2 };

struct SealedPlace {
  SealKind kind;
  std::array<std::byte, 16> scope{};  ///< whose AES key: a record's producer
  std::string bytes{};

  [[nodiscard]] static SealedPlace record(const ProducerId& producer, Sequence sequence);
  [[nodiscard]] static SealedPlace presence() { return {SealKind::presence}; }
  [[nodiscard]] static SealedPlace snapshot(Offset offset, const Digest& chain, Offset base);
};

/// 64 random bits that nobody can guess: of these, nonces and producer ids are made.
[[nodiscard]] std::uint64_t secure_random();

using Nonce = std::array<std::byte, 12>;

/// Which key sealed these bytes; none: they are not sealed, or in a version that is not known here.
[[nodiscard]] std::optional<std::uint32_t> sealed_key_id(std::string_view sealed);

/// For one document.
class Sealing {
 public:
  explicit Sealing(const DocumentPath& path);

  /// A nonce is used once.
  [[nodiscard]] std::string seal(const DocumentKey& key, const SealedPlace& place, const Nonce& nonce,
                                 std::string_view contents);
  [[nodiscard]] std::optional<std::string> open(const DocumentKey& key, const SealedPlace& place,
                                                std::string_view sealed);

 private:
  using AesKey = std::array<unsigned char, 32>;
  struct Free {
    void operator()(evp_cipher_ctx_st* state) const;
  };
  [[nodiscard]] const AesKey& aes_key(const DocumentKey& key, const SealedPlace& place);
  [[nodiscard]] std::string bound_to(std::string_view head, const SealedPlace& place) const;

  std::string path_;  ///< as it stands in the associated data
  std::map<std::tuple<DocumentKey, SealKind, std::array<std::byte, 16>>, AesKey> aes_keys_;
  std::unique_ptr<evp_cipher_ctx_st, Free> cipher_;
};

}  // namespace weir::client
