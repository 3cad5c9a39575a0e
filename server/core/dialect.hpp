// A dialect: one wire protocol, mapped onto the events of the native one.
//
// One Dialect object serves one connection. It is handed each complete message of the peer and each event of the
// session, and acts through the SessionPort; what it sends must be complete on its own (native: one encoded event or
// more; a foreign protocol over WebSocket: whole WebSocket frames, header included, because they are shared between
// sessions).
//
//   void NativeDialect::message(const SharedBytes& message, SessionPort& port) {
//     for (auto& event : *decode_client_frame(message, limits)) port.submit(std::move(event));
//   }
//
// Threads: a dialect and its port are used on the session's own thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/core/delivery.hpp"
#include "weir/core/time.hpp"
#include "weir/frames/frames.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::core {

/// A delta of a foreign client, whose protocol knows no sequences.
struct Contribution {
  DocumentHandle document;
  std::optional<SharedBytes> payload;  ///< empty: only the cover is to be noted
  /// Send it back to its author once it is durable (that is a foreign client's ack).
  bool echo = true;
  /// Set in the answer to a query, which holds everything that the client has and the log has not. With this payload
  /// durable, all that this state vector counts is in the log: merged into the document's cover in the same commit.
  std::optional<std::string> cover;
};

/// Presence as a foreign client sets it. `key` names whose it is within the document; a value is taken if its clock is
/// above the known one (unknown: 0), or equal to it and the value empty.
struct ForeignPresence {
  DocumentHandle document;
  std::string key;
  std::uint64_t clock = 0;
  SharedBytes data;  ///< empty: withdrawn
};

/// It is this client's turn to make a snapshot, or to compare one with its own state. It has been sent everything up to
/// `offset`.
struct SnapshotTurn {
  DocumentHandle document;
  Offset offset;
  std::uint64_t lease_ms = 0;
  SnapshotId base;        ///< what it makes may lie on this one (0: on nothing) ...
  SharedBytes base_note;  ///< ... and then holds what is beyond this
  std::string cover;      ///< what the records up to `offset` are known to contain: the note of what it makes
};
struct AttestationTurn {
  SnapshotTurn turn;
  Snapshot snapshot;
};
/// A snapshot that a dialect had a client make, whole.
struct MadeSnapshot {
  DocumentHandle document;
  Offset offset;
  SnapshotId base;
  SharedBytes note;
  SharedBytes bytes;
};

/// What a dialect may ask of its session.
class SessionPort {
 public:
  virtual ~SessionPort() = default;
  /// An event of the native protocol, as if it had come in over it. The first must be hello.
  virtual void submit(frames::ClientEvent event) = 0;
  /// Hello of a client without a producer of its own: the session gets a random one, and no marks are kept for it.
  virtual void hello_foreign(std::string token, std::string client) = 0;
  virtual void contribute(Contribution contribution) = 0;
  virtual void set_presence(ForeignPresence presence) = 0;
  /// Ask for the turn to query this client for what the relay lacks; answered by Dialect::cover_granted.
  virtual void ask_cover(DocumentHandle document) = 0;
  virtual void offer_snapshot(MadeSnapshot made) = 0;
  /// Bytes for the peer, after everything that waits already.
  virtual void send(SharedBytes bytes) = 0;
  /// Close once everything that waits is sent. `code` is a WebSocket close code.
  virtual void close(std::uint16_t code, std::string reason) = 0;
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  [[nodiscard]] virtual DialectKind kind() const = 0;
  /// True: what is sent are whole WebSocket frames. False: events, gathered into messages by the transport.
  [[nodiscard]] virtual bool framed() const = 0;
  /// True: a peer is shown its own presence as well (y-websocket counts it as a sign of life).
  [[nodiscard]] virtual bool wants_own_presence() const { return false; }
  /// Largest message to accept now, in bytes (small before hello).
  [[nodiscard]] virtual std::size_t message_bytes_max() const = 0;

  /// The connection stands. A foreign dialect says hello and subscribes here.
  virtual void opened(SessionPort& port) = 0;
  /// One complete binary message of the peer. Payloads may be slices of it.
  virtual void message(const SharedBytes& message, SessionPort& port) = 0;
  /// One event for the peer. Records come encoded already (DeliveryEncoder) and never pass here; PresenceUpdate only
  /// inside Subscribed.
  virtual void event(const frames::ServerEvent& event, SessionPort& port) = 0;
  /// It is this client's turn: `cover` is what the relay is known to have (empty: nothing is known).
  virtual void cover_granted(DocumentHandle document, std::string cover, SessionPort& port) = 0;
  /// Foreign clients only: true when they can be made to give their state.
  [[nodiscard]] virtual bool makes_snapshots() const { return false; }
  /// Nothing need come of it: another is asked when the lease is over.
  virtual void snapshot_wanted(const SnapshotTurn& /*turn*/, SessionPort& /*port*/) {}
  virtual void attestation_wanted(const AttestationTurn& /*turn*/, SessionPort& /*port*/) {}
  /// About once a second.
  virtual void tick(Now now, SessionPort& port) = 0;
};

/// Merges what two notes say is covered: for Yjs, the pointwise maximum of two state vectors. Implemented by a dialect,
/// called by hubs. Malformed input counts as empty.
class CoverMerger {
 public:
  virtual ~CoverMerger() = default;
  [[nodiscard]] virtual std::string merge(std::string_view known, std::string_view added) const = 0;
};

}  // namespace weir::core
