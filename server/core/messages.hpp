// What sessions and hubs say to each other, and what a hub asks of the world. All of it is data: the shard carries it.
//
// Between one hub and one thread messages keep their order; the feeder's correctness rests on that. Threads: plain
// values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "weir/core/delivery.hpp"
#include "weir/core/dialect.hpp"
#include "weir/core/time.hpp"
#include "weir/vocabulary/append.hpp"
#include "weir/vocabulary/packed_records.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::core {

/// A session and the shard thread where it lives.
struct SessionRef {
  SessionId id;
  std::uint32_t thread = 0;
};

/// Matches an effect's answer to what was asked.
using Ticket = Number<struct TicketTag>;

/// What a publish counts against its session's budget until it is answered; comes back with the answer.
struct Flight {
  std::size_t bytes = 0;
  Moment since{};  ///< when it came in
};

// ---- session to hub ----

struct SubscribeRequest {
  SessionRef session;
  DialectKind dialect = DialectKind::native;
  ProducerId producer;
  bool ephemeral = false;  ///< no marks are kept for this producer
  std::string principal;
  frames::Subscribe what;
  bool makes_snapshots = false;
};
struct UnsubscribeRequest {
  SessionRef session;
  DocumentHandle document;
};
struct PublishRequest {
  SessionRef session;
  frames::Publish publish;
  Flight flight{};
};
struct ContributeRequest {
  SessionRef session;
  Contribution contribution;
  Flight flight{};
};
struct PresenceRequest {
  SessionRef session;
  ForeignPresence presence;
};
struct JoinRequest {
  SessionRef session;
  SpaceName space;
  std::uint64_t generation = 0;
  Offset at;  ///< the session has everything of its documents up to here
};
struct CoverRequest {
  SessionRef session;
  DocumentHandle document;
};
/// A client offers a snapshot, or a dialect one that it had made: that one's chain value is the relay's to say.
struct SnapshotOffered {
  SessionRef session;
  frames::SnapshotOffer offer;
  bool foreign = false;
  SnapshotId base{};
  SharedBytes note{};
};
/// The session was asked, and cannot now.
struct SnapshotDeclined {
  SessionRef session;
  DocumentHandle document;
};
struct AttestRequest {
  SessionRef session;
  frames::Attest attest;
};
struct SessionGone {
  SessionRef session;
};

// ---- operator to hub ----

struct DeleteRequest {
  Ticket ticket;
  DocumentPath path;
};

/// Opens the document, so that what is due is done: snapshots nobody needs are dropped, records are cut.
struct Maintain {
  DocumentPath path;
};
/// Nobody is served this snapshot any more.
struct WithdrawRequest {
  Ticket ticket;
  DocumentPath path;
  Offset offset;
};
/// What is in quarantine is a candidate again, as one that has just been made.
struct ReleaseRequest {
  Ticket ticket;
  DocumentPath path;
  Offset offset;
  Digest hash;
};

// ---- the world to hub: answers to effects, and time ----

struct LoadedDocument {
  DocumentState state;
  Offset space_head;
  std::string cover;
  std::vector<Snapshot> snapshots;
};
struct DocumentLoaded {
  DocumentRef path;
  Result<LoadedDocument> loaded;
};
/// What the log knows of a producer and of a point in a document's history.
struct Inspection {
  std::optional<Mark> mark;
  std::optional<Digest> chain;
  std::optional<DocumentPrefix> prefix{};
};
struct Inspected {
  Ticket ticket;
  Result<Inspection> found;
};
struct RecordsFound {
  Ticket ticket;
  Result<std::vector<Record>> found;
};
struct AppendFinished {
  Ticket ticket;
  Result<Appended> result;
};
/// An accepted snapshot is stored, or was not.
struct SnapshotUploaded {
  SessionRef session;
  DocumentRef path;
  Epoch epoch;  ///< that it was made of
  Result<Snapshot> result;
};
/// An effect on a snapshot is done.
struct SnapshotChanged {
  Ticket ticket;
  Result<void> result;
};
struct Tick {};

using HubInput = std::variant<SubscribeRequest, UnsubscribeRequest, PublishRequest, ContributeRequest, PresenceRequest,
                              JoinRequest, CoverRequest, SnapshotOffered, SnapshotDeclined, AttestRequest, SessionGone,
                              DeleteRequest, Maintain, WithdrawRequest, ReleaseRequest, DocumentLoaded, Inspected,
                              RecordsFound, AppendFinished, SnapshotUploaded, SnapshotChanged, Tick>;

// ---- hub to session ----

struct SubscribeAnswer {
  frames::Subscribed subscribed;
  DocumentRef path;
  Offset start;     ///< records after this are wanted
  Offset position;  ///< what the hub has dispatched in the space: live deliveries come from here on
  std::uint64_t request = 0;
  std::vector<Snapshot> snapshots{};  ///< to be sent first, from the bottom up; `start` is the last one's offset
};
struct SubscribeRefused {
  frames::ErrorEvent error;
};
/// A publish is durable, or refused; either way its bytes are no longer in flight.
struct PublishAnswer {
  std::variant<frames::Stored, frames::ErrorEvent> event;
  Flight flight{};
};
struct ContributeAnswer {
  DocumentHandle document;
  std::optional<frames::ErrorEvent> error;
  SharedBytes echo;  ///< of an update that was stored already: the sender sees it come back all the same
  Flight flight{};
};
struct JoinAnswer {
  SpaceName space;
  std::uint64_t generation = 0;
  bool live = false;
  Offset at;                        ///< live: as asked; not live: read up to here and ask again
  std::vector<DeliveryRef> missed;  ///< live: what was dispatched after `at`
};
struct Fenced {
  SpaceName space;
};
struct CoverAnswer {
  DocumentHandle document;
  std::string cover;
};

/// A client is to make a snapshot. What a foreign one needs to know: it may lie on `base`, beyond `base_note`.
struct SnapshotAsk {
  DocumentHandle document;
  SnapshotId base;
  SharedBytes base_note;
  std::string cover;  ///< what the records up to now are known to contain
};
struct AttestAsk {
  DocumentHandle document;
  Snapshot snapshot;
  SharedBytes base_note;
  std::string cover;
};
/// The offer is taken: its bytes may be stored as this snapshot.
struct SnapshotAccepted {
  DocumentHandle document;
  DocumentRef path;
  Epoch epoch;
  Snapshot about;
};
/// Not taken, or no longer.
struct SnapshotRefused {
  frames::ErrorEvent error;
};

using SessionMessage =
    std::variant<SubscribeAnswer, SubscribeRefused, PublishAnswer, ContributeAnswer, JoinAnswer, Fenced, CoverAnswer,
                 SnapshotAsk, AttestAsk, SnapshotAccepted, SnapshotRefused, frames::SnapshotStored, frames::ErrorEvent>;

// ---- hub to the world: effects ----

struct LoadDocument {
  DocumentRef path;
};
struct Inspect {
  Ticket ticket;
  DocumentRef path;
  std::optional<ProducerId> producer;
  std::optional<Offset> chain_at;
  std::optional<Offset> prefix_at{};
};
struct FindRecords {
  Ticket ticket;
  DocumentRef path;
  ProducerId producer;
  Sequence first;
  Sequence last;
};
struct StartAppend {
  Ticket ticket;
  Append append;
};
/// Every append of this hub that was pending has been answered after a failure: the log may take appends again.
struct ResetLane {};
struct Tell {
  SessionRef session;
  SessionMessage message;
};
/// To every thread in the mask that has subscribers of the document.
struct Broadcast {
  std::uint64_t threads = 0;
  DeliveryRef delivery;
};
struct BroadcastPresence {
  std::uint64_t threads = 0;
  PresenceDeliveryRef delivery;
};
struct DeleteFinished {
  Ticket ticket;
  Result<Offset> result;
};

struct SetStanding {
  Ticket ticket;
  DocumentRef path;
  SnapshotId snapshot;
  SnapshotStanding standing = SnapshotStanding::candidate;
  Seconds since;
  std::string by;
};
struct DropSnapshot {
  Ticket ticket;
  DocumentRef path;
  SnapshotId snapshot;
};
/// Of a WithdrawRequest or ReleaseRequest.
struct StandingFinished {
  Ticket ticket;
  Result<void> result;
};

using HubEffect = std::variant<LoadDocument, Inspect, FindRecords, StartAppend, ResetLane, Tell, Broadcast,
                               BroadcastPresence, DeleteFinished, SetStanding, DropSnapshot, StandingFinished>;

// ---- session to the world: reading the log while catching up ----

struct ReadRequest {
  SessionId session;
  SpaceName space;
  std::uint64_t number = 0;  ///< of this read: an answer to an older one no longer counts
  DocumentHandle document;
  DocumentRef path;
  Offset after;
  Offset upto;
  std::size_t bytes_max = 0;
  std::size_t pack_bytes_max = 0;  ///< a pack of at most this size may be the answer; 0: records only
};
struct ReadAnswer {
  SessionId session;
  SpaceName space;
  std::uint64_t number = 0;
  DocumentHandle document;
  Offset upto;
  Result<std::vector<Record>> records;
  bool complete = false;                ///< nothing is left up to `upto`
  std::optional<PackedRecords> pack{};  ///< instead of records
  Offset cut{};                         ///< not 0: records up to here are no longer kept
};

// ---- session to the world: snapshots, up and down ----

/// One part of a snapshot for one reader, encoded for its dialect; the same bytes go to every reader of a dialect.
struct SnapshotReadRequest {
  SessionId session;
  SpaceName space;
  std::uint64_t number = 0;
  DocumentHandle document;
  DocumentRef path;
  Epoch epoch;
  Snapshot snapshot;
  Offset base_offset;
  std::uint64_t position = 0;
  DialectKind dialect = DialectKind::native;
  bool unpacks = false;  ///< a compressed part may be the answer
};
struct SnapshotReadAnswer {
  struct Piece {
    SharedBytes bytes;
    std::uint64_t next = 0;  ///< position of what comes after it
    bool last = false;
  };
  SessionId session;
  SpaceName space;
  std::uint64_t number = 0;
  DocumentHandle document;
  Result<Piece> piece;
};

/// One step of storing a snapshot; the next comes when it is answered. Abandoning is not answered.
struct UploadStep {
  struct Begin {
    Epoch epoch;
  };
  struct Write {
    SnapshotUpload upload;
    SharedBytes bytes;
  };
  struct Seal {
    SnapshotUpload upload;
    Epoch epoch;
    Snapshot about;
  };
  struct Abandon {
    SnapshotUpload upload;
  };
  SessionRef session;
  DocumentHandle document;
  std::uint64_t number = 0;  ///< of the upload, in its session
  DocumentRef path;
  std::variant<Begin, Write, Seal, Abandon> what;
};
/// `upload`: what was begun or written to, even in vain; 0 after a Seal, whose outcome the hub is told as well.
struct UploadAnswer {
  SessionId session;
  DocumentHandle document;
  std::uint64_t number = 0;
  Result<void> result;
  SnapshotUpload upload{};
};

/// What a client asks of the past: no hub is concerned.
struct HistoryRequest {
  SessionId session;
  std::variant<frames::ReadHistory, frames::ReadSnapshot> what;
  bool unpacks = false;
  Flight flight{};
};
struct HistoryAnswer {
  SessionId session;
  std::variant<frames::History, frames::SnapshotChunk, frames::ErrorEvent> event;
  Flight flight{};
};

/// An error about one document.
[[nodiscard]] inline frames::ErrorEvent document_error(DocumentHandle document, Code code, frames::Reason reason,
                                                       std::string message) {
  frames::ErrorEvent event;
  event.error = fail(code, std::move(message));
  event.document = document;
  event.reason = reason;
  return event;
}

/// The largest number of shard threads: a broadcast's mask has a bit for each.
inline constexpr std::size_t threads_max = 64;

}  // namespace weir::core
