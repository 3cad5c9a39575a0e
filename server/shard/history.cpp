#include "weir/shard/history.hpp"

#include <algorithm>

#include "weir/core/snapshot_header.hpp"

namespace weir::shard {
namespace {

Error not_there(const DocumentPath& path, DocumentLife life) {
  const std::string name = "document \"" + path.document.text() + '"';
  return life == DocumentLife::deleted ? fail(Code::not_found, name + " was deleted")
                                       : fail(Code::not_found, "there is no " + name + " in this space");
}

/// The newest that was there then, with its bases; the page goes on behind it.
Result<void> begin_with_snapshot(const Archives& archives, Seconds now, const frames::ReadHistory& request, Offset upto,
                                 frames::History& page) {
  auto all = archives.snapshots.list(request.path);
  if (!all) return all.error();
  const auto chain = core::newest_servable(*all, now, archives.rules, [&](const Snapshot& one) {
    return one.offset <= upto && (request.as_of_time.value == 0 || one.time <= request.as_of_time);
  });
  Offset base;
  for (const Snapshot& one : chain) {
    page.snapshots.push_back(core::header_of(one, base));
    base = one.offset;
  }
  page.offset = std::max(page.offset, base);
  return {};
}

}  // namespace

Result<frames::History> read_history(const Archives& archives, Seconds now, const frames::ReadHistory& request,
                                     std::size_t bytes_max) {
  const auto state = archives.log.document(request.path);
  if (!state) return state.error();
  if (state->life != DocumentLife::alive) return not_there(request.path, state->life);
  const Offset upto = request.as_of_offset.value == 0 ? state->head : std::min(request.as_of_offset, state->head);
  frames::History page;
  page.request = request.request;
  page.epoch = state->epoch;
  page.head = state->head;
  page.offset = request.after;
  if (request.snapshots && request.after.value == 0)
    if (auto begun = begin_with_snapshot(archives, now, request, upto, page); !begun) return begun.error();
  auto records = archives.log.read_document(request.path, page.offset, upto, bytes_max);
  if (!records) return records.error();
  page.cut = records->cut;
  page.complete = records->complete;
  page.records = std::move(records->records);
  if (request.as_of_time.value != 0) {
    // Times never go back along a document.
    const auto later = std::find_if(page.records.begin(), page.records.end(),
                                    [&](const Record& record) { return record.time > request.as_of_time; });
    if (later != page.records.end()) {
      page.records.erase(later, page.records.end());
      page.complete = true;
    }
  }
  if (!page.records.empty()) page.offset = page.records.back().offset;
  page.offset = std::max(page.offset, std::min(page.cut, upto));
  return page;
}

Result<frames::SnapshotChunk> read_snapshot(const Archives& archives, const frames::ReadSnapshot& request,
                                            bool compressed) {
  const auto all = archives.snapshots.list(request.path);
  if (!all) return all.error();
  const auto found = std::find_if(all->begin(), all->end(), [&](const Snapshot& one) {
    return one.offset == request.offset && one.hash == request.hash && one.standing != SnapshotStanding::quarantined;
  });
  if (found == all->end())
    return fail(Code::not_found, "document \"" + request.path.document.text() + "\" has no such snapshot at offset " +
                                     std::to_string(request.offset.value));
  auto part = archives.snapshots.read(request.path, found->id, request.position, compressed);
  if (!part) return part.error();
  return frames::SnapshotChunk{
      {}, part->position, std::move(part->bytes), part->last, part->compressed ? part->size : 0, request.request};
}

HistoryEvent answer_history(const Archives& archives, Seconds now, const core::HistoryRequest& request,
                            std::size_t bytes_max) {
  const auto error = [&](const Error& what, std::uint64_t number, const DocumentPath& path) {
    frames::ErrorEvent event;
    event.error = what;
    event.request = number;
    if (what.code == Code::not_found) {
      const auto state = archives.log.document(path);
      if (state && state->life == DocumentLife::deleted) event.reason = frames::Reason::deleted;
    }
    return HistoryEvent(std::move(event));
  };
  if (const auto* history = std::get_if<frames::ReadHistory>(&request.what)) {
    auto page = read_history(archives, now, *history, bytes_max);
    return page ? HistoryEvent(std::move(*page)) : error(page.error(), history->request, history->path);
  }
  const auto& snapshot = std::get<frames::ReadSnapshot>(request.what);
  auto chunk = read_snapshot(archives, snapshot, request.unpacks);
  return chunk ? HistoryEvent(std::move(*chunk)) : error(chunk.error(), snapshot.request, snapshot.path);
}

}  // namespace weir::shard
