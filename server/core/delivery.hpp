// A committed append on its way to its readers: encoded once for each dialect, shared by all of its sessions.
//
// Threads: a Delivery never changes after its hub has made it; encoders are stateless. Share both freely.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "weir/core/time.hpp"
#include "weir/frames/frames.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::core {

/// The wire protocols that sessions speak; the index of a delivery's encodings.
enum class DialectKind : std::uint8_t { native = 0, yjs = 1 };
inline constexpr std::size_t dialect_kinds = 2;

/// Turns records into the bytes of one dialect. Implemented beside each dialect, called by hubs (once per delivery) and
/// by feeders (for what is read from the log). Bytes of a dialect can be concatenated in any number.
class DeliveryEncoder {
 public:
  virtual ~DeliveryEncoder() = default;
  /// `own`: for the session that published them. May be empty: nothing is sent.
  [[nodiscard]] virtual SharedBytes records(DocumentHandle document, std::span<const Record> records,
                                            bool own) const = 0;
  /// Asked only for clients that said in hello that they can unpack.
  [[nodiscard]] virtual SharedBytes pack(DocumentHandle /*document*/, const SharedBytes& /*pack*/) const { return {}; }
  /// False when something of these records is not shown to such clients at all.
  [[nodiscard]] virtual bool shows(std::span<const Record> /*records*/) const { return true; }
  /// One part of a snapshot; with the first, what has to be said before it.
  [[nodiscard]] virtual SharedBytes snapshot(DocumentHandle document, const Snapshot& snapshot, Offset base_offset,
                                             const SnapshotPart& part) const = 0;
  /// Such clients can be served this snapshot at all.
  [[nodiscard]] virtual bool can_send(const Snapshot& /*snapshot*/) const { return true; }
  /// Such clients can be told that records are gone, and go on behind them.
  [[nodiscard]] virtual bool can_tell_of_cuts() const { return true; }
  /// Snapshots are not sent in parts, but each as one.
  [[nodiscard]] virtual bool sends_whole() const { return false; }
  /// May be empty.
  [[nodiscard]] virtual SharedBytes presence(const frames::PresenceUpdate& update) const = 0;
};
using Encoders = std::array<const DeliveryEncoder*, dialect_kinds>;

struct Delivery {
  DocumentHandle document;
  Offset first;
  Offset last;
  SessionId author;    ///< gets `own` instead of `bytes`
  bool ended = false;  ///< a tombstone: the document is deleted
  bool echo = true;    ///< false: the author gets nothing (it knows)
  /// Something of it is not shown to clients of this dialect.
  std::array<bool, dialect_kinds> partial{};
  Moment since{};  ///< when its publish came in
  std::array<SharedBytes, dialect_kinds> bytes;
  std::array<SharedBytes, dialect_kinds> own;

  /// What the hub's ring counts it as.
  [[nodiscard]] std::size_t cost() const {
    std::size_t total = 64;
    for (const auto& part : bytes) total += part.size();
    for (const auto& part : own) total += part.size();
    return total;
  }
};
using DeliveryRef = std::shared_ptr<const Delivery>;

/// A presence change on its way; never stored.
struct PresenceDelivery {
  DocumentHandle document;
  std::string key;
  SessionId author;
  std::array<SharedBytes, dialect_kinds> bytes;
};
using PresenceDeliveryRef = std::shared_ptr<const PresenceDelivery>;

}  // namespace weir::core
