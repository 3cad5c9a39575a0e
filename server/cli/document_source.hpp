// Where `weir docs` gets documents from: the store of a stopped relay, or a relay that runs. One set of commands and
// printers serves both, so both say the same.
//
//   auto source = open_store({.data = "weir-data"});  or  open_live({.address = "127.0.0.1:8788"}, notice)
//   (*source)->read(path, epoch, Offset{0}, [](const Record& record) { ...; return true; });
//
// Threads: blocking; one at a time, the one that calls back. A stop token may be told from any.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "weir/rocksdb/rocks_log.hpp"
#include "weir/vocabulary/append.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::cli {

struct SpaceLine {
  SpaceName name;
  Offset head;
  std::uint64_t documents = 0;
};
struct DocumentLine {
  DocumentName name;
  DocumentState state;
};
struct FeedLine {
  AppendKind kind = AppendKind::deltas;
  DocumentName document;
  Epoch epoch;
  Record record;  ///< only offset and time are set for a deletion or re-creation, only the offset for a cut
};
template <class Line>
struct Listed {
  std::vector<Line> lines;
  std::string next_after;  ///< empty: these were the last
};

/// Records of one producer with consecutive sequences, to be put into a document.
struct Run {
  ProducerId producer;
  Sequence first_sequence;
  Seconds time;
  std::vector<Delta> deltas;
};

/// A moment of a document's past; of both the earlier counts.
struct AsOf {
  Offset offset{};  ///< 0: the present
  Seconds time{};   ///< 0: the present
};

struct SnapshotLine {
  Snapshot about;       ///< its ids mean nothing here
  Offset base{};        ///< of the one it lies on; 0: it stands alone
  bool served = false;  ///< newcomers may be given it; a store that stands still serves nobody
};
/// The next bytes of a snapshot; empty at its end.
using NextBytes = std::function<Result<std::string>()>;

/// All answer whether to go on.
using OnBytes = std::function<bool(std::string_view)>;
using OnRecord = std::function<bool(const Record&)>;
using OnLine = std::function<bool(const FeedLine&)>;
/// Told before the records when others before them were wanted that are no longer kept: up to where.
using OnCut = std::function<void(const Cursor&)>;
/// Told to a person, beside what is printed: "lost the relay ...".
using Notice = std::function<void(const std::string&)>;

class DocumentSource {
 public:
  DocumentSource() = default;
  DocumentSource(const DocumentSource&) = delete;
  DocumentSource& operator=(const DocumentSource&) = delete;
  virtual ~DocumentSource() = default;

  /// A page of names in byte order, after `after`.
  [[nodiscard]] virtual Result<Listed<SpaceLine>> spaces(const std::string& after) = 0;
  [[nodiscard]] virtual Result<Listed<DocumentLine>> documents(const SpaceName& space, const std::string& after) = 0;
  /// Absent is a state too.
  [[nodiscard]] virtual Result<DocumentState> document(const DocumentPath& path) = 0;
  /// What a living document weighs on the disk; empty where only the relay knows.
  [[nodiscard]] virtual Result<std::optional<storage::DocumentWeight>> weigh(const DocumentPath& path) = 0;
  /// The records behind `after` as they stand now, or stood; answers with where they ended, as far as it was read. The
  /// chain value before a cut is all 0.
  [[nodiscard]] virtual Result<Cursor> read(const DocumentPath& path, Epoch epoch, Offset after, const AsOf& as_of,
                                            const OnRecord& on_record, const OnCut& on_cut = {}) = 0;
  /// By offset, those in quarantine included.
  [[nodiscard]] virtual Result<std::vector<SnapshotLine>> snapshots(const DocumentPath& path) = 0;
  /// The bytes of one, without those it lies on.
  [[nodiscard]] virtual Result<void> read_snapshot(const DocumentPath& path, const SnapshotLine& snapshot,
                                                   const OnBytes& on_bytes) = 0;
  /// The same, and then what comes, until it is told to stop, which is no error. Survives the loss of the relay; what
  /// was cut meanwhile is told without its chain value.
  [[nodiscard]] virtual Result<void> follow(const DocumentPath& path, Epoch epoch, Offset after,
                                            const OnRecord& on_record, const OnCut& on_cut, std::stop_token stop) = 0;
  /// A space's order, likewise.
  [[nodiscard]] virtual Result<void> feed(const SpaceName& space, Offset after, bool follow, const OnLine& on_line,
                                          std::stop_token stop) = 0;

  /// The offset of the deletion.
  [[nodiscard]] virtual Result<Offset> remove(const DocumentPath& path) = 0;
  /// Nobody is served this snapshot any more. NOT_FOUND when none is in use at this offset.
  [[nodiscard]] virtual Result<void> withdraw(const DocumentPath& path, Offset offset) = 0;
  /// One in quarantine is a candidate again.
  [[nodiscard]] virtual Result<void> release(const DocumentPath& path, const SnapshotLine& snapshot) = 0;
  /// The new epoch.
  [[nodiscard]] virtual Result<Epoch> recreate(const DocumentPath& path) = 0;
  /// Behind what the document has. Durable after settle(), which tells of errors that came late.
  [[nodiscard]] virtual Result<void> put(const DocumentPath& path, Epoch epoch, Run run) = 0;
  [[nodiscard]] virtual Result<void> settle() = 0;
  /// After settle(). It lies on the snapshot at `base` that was put before; and counts as what its standing says, or as
  /// a candidate where puts_exactly() is false.
  [[nodiscard]] virtual Result<void> put_snapshot(const DocumentPath& path, Epoch epoch, const SnapshotLine& snapshot,
                                                  const NextBytes& next) = 0;
  /// After settle(). Records up to here are forgotten. Only where puts_exactly() is true.
  [[nodiscard]] virtual Result<void> cut(const DocumentPath& path, Epoch epoch, Offset offset) = 0;
  /// Whether put() keeps a run's time, and takes sequences with gaps or beginning anew; and whether snapshots keep
  /// their standing and what they lie on.
  [[nodiscard]] virtual bool puts_exactly() const = 0;
};

}  // namespace weir::cli
