// What comes out of a session: what is to be done on the connection, and what the application is to be told.
//
// They are to be taken in their order. An effect of a document that was closed meanwhile concerns nobody.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "weir/client/errors.hpp"
#include "weir/client/outbox.hpp"
#include "weir/client/presence_set.hpp"
#include "weir/client/snapshotter.hpp"
#include "weir/client/store_contents.hpp"

namespace weir::client {

/// A subscription's number in its session.
using DocumentId = Number<struct DocumentIdTag>;

enum class Status : std::uint8_t { disconnected, connecting, connected, stopped };

// ---- for the connection ----

/// Make a connection and say opened() or lost(), with this attempt's number.
struct Open {
  std::uint64_t attempt;
  std::string address;  ///< where the relay said; empty: where it always is
};
/// One frame.
struct Send {
  std::uint64_t attempt;
  std::string bytes;
};
/// What this connection still says is not heard.
struct Shut {
  std::uint64_t attempt;
};

/// Write these changes to the store, all or none, in the order of their numbers; say kept() when they are durable.
struct Persist {
  std::uint64_t number;
  std::vector<StoreChange> changes;
};

// ---- for the application: the session ----

struct StatusChanged {
  Status status;
};
struct Welcomed {
  frames::Welcome welcome;
};
struct RelayLeaves {
  frames::GoingAway about;
};
/// A connection failed or was lost; the next attempt is under way.
struct ConnectionFailed {
  ClientError error;
};
/// The relay refused the old producer id; keep this one if ids are kept.
struct ProducerChanged {
  ProducerId producer;
  ClientError cause;
};
struct SessionFailed {
  ClientError error;
};

// ---- for the application: a document ----

struct ReadRecord {
  Record record;
  bool own = false;   ///< published by this client
  bool stub = false;  ///< its payload was left out: it is one of one's own, coming back
};

/// The relay answered the subscription. `fresh`: everything comes from the start.
struct DocumentOpened {
  DocumentId document;
  bool fresh;
  bool lost_history;
};
/// In offset order, each once; also across the documents of a space, once they have caught up.
struct RecordsRead {
  DocumentId document;
  std::vector<ReadRecord> records;
  /// Keep it together with what was read, and begin with it the next time; none when reading must start over.
  std::optional<Cursor> cursor;
};
/// What stands for all records up to `offset`, or for those behind `base`; the records after it follow. Whole, and what
/// its hash says. Applied like records: in any order, and twice does no harm.
struct SnapshotRead {
  DocumentId document;
  SharedBytes bytes;
  Codec codec;
  Offset offset;
  Offset base;            ///< 0: it stands alone; else the one before it came just before
  bool verified = false;  ///< another principal has compared it with its own state
  Fidelity fidelity = Fidelity::unknown;
  std::optional<Cursor> cursor{};  ///< as in RecordsRead
};
/// Everything the relay has was delivered.
struct CaughtUp {
  DocumentId document;
};
/// Something became durable.
struct StoredSome {
  DocumentId document;
  std::size_t pending;
};
/// What became of what waits under a ticket: a delta is durable, the condition holds; or not, and why.
struct Settled {
  DocumentId document;
  Ticket ticket;
  std::optional<ClientError> error{};
  Epoch epoch{};
  ProducerId producer{};
  Sequence sequence{};
  Offset offset{};  ///< a delta is stored here or before
};
struct PresenceChanged {
  DocumentId document;
  std::vector<Presence> changes;
};
/// Records up to this offset, which were not read, are not kept any more; with a snapshot for them, that comes instead.
struct RecordsCut {
  DocumentId document;
  Offset offset;
};
struct DocumentDisconnected {
  DocumentId document;
};
/// The relay has lost history that this client has seen, and everything it still has was delivered: answer with
/// offer(). Nothing is published to this document until then.
struct StateWanted {
  DocumentId document;
};
/// The relay wants a snapshot of everything up to the cursor: answer with offer_snapshot(), or not at all.
struct SnapshotAsked {
  DocumentId document;
  Cursor cursor;
};
/// Is this what the application has? Answer with attest(), or not at all.
struct AttestationAsked {
  DocumentId document;
  Offset offset;
  Digest hash;
  SnapshotToCheck snapshot;
};
/// A snapshot of this client is durable.
struct SnapshotKept {
  DocumentId document;
  Offset offset;
};
struct DocumentFailed {
  DocumentId document;
  ClientError error;
  bool over;  ///< the document is closed by it
};

using Effect = std::variant<Open, Send, Shut, Persist, StatusChanged, Welcomed, RelayLeaves, ConnectionFailed,
                            ProducerChanged, SessionFailed, DocumentOpened, RecordsRead, SnapshotRead, CaughtUp,
                            StoredSome, Settled, PresenceChanged, RecordsCut, DocumentDisconnected, StateWanted,
                            SnapshotAsked, AttestationAsked, SnapshotKept, DocumentFailed>;

}  // namespace weir::client
