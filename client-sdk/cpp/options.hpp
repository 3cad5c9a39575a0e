// What an application says when it opens a session, and a document on it.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "weir/client/encryption.hpp"
#include "weir/client/store_contents.hpp"
#include "weir/vocabulary/record.hpp"

namespace weir::client {

struct SessionOptions {
  /// 16 random bytes; by default new ones. One client at a time may use them.
  std::optional<ProducerId> producer{};
  /// What a store has of an earlier session, its producer included. If given, the session says what to write
  /// (Persist in effects.hpp), and sends a delta when it is durable there.
  std::optional<StoreContents> kept{};
  /// False: only when connect() is called.
  bool connect = true;
  /// A token that is refused is not tried again, unless each connection asks for a new one.
  bool token_changes = false;
  /// The first retry comes within this time, the next within twice as much, and so on.
  std::chrono::milliseconds backoff_first{250};
  std::chrono::milliseconds backoff_max{30'000};
  /// Of one document; what is published above it is refused.
  std::size_t outbox_bytes_max = 64 << 20;
  /// The application can make and check snapshots (SnapshotAsked and AttestationAsked in effects.hpp).
  bool makes_snapshots = false;
  /// What the relay has packed comes as it lies there, a byte or so a keystroke instead of some thirty, and is unpacked
  /// here (docs/pack-format.md); chunks of snapshots may come compressed. False: all comes as records.
  bool packs = true;
  /// When the session begins, in microseconds of Unix time: encrypted presence is numbered from there. Whoever keeps
  /// the producer id must give it, so that the numbers rise over restarts.
  std::uint64_t unix_time = 0;
  /// Name and version of the application, for the operator's log.
  std::string client_name = "weir-cpp/0.1.0";
};

struct SubscribeOptions {
  /// Only what is published from now on. Otherwise what comes after `cursor`, or everything that is kept.
  bool live_only = false;
  std::optional<Cursor> cursor{};
  /// Others' presence is wanted.
  bool presence = false;
  /// Opens a deleted document anew.
  bool recreate = false;
  /// The application takes snapshots (SnapshotRead in effects.hpp): they stand for records that then do not come. Those
  /// that an app of this kind has made, for the relay does not know what is in them.
  bool snapshots = false;
  /// The application can be asked for its state after lost history (StateWanted in effects.hpp).
  bool offers_state = false;
  /// Everything is sealed with the document's key, and only what is sealed with one of its keys is delivered. Includes
  /// `verify`.
  std::optional<Encryption> encryption{};
  /// The document ends when the relay is found to repeat, leave out or reorder records.
  bool verify = false;
};

}  // namespace weir::client
