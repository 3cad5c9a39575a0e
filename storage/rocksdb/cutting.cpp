// What a commit makes of a cut. Outline: find the last record at or before it, among those that this commit has placed
// or in the store; delete the runs and packs that end there or before, and the chain values; let the document's row say
// from where on it is kept. A run or pack that goes on behind the cut stays, and readers pass over its beginning, until
// it is packed anew or a later cut takes the rest. The space's order stays as it is: followers read off it, together
// with the row, where records were.
#include <algorithm>

#include "weir/rocksdb/commit.hpp"
#include "weir/rocksdb/deleting.hpp"
#include "weir/rocksdb/segments.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t segments_deleted_one_by_one_max = 32;

/// Where a cut meets what the store has of a document.
struct Place {
  Offset last;                    ///< of the last record at or before the cut; 0: there is none
  Offset kept_from;               ///< where the first run or pack begins that stays; 0: none does
  std::optional<Seconds> time{};  ///< of the first record behind the cut
};

/// `row`'s cut may be one that is not in the store yet.
Result<Place> find_place(const View& view, const DocumentRow& row, Offset cut) {
  Place place;
  Segments segments(view, row.id, row.life);
  for (segments.seek(cut); segments.valid(); segments.next()) {
    const auto segment = segments.read();
    if (!segment) return segment.error();
    const std::size_t kept = segment->after(cut);
    if (kept > 0) place.last = segment->offset(kept - 1);
    if (kept == segment->size()) continue;
    place.kept_from = segments.first();
    place.time = segment->head(kept).time;
    return place;
  }
  if (auto error = segments.error()) return *std::move(error);
  return place;
}

/// Whether the prefix that the append names can be the one up to `last`: the cheap half of the question.
bool is_plausible(const Append& append, const DocumentRow& row, bool keeps_any) {
  const std::uint64_t records = row.records + row.cut_records, bytes = row.payload_bytes + row.cut_payload_bytes;
  return append.cut_records > row.cut_records && append.cut_records <= records &&
         append.cut_payload_bytes >= row.cut_payload_bytes && append.cut_payload_bytes <= bytes &&
         keeps_any == (append.cut_records < records) && (keeps_any || append.cut_payload_bytes == bytes);
}

Error refuse(const Append& append, const char* why) {
  return fail(Code::invalid_argument, "a cut of document \"" + append.path->document.text() + "\": " + why);
}

}  // namespace

Result<Appended> Commit::cut(Document& document, const Append& append) {
  DocumentRow& row = document.row;
  const Appended nothing_to_do{{}, {}, document.epoch};
  if (append.cut > row.head) return refuse(append, "it ends behind the document's head");
  if (append.cut <= row.cut) return nothing_to_do;
  const View view(state_.store());
  const auto in_store = find_place(view, row, append.cut);
  if (!in_store) return in_store.error();
  const auto kept = std::ranges::upper_bound(document.placed, append.cut, {}, &WorkingState::Placed::offset);
  const Offset last = kept == document.placed.begin() ? in_store->last : std::prev(kept)->offset;
  if (last <= row.cut) return nothing_to_do;
  std::optional<Seconds> first_time = in_store->time;
  if (!first_time && kept != document.placed.end()) first_time = kept->append->time;
  if (!is_plausible(append, row, first_time.has_value()))
    return refuse(append, "its counts are not those of the records up to there");

  if (const auto deleted = delete_up_to(view, row, last, in_store->kept_from); !deleted) return deleted.error();
  touch(document);
  forget_placed(document, static_cast<std::size_t>(kept - document.placed.begin()));
  row.records = row.records + row.cut_records - append.cut_records;
  row.payload_bytes = row.payload_bytes + row.cut_payload_bytes - append.cut_payload_bytes;
  row.first_time = first_time.value_or(Seconds{});
  row.cut = last;
  row.cut_chain = append.cut_chain;
  row.cut_records = append.cut_records;
  row.cut_payload_bytes = append.cut_payload_bytes;
  document.was_cut = true;
  ++staged_;
  return nothing_to_do;
}

/// Everything of the document in the store up to `last`, but for a run or pack that goes on behind it.
Result<void> Commit::delete_up_to(const View& view, const DocumentRow& row, Offset last, Offset kept_from) {
  const Store& store = state_.store();
  const Offset end = kept_from == Offset{} || kept_from > last ? last.next() : kept_from;
  const std::string begin = keys::runs(row.id, row.life), behind = keys::run(row.id, row.life, end);  // packs' as well
  for (rocksdb::ColumnFamilyHandle* family : {store.runs(), store.packs()})
    if (auto done = delete_few_or_all(view, batch_, family, begin, behind, segments_deleted_one_by_one_max); !done)
      return done;
  return delete_each(view, batch_, store.rows(), keys::chain_points(row.id, row.life),
                     keys::chain_point(row.id, row.life, last.next()));
}

/// The first `count` of the records that this commit has placed never get to the disk. The order still says where they
/// were.
void Commit::forget_placed(Document& document, std::size_t count) {
  if (count == 0) return;
  const auto end = document.placed.begin() + static_cast<std::ptrdiff_t>(count);
  document.space->order.push_back({AppendKind::deltas,
                                   document.row.id,
                                   document.row.life,
                                   document.placed.front().offset,
                                   std::prev(end)->offset,
                                   {}});
  document.placed.erase(document.placed.begin(), end);
}

}  // namespace weir::storage::rocks
