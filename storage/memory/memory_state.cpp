#include "weir/memory/memory_state.hpp"

#include <cstdlib>

namespace weir::storage {
namespace {

constexpr std::size_t note_key_bytes_max = 255;
constexpr std::size_t note_value_bytes_max = std::size_t{64} << 10;

std::optional<Error> refuse_shape(const Append& append) {
  const auto invalid = [](const char* why) { return fail(Code::invalid_argument, std::string("append: ") + why); };
  for (const Note& note : append.notes) {
    if (note.key.empty() || note.key.size() > note_key_bytes_max) return invalid("a note's key has 1 to 255 bytes");
    if (note.value.size() > note_value_bytes_max) return invalid("a note has at most 64 KiB");
  }
  if (append.kind != AppendKind::deltas) {
    if (!append.deltas.empty()) return invalid("only an append of deltas carries some");
    if (append.kind != AppendKind::recreate && !append.notes.empty()) return invalid("it carries no notes");
    return std::nullopt;
  }
  if (append.deltas.empty() && append.notes.empty()) return invalid("nothing to store");
  if (append.deltas.empty()) return std::nullopt;
  if (append.producer == ProducerId{}) return invalid("no producer");
  const std::uint64_t first = append.first_sequence.value;
  if (first == 0 || first + (append.deltas.size() - 1) < first)
    return invalid("sequences begin with 1 and end at 2^64-1");
  if (append.assumed_mark && first <= append.assumed_mark->value) return invalid("sequences are not above the mark");
  for (const Delta& delta : append.deltas)
    if (delta.codec.value > 0xFFFFFFFF) return invalid("a codec has 32 bits");
  return std::nullopt;
}

std::optional<Error> refuse_state(const Append& append, const MemoryDocument* document, Epoch epoch) {
  const auto aborted = [&](const char* why) {
    return fail(Code::aborted, "document \"" + append.path->document.text() + "\": " + why);
  };
  if (append.epoch != epoch) return aborted("its epoch is another; load the document again");
  const DocumentLife life = document == nullptr ? DocumentLife::absent : document->life;
  if (append.kind == AppendKind::recreate)
    return life == DocumentLife::deleted ? std::nullopt : std::optional(aborted("it is not deleted"));
  if (life == DocumentLife::deleted) return aborted("it was deleted");
  if (append.kind != AppendKind::deltas && life == DocumentLife::absent) return aborted("it does not exist");
  if (append.kind == AppendKind::cut && append.cut > document->head)
    return fail(Code::invalid_argument, "append: a cut ends at the document's head");
  if (!append.assumed_mark) return std::nullopt;
  Sequence stored;
  if (document != nullptr)
    if (const auto mark = document->marks.find({epoch, append.producer}); mark != document->marks.end())
      stored = mark->second.sequence;
  if (stored != *append.assumed_mark) return aborted("the producer's last stored sequence is another; load it again");
  return std::nullopt;
}

void end_life(MemoryDocument& document) {
  document.life = DocumentLife::deleted;
  document.cut = {};
  document.records.clear();
  document.marks.clear();
  document.notes.clear();
  document.snapshots.clear();
  document.last_snapshot = {};
}

void forget(const DocumentPath& path, MemorySpace& space, MemoryDocument& document, const Append& append) {
  const MemoryCut cut = document.cut_at(path, append.cut);
  if (cut.last <= document.cut.last) return;
  if (append.cut_chain != cut.chain || append.cut_records != cut.records ||
      append.cut_payload_bytes != cut.payload_bytes)
    std::abort();  // a defect of the caller, which no other log would notice
  for (auto at = document.records.begin(); at != document.records.end() && at->first <= cut.last;) {
    space.order.at(at->first).record = {};
    at = document.records.erase(at);
  }
  document.cut = cut;
}

}  // namespace

MemoryCut MemoryDocument::cut_at(const DocumentPath& path, Offset offset) const {
  MemoryCut reached = cut;
  if (cut.last == Offset{}) reached.chain = chain_start(path);
  for (const auto& [at, record] : records) {
    if (at > offset) break;
    reached.last = at;
    reached.chain = chain_next(reached.chain, record.producer, record.sequence, record.codec, record.payload.view());
    ++reached.records;
    reached.payload_bytes += record.payload.size();
    reached.time = record.time;
  }
  return reached;
}

Result<Appended> MemoryState::apply(const Append& append) {
  if (auto error = refuse_shape(append)) return *std::move(error);
  const MemoryDocument* before = find(*append.path);
  if (auto error = refuse_state(append, before, epoch(before))) return *std::move(error);

  MemorySpace& space = spaces[append.path->space];
  MemoryDocument& document = space.documents[append.path->document];
  Appended appended;
  const auto place = [&](Record record) {
    space.head = space.head.next();
    record.offset = space.head;
    record.time = append.time;
    document.head = record.offset;
    if (appended.first == Offset{}) appended.first = record.offset;
    appended.last = record.offset;
    space.order[record.offset] = {append.kind, append.path->document, document.number, record};
    if (append.kind == AppendKind::deltas) document.records[record.offset] = record;
  };
  if (append.kind == AppendKind::tombstone) {
    end_life(document);
    place({});
  } else if (append.kind == AppendKind::recreate) {
    document.life = DocumentLife::alive;
    ++document.number;
    place({});
  } else if (append.kind == AppendKind::cut) {
    forget(*append.path, space, document, append);
  }
  Sequence sequence = append.first_sequence;
  for (const Delta& delta : append.deltas) {
    place({{}, append.producer, sequence, {}, delta.codec, delta.payload});
    sequence = sequence.next();
  }
  appended.epoch = epoch(&document);
  if (append.assumed_mark && !append.deltas.empty())
    document.marks[{appended.epoch, append.producer}] = {{append.first_sequence.value + append.deltas.size() - 1},
                                                         append.principal};
  for (const Note& note : append.notes) document.notes[note.key] = note.value;
  return appended;
}

const MemorySpace* MemoryState::find(const SpaceName& space) const {
  const auto found = spaces.find(space);
  return found == spaces.end() ? nullptr : &found->second;
}

const MemoryDocument* MemoryState::find(const DocumentPath& path) const {
  const MemorySpace* space = find(path.space);
  if (space == nullptr) return nullptr;
  const auto found = space->documents.find(path.document);
  return found == space->documents.end() ? nullptr : &found->second;
}

Epoch MemoryState::epoch(const MemoryDocument* document) const {
  return derive_epoch(incarnation, document == nullptr ? 1 : document->number);
}

DocumentState MemoryState::describe(const MemoryDocument* document) const {
  DocumentState state;
  state.epoch = epoch(document);
  if (document == nullptr) return state;
  state.life = document->life;
  state.head = document->head;
  state.records = document->records.size();
  for (const auto& [offset, record] : document->records) state.payload_bytes += record.payload.size();
  state.last_time = document->cut.time;
  if (!document->records.empty()) {
    state.first_time = document->records.begin()->second.time;
    state.last_time = document->records.rbegin()->second.time;
  }
  state.cut = document->cut.last;
  state.cut_records = document->cut.records;
  state.cut_payload_bytes = document->cut.payload_bytes;
  return state;
}

}  // namespace weir::storage
