#include "oracle.hpp"

namespace weir::simulation {
namespace {

std::string words(const DocumentPath& path, const ProducerId& producer, Sequence sequence) {
  return path.space.text() + '/' + path.document.text() + " producer " + producer.hex().substr(0, 6) + " sequence " +
         std::to_string(sequence.value);
}

/// It lies before what is kept of its producer, and the mark tells that it was there.
bool was_cut(const storage::MemoryDocument& document, Epoch epoch, const ProducerId& producer, Sequence sequence) {
  if (document.cut.last.value == 0) return false;
  const auto mark = document.marks.find({epoch, producer});
  if (mark == document.marks.end() || mark->second.sequence < sequence) return false;
  for (const auto& [offset, record] : document.records)
    if (record.producer == producer && record.sequence <= sequence) return false;
  return true;
}

}  // namespace

void Oracle::acknowledged(const DocumentPath& path, Epoch epoch, const ProducerId& producer, Sequence sequence,
                          const Digest& payload) {
  const auto [entry, first] = acknowledged_.try_emplace({path, epoch, producer, sequence}, payload);
  if (!first && entry->second != payload)
    throw Violation("two different deltas were acknowledged as " + words(path, producer, sequence));
}

void Oracle::restored(const storage::MemoryState& state, const Seams& seams, bool incarnation) {
  seams_ = seams;
  if (incarnation)
    for (const auto& [space_name, space] : state.spaces)
      for (const auto& [name, document] : space.documents) seams_[{space_name, name}].insert(document.head);
  std::erase_if(acknowledged_, [&](const auto& entry) {
    const auto& [path, epoch, producer, sequence] = entry.first;
    const auto* document = state.find(path);
    if (document == nullptr) return true;
    // What lies before a seam is of another incarnation, where the producer may have used the same sequence.
    const auto seam = seams_.find(path);
    const Offset start = seam == seams_.end() || seam->second.empty() ? Offset{} : *seam->second.rbegin();
    for (auto entry_after = document->records.upper_bound(start); entry_after != document->records.end(); ++entry_after)
      if (entry_after->second.producer == producer && entry_after->second.sequence == sequence)
        return sha256(entry_after->second.payload.view()) != entry.second;  // of another branch of its history
    return true;
  });
}

void Oracle::check(const storage::MemoryState& state) const {
  using Place = std::tuple<DocumentPath, ProducerId, Sequence>;
  std::map<Place, Digest> stored;
  for (const auto& [space_name, space] : state.spaces) {
    Offset before;
    for (const auto& [offset, event] : space.order) {
      if (offset <= before) throw Violation("offsets do not increase in space " + space_name.text());
      before = offset;
    }
    for (const auto& [name, document] : space.documents) {
      const DocumentPath path{space_name, name};
      const auto seams = seams_.find(path);
      std::map<ProducerId, Sequence> last;
      Offset previous;
      for (const auto& [offset, record] : document.records) {
        if (seams != seams_.end() && seams->second.lower_bound(previous) != seams->second.lower_bound(offset)) {
          last.clear();
          std::erase_if(stored, [&](const auto& entry) { return std::get<0>(entry.first) == path; });
        }
        previous = offset;
        if (!stored.try_emplace({path, record.producer, record.sequence}, sha256(record.payload.view())).second)
          throw Violation("stored twice: " + words(path, record.producer, record.sequence));
        const auto [entry, first] = last.try_emplace(record.producer, record.sequence);
        if (!first && record.sequence != entry->second.next())
          throw Violation("stored without the one before it: " + words(path, record.producer, record.sequence));
        entry->second = record.sequence;
      }
    }
  }
  for (const auto& [key, digest] : acknowledged_) {
    const auto& [path, epoch, producer, sequence] = key;
    const auto* document = state.find(path);
    if (document == nullptr)
      throw Violation("acknowledged, and the document is gone: " + words(path, producer, sequence));
    if (state.epoch(document) != epoch || document->life == DocumentLife::deleted) continue;  // deleted since
    if (was_cut(*document, epoch, producer, sequence)) continue;
    const auto found = stored.find({path, producer, sequence});
    if (found == stored.end()) throw Violation("acknowledged and lost: " + words(path, producer, sequence));
    if (found->second != digest)
      throw Violation("acknowledged, and stored with other bytes: " + words(path, producer, sequence));
  }
}

}  // namespace weir::simulation
