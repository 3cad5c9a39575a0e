#include "weir/yjs/encoder.hpp"

#include <algorithm>

#include "weir/yjs/messages.hpp"

namespace weir::yjs {

SharedBytes Encoder::records(DocumentHandle, std::span<const Record> records, bool) const {
  constexpr std::size_t frame_overhead = 24;
  std::size_t size = 0;
  for (const Record& record : records) size += record.payload.size() + frame_overhead;
  std::string out;
  out.reserve(size);
  for (const Record& record : records) {
    if (record.codec == Codec{0} && !record.payload.empty()) put_update(out, record.payload.view());
  }
  return out.empty() ? SharedBytes() : SharedBytes::take(std::move(out));
}

// A peer that has left is announced with the clock it had, as the rule of awareness allows. Presence that is not an
// awareness update is some other application's and is left out.
bool Encoder::shows(std::span<const Record> records) const {
  return std::all_of(records.begin(), records.end(), [](const Record& record) { return record.codec == Codec{0}; });
}

SharedBytes Encoder::snapshot(DocumentHandle, const Snapshot&, Offset, const SnapshotPart& part) const {
  std::string out;
  if (!part.bytes.empty()) put_update(out, part.bytes.view());
  return SharedBytes::take(std::move(out));
}

SharedBytes Encoder::presence(const frames::PresenceUpdate& update) const {
  auto awareness = parse_awareness_update(update.data.view());
  if (!awareness) return {};
  if (update.gone)
    for (AwarenessEntry& entry : awareness->entries) entry.json = "null";
  std::string out;
  put_awareness(out, awareness->entries);
  return SharedBytes::take(std::move(out));
}

std::string presence_key(std::uint64_t client) { return "yjs:" + std::to_string(client); }

}  // namespace weir::yjs
