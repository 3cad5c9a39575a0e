// What a log must hold: every append it acknowledged, and of those it did not answer a beginning of each lane's.
//
//   Model model(log.incarnation(), [&] { return !disk.crashed(); });
//   const auto ticket = model.submit(lane, append);
//   log.append(lane, append, [&](const Result<Appended>& result) { model.answered(ticket, result); });
//   ... the power goes, the log is opened again ...
//   std::optional<std::string> wrong = model.settle(log, ...);   // decides what became of the unanswered ones
//   std::optional<Difference> difference = model.compare(log);   // everything readable, through the DeltaLog alone
//
// A space belongs to one lane. Offsets are taken as the log gives them; they must increase and, in one append, be
// dense.
//
// Threads: answered() from any, the rest from the thread of the workload.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "weir/storage/delta_log.hpp"

namespace weir::storage::crash {

/// One document as far as a reader can tell, and the records that were cut. Offsets of appends that nobody answered are
/// 0 until they are learned.
struct ModelDocument {
  std::uint64_t life = 1;
  DocumentLife state = DocumentLife::absent;
  std::vector<Record> records;
  std::size_t cut = 0;  ///< so many of them are not kept
  std::map<ProducerId, Mark> marks;
  std::map<std::string, SharedBytes> notes;
};
/// One entry of a space's order: a record of a document that may have been deleted since, or a change of its life.
struct ModelEntry {
  AppendKind kind = AppendKind::deltas;
  DocumentName document;
  std::uint64_t life = 1;
  Record record;
};
struct ModelSpace {
  std::map<DocumentName, ModelDocument> documents;
  std::vector<ModelEntry> order;
};
using ModelState = std::map<SpaceName, ModelSpace>;

/// What a log tells otherwise than it should.
struct Difference {
  Difference(std::string told, std::optional<Code> code = std::nullopt) : what(std::move(told)), refused(code) {}
  Difference(const char* told) : what(told) {}
  std::string what;
  /// It did not tell anything else, it answered with this error.
  std::optional<Code> refused;
};

/// What `state` is after `append`; `first` is its first offset, 0 while unknown.
void apply(ModelState& state, const Append& append, Offset first);
/// What differs between the state and what the log tells, if anything. Learns unknown offsets.
[[nodiscard]] std::optional<Difference> compare(ModelState& state, const DeltaLog& log);

class Model {
 public:
  struct Ticket {
    Lane lane;
    std::uint64_t number = 0;
  };

  /// Answers given once `powered` tells false do not count: nobody was there to hear them.
  Model(const StoreIncarnation& incarnation, std::function<bool()> powered)
      : incarnation_(incarnation), powered_(std::move(powered)) {}

  // Writing.
  [[nodiscard]] Ticket submit(Lane lane, const Append& append);
  void answered(Ticket ticket, const Result<Appended>& result);
  /// Blocks until every append has been answered.
  void wait();
  /// After an append of the lane failed and all were answered: a hub forgets what it had built on it.
  void forget_failed(Lane lane);
  /// What a hub believes, all that is on its way included; absent: nothing yet.
  [[nodiscard]] ModelDocument believed(Lane lane, const DocumentPath& path) const;
  /// What was acknowledged, likewise.
  [[nodiscard]] ModelDocument known(Lane lane, const DocumentPath& path) const;
  [[nodiscard]] Epoch epoch(std::uint64_t life) const { return derive_epoch(incarnation_, life); }
  /// A reader was shown this head, and the power was still there: it must never be taken back.
  void saw_head(const SpaceName& space, Offset head);

  // Checking.
  /// The log was opened again, with `powered` for its disk.
  [[nodiscard]] std::optional<std::string> settle(const DeltaLog& log, std::function<bool()> powered);
  [[nodiscard]] std::optional<Difference> compare(const DeltaLog& log);
  /// The same for a damaged log: nothing differs, or no more than the newest `appends_missing_max` appends are missing.
  [[nodiscard]] std::optional<Difference> compare_damaged(const DeltaLog& log, std::size_t appends_missing_max) const;
  /// What an answer alone has shown to be wrong.
  [[nodiscard]] std::optional<std::string> wrong_answer() const;
  [[nodiscard]] std::uint64_t acknowledged() const;
  /// Why the first append was refused since the opening or since failures were forgotten, if one was.
  [[nodiscard]] std::optional<Code> refused() const;

 private:
  struct Pending {
    std::uint64_t number = 0;
    Append append;
    std::optional<Result<Appended>> result;
  };
  struct OfLane {
    ModelState known;                                ///< acknowledged
    ModelState believed;                             ///< that, and what was submitted behind it
    std::deque<Pending> open;                        ///< not acknowledged: unanswered or failed
    std::vector<std::pair<Append, Offset>> history;  ///< what made `known`, unless a crash left something more
  };

  [[nodiscard]] ModelDocument document(Lane lane, const DocumentPath& path, ModelState OfLane::* state) const;
  [[nodiscard]] std::optional<std::string> refuse_answer(const Pending& pending, const Appended& appended);
  [[nodiscard]] std::optional<std::string> settle(OfLane& lane, const DeltaLog& log);
  [[nodiscard]] std::optional<Difference> compare_frame(const DeltaLog& log) const;

  const StoreIncarnation incarnation_;
  std::function<bool()> powered_;
  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable idle_;
  std::map<Lane, OfLane> lanes_;
  std::map<SpaceName, Offset> offsets_taken_;  ///< the newest that must not be given again
  std::map<SpaceName, Offset> heads_seen_;     ///< by a reader
  std::uint64_t numbers_ = 0;
  std::uint64_t unanswered_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::optional<std::string> wrong_answer_;
  std::optional<Code> refused_;
};

}  // namespace weir::storage::crash
