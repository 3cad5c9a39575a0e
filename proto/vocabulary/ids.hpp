// The names and numbers of weir, each with a type of its own, so that a space cannot pass for a document nor an
// offset for a sequence.
//
//   Offset next = head.next();
//   Result<SpaceName> space = SpaceName::parse("acme-notes");
//
// Threads: plain values; share them freely.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "weir/vocabulary/error.hpp"

namespace weir {

/// A number that only compares with its own kind. 0 means "none" or "before the first".
template <class Tag>
struct Number {
  std::uint64_t value = 0;

  [[nodiscard]] constexpr Number next() const { return {value + 1}; }
  [[nodiscard]] constexpr Number plus(std::uint64_t count) const { return {value + count}; }
  friend constexpr auto operator<=>(const Number&, const Number&) = default;
};

/// Position in a space's order: 1, 2, ... strictly increasing in the space, sparse in each document.
using Offset = Number<struct OffsetTag>;
/// A producer's own count of its deltas in one document and epoch: 1, 2, ...
using Sequence = Number<struct SequenceTag>;
/// One connection to this server; a larger one is newer. Never reused while the server runs.
using SessionId = Number<struct SessionTag>;
/// The server's short number for an open document, the same for every session. Never reused while the server runs.
using DocumentHandle = Number<struct DocumentHandleTag>;
/// The incarnation of a document's log: another value means another history (see docs/protocol.md).
using Epoch = Number<struct EpochTag>;
/// How a payload is encoded: 0 raw, 1 zstd, 16 and above the application's own. The relay never unpacks it.
using Codec = Number<struct CodecTag>;
/// Unix time in whole seconds.
using Seconds = Number<struct SecondsTag>;

/// One device store or tab, chosen by the client at random and kept. All zero is not a valid producer.
struct ProducerId {
  std::array<std::byte, 16> bytes{};

  /// INVALID_ARGUMENT unless `raw` is 16 bytes, not all zero.
  [[nodiscard]] static Result<ProducerId> parse(std::string_view raw);
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  /// 32 hexadecimal digits, for people.
  [[nodiscard]] std::string hex() const;
  friend auto operator<=>(const ProducerId&, const ProducerId&) = default;
};

/// A store's own random name; a restored backup or an unclean start under `durability = interval` begins a new one.
struct StoreIncarnation {
  std::array<std::byte, 16> bytes{};
  friend auto operator<=>(const StoreIncarnation&, const StoreIncarnation&) = default;
};

/// Longest names, in bytes of UTF-8.
inline constexpr std::size_t space_name_bytes_max = 255;
inline constexpr std::size_t document_name_bytes_max = 1024;

/// A checked name: UTF-8, within its length, without control characters. Anything else, slashes and spaces included, is
/// legal.
template <class Tag>
class Name {
 public:
  Name() = default;
  /// INVALID_ARGUMENT, with a message for the person who chose the name.
  [[nodiscard]] static Result<Name> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return text_; }
  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  explicit Name(std::string_view text) : text_(text) {}
  std::string text_;
};

/// Unit of ordering, permission and placement, named by its app.
using SpaceName = Name<struct SpaceTag>;
/// A named stream of records in a space.
using DocumentName = Name<struct DocumentTag>;

/// A document's full name. Long-lived code shares one `DocumentRef` instead of copying two strings.
struct DocumentPath {
  SpaceName space;
  DocumentName document;
  friend auto operator<=>(const DocumentPath&, const DocumentPath&) = default;
};
using DocumentRef = std::shared_ptr<const DocumentPath>;

}  // namespace weir

template <class Tag>
struct std::hash<weir::Number<Tag>> {
  std::size_t operator()(const weir::Number<Tag>& number) const noexcept {
    return std::hash<std::uint64_t>{}(number.value);
  }
};
template <>
struct std::hash<weir::ProducerId> {
  std::size_t operator()(const weir::ProducerId& id) const noexcept {
    std::size_t part = 0;  // the id is random already
    std::memcpy(&part, id.bytes.data(), sizeof part);
    return part;
  }
};
template <class Tag>
struct std::hash<weir::Name<Tag>> {
  std::size_t operator()(const weir::Name<Tag>& name) const noexcept { return std::hash<std::string>{}(name.text()); }
};
template <>
struct std::hash<weir::DocumentPath> {
  std::size_t operator()(const weir::DocumentPath& path) const noexcept {
    return std::hash<std::string>{}(path.space.text()) * 31 + std::hash<std::string>{}(path.document.text());
  }
};
