// The events of the native protocol as plain structs: what proto/weir/v1/sync.proto says, in the vocabulary's types.
//
// Dialects translate their own messages to and from these; the core knows nothing else of the wire. docs/protocol.md
// tells when each is sent. Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "weir/vocabulary/record.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::frames {

inline constexpr std::uint32_t protocol_version = 1;
/// Of packs: what the relay sends, when the client's hello names it.
inline constexpr std::uint32_t pack_version = 1;

// ---- client to server ----

struct Hello {
  std::uint32_t protocol_version = 0;
  ProducerId producer;
  std::string token;
  std::vector<std::uint32_t> packs;
  bool makes_snapshots = false;
  std::string client;
  friend bool operator==(const Hello&, const Hello&) = default;
};

enum class From : std::uint8_t { start = 0, cursor = 1, live_only = 2 };

struct Subscribe {
  std::uint64_t request = 0;
  DocumentPath path;
  From from = From::start;
  std::optional<Cursor> cursor;
  bool presence = false;
  bool snapshots = false;
  bool recreate = false;
  friend bool operator==(const Subscribe&, const Subscribe&) = default;
};

struct Unsubscribe {
  DocumentHandle document;
  friend bool operator==(const Unsubscribe&, const Unsubscribe&) = default;
};

struct Publish {
  DocumentHandle document;
  Epoch epoch;
  Sequence first_sequence;
  std::vector<Delta> deltas;
  bool base = false;
  friend bool operator==(const Publish&, const Publish&) = default;
};

struct SetPresence {
  DocumentHandle document;
  SharedBytes data;
  friend bool operator==(const SetPresence&, const SetPresence&) = default;
};

struct Pong {
  std::uint64_t nonce = 0;
  friend bool operator==(const Pong&, const Pong&) = default;
};

/// Bytes that stand for every record up to `offset`; their chunks follow.
struct SnapshotOffer {
  DocumentHandle document;
  Epoch epoch;
  Offset offset;
  Digest chain;
  Digest hash;
  std::uint64_t size = 0;
  Codec codec;
  Fidelity fidelity = Fidelity::unknown;
  friend bool operator==(const SnapshotOffer&, const SnapshotOffer&) = default;
};

/// In both directions.
struct SnapshotChunk {
  DocumentHandle document;
  std::uint64_t position = 0;  ///< in the plain snapshot
  SharedBytes data;
  bool last = false;
  std::uint64_t unpacked_size = 0;  ///< not 0: `data` is a zstd frame of so many bytes; only from the relay
  std::uint64_t request = 0;        ///< of the read_snapshot that this answers
  friend bool operator==(const SnapshotChunk&, const SnapshotChunk&) = default;
};

struct Attest {
  DocumentHandle document;
  Offset offset;
  Digest hash;
  bool valid = false;
  friend bool operator==(const Attest&, const Attest&) = default;
};

/// One page of a document as it stood.
struct ReadHistory {
  std::uint64_t request = 0;
  DocumentPath path{};
  Offset after{};
  Offset as_of_offset{};  ///< 0: the present
  Seconds as_of_time{};   ///< 0: the present
  bool snapshots = false;
  friend bool operator==(const ReadHistory&, const ReadHistory&) = default;
};

struct ReadSnapshot {
  std::uint64_t request = 0;
  DocumentPath path;
  Offset offset;
  Digest hash;
  std::uint64_t position = 0;
  friend bool operator==(const ReadSnapshot&, const ReadSnapshot&) = default;
};

/// An event that broke a rule for itself alone (a bad name, say): the session answers `error` and lives on.
struct Refused {
  std::uint64_t request = 0;
  DocumentHandle document{};
  Error error{};
  Sequence through_sequence{};  ///< of a publish, when it is known: its last sequence
  friend bool operator==(const Refused&, const Refused&) = default;
};

using ClientEvent = std::variant<Hello, Subscribe, Unsubscribe, Publish, SetPresence, Pong, SnapshotOffer,
                                 SnapshotChunk, Attest, ReadHistory, ReadSnapshot, Refused>;

// ---- server to client ----

struct Welcome {
  SessionId session;
  std::string server_version;
  std::string durability;
  std::uint32_t heartbeat_ms = 0;
  std::uint64_t in_flight_bytes_max = 0;
  std::uint64_t payload_bytes_max = 0;
  std::uint64_t frame_bytes_max = 0;
  std::uint32_t subscriptions_max = 0;
  std::uint32_t presence_bytes_max = 0;
  std::uint64_t snapshot_bytes_max = 0;
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

struct PresenceUpdate {
  DocumentHandle document;
  std::string key;
  ProducerId producer;
  SharedBytes data;
  bool gone = false;
  friend bool operator==(const PresenceUpdate&, const PresenceUpdate&) = default;
};

struct Subscribed {
  std::uint64_t request = 0;
  DocumentHandle document;
  Epoch epoch;
  Offset head;
  Sequence last_sequence;
  bool lost_history = false;
  std::vector<PresenceUpdate> presence;
  friend bool operator==(const Subscribed&, const Subscribed&) = default;
};

/// Any records of one document in offset order; the codec groups them into runs.
struct Records {
  DocumentHandle document;
  std::vector<Record> records;
  bool stub = false;  ///< payloads are left out: the reader is their author
  friend bool operator==(const Records&, const Records&) = default;
};

struct CaughtUp {
  DocumentHandle document;
  Offset offset;
  friend bool operator==(const CaughtUp&, const CaughtUp&) = default;
};

struct Stored {
  DocumentHandle document;
  Sequence through_sequence;
  Offset offset;
  friend bool operator==(const Stored&, const Stored&) = default;
};

enum class Reason : std::uint8_t {
  unspecified = 0,
  deleted = 1,
  epoch = 2,
  fenced = 3,
  resend_differs = 4,
  not_comparable = 5,
  sequence_gap = 6,
  producer_owned = 7,
  protocol = 8,
  snapshot = 9,
};

struct ErrorEvent {
  Error error;
  std::uint64_t request = 0;
  DocumentHandle document;
  std::uint64_t retry_after_ms = 0;
  Sequence expected_sequence;
  Sequence through_sequence;
  Reason reason = Reason::unspecified;
  friend bool operator==(const ErrorEvent&, const ErrorEvent&) = default;
};

struct GoingAway {
  std::uint64_t reconnect_after_ms = 0;
  std::string address;
  std::string reason;
  friend bool operator==(const GoingAway&, const GoingAway&) = default;
};

struct Ping {
  std::uint64_t nonce = 0;
  friend bool operator==(const Ping&, const Ping&) = default;
};

struct Cut {
  DocumentHandle document;
  Offset offset;
  friend bool operator==(const Cut&, const Cut&) = default;
};

/// Records of one document as the relay has packed them (docs/pack-format.md), for a client whose hello says that it
/// can unpack this version.
struct Pack {
  DocumentHandle document;
  SharedBytes data;
  friend bool operator==(const Pack&, const Pack&) = default;
};

/// Its chunks follow, then the records after it.
struct SnapshotHeader {
  DocumentHandle document;
  Offset offset;
  Digest hash;
  std::uint64_t size = 0;
  Codec codec;
  Digest chain;
  Offset base;  ///< not 0: it stands for what came after this offset only
  Fidelity fidelity = Fidelity::unknown;
  bool verified = false;
  Seconds time{};
  friend bool operator==(const SnapshotHeader&, const SnapshotHeader&) = default;
};

struct SnapshotWanted {
  DocumentHandle document;
  std::uint64_t lease_ms = 0;
  friend bool operator==(const SnapshotWanted&, const SnapshotWanted&) = default;
};

struct AttestationWanted {
  DocumentHandle document;
  Offset offset;
  Digest hash;
  std::uint64_t size = 0;
  Codec codec;
  std::uint64_t lease_ms = 0;
  friend bool operator==(const AttestationWanted&, const AttestationWanted&) = default;
};

struct SnapshotStored {
  DocumentHandle document;
  Offset offset;
  Digest hash;
  friend bool operator==(const SnapshotStored&, const SnapshotStored&) = default;
};

/// The answer to ReadHistory.
struct History {
  std::uint64_t request = 0;
  Epoch epoch;
  std::vector<SnapshotHeader> snapshots;  ///< from the bottom up; their `document` is 0
  std::vector<Record> records;
  Offset offset;  ///< ask on from here
  bool complete = false;
  Offset cut;
  Offset head;
  friend bool operator==(const History&, const History&) = default;
};

using ServerEvent =
    std::variant<Welcome, Subscribed, Records, CaughtUp, Stored, PresenceUpdate, ErrorEvent, GoingAway, Ping, Cut, Pack,
                 SnapshotHeader, SnapshotChunk, SnapshotWanted, AttestationWanted, SnapshotStored, History>;

}  // namespace weir::frames
