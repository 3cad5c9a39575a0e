// Records and presence as y-websocket clients read them: whole WebSocket frames, made once and shared by all sessions.
//
// Every record becomes an Update; for its author as well, because seeing its own bytes come back is how a client learns
// that they are durable. Payloads with a codec of their own (compressed, encrypted by another kind of client) are left
// out: these clients could not read them.
// Threads: stateless.
#pragma once

#include "weir/core/delivery.hpp"

namespace weir::yjs {

class Encoder final : public core::DeliveryEncoder {
 public:
  [[nodiscard]] SharedBytes records(DocumentHandle document, std::span<const Record> records, bool own) const override;
  /// Only updates of format 1, which such clients read, are shown.
  [[nodiscard]] bool shows(std::span<const Record> records) const override;
  /// An Update: a snapshot is one message, since the relay cannot split what it does not read.
  [[nodiscard]] SharedBytes snapshot(DocumentHandle document, const Snapshot& snapshot, Offset base_offset,
                                     const SnapshotPart& part) const override;
  [[nodiscard]] bool can_send(const Snapshot& snapshot) const override { return snapshot.codec == Codec{0}; }
  [[nodiscard]] bool can_tell_of_cuts() const override { return false; }
  [[nodiscard]] bool sends_whole() const override { return true; }
  [[nodiscard]] SharedBytes presence(const frames::PresenceUpdate& update) const override;
};

/// The presence key of an awareness client id.
[[nodiscard]] std::string presence_key(std::uint64_t client);

}  // namespace weir::yjs
