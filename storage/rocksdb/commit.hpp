// One commit being put together: appends are checked and placed one after the other against the state that the ones
// before them leave, then all of it becomes one WriteBatch.
//
//   Commit commit(store, working_state);
//   Result<Appended> placed = commit.stage(queued);       // for each, in order
//   commit.finish(number, points);  // write commit.batch(); then commit.committed(), or working_state.forget()
//
// Threads: the writer's alone.
#pragma once

#include <rocksdb/write_batch.h>

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "weir/rocksdb/append_queue.hpp"
#include "weir/rocksdb/candidates.hpp"
#include "weir/rocksdb/chain.hpp"
#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {

/// What the writer knows of spaces and documents, as of the newest staged append. A cache: it may be forgotten at any
/// time between commits, and must be after a failed one.
class WorkingState {
 public:
  struct Space {
    SpaceName name;
    SpaceRow row;
    bool changed = false;
    OrderEntry order;  ///< of the current commit
  };
  struct Mark {
    MarkRow row;  ///< sequence 0: none
    bool changed = false;
  };
  /// A delta placed in the current commit; the queued append keeps it alive.
  struct Placed {
    Offset offset;
    Sequence sequence;
    const Append* append = nullptr;
    const Delta* delta = nullptr;
    std::uint32_t checksum = 0;
  };
  struct Document {
    std::string name;
    Space* space = nullptr;
    DocumentRow row;  ///< id 0: not in the store yet
    bool changed = false;
    Epoch epoch;
    std::unordered_map<ProducerId, Mark> marks;
    std::vector<Placed> placed;
    std::uint64_t added_records = 0;  ///< by the current commit, as are:
    std::uint64_t added_bytes = 0;
    std::map<std::string, SharedBytes> notes;  ///< of the current commit
    bool was_cut = false;                      ///< by the current commit
  };

  explicit WorkingState(const Store& store) : store_(store), ids_(store.next_ids()) {}

  [[nodiscard]] Result<Document*> document(const DocumentPath& path);
  [[nodiscard]] Result<Mark*> mark(Document& document, const ProducerId& producer);
  [[nodiscard]] const Store& store() const { return store_; }
  [[nodiscard]] NextIds& ids() { return ids_; }

  /// The staged changes are on disk. Frees what is too much to remember.
  void committed();
  /// They are not: everything is read again when needed. Offsets given out in vain are not given out again.
  void forget();

 private:
  [[nodiscard]] Result<Space*> space(const View& view, const SpaceName& name);

  const Store& store_;
  NextIds ids_;  // never goes back, so that no number ever stands for two names
  std::unordered_map<SpaceName, std::unique_ptr<Space>> spaces_;
  std::unordered_map<DocumentPath, std::unique_ptr<Document>> documents_;
  std::unordered_map<SpaceName, Offset> burnt_heads_;
};

class Commit {
 public:
  explicit Commit(WorkingState& state) : state_(state), ids_before_(state.ids()) {}

  /// Places the append, or refuses it and changes nothing. `queued` must stay where it is until the commit is written.
  [[nodiscard]] Result<Appended> stage(const Queued& queued);
  [[nodiscard]] bool empty() const { return staged_ == 0; }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  [[nodiscard]] std::uint64_t payload_bytes() const { return payload_bytes_; }
  /// Puts everything staged into the batch, as commit `number`, with chain values that somebody computed.
  void finish(std::uint64_t number, const std::vector<ChainPoint>& points);
  [[nodiscard]] rocksdb::WriteBatch& batch() { return batch_; }
  /// The batch was written; tells what was stored of which document.
  void committed(Candidates& candidates);

 private:
  using Document = WorkingState::Document;
  using Space = WorkingState::Space;

  [[nodiscard]] Result<Appended> try_to_stage(const Queued& queued);
  void bring_to_life(Document& document);
  Offset place_change(Document& document, const Append& append);
  void end_life(Document& document);
  void place_deltas(Document& document, const Queued& queued, Appended& appended);
  // In cutting.cpp:
  [[nodiscard]] Result<Appended> cut(Document& document, const Append& append);
  [[nodiscard]] Result<void> delete_up_to(const View& view, const DocumentRow& row, Offset last, Offset kept_from);
  void forget_placed(Document& document, std::size_t count);

  void touch(Document& document);
  void put_document(Document& document);
  void put_runs(Document& document);

  WorkingState& state_;
  const NextIds ids_before_;
  rocksdb::WriteBatch batch_;
  std::vector<Document*> documents_;
  std::vector<Space*> spaces_;
  std::size_t staged_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t payload_bytes_ = 0;
};

}  // namespace weir::storage::rocks
