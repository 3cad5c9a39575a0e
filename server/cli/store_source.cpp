#include "weir/cli/store_source.hpp"

#include <algorithm>
#include <chrono>
#include <future>

#include "weir/cli/print.hpp"
#include "weir/cli/store_writer.hpp"
#include "weir/rocksdb/rocks_log.hpp"

namespace weir::cli {

namespace {

constexpr std::size_t page_entries = 1000;
constexpr std::size_t page_bytes = std::size_t{1} << 20;

Seconds now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since).count())};
}

class StoreSource final : public DocumentSource {
 public:
  StoreSource(storage::DeltaLog& log, storage::SnapshotStore& snapshots)
      : log_(log), snapshots_(snapshots), writer_(log) {}
  explicit StoreSource(std::unique_ptr<storage::RocksLog> log)
      : owned_(std::move(log)), log_(*owned_), snapshots_(owned_->snapshots()), writer_(log_) {}

  Result<Listed<SpaceLine>> spaces(const std::string& after) override;
  Result<Listed<DocumentLine>> documents(const SpaceName& space, const std::string& after) override;
  Result<DocumentState> document(const DocumentPath& path) override { return log_.document(path); }
  Result<std::optional<storage::DocumentWeight>> weigh(const DocumentPath& path) override;
  Result<Cursor> read(const DocumentPath& path, Epoch epoch, Offset after, const AsOf& as_of, const OnRecord& on_record,
                      const OnCut& on_cut) override;
  Result<std::vector<SnapshotLine>> snapshots(const DocumentPath& path) override;
  Result<void> read_snapshot(const DocumentPath& path, const SnapshotLine& snapshot, const OnBytes& on_bytes) override;
  Result<void> follow(const DocumentPath&, Epoch, Offset, const OnRecord&, const OnCut&, std::stop_token) override {
    return stands_still();
  }
  Result<void> feed(const SpaceName& space, Offset after, bool follow, const OnLine& on_line,
                    std::stop_token stop) override;
  Result<Offset> remove(const DocumentPath& path) override;
  Result<Epoch> recreate(const DocumentPath& path) override;
  Result<void> withdraw(const DocumentPath& path, Offset offset) override;
  Result<void> release(const DocumentPath& path, const SnapshotLine& snapshot) override;
  Result<void> put_snapshot(const DocumentPath& path, Epoch epoch, const SnapshotLine& snapshot,
                            const NextBytes& next) override;
  Result<void> cut(const DocumentPath& path, Epoch epoch, Offset offset) override;
  Result<void> put(const DocumentPath& path, Epoch epoch, Run run) override {
    return writer_.put(path, epoch, std::move(run));
  }
  Result<void> settle() override { return writer_.settle(); }
  [[nodiscard]] bool puts_exactly() const override { return true; }

 private:
  static Error stands_still() {
    return fail(Code::failed_precondition,
                "nothing comes to the store of a stopped relay; follow a running one with --server");
  }
  Result<storage::Appended> change(const DocumentPath& path, AppendKind kind);
  Result<storage::Appended> append(Append append);
  /// The newest at this offset that is not in quarantine.
  Result<Snapshot> find(const DocumentPath& path, Offset offset);

  const std::unique_ptr<storage::RocksLog> owned_;  ///< or somebody else's
  storage::DeltaLog& log_;
  storage::SnapshotStore& snapshots_;
  StoreWriter writer_;
};

Result<Listed<SpaceLine>> StoreSource::spaces(const std::string& after) {
  const auto names = log_.spaces(after, page_entries);
  if (!names) return names.error();
  Listed<SpaceLine> listed;
  for (const SpaceName& name : *names) {
    const auto state = log_.space(name);
    if (!state) return state.error();
    listed.lines.push_back({name, state->head, state->documents});
  }
  if (names->size() == page_entries) listed.next_after = names->back().text();
  return listed;
}

Result<Listed<DocumentLine>> StoreSource::documents(const SpaceName& space, const std::string& after) {
  const auto found = log_.documents(space, after, page_entries);
  if (!found) return found.error();
  Listed<DocumentLine> listed;
  for (const auto& [name, state] : *found) listed.lines.push_back({name, state});
  if (found->size() == page_entries) listed.next_after = found->back().name.text();
  return listed;
}

Result<std::optional<storage::DocumentWeight>> StoreSource::weigh(const DocumentPath& path) {
  if (!owned_) return std::optional<storage::DocumentWeight>();
  const auto weight = owned_->weigh(path);
  if (!weight) return weight.error();
  return std::optional(*weight);
}

Result<Cursor> StoreSource::read(const DocumentPath& path, Epoch epoch, Offset after, const AsOf& as_of,
                                 const OnRecord& on_record, const OnCut& on_cut) {
  const auto state = log_.document(path);
  if (!state) return state.error();
  const Offset upto = as_of.offset.value == 0 ? state->head : std::min(as_of.offset, state->head);
  for (bool more = after < upto; more;) {
    const auto page = log_.read_document(path, after, upto, page_bytes);
    if (!page) return page.error();
    more = !page->complete;
    if (page->cut.value != 0) {
      after = std::min(page->cut, upto);
      const auto chain = log_.chain(path, page->cut);
      if (!chain) return chain.error();
      if (on_cut) on_cut({epoch, page->cut, *chain});
    }
    for (const Record& record : page->records) {
      // Times never go back along a document.
      const bool then = as_of.time.value == 0 || record.time <= as_of.time;
      if (then) after = record.offset;
      if (then && on_record(record)) continue;
      more = false;
      break;
    }
  }
  const auto chain = log_.chain(path, after);
  if (chain) return Cursor{epoch, after, *chain};
  if (chain.error().code == Code::out_of_range) return Cursor{epoch, after, {}};
  return chain.error();
}

Result<void> StoreSource::feed(const SpaceName& space, Offset after, bool follow, const OnLine& on_line,
                               std::stop_token) {
  if (follow) return stands_still();
  const auto state = log_.space(space);
  if (!state) return state.error();
  if (state->head.value == 0) {
    return fail(Code::not_found,
                "nothing has been written to the space \"" + space.text() + "\"; `weir docs ls` lists what there is");
  }
  if (after > state->head) {
    return fail(Code::failed_precondition, "the space \"" + space.text() + "\" ends at offset " +
                                               std::to_string(state->head.value) + ", before " +
                                               std::to_string(after.value) + "; give a smaller --from");
  }
  for (bool more = after < state->head; more;) {
    const auto page = log_.read_space(space, after, state->head, page_bytes);
    if (!page) return page.error();
    more = !page->complete && !page->entries.empty();
    for (const storage::FeedEntry& entry : page->entries) {
      after = entry.record.offset;
      if (!on_line({entry.kind, entry.document, entry.epoch, entry.record})) return {};
    }
  }
  return {};
}

Result<std::vector<SnapshotLine>> StoreSource::snapshots(const DocumentPath& path) {
  auto all = snapshots_.list(path);
  if (!all) return all.error();
  std::vector<SnapshotLine> lines;
  for (const Snapshot& one : *all) {
    SnapshotLine line{one};
    for (const Snapshot& base : *all)
      if (base.id == one.base) line.base = base.offset;
    lines.push_back(std::move(line));
  }
  return lines;
}

Result<Snapshot> StoreSource::find(const DocumentPath& path, Offset offset) {
  const auto all = snapshots_.list(path);
  if (!all) return all.error();
  for (auto one = all->rbegin(); one != all->rend(); ++one)
    if (one->offset == offset && one->standing != SnapshotStanding::quarantined) return *one;
  return fail(Code::not_found, "the document " + quoted(path) + " has no snapshot in use at offset " +
                                   std::to_string(offset.value) + "; `weir docs snapshots` lists what there is");
}

Result<void> StoreSource::read_snapshot(const DocumentPath& path, const SnapshotLine& snapshot,
                                        const OnBytes& on_bytes) {
  std::uint64_t at = 0;
  while (at < snapshot.about.size) {
    const auto part = snapshots_.read(path, snapshot.about.id, at, false);
    if (!part) return part.error();
    at += part->bytes.size();
    if (!on_bytes(part->bytes.view())) break;
  }
  return {};
}

Result<void> StoreSource::withdraw(const DocumentPath& path, Offset offset) {
  const auto found = find(path, offset);
  if (!found) return found.error();
  return snapshots_.set_standing(path, found->id, SnapshotStanding::quarantined, now(), {});
}

Result<void> StoreSource::release(const DocumentPath& path, const SnapshotLine& snapshot) {
  if (const auto used = find(path, snapshot.about.offset); used && used->hash == snapshot.about.hash)
    return fail(Code::already_exists,
                "the same snapshot is in use at offset " + std::to_string(snapshot.about.offset.value));
  return snapshots_.set_standing(path, snapshot.about.id, SnapshotStanding::candidate, now(), {});
}

Result<void> StoreSource::put_snapshot(const DocumentPath& path, Epoch epoch, const SnapshotLine& snapshot,
                                       const NextBytes& next) {
  Snapshot about = snapshot.about;
  about.base = {};
  if (snapshot.base.value != 0) {
    const auto base = find(path, snapshot.base);
    if (!base) return base.error();
    about.base = base->id;
  }
  const auto upload = snapshots_.begin(path, epoch);
  if (!upload) return upload.error();
  for (;;) {
    const auto bytes = next();
    if (bytes && bytes->empty()) break;
    const auto written = bytes ? snapshots_.write(*upload, *bytes) : Result<void>(bytes.error());
    if (written) continue;
    snapshots_.abandon(*upload);
    return written.error();
  }
  const auto stored = snapshots_.seal(*upload, std::move(about));
  if (!stored) return stored.error();
  return {};
}

Result<void> StoreSource::cut(const DocumentPath& path, Epoch epoch, Offset offset) {
  const auto prefix = log_.prefix(path, offset);
  if (!prefix) return prefix.error();
  Append cut;
  cut.kind = AppendKind::cut;
  cut.path = std::make_shared<const DocumentPath>(path);
  cut.epoch = epoch;
  cut.cut = offset;
  cut.cut_chain = prefix->chain;
  cut.cut_records = prefix->records;
  cut.cut_payload_bytes = prefix->payload_bytes;
  const auto done = append(std::move(cut));
  if (!done) return done.error();
  return {};
}

Result<storage::Appended> StoreSource::append(Append append) {
  std::promise<Result<Appended>> done;
  log_.append({}, std::move(append), [&done](Result<Appended> appended) { done.set_value(std::move(appended)); });
  return done.get_future().get();
}

Result<storage::Appended> StoreSource::change(const DocumentPath& path, AppendKind kind) {
  const auto state = log_.document(path);
  if (!state) return state.error();
  Append append;
  append.kind = kind;
  append.path = std::make_shared<const DocumentPath>(path);
  append.epoch = state->epoch;
  append.time = now();
  return this->append(std::move(append));
}

Result<Offset> StoreSource::remove(const DocumentPath& path) {
  const auto appended = change(path, AppendKind::tombstone);
  if (!appended) return appended.error();
  return appended->last;
}

Result<Epoch> StoreSource::recreate(const DocumentPath& path) {
  const auto appended = change(path, AppendKind::recreate);
  if (!appended) return appended.error();
  return appended->epoch;
}

}  // namespace

Result<std::unique_ptr<storage::RocksLog>> open_log(const std::filesystem::path& data, bool writable) {
  std::error_code missing;
  if (!std::filesystem::is_directory(data / "log", missing)) {
    return fail(Code::not_found, "there is no store in " + data.string() +
                                     "; name its folder with --data, or a running relay with --server");
  }
  storage::RocksOptions options{.path = data / "log", .file_system = {}};
  options.packing.in_background = false;  // the relay does that, or who asks for it
  return writable ? storage::RocksLog::open(std::move(options)) : storage::RocksLog::open_read_only(std::move(options));
}

Result<std::unique_ptr<DocumentSource>> open_store(const std::filesystem::path& data, bool writable) {
  auto log = open_log(data, writable);
  if (!log) return log.error();
  return std::unique_ptr<DocumentSource>(std::make_unique<StoreSource>(std::move(*log)));
}

std::unique_ptr<DocumentSource> source_of(storage::DeltaLog& log, storage::SnapshotStore& snapshots) {
  return std::make_unique<StoreSource>(log, snapshots);
}

}  // namespace weir::cli
