#include "weir/cli/store_source.hpp"

#include <chrono>
#include <future>

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
  explicit StoreSource(storage::DeltaLog& log) : log_(log), writer_(log) {}
  explicit StoreSource(std::unique_ptr<storage::RocksLog> log) : owned_(std::move(log)), log_(*owned_), writer_(log_) {}

  Result<Listed<SpaceLine>> spaces(const std::string& after) override;
  Result<Listed<DocumentLine>> documents(const SpaceName& space, const std::string& after) override;
  Result<DocumentState> document(const DocumentPath& path) override { return log_.document(path); }
  Result<std::optional<storage::DocumentWeight>> weigh(const DocumentPath& path) override;
  Result<Cursor> read(const DocumentPath& path, Epoch epoch, Offset after, const OnRecord& on_record,
                      const OnCut& on_cut) override;
  Result<void> follow(const DocumentPath&, Epoch, Offset, const OnRecord&, std::stop_token) override {
    return stands_still();
  }
  Result<void> feed(const SpaceName& space, Offset after, bool follow, const OnLine& on_line,
                    std::stop_token stop) override;
  Result<Offset> remove(const DocumentPath& path) override;
  Result<Epoch> recreate(const DocumentPath& path) override;
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

  const std::unique_ptr<storage::RocksLog> owned_;  ///< or somebody else's
  storage::DeltaLog& log_;
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

Result<Cursor> StoreSource::read(const DocumentPath& path, Epoch epoch, Offset after, const OnRecord& on_record,
                                 const OnCut& on_cut) {
  const auto state = log_.document(path);
  if (!state) return state.error();
  for (bool more = after < state->head; more;) {
    const auto page = log_.read_document(path, after, state->head, page_bytes);
    if (!page) return page.error();
    more = !page->complete;
    if (page->cut.value != 0) {
      after = page->cut;
      const auto chain = log_.chain(path, after);
      if (!chain) return chain.error();
      if (on_cut) on_cut({epoch, after, *chain});
    }
    for (const Record& record : page->records) {
      after = record.offset;
      if (on_record(record)) continue;
      more = false;
      break;
    }
  }
  const auto chain = log_.chain(path, after);
  if (!chain) return chain.error();
  return Cursor{epoch, after, *chain};
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

Result<storage::Appended> StoreSource::change(const DocumentPath& path, AppendKind kind) {
  const auto state = log_.document(path);
  if (!state) return state.error();
  Append append;
  append.kind = kind;
  append.path = std::make_shared<const DocumentPath>(path);
  append.epoch = state->epoch;
  append.time = now();
  std::promise<Result<Appended>> done;
  log_.append({}, std::move(append), [&done](Result<Appended> appended) { done.set_value(std::move(appended)); });
  return done.get_future().get();
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

std::unique_ptr<DocumentSource> source_of(storage::DeltaLog& log) { return std::make_unique<StoreSource>(log); }

}  // namespace weir::cli
