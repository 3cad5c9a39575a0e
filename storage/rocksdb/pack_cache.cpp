#include "weir/rocksdb/pack_cache.hpp"

#include <algorithm>

#include "weir/packing/reader.hpp"

namespace weir::storage::rocks {

Result<Unpacked> PackCache::unpack(DocumentId document, Life life, Offset first, std::string_view value) {
  const auto row = PackRow::parse(document, life, first, value);
  if (!row) return row.error();
  const Name name{document, life, first, row->header.last};
  if (Unpacked known = find(name)) return known;
  auto records = packing::unpack(SharedBytes(nullptr, row->pack));
  if (!records)
    return fail(records.error().code, "the pack of document " + std::to_string(document.value) + " at offset " +
                                          std::to_string(first.value) + ": " + records.error().message +
                                          "; restore the store from a backup");
  auto unpacked = std::make_shared<const std::vector<Record>>(*std::move(records));
  remember({name, unpacked, row->header.payload_bytes + unpacked->size() * sizeof(Record)});
  return unpacked;
}

Unpacked PackCache::find(const Name& name) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, name, &Entry::name);
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return found->records;
}

void PackCache::remember(Entry entry) {
  std::list<Entry> forgotten;  // freed after the lock
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(entries_, entry.name, &Entry::name) != entries_.end()) return;  // two unpacked it at once
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  while (bytes_ > bytes_max_) {
    bytes_ -= entries_.back().bytes;
    forgotten.splice(forgotten.end(), entries_, std::prev(entries_.end()));
  }
}

}  // namespace weir::storage::rocks
