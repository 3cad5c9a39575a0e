// The small rows beside the runs: spaces, documents, marks, a space's order, the last commit.
//
//   std::string value = encode(row);
//   std::optional<DocumentRow> row = decode_document(value);      // empty: damaged
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/rocksdb/keys.hpp"
#include "weir/storage/delta_log.hpp"

namespace weir::storage::rocks {

struct SpaceRow {
  SpaceId id;
  Offset head;
  std::uint64_t documents = 0;  ///< alive
};

struct DocumentRow {
  DocumentId id;
  Life life;
  bool deleted = false;
  Offset head;
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  Seconds first_time;
  Seconds last_time;
  // What was cut: everything up to a record, which is at `cut`; 0: nothing. The fields above say what is kept.
  Offset cut{};
  Digest cut_chain{};  ///< the chain value there
  std::uint64_t cut_records = 0;
  std::uint64_t cut_payload_bytes = 0;
};

/// Which name a document's number stands for.
struct NameRow {
  SpaceId space;
  std::string name;
};

struct MarkRow {
  Sequence sequence;
  Seconds time;  ///< of the append that set it; idle marks are retired by it
  std::string principal;
};

/// One run, tombstone or re-creation in a space's order.
struct OrderItem {
  AppendKind kind = AppendKind::deltas;
  DocumentId document;
  Life life;
  Offset first;
  Offset last;
  Seconds time;  ///< of a tombstone or re-creation
};
/// What one commit added to one space, sorted by first offset. Runs of several documents may interleave.
using OrderEntry = std::vector<OrderItem>;

struct LastCommit {
  std::uint64_t number = 0;
  /// Where its order entries lie.
  std::vector<std::pair<SpaceId, Offset>> entries;
};

/// The numbers that new names get next.
struct NextIds {
  SpaceId space{1};
  DocumentId document{1};
};

[[nodiscard]] std::string encode(const SpaceRow& row);
[[nodiscard]] std::string encode(const DocumentRow& row);
[[nodiscard]] std::string encode(const NameRow& row);
[[nodiscard]] std::string encode(const MarkRow& row);
[[nodiscard]] std::string encode(const OrderEntry& entry);
[[nodiscard]] std::string encode(const LastCommit& commit);
[[nodiscard]] std::string encode(const NextIds& ids);

[[nodiscard]] std::optional<SpaceRow> decode_space(std::string_view value);
[[nodiscard]] std::optional<DocumentRow> decode_document(std::string_view value);
[[nodiscard]] std::optional<NameRow> decode_name(std::string_view value);
[[nodiscard]] std::optional<MarkRow> decode_mark(std::string_view value);
[[nodiscard]] std::optional<OrderEntry> decode_order(std::string_view value);
[[nodiscard]] std::optional<LastCommit> decode_last_commit(std::string_view value);
[[nodiscard]] std::optional<NextIds> decode_next_ids(std::string_view value);

}  // namespace weir::storage::rocks
