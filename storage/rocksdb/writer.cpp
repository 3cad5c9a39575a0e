#include "weir/rocksdb/writer.hpp"

#include <algorithm>
#include <cstdlib>
#include <future>
#include <map>

#include "weir/rocksdb/run.hpp"
#include "weir/rocksdb/segments.hpp"
#include "weir/rocksdb/snapshot_changes.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::chrono::milliseconds resume_interval{250};

Error disk_is_full() {
  return fail(Code::resource_exhausted, "the disk is full: nothing more can be stored until there is room again");
}
Error is_broken() {
  return fail(Code::unavailable,
              "writing to the disk failed, so nothing more is stored; check the disk and restart the server");
}

}  // namespace

Writer::Writer(Store& store, ChainCache& chains, Candidates& candidates, const RocksOptions& options)
    : store_(store),
      chains_(chains),
      candidates_(candidates),
      options_(options),
      queue_(options.queue_bytes_max),
      state_(store),
      commit_number_(store.recovery().commits),
      thread_([this] { run(); }) {}

Writer::~Writer() {
  queue_.close();
  thread_.join();
}

void Writer::append(Lane lane, Append append, DeltaLog::AppendDone done) {
  if (append.path == nullptr || !done) std::abort();  // a defect of the caller
  Queued item{lane, std::nullopt, {}, 0, std::move(done)};
  // On the caller's thread: the payload is vouched for from here on.
  item.checksums.reserve(append.deltas.size());
  Sequence sequence = append.first_sequence;
  for (const Delta& delta : append.deltas) {
    item.checksums.push_back(
        record_checksum(append.producer, sequence, append.time, delta.codec, delta.payload.view()));
    sequence = sequence.next();
  }
  item.append = std::move(append);
  queue_.push(std::move(item));
}

void Writer::reset(Lane lane) { queue_.push({lane, std::nullopt, {}, 0, {}}); }

Result<void> Writer::change(const Change& what, Synced synced) {
  std::promise<Result<void>> promise;
  std::future<Result<void>> answer = promise.get_future();
  queue_.push({{}, std::nullopt, {}, 0, {}, [&] { promise.set_value(put_in(what, synced)); }});
  return answer.get();
}

Result<bool> Writer::replace(std::vector<Replacement> replacements) {
  bool all_fit = true;
  const auto stage_all = [&](const View& view, rocksdb::WriteBatch& batch) -> Result<void> {
    for (const Replacement& replacement : replacements) {
      const auto fits = std::visit([&](const auto& one) { return stage(view, one, batch); }, replacement);
      if (!fits) return fits.error();
      all_fit = all_fit && *fits;
    }
    if (!all_fit) batch.Clear();
    return {};
  };
  if (const auto changed = change(stage_all, Synced::no); !changed) return changed.error();
  return all_fit;
}

void Writer::run() {
  while (!queue_.drained()) {
    const bool must_sync = unsynced_ && !broken_;
    write(queue_.take(options_.commit_bytes_max, must_sync ? std::optional(options_.sync_interval) : std::nullopt));
    sync_if_due(false);
  }
  close();
}

void Writer::write(std::deque<Queued> items) {
  if (disk_full_ && !items.empty()) resume_if_due();
  Commit commit(state_);
  std::vector<Answer> answers;
  answers.reserve(items.size());
  std::vector<std::function<void()>> upkeep;
  std::uint64_t stored = 0;
  for (Queued& item : items) {
    if (item.upkeep) {
      upkeep.push_back(std::move(item.upkeep));
      continue;
    }
    if (item.is_reset()) {
      failed_lanes_.erase(item.lane);
      continue;
    }
    Result<Appended> result = answer(item, commit);
    if (result) {
      ++stored;
    } else {
      failed_lanes_.insert(item.lane);
    }
    answers.push_back({item.lane, std::move(item.done), std::move(result)});
  }
  CommitFigures figures{stored, commit.records(), commit.payload_bytes(), {}};
  if (!commit.empty()) {
    const auto begin = std::chrono::steady_clock::now();
    if (auto failed = write_batch(commit)) {
      stored = 0;
      for (Answer& one : answers) {
        if (!one.result) continue;
        one.result = *failed;
        failed_lanes_.insert(one.lane);
      }
    } else {
      commits_ += 1;
      records_ += figures.records;
      payload_bytes_ += figures.payload_bytes;
      figures.duration = std::chrono::steady_clock::now() - begin;
      if (options_.watcher != nullptr) options_.watcher->committed(figures);
    }
  }
  appends_ += stored;
  refused_ += answers.size() - stored;
  items.clear();  // the payloads are stored; free them before the callers are told
  for (Answer& one : answers) one.done(std::move(one.result));
  for (const auto& work : upkeep) work();
}

Result<Appended> Writer::answer(const Queued& item, Commit& commit) {
  if (broken_) return is_broken();
  if (failed_lanes_.contains(item.lane))
    return fail(Code::aborted, "an earlier append of this lane failed; reload, then reset the lane");
  if (disk_full_) return disk_is_full();
  if (!item.append) return fail(Code::resource_exhausted, "too much is waiting to be stored; try again in a moment");
  return commit.stage(item);
}

std::optional<Error> Writer::write_batch(Commit& commit) {
  commit.finish(commit_number_ + 1, chain_values_to_save());
  rocksdb::WriteOptions options;
  options.sync = options_.durability == Durability::sync;
  const rocksdb::Status status = store_.db().Write(options, &commit.batch());
  if (!status.ok()) return fail_write(status);
  ++commit_number_;
  commit.committed(candidates_);
  if (!options.sync && !std::exchange(unsynced_, true))
    next_sync_ = std::chrono::steady_clock::now() + options_.sync_interval;
  return std::nullopt;
}

Result<void> Writer::put_in(const Change& what, Synced synced) {
  if (broken_) return is_broken();
  if (disk_full_) return disk_is_full();
  rocksdb::WriteBatch batch;
  if (const auto staged = what(View(store_), batch); !staged) return staged;
  if (batch.Count() == 0) return {};
  rocksdb::WriteOptions options;
  options.sync = synced == Synced::yes;
  if (const auto status = store_.db().Write(options, &batch); !status.ok()) return *fail_write(status);
  return {};
}

std::optional<Error> Writer::fail_write(const rocksdb::Status& status) {
  state_.forget();
  if (status.IsNoSpace() && !store_.watch().failed) {
    disk_full_ = true;
    next_resume_ = std::chrono::steady_clock::now() + resume_interval;
    tell_trouble(status.ToString());
    return disk_is_full();
  }
  broken_ = true;
  tell_trouble(status.ToString());
  Error error = is_broken();
  error.message += " (" + status.ToString() + ")";
  return error;
}

void Writer::resume_if_due() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_resume_) return;
  next_resume_ = now + resume_interval;
  // RocksDB's Resume() may wait for ever for a flush that meets the full disk again.
  if (!store_.has_room_for_memtables()) return;
  // Flushes what is in memory to table files and begins a new write-ahead log, so that the one with the failed write in
  // it is never replayed beneath later ones.
  const rocksdb::Status status = store_.db().Resume();
  if (store_.watch().failed) broken_ = true;
  // With nothing in memory there was nothing to flush, and RocksDB stays with the log that it must not write to.
  if (status.ok() && store_.watch().wal_damaged) broken_ = true;
  if (status.ok() && !broken_) disk_full_ = false;
  tell_trouble(status.ToString());
}

void Writer::tell_trouble(std::string_view why) {
  const Trouble now = broken_ ? Trouble::failed : disk_full_ ? Trouble::full : Trouble::none;
  if (std::exchange(told_, now) != now && options_.watcher != nullptr) options_.watcher->troubled(now, why);
}

void Writer::sync_if_due(bool now) {
  // What an interval left unsynced in a log that met a full disk, resuming flushes.
  if (!unsynced_ || broken_ || disk_full_ || (!now && std::chrono::steady_clock::now() < next_sync_)) return;
  unsynced_ = false;
  const rocksdb::Status status = store_.db().SyncWAL();
  if (!status.ok()) static_cast<void>(fail_write(status));
}

/// Without those of documents that were deleted or cut since somebody computed them: nothing of what is gone may be
/// left.
std::vector<ChainPoint> Writer::chain_values_to_save() {
  std::vector<ChainPoint> points = chains_.take_unsaved();
  if (points.empty()) return points;
  const View view(store_);
  std::map<DocumentId, std::pair<Life, Offset>> present;  // life 0: none; and the cut
  const auto is_in = [](const ChainPoint& point, const std::pair<Life, Offset>& kept) {
    return point.life == kept.first && point.offset > kept.second;
  };
  const auto gone = [&](const ChainPoint& point) {
    const auto known = present.find(point.document);
    if (known != present.end()) return !is_in(point, known->second);
    const auto name = view.name(point.document);
    const auto row = name ? view.document(name->space, name->name) : Result<std::optional<DocumentRow>>(name.error());
    const bool alive = row && *row && !(*row)->deleted;
    const auto kept = alive ? std::pair((*row)->life, (*row)->cut) : std::pair(Life{}, Offset{});
    return !is_in(point, present.emplace(point.document, kept).first->second);
  };
  std::erase_if(points, gone);
  return points;
}

void Writer::close() {
  sync_if_due(true);
  if (broken_ || disk_full_) return;
  rocksdb::WriteBatch batch;
  for (const ChainPoint& point : chain_values_to_save())
    batch.Put(store_.rows(), keys::chain_point(point.document, point.life, point.offset),
              rocksdb::Slice(point.digest.view().data(), point.digest.view().size()));
  // Whoever was uploading a snapshot is gone with the process.
  static_cast<void>(sweep_uploads(View(store_), batch));
  if (batch.Count() > 0) static_cast<void>(store_.db().Write({}, &batch));
  store_.mark_closed();
}

RocksCounters Writer::counters() const {
  RocksCounters counters;
  counters.commits = commits_;
  counters.appends = appends_;
  counters.refused = refused_;
  counters.records = records_;
  counters.payload_bytes = payload_bytes_;
  counters.syncs = store_.watch().wal_syncs;
  counters.sync_nanoseconds = store_.watch().wal_sync_nanoseconds;
  counters.queued_appends = queue_.queued_items();
  counters.queued_bytes = queue_.queued_bytes();
  counters.queued_bytes_max = options_.queue_bytes_max;
  counters.disk_full = disk_full_;
  counters.broken = broken_;
  return counters;
}

}  // namespace weir::storage::rocks
