// End-to-end encryption of a document: the relay carries bytes that only those who hold the document's key can read.
// docs/encryption.md says what it protects and what not.
//
//   const DocumentKey key = *DocumentKey::parse(7, thirty_two_random_bytes);
//   client.subscribe(place, handlers, {.encryption = Encryption{.key = key, .find = [](std::uint32_t id) { ... }}});
//
// Everybody who may read gets the key from the application, by a way of its own; weir hands out none.
//
// Threads: plain values; `find` is called on the client's one thread, like every callback.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "weir/vocabulary/error.hpp"

namespace weir::client {

/// One of a document's keys. The application numbers them; a number is never used for another key.
struct DocumentKey {
  std::uint32_t id = 0;
  std::array<std::byte, 32> bytes{};

  /// INVALID_ARGUMENT unless `raw` is 32 bytes; they must be random ones.
  [[nodiscard]] static Result<DocumentKey> parse(std::uint32_t id, std::string_view raw) {
    DocumentKey key{id, {}};
    if (raw.size() != key.bytes.size())
      return fail(Code::invalid_argument, "a document's key has 32 bytes, not " + std::to_string(raw.size()));
    std::memcpy(key.bytes.data(), raw.data(), raw.size());
    return key;
  }
  friend auto operator<=>(const DocumentKey&, const DocumentKey&) = default;
};

struct Encryption {
  DocumentKey key;  ///< what is published is sealed with this one
  /// Asked for the key of a record that is sealed with another one, an older one say. None: the document ends.
  std::function<std::optional<DocumentKey>(std::uint32_t id)> find{};
};

}  // namespace weir::client
