#include "model.hpp"

#include <algorithm>

namespace weir::storage::crash {

void apply(ModelState& state, const Append& append, Offset first) {
  ModelSpace& space = state[append.path->space];
  ModelDocument& document = space.documents[append.path->document];
  Record record;
  record.offset = first;
  record.time = append.time;
  if (append.kind == AppendKind::cut) {
    document.cut = std::max<std::size_t>(document.cut, append.cut_records);
    return;
  }
  if (append.kind == AppendKind::tombstone) {
    document = {document.life, DocumentLife::deleted, {}, 0, {}, {}};
    space.order.push_back({append.kind, append.path->document, document.life, record});
    return;
  }
  if (append.kind == AppendKind::recreate) {
    ++document.life;
    space.order.push_back({append.kind, append.path->document, document.life, record});
  }
  document.state = DocumentLife::alive;
  record.producer = append.producer;
  record.sequence = append.first_sequence;
  for (const Delta& delta : append.deltas) {
    record.codec = delta.codec;
    record.payload = delta.payload;
    document.records.push_back(record);
    space.order.push_back({AppendKind::deltas, append.path->document, document.life, record});
    record.sequence = record.sequence.next();
    if (record.offset != Offset{}) record.offset = record.offset.next();
  }
  if (append.assumed_mark && !append.deltas.empty())
    document.marks.insert_or_assign(append.producer,
                                    Mark{{append.first_sequence.value + append.deltas.size() - 1}, append.principal});
  for (const Note& note : append.notes) document.notes.insert_or_assign(note.key, note.value);
}

Model::Ticket Model::submit(Lane lane, const Append& append) {
  const std::lock_guard lock(mutex_);
  OfLane& of_lane = lanes_[lane];
  of_lane.open.push_back({++numbers_, append, std::nullopt});
  apply(of_lane.believed, append, {});
  ++unanswered_;
  return {lane, numbers_};
}

std::optional<std::string> Model::refuse_answer(const Pending& pending, const Appended& appended) {
  const Append& append = pending.append;
  const std::string told = "an append to " + append.path->document.text() + " was answered with ";
  if (append.kind == AppendKind::deltas && append.deltas.empty()) return std::nullopt;
  if (append.kind == AppendKind::cut)
    return appended.last == Offset{} ? std::nullopt : std::optional(told + "an offset, though it is a cut");
  const std::uint64_t count = append.kind == AppendKind::deltas ? append.deltas.size() : 1;
  if (appended.last.value - appended.first.value + 1 != count)
    return told + "offsets " + std::to_string(appended.first.value) + " to " + std::to_string(appended.last.value);
  Offset& head = offsets_taken_[append.path->space];
  if (appended.first <= head)
    return told + "offset " + std::to_string(appended.first.value) + ", not above " + std::to_string(head.value);
  head = appended.last;
  return std::nullopt;
}

void Model::answered(Ticket ticket, const Result<Appended>& result) {
  const std::lock_guard lock(mutex_);
  OfLane& of_lane = lanes_.at(ticket.lane);
  const auto found = std::find_if(of_lane.open.begin(), of_lane.open.end(),
                                  [&](const Pending& pending) { return pending.number == ticket.number; });
  --unanswered_;
  if (!powered_()) {
    idle_.notify_all();
    return;
  }
  if (!result) {
    found->result = result;
    if (!refused_) refused_ = result.error().code;
  } else if (found != of_lane.open.begin()) {
    wrong_answer_ = "an append succeeded though one before it in its lane did not, or was not answered yet";
  } else {
    if (auto wrong = refuse_answer(*found, *result)) wrong_answer_ = std::move(wrong);
    const DocumentPath& path = *found->append.path;
    apply(of_lane.known, found->append, result->first);
    of_lane.history.emplace_back(found->append, result->first);
    if (result->epoch != epoch(of_lane.known.at(path.space).documents.at(path.document).life))
      wrong_answer_ = "an append was answered with another epoch than its document has";
    of_lane.open.pop_front();
    ++acknowledged_;
  }
  idle_.notify_all();
}

void Model::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return unanswered_ == 0; });
}

void Model::forget_failed(Lane lane) {
  const std::lock_guard lock(mutex_);
  OfLane& of_lane = lanes_[lane];
  of_lane.open.clear();
  of_lane.believed = of_lane.known;
  refused_.reset();
}

ModelDocument Model::believed(Lane lane, const DocumentPath& path) const {
  return document(lane, path, &OfLane::believed);
}

ModelDocument Model::known(Lane lane, const DocumentPath& path) const { return document(lane, path, &OfLane::known); }

ModelDocument Model::document(Lane lane, const DocumentPath& path, ModelState OfLane::* state) const {
  const std::lock_guard lock(mutex_);
  const auto of_lane = lanes_.find(lane);
  if (of_lane == lanes_.end()) return {};
  const ModelState& spaces = of_lane->second.*state;
  const auto space = spaces.find(path.space);
  if (space == spaces.end()) return {};
  const auto document = space->second.documents.find(path.document);
  return document == space->second.documents.end() ? ModelDocument{} : document->second;
}

void Model::saw_head(const SpaceName& space, Offset head) {
  const std::lock_guard lock(mutex_);
  if (!powered_()) return;
  Offset& seen = heads_seen_[space];
  seen = std::max(seen, head);
}

std::optional<std::string> Model::settle(OfLane& lane, const DeltaLog& log) {
  std::string reasons;
  ModelState candidate = lane.known;
  for (const auto& [space, contents] : lane.believed) candidate[space];  // looked at, also when it should not be there
  // A beginning of the open ones: none, the first, the first two ...
  for (std::size_t count = 0;; ++count) {
    ModelState learned = candidate;
    const auto wrong = crash::compare(learned, log);
    if (!wrong) {
      lane.known = lane.believed = std::move(learned);
      lane.open.clear();
      return std::nullopt;
    }
    reasons += "\n  with " + std::to_string(count) + " of the " + std::to_string(lane.open.size()) +
               " appends that were not acknowledged: " + wrong->what;
    if (count == lane.open.size()) return "the log holds nothing that fits:" + reasons;
    apply(candidate, lane.open[count].append, {});
  }
}

std::optional<std::string> Model::settle(const DeltaLog& log, std::function<bool()> powered) {
  const std::lock_guard lock(mutex_);
  powered_ = std::move(powered);
  if (log.incarnation() != incarnation_) return "the store has another incarnation";
  unanswered_ = 0;
  refused_.reset();
  for (const auto& [space, seen] : heads_seen_) offsets_taken_[space] = std::max(offsets_taken_[space], seen);
  for (auto& [lane, of_lane] : lanes_)
    if (auto wrong = settle(of_lane, log)) return "lane " + std::to_string(lane.value) + ": " + *wrong;
  const auto wrong = compare_frame(log);
  return wrong ? std::optional(wrong->what) : std::nullopt;
}

std::optional<Difference> Model::compare(const DeltaLog& log) {
  const std::lock_guard lock(mutex_);
  for (auto& [lane, of_lane] : lanes_)
    if (auto wrong = crash::compare(of_lane.known, log)) return wrong;
  return compare_frame(log);
}

std::optional<Difference> Model::compare_damaged(const DeltaLog& log, std::size_t appends_missing_max) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [lane, of_lane] : lanes_) {
    std::optional<Difference> wrong;
    for (std::size_t missing = 0; missing <= std::min(appends_missing_max, of_lane.history.size()); ++missing) {
      ModelState state;
      for (const auto& [space, contents] : of_lane.known) state[space];
      for (std::size_t i = 0; i + missing < of_lane.history.size(); ++i)
        apply(state, of_lane.history[i].first, of_lane.history[i].second);
      wrong = crash::compare(state, log);
      if (!wrong || wrong->refused) break;
    }
    if (wrong) return wrong;
  }
  return std::nullopt;
}

/// What is not a matter of one lane: which spaces there are, and heads that somebody was shown.
std::optional<Difference> Model::compare_frame(const DeltaLog& log) const {
  for (const auto& [space, seen] : heads_seen_) {
    const auto state = log.space(space);
    if (!state) return Difference{"the head of space " + space.text(), state.error().code};
    if (state->head < seen)
      return Difference{"the head of space " + space.text() + " went back from " + std::to_string(seen.value) + " to " +
                        std::to_string(state->head.value)};
  }
  std::vector<SpaceName> expected;
  for (const auto& [lane, of_lane] : lanes_)
    for (const auto& [space, contents] : of_lane.known)
      if (!contents.documents.empty()) expected.push_back(space);
  std::sort(expected.begin(), expected.end());
  const auto spaces = log.spaces("", 1000);
  if (!spaces) return Difference{"listing the spaces", spaces.error().code};
  if (*spaces != expected) return Difference{"the spaces listed are not those written to"};
  return std::nullopt;
}

std::optional<std::string> Model::wrong_answer() const {
  const std::lock_guard lock(mutex_);
  return wrong_answer_;
}

std::uint64_t Model::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

std::optional<Code> Model::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace weir::storage::crash
