// What a client keeps over the end of its process, and how it changes. The session makes changes; a store applies them,
// several together or none (store_journal.hpp), and gives back what came of them after a restart.
//
//   for (const StoreChange& change : persist.changes) apply(contents, change);
//   std::string bytes = encode(persist.changes);
//
// Of a document: which numbers its producer has given, what the relay has stored of them, and the deltas that it is not
// known to have, each with the sequence it is sent with; and whether it is encrypted. Not the reader's cursor: it
// belongs to what the application made of the records, and is kept there, so that the two never disagree.
//
// Threads: plain values.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "weir/vocabulary/record.hpp"

namespace weir::client {

/// One entry of an outbox.
struct StoredDelta {
  Sequence sequence;
  bool base = false;
  bool offered = false;
  Delta delta;  ///< as it is sent: sealed, where the document is encrypted
  friend bool operator==(const StoredDelta&, const StoredDelta&) = default;
};

/// How far publishing to a document has come.
struct StoredPlace {
  ProducerId producer{};  ///< whose sequences these are
  Epoch epoch{};          ///< 0: never subscribed
  Sequence last_given{};
  Sequence stored_through{};
  bool ever_stored = false;
  /// The relay lacks what this client had: its state is to be offered before all that waits.
  bool state_wanted = false;
  bool encrypted = false;  ///< opened with a key, or seen to have something sealed: nothing goes there in plain
  friend bool operator==(const StoredPlace&, const StoredPlace&) = default;
};

struct StoredDocument {
  StoredPlace place;
  std::deque<StoredDelta> outbox;  ///< by rising sequence
  friend bool operator==(const StoredDocument&, const StoredDocument&) = default;
};

struct StoreContents {
  ProducerId producer{};
  std::map<DocumentPath, StoredDocument> documents;
  friend bool operator==(const StoreContents&, const StoreContents&) = default;
};

struct KeepProducer {
  ProducerId producer;
  friend bool operator==(const KeepProducer&, const KeepProducer&) = default;
};
struct KeepPlace {
  DocumentPath path;
  StoredPlace place;
  friend bool operator==(const KeepPlace&, const KeepPlace&) = default;
};
/// Behind all others.
struct KeepDelta {
  DocumentPath path;
  StoredDelta delta;
  friend bool operator==(const KeepDelta&, const KeepDelta&) = default;
};
/// In the place of all others.
struct KeepOutbox {
  DocumentPath path;
  std::vector<StoredDelta> deltas;
  friend bool operator==(const KeepOutbox&, const KeepOutbox&) = default;
};
/// The relay has these.
struct DropDeltas {
  DocumentPath path;
  Sequence first;
  Sequence through;
  friend bool operator==(const DropDeltas&, const DropDeltas&) = default;
};
using StoreChange = std::variant<KeepProducer, KeepPlace, KeepDelta, KeepOutbox, DropDeltas>;

void apply(StoreContents& contents, const StoreChange& change);
/// Changes that make these contents out of nothing, a document at a time.
[[nodiscard]] std::vector<std::vector<StoreChange>> changes_to(const StoreContents& contents);

[[nodiscard]] std::string encode(const std::vector<StoreChange>& changes);
/// DATA_LOSS when these are no changes, or those of a newer version.
[[nodiscard]] Result<std::vector<StoreChange>> decode_changes(const SharedBytes& bytes);

}  // namespace weir::client
