#include "weir/rocksdb/commit.hpp"

#include <algorithm>

#include "weir/rocksdb/check.hpp"
#include "weir/rocksdb/run.hpp"
#include "weir/rocksdb/snapshot_changes.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t marks_known_max = 1024;  // of one document, between commits

DocumentLife life_of(const DocumentRow& row) {
  if (row.id == DocumentId{}) return DocumentLife::absent;
  return row.deleted ? DocumentLife::deleted : DocumentLife::alive;
}

}  // namespace

Result<Appended> Commit::stage(const Queued& queued) {
  batch_.SetSavePoint();
  auto staged = try_to_stage(queued);
  // What was refused half-way must not be written with the rest of the commit.
  static_cast<void>(staged ? batch_.PopSavePoint() : batch_.RollbackToSavePoint());
  return staged;
}

Result<Appended> Commit::try_to_stage(const Queued& queued) {
  const Append& append = *queued.append;
  if (auto error = refuse_shape(append)) return *std::move(error);
  const auto found = state_.document(*append.path);
  if (!found) return found.error();
  Document& document = **found;
  Sequence mark;
  if (append.kind == AppendKind::deltas && append.assumed_mark) {
    const auto known = state_.mark(document, append.producer);
    if (!known) return known.error();
    mark = (*known)->row.sequence;
  }
  if (auto error = refuse_state(append, life_of(document.row), document.epoch, mark)) return *std::move(error);
  if (append.kind == AppendKind::cut) return cut(document, append);
  if (append.kind == AppendKind::tombstone)
    if (auto ended = end_snapshots(View(state_.store()), document.row.id, document.row.life, batch_); !ended)
      return ended.error();

  touch(document);
  if (document.row.id == DocumentId{}) bring_to_life(document);
  Appended appended;
  if (append.kind == AppendKind::deltas) {
    place_deltas(document, queued, appended);
  } else {
    appended.first = appended.last = place_change(document, append);
  }
  for (const Note& note : append.notes) document.notes.insert_or_assign(note.key, note.value);
  appended.epoch = document.epoch;
  ++staged_;
  return appended;
}

void Commit::touch(Document& document) {
  if (!document.changed) documents_.push_back(&document);
  document.changed = true;
  if (!document.space->changed) spaces_.push_back(document.space);
  document.space->changed = true;
}

void Commit::bring_to_life(Document& document) {
  Space& space = *document.space;
  if (space.row.id == SpaceId{}) space.row.id = std::exchange(state_.ids().space, state_.ids().space.next());
  document.row.id = std::exchange(state_.ids().document, state_.ids().document.next());
  ++space.row.documents;
  batch_.Put(state_.store().rows(), keys::name(document.row.id), encode(NameRow{space.row.id, document.name}));
}

Offset Commit::place_change(Document& document, const Append& append) {
  Space& space = *document.space;
  space.row.head = space.row.head.next();
  if (append.kind == AppendKind::tombstone) {
    end_life(document);
    --space.row.documents;
  } else {
    document.row.deleted = false;
    document.row.life = document.row.life.next();
    document.marks.clear();  // of the old epoch, should somebody have asked since the tombstone
    document.epoch = derive_epoch(state_.store().incarnation(), document.row.life.value);
    ++space.row.documents;
  }
  document.row.head = space.row.head;
  space.order.push_back({append.kind, document.row.id, document.row.life, space.row.head, space.row.head, append.time});
  return space.row.head;
}

void Commit::end_life(Document& document) {
  const DocumentId id = document.row.id;
  const Life life = document.row.life;
  const auto remove_all = [&](rocksdb::ColumnFamilyHandle* family, const std::string& prefix) {
    batch_.DeleteRange(family, prefix, keys::behind(prefix));
  };
  remove_all(state_.store().runs(), keys::runs(id, life));
  remove_all(state_.store().packs(), keys::packs(id, life));
  remove_all(state_.store().rows(), keys::marks(id));
  remove_all(state_.store().rows(), keys::notes(id, life));
  remove_all(state_.store().rows(), keys::chain_points(id, life));
  // What this commit has placed before the tombstone never gets to the disk.
  document.placed.clear();
  document.notes.clear();
  document.marks.clear();
  document.row.deleted = true;
  document.row.records = document.row.payload_bytes = 0;
  document.row.first_time = document.row.last_time = {};
  document.row.cut = {};
  document.row.cut_records = document.row.cut_payload_bytes = 0;
}

void Commit::place_deltas(Document& document, const Queued& queued, Appended& appended) {
  const Append& append = *queued.append;
  if (append.deltas.empty()) return;
  DocumentRow& row = document.row;
  Offset& head = document.space->row.head;
  appended.first = head.next();
  Sequence sequence = append.first_sequence;
  for (std::size_t i = 0; i < append.deltas.size(); ++i, sequence = sequence.next()) {
    head = head.next();
    document.placed.push_back({head, sequence, &append, &append.deltas[i], queued.checksums[i]});
    row.payload_bytes += append.deltas[i].payload.size();
    document.added_bytes += append.deltas[i].payload.size();
    payload_bytes_ += append.deltas[i].payload.size();
  }
  document.added_records += append.deltas.size();
  appended.last = row.head = head;
  if (row.records == 0) row.first_time = append.time;
  row.last_time = append.time;
  row.records += append.deltas.size();
  records_ += append.deltas.size();
  if (!append.assumed_mark) return;
  const Sequence last{append.first_sequence.value + append.deltas.size() - 1};
  document.marks.at(append.producer) = {{last, append.time, append.principal}, true};
}

void Commit::put_runs(Document& document) {
  RunBuilder builder;
  const auto close_run = [&] {
    if (builder.empty()) return;
    const Offset first = builder.first(), last = builder.last();
    document.space->order.push_back({AppendKind::deltas, document.row.id, document.row.life, first, last, {}});
    batch_.Put(state_.store().runs(), keys::run(document.row.id, document.row.life, first),
               builder.finish(document.row.id, document.row.life));
  };
  for (const WorkingState::Placed& placed : document.placed) {
    if (!builder.fits(placed.delta->payload.size())) close_run();
    builder.add(placed.offset, placed.append->producer, placed.sequence, placed.append->time, *placed.delta,
                placed.checksum);
  }
  close_run();
  document.placed.clear();
}

void Commit::put_document(Document& document) {
  rocksdb::ColumnFamilyHandle* rows = state_.store().rows();
  put_runs(document);
  batch_.Put(rows, keys::document(document.space->row.id, document.name), encode(document.row));
  for (auto& [producer, mark] : document.marks)
    if (std::exchange(mark.changed, false))
      batch_.Put(rows, keys::mark(document.row.id, document.epoch, producer), encode(mark.row));
  for (const auto& [key, value] : document.notes)
    batch_.Put(rows, keys::note(document.row.id, document.row.life, key),
               rocksdb::Slice(value.view().data(), value.size()));
  document.notes.clear();
  document.changed = false;
  if (document.marks.size() > marks_known_max) document.marks.clear();
}

void Commit::finish(std::uint64_t number, const std::vector<ChainPoint>& points) {
  rocksdb::ColumnFamilyHandle* rows = state_.store().rows();
  LastCommit last{number, {}};
  for (Document* document : documents_) put_document(*document);
  for (Space* space : spaces_) {
    if (!space->order.empty()) {
      std::sort(space->order.begin(), space->order.end(),
                [](const OrderItem& left, const OrderItem& right) { return left.first < right.first; });
      const Offset first = space->order.front().first;
      batch_.Put(rows, keys::order(space->row.id, first), encode(space->order));
      last.entries.emplace_back(space->row.id, first);
      space->order.clear();
    }
    batch_.Put(rows, keys::space(space->name.text()), encode(space->row));
  }
  const auto ends = [&](const ChainPoint& point) {
    return std::ranges::any_of(documents_, [&](const Document* document) {
      const DocumentRow& row = document->row;
      return row.id == point.document && (row.deleted || row.life != point.life || point.offset <= row.cut);
    });
  };
  for (const ChainPoint& point : points)
    if (!ends(point))
      batch_.Put(rows, keys::chain_point(point.document, point.life, point.offset),
                 rocksdb::Slice(point.digest.view().data(), point.digest.view().size()));
  const NextIds& ids = state_.ids();
  if (ids.space != ids_before_.space || ids.document != ids_before_.document)
    batch_.Put(rows, keys::meta("ids"), encode(ids));
  batch_.Put(rows, keys::meta("last-commit"), encode(last));
}

void Commit::committed(Candidates& candidates) {
  for (Space* space : spaces_) space->changed = false;
  for (Document* document : documents_) {
    if (document->added_records > 0)
      candidates.stored(document->row.id, document->added_records, document->added_bytes);
    document->added_records = document->added_bytes = 0;
    if (std::exchange(document->was_cut, false)) candidates.add(document->row.id);
  }
  state_.committed();
}

}  // namespace weir::storage::rocks
