#include "weir/cli/live_source.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "weir/client/client.hpp"
#include "weir/client/relay.hpp"

namespace weir::cli {

namespace {

constexpr std::size_t page_entries = 1000;
constexpr std::chrono::milliseconds retry_first{100};
constexpr std::chrono::milliseconds retry_max{2000};

/// Waits; false when told to stop.
bool wait(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

ProducerId any_producer() {
  std::random_device random;
  ProducerId id;
  for (std::byte& byte : id.bytes) byte = static_cast<std::byte>(random());
  return id;
}

class LiveSource final : public DocumentSource {
 public:
  LiveSource(LiveOptions options, Notice notice)
      : options_(std::move(options)),
        notice_(std::move(notice)),
        relay_({.grpc = {.address = options_.address}, .token = options_.token}) {}

  Result<Listed<SpaceLine>> spaces(const std::string& after) override;
  Result<Listed<DocumentLine>> documents(const SpaceName& space, const std::string& after) override;
  Result<DocumentState> document(const DocumentPath& path) override;
  /// Not asked: a relay that runs packs by itself.
  Result<std::optional<storage::DocumentWeight>> weigh(const DocumentPath&) override {
    return std::optional<storage::DocumentWeight>();
  }
  Result<Cursor> read(const DocumentPath& path, Epoch epoch, Offset after, const AsOf& as_of, const OnRecord& on_record,
                      const OnCut& on_cut) override;
  Result<std::vector<SnapshotLine>> snapshots(const DocumentPath& path) override;
  Result<void> read_snapshot(const DocumentPath& path, const SnapshotLine& snapshot, const OnBytes& on_bytes) override;
  Result<void> follow(const DocumentPath& path, Epoch epoch, Offset after, const OnRecord& on_record,
                      const OnCut& on_cut, std::stop_token stop) override;
  Result<void> feed(const SpaceName& space, Offset after, bool follow, const OnLine& on_line,
                    std::stop_token stop) override;
  Result<Offset> remove(const DocumentPath& path) override { return relay_.remove(path); }
  Result<Epoch> recreate(const DocumentPath& path) override { return relay_.recreate(path); }
  Result<void> withdraw(const DocumentPath& path, Offset offset) override {
    return relay_.withdraw_snapshot(path, offset);
  }
  Result<void> release(const DocumentPath& path, const SnapshotLine& snapshot) override {
    return relay_.release_snapshot(path, snapshot.about.offset, snapshot.about.hash);
  }
  Result<void> put_snapshot(const DocumentPath& path, Epoch epoch, const SnapshotLine& snapshot,
                            const NextBytes& next) override;
  Result<void> cut(const DocumentPath&, Epoch, Offset) override {
    return fail(Code::failed_precondition,
                "a relay that runs cuts by itself, behind a snapshot that is verified there");
  }
  Result<void> put(const DocumentPath& path, Epoch epoch, Run run) override;
  Result<void> settle() override { return {}; }
  [[nodiscard]] bool puts_exactly() const override { return false; }

 private:
  Result<void> follow_live(const DocumentPath& path, const Cursor& from, const OnRecord& on_record, const OnCut& on_cut,
                           const std::stop_token& stop);
  /// For people, once for each time; the thread that follows, or its client's, one of them at a time.
  void lost(const std::string& why);
  void back();
  /// Repeats a call that goes on where it was, for as long as the relay is away.
  template <class Call>
  Result<void> until_done(const Call& call, const std::stop_token& stop);

  const LiveOptions options_;
  const Notice notice_;
  const client::Relay relay_;
  bool lost_ = false;
};

Result<Listed<SpaceLine>> LiveSource::spaces(const std::string& after) {
  const auto listing = relay_.spaces(after, page_entries);
  if (!listing) return listing.error();
  Listed<SpaceLine> listed{{}, listing->next_after.value_or("")};
  for (const auto& [name, head, documents] : listing->entries) listed.lines.push_back({name, head, documents});
  return listed;
}

Result<Listed<DocumentLine>> LiveSource::documents(const SpaceName& space, const std::string& after) {
  const auto listing = relay_.documents(space, after, page_entries);
  if (!listing) return listing.error();
  Listed<DocumentLine> listed{{}, listing->next_after.value_or("")};
  for (const auto& [name, state] : listing->entries) listed.lines.push_back({name, state});
  return listed;
}

Result<DocumentState> LiveSource::document(const DocumentPath& path) {
  const auto info = relay_.document(path);
  if (info) return info->state;
  if (info.error().code == Code::not_found) return DocumentState{};
  return info.error();
}

Result<Cursor> LiveSource::read(const DocumentPath& path, Epoch epoch, Offset after, const AsOf& as_of,
                                const OnRecord& on_record, const OnCut& on_cut) {
  Cursor reached{epoch, after, {}};
  const auto take = [&](const Record& record) {
    reached.offset = record.offset;
    return on_record(record);
  };
  const auto end = relay_.read(path, {epoch, after, {as_of.offset, as_of.time}}, take, {}, on_cut);
  if (!end) return end.error();
  return end->value_or(reached);
}

Result<std::vector<SnapshotLine>> LiveSource::snapshots(const DocumentPath& path) {
  auto all = relay_.snapshots(path);
  if (!all) return all.error();
  std::vector<SnapshotLine> lines;
  for (client::SnapshotInfo& one : *all) lines.push_back({std::move(one.about), one.base, one.served});
  return lines;
}

Result<void> LiveSource::read_snapshot(const DocumentPath& path, const SnapshotLine& snapshot,
                                       const OnBytes& on_bytes) {
  // What it lies on comes first, and is passed over.
  bool wanted = false;
  const client::SnapshotTaker taker{[&](const client::SnapshotInfo& info) {
                                      wanted = info.about.offset == snapshot.about.offset &&
                                               info.about.hash == snapshot.about.hash;
                                      return true;
                                    },
                                    [&](std::string_view bytes) { return !wanted || on_bytes(bytes); }};
  auto read = relay_.read_snapshot(path, {snapshot.about.offset, {}}, taker);
  if (!read || wanted) return read;
  return fail(Code::aborted,
              "there is another snapshot at offset " + std::to_string(snapshot.about.offset.value) + " now; try again");
}

Result<void> LiveSource::put_snapshot(const DocumentPath& path, Epoch epoch, const SnapshotLine& snapshot,
                                      const NextBytes& next) {
  const Snapshot& about = snapshot.about;
  const client::RelaySnapshot put{.producer = any_producer(),
                                  .offset = about.offset,
                                  .chain = about.chain,
                                  .epoch = epoch,
                                  .hash = about.hash,
                                  .size = about.size,
                                  .codec = about.codec,
                                  .fidelity = about.fidelity};
  return relay_.put_snapshot(path, put, next);
}

void LiveSource::lost(const std::string& why) {
  if (std::exchange(lost_, true)) return;
  notice_("lost the relay at " + options_.address + " (" + why + "); trying again");
}

void LiveSource::back() {
  if (std::exchange(lost_, false)) notice_("the relay at " + options_.address + " is back");
}

template <class Call>
Result<void> LiveSource::until_done(const Call& call, const std::stop_token& stop) {
  for (auto pause = retry_first;;) {
    const Result<void> done = call();
    if (stop.stop_requested()) return {};
    if (done || done.error().code != Code::unavailable) return done;
    pause = lost_ ? std::min(pause * 2, retry_max) : retry_first;
    lost(done.error().message);
    if (!wait(pause, stop)) return {};
  }
}

Result<void> LiveSource::follow(const DocumentPath& path, Epoch epoch, Offset after, const OnRecord& on_record,
                                const OnCut& on_cut, std::stop_token stop) {
  std::optional<Cursor> end;
  const auto read_on = [&]() -> Result<void> {
    const auto reached = relay_.read(
        path, {epoch, after},
        [&](const Record& record) {
          back();
          after = record.offset;
          return on_record(record);
        },
        stop,
        [&](const Cursor& cut) {
          after = cut.offset;
          on_cut(cut);
        });
    if (!reached) return reached.error();
    back();
    end = *reached;
    return {};
  };
  if (auto done = until_done(read_on, stop); !done || !end) return done;
  return follow_live(path, *end, on_record, on_cut, stop);
}

/// What a client's one thread tells the thread that waits for it.
class Outcome {
 public:
  void set(Result<void> result) {
    const std::scoped_lock lock(mutex_);
    if (!result_) result_ = std::move(result);
    changed_.notify_all();
  }
  [[nodiscard]] bool is_set() {
    const std::scoped_lock lock(mutex_);
    return result_.has_value();
  }
  [[nodiscard]] Result<void> wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return result_.has_value(); });
    return result_.value_or(Result<void>());
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Result<void>> result_;
};

Result<void> LiveSource::follow_live(const DocumentPath& path, const Cursor& from, const OnRecord& on_record,
                                     const OnCut& on_cut, const std::stop_token& stop) {
  Outcome outcome;
  client::ClientOptions options{.address = options_.address};
  options.session.client_name = "weir docs";
  options.session.backoff_max = retry_max;
  if (!options_.token.empty()) options.token = [this] { return options_.token; };
  options.on_connection_error = [&](const client::ClientError& error) { lost(error.error.message); };
  options.on_error = [&](const client::ClientError& error) { outcome.set(error.error); };
  client::Handlers handlers;
  handlers.on_opened = [&](const client::DocumentOpened& opened) {
    if (opened.lost_history) {
      outcome.set(fail(Code::failed_precondition,
                       "the relay no longer has the history that was printed (another store, or one restored from a "
                       "backup); begin again without --from"));
    }
    back();
  };
  handlers.on_records = [&](const client::RecordsRead& read) {
    for (const client::ReadRecord& one : read.records) {
      if (outcome.is_set()) return;
      if (!on_record(one.record)) outcome.set({});
    }
  };
  handlers.on_cut = [&](const client::RecordsCut& cut) {
    if (!outcome.is_set()) on_cut({from.epoch, cut.offset, {}});
  };
  handlers.on_error = [&](const client::DocumentFailed& failed) {
    if (failed.over) outcome.set(failed.error.error);
  };
  client::Client client(std::move(options));
  const auto document =
      client.subscribe({path.space.text(), path.document.text()}, std::move(handlers), {.cursor = from});
  if (!document) return document.error();
  return outcome.wait(stop);
}

Result<void> LiveSource::feed(const SpaceName& space, Offset after, bool follow, const OnLine& on_line,
                              std::stop_token stop) {
  const auto store = relay_.store();
  if (!store) return store.error();
  client::FeedOptions options{client::FeedPlace{*store, after}, follow};
  const auto take = [&](const client::FeedStretch& stretch) {
    back();
    for (const client::FeedItem& item : stretch.items) {
      if (!on_line({item.kind, item.document, item.epoch, item.record})) return false;
    }
    options.after = stretch.place;
    return true;
  };
  const auto call = [&] { return relay_.feed(space, options, take, stop); };
  return follow ? until_done(call, stop) : call();
}

Result<void> LiveSource::put(const DocumentPath& path, Epoch epoch, Run run) {
  const auto stored =
      relay_.append(path, {.producer = run.producer, .first_sequence = run.first_sequence, .epoch = epoch}, run.deltas);
  if (!stored) return stored.error();
  return {};
}

}  // namespace

std::string server_address(std::string_view text) {
  const std::string port = ":8788";
  if (text.ends_with(']')) return std::string(text) + port;
  const auto colons = std::count(text.begin(), text.end(), ':');
  if (colons == 0) return std::string(text) + port;
  if (colons == 1 && text.starts_with(':')) return "127.0.0.1" + std::string(text);
  if (colons > 1 && !text.starts_with('[')) return '[' + std::string(text) + ']' + port;
  return std::string(text);
}

std::unique_ptr<DocumentSource> open_live(LiveOptions options, Notice notice) {
  return std::make_unique<LiveSource>(std::move(options), std::move(notice));
}

}  // namespace weir::cli
