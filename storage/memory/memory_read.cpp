// The reading half of MemoryLog: each call recomputes its answer from the maps.
#include <algorithm>

#include "weir/memory/memory_log.hpp"
#include "weir/packing/pack.hpp"

namespace weir::storage {
namespace {

constexpr std::size_t entry_overhead_bytes = 32;

Error deleted(const DocumentPath& path) {
  return fail(Code::not_found, "document \"" + path.document.text() + "\" was deleted");
}

/// Decides what still fits into a page: at least one entry, then as many as the budget holds.
class Budget {
 public:
  explicit Budget(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  [[nodiscard]] bool take(std::size_t payload_bytes) {
    const std::size_t cost = payload_bytes + entry_overhead_bytes;
    if (used_ != 0 && used_ + cost > bytes_max_) return false;
    used_ += cost;
    return true;
  }

 private:
  const std::size_t bytes_max_;
  std::size_t used_ = 0;
};

Record at_offset(Offset offset) {
  Record record;
  record.offset = offset;
  return record;
}

/// An entry for cut records, or a larger one for those of the same document that were cut right before. False: no room.
bool add_cut(FeedPage& page, FeedEntry cut, Budget& budget) {
  if (!page.entries.empty()) {
    FeedEntry& before = page.entries.back();
    if (before.kind == AppendKind::cut && before.document == cut.document && before.epoch == cut.epoch) {
      before = std::move(cut);
      return true;
    }
  }
  if (!budget.take(0)) return false;
  page.entries.push_back(std::move(cut));
  return true;
}

}  // namespace

Result<DocumentState> MemoryLog::document(const DocumentPath& path) const {
  const std::lock_guard lock(mutex_);
  return state_.describe(state_.find(path));
}

Result<SpaceState> MemoryLog::space(const SpaceName& name) const {
  const std::lock_guard lock(mutex_);
  const MemorySpace* space = state_.find(name);
  if (space == nullptr) return SpaceState{};
  const auto alive = std::count_if(space->documents.begin(), space->documents.end(),
                                   [](const auto& entry) { return entry.second.life == DocumentLife::alive; });
  return SpaceState{space->head, static_cast<std::uint64_t>(alive)};
}

Result<std::optional<Mark>> MemoryLog::mark(const DocumentPath& path, const ProducerId& producer) const {
  const std::lock_guard lock(mutex_);
  const MemoryDocument* document = state_.find(path);
  if (document == nullptr) return std::optional<Mark>();
  const auto mark = document->marks.find({state_.epoch(document), producer});
  return mark == document->marks.end() ? std::nullopt : std::optional(mark->second);
}

Result<std::optional<SharedBytes>> MemoryLog::note(const DocumentPath& path, const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const MemoryDocument* document = state_.find(path);
  if (document == nullptr) return std::optional<SharedBytes>();
  const auto note = document->notes.find(key);
  return note == document->notes.end() ? std::nullopt : std::optional(note->second);
}

Result<DocumentPage> MemoryLog::read_document(const DocumentPath& path, Offset after, Offset upto,
                                              std::size_t bytes_max) const {
  const std::lock_guard lock(mutex_);
  DocumentPage page{{}, true, {}};
  const MemoryDocument* document = state_.find(path);
  if (document == nullptr) return page;
  if (document->life == DocumentLife::deleted) return deleted(path);
  if (after < document->cut.last) page.cut = document->cut.last;
  Budget budget(bytes_max);
  for (auto at = document->records.upper_bound(after); at != document->records.end() && at->first <= upto; ++at) {
    page.complete = budget.take(at->second.payload.size());
    if (!page.complete) break;
    page.records.push_back(at->second);
  }
  return page;
}

std::vector<std::vector<Record>> MemoryLog::packed_groups(const MemoryDocument& document) const {
  std::vector<std::vector<Record>> groups;
  if (options_.pack_records == 0) return groups;
  for (const auto& [offset, record] : document.records) {
    if (groups.empty() || groups.back().size() == options_.pack_records) groups.emplace_back();
    groups.back().push_back(record);
  }
  if (!groups.empty() && groups.back().size() < options_.pack_records) groups.pop_back();
  return groups;
}

Result<PackedPage> MemoryLog::read_packed(const DocumentPath& path, Offset after, Offset upto, std::size_t bytes_max,
                                          std::size_t pack_bytes_max) const {
  std::vector<std::vector<Record>> groups;
  {
    const std::lock_guard lock(mutex_);
    const MemoryDocument* document = state_.find(path);
    if (document != nullptr && pack_bytes_max > 0) groups = packed_groups(*document);
  }
  const auto group = std::find_if(groups.begin(), groups.end(), [&](const std::vector<Record>& records) {
    return records.front().offset > after && records.back().offset <= upto;
  });
  if (group == groups.end()) return DeltaLog::read_packed(path, after, upto, bytes_max, 0);
  const Offset first = group->front().offset;
  const Offset last = group->back().offset;
  auto before = DeltaLog::read_packed(path, after, Offset{first.value - 1}, bytes_max, 0);
  if (!before || !before->records.empty()) {
    if (before) before->complete = false;
    return before;
  }
  const auto chain_there = chain(path, last);
  if (!chain_there) return chain_there.error();
  auto pack = packing::pack(*group, *chain_there, {.level = 1});
  if (!pack) return pack.error();
  if (pack->size() > pack_bytes_max) return DeltaLog::read_packed(path, after, upto, bytes_max, 0);
  const auto behind = DeltaLog::read_packed(path, last, upto, 1, 0);
  if (!behind) return behind.error();
  return PackedPage{PackedRecords{first, last, *std::move(pack)}, {}, behind->records.empty(), before->cut};
}

Result<FeedPage> MemoryLog::read_space(const SpaceName& name, Offset after, Offset upto, std::size_t bytes_max) const {
  const std::lock_guard lock(mutex_);
  FeedPage page{{}, true};
  const MemorySpace* space = state_.find(name);
  if (space == nullptr) return page;
  Budget budget(bytes_max);
  for (auto at = space->order.upper_bound(after); at != space->order.end() && at->first <= upto; ++at) {
    const MemoryEvent& event = at->second;
    const MemoryDocument& document = space->documents.at(event.document);
    const bool readable = document.life == DocumentLife::alive && document.number == event.life;
    if (event.kind == AppendKind::deltas && !readable) continue;
    const Epoch epoch = derive_epoch(state_.incarnation, event.life);
    if (event.kind == AppendKind::deltas && at->first <= document.cut.last) {
      page.complete = add_cut(page, {AppendKind::cut, event.document, epoch, at_offset(at->first)}, budget);
    } else {
      page.complete = budget.take(event.record.payload.size());
      if (page.complete) page.entries.push_back({event.kind, event.document, epoch, event.record});
    }
    if (!page.complete) break;
  }
  return page;
}

Result<std::vector<Record>> MemoryLog::find(const DocumentPath& path, const ProducerId& producer, Sequence first,
                                            Sequence last, std::size_t records_scanned_max) const {
  const std::lock_guard lock(mutex_);
  const MemoryDocument* document = state_.find(path);
  if (document == nullptr) return std::vector<Record>();
  if (document->life == DocumentLife::deleted) return deleted(path);
  std::map<Sequence, Record> newest;
  std::size_t scanned = 0;
  for (auto at = document->records.rbegin(); at != document->records.rend() && scanned < records_scanned_max; ++at) {
    ++scanned;
    const Record& record = at->second;
    if (record.producer == producer && record.sequence >= first && record.sequence <= last)
      newest.try_emplace(record.sequence, record);
  }
  std::vector<Record> found;
  for (auto& [sequence, record] : newest) found.push_back(std::move(record));
  return found;
}

Result<Digest> MemoryLog::chain(const DocumentPath& path, Offset offset) const {
  const auto found = prefix(path, offset);
  if (!found) return found.error();
  return found->chain;
}

Result<DocumentPrefix> MemoryLog::prefix(const DocumentPath& path, Offset offset) const {
  const std::lock_guard lock(mutex_);
  const MemoryDocument* document = state_.find(path);
  if (document == nullptr) return DocumentPrefix{{}, chain_start(path)};
  if (document->life == DocumentLife::deleted) return deleted(path);
  if (offset == Offset{}) return DocumentPrefix{{}, chain_start(path)};
  if (offset < document->cut.last)
    return fail(Code::out_of_range, "the records of document \"" + path.document.text() + "\" up to offset " +
                                        std::to_string(document->cut.last.value) + " are no longer kept");
  return DocumentPrefix(document->cut_at(path, offset));
}

Result<std::vector<SpaceName>> MemoryLog::spaces(const std::string& after, std::size_t count) const {
  const std::lock_guard lock(mutex_);
  std::vector<SpaceName> names;
  for (const auto& [name, space] : state_.spaces)
    if (name.text() > after && names.size() < count) names.push_back(name);
  return names;
}

Result<std::vector<DocumentSummary>> MemoryLog::documents(const SpaceName& name, const std::string& after,
                                                          std::size_t count) const {
  const std::lock_guard lock(mutex_);
  std::vector<DocumentSummary> summaries;
  const MemorySpace* space = state_.find(name);
  if (space == nullptr) return summaries;
  for (const auto& [document_name, document] : space->documents)
    if (document_name.text() > after && summaries.size() < count)
      summaries.push_back({document_name, state_.describe(&document)});
  return summaries;
}

}  // namespace weir::storage
