#include "weir/c/events.hpp"

#include "weir/c/handles.hpp"

namespace weir::c {
namespace {

using client::DocumentFailed;
using client::DocumentOpened;
using client::Presence;
using client::ReadRecord;
using client::RecordsRead;
using client::Settled;
using client::SnapshotRead;

weir_bytes bytes_of(std::string_view bytes) {
  return {bytes.empty() ? nullptr : reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

std::optional<weir_cursor> told(const std::optional<Cursor>& cursor) {
  if (!cursor) return {};
  weir_cursor out{cursor->epoch.value, cursor->offset.value, {}};
  std::memcpy(out.chain, cursor->chain.bytes.data(), sizeof out.chain);
  return out;
}

const weir_cursor* pointer(const std::optional<weir_cursor>& cursor) { return cursor ? &*cursor : nullptr; }

template <class T>
std::vector<const T*> pointers(const std::vector<T>& values) {
  std::vector<const T*> out;
  out.reserve(values.size());
  for (const T& value : values) out.push_back(&value);
  return out;
}

weir_record told(const ReadRecord& read) {
  const Record& record = read.record;
  weir_record out{};
  out.offset = record.offset.value;
  out.sequence = record.sequence.value;
  out.time = record.time.value;
  std::memcpy(out.producer, record.producer.bytes.data(), sizeof out.producer);
  out.codec = static_cast<std::uint32_t>(record.codec.value);
  out.own = read.own;
  out.stub = read.stub;
  out.payload = bytes_of(record.payload.view());
  return out;
}

weir_presence told(const Presence& presence) {
  weir_presence out{};
  out.key = bytes_of(presence.key);
  std::memcpy(out.producer, presence.producer.bytes.data(), sizeof out.producer);
  out.data = bytes_of(presence.data.view());
  out.gone = presence.gone;
  return out;
}

void tell(const RecordsRead& read, decltype(weir_document_options::on_records) call, void* user) {
  std::vector<weir_record> records;
  records.reserve(read.records.size());
  for (const ReadRecord& record : read.records) records.push_back(told(record));
  const std::vector<const weir_record*> listed = pointers(records);
  const std::optional<weir_cursor> cursor = told(read.cursor);
  const weir_records out{listed.data(), listed.size(), pointer(cursor)};
  call(user, &out);
}

void tell(const SnapshotRead& read, decltype(weir_document_options::on_snapshot) call, void* user) {
  const std::optional<weir_cursor> cursor = told(read.cursor);
  const weir_snapshot out{bytes_of(read.bytes.view()),
                          static_cast<std::uint32_t>(read.codec.value),
                          read.offset.value,
                          read.base.value,
                          read.verified,
                          static_cast<weir_fidelity>(read.fidelity),
                          pointer(cursor)};
  call(user, &out);
}

void tell(const std::vector<Presence>& changes, decltype(weir_document_options::on_presence) call, void* user) {
  std::vector<weir_presence> all;
  all.reserve(changes.size());
  for (const Presence& presence : changes) all.push_back(told(presence));
  const std::vector<const weir_presence*> listed = pointers(all);
  const weir_presences out{listed.data(), listed.size()};
  call(user, &out);
}

void tell(const Settled& settled, weir_when_settled call, void* user) {
  const std::optional<weir_error> error =
      settled.error ? std::optional<weir_error>(weir_error{*settled.error}) : std::nullopt;
  weir_settled out{};
  out.error = error ? &*error : nullptr;
  out.epoch = settled.epoch.value;
  out.sequence = settled.sequence.value;
  out.offset = settled.offset.value;
  std::memcpy(out.producer, settled.producer.bytes.data(), sizeof out.producer);
  call(user, &out);
}

/// The application's part in snapshots; what it gives is not believed to be one of the enumeration's values.
class Callbacks final : public client::Snapshotter {
 public:
  Callbacks(const weir_document_options& options, std::shared_ptr<void> user)
      : make_(options.make_snapshot), check_(options.check_snapshot), user_(std::move(user)) {}

  std::optional<client::MadeSnapshot> make() override {
    if (!make_) return {};
    weir_answer answer;
    const int fidelity = make_(user_.get(), &answer);
    if (answer.pieces.size() != 1) return {};
    const bool known = fidelity == WEIR_FIDELITY_LOSSLESS || fidelity == WEIR_FIDELITY_LOSSY;
    return client::MadeSnapshot{answer.pieces.front(), {}, known ? static_cast<Fidelity>(fidelity) : Fidelity::unknown};
  }
  std::optional<bool> check(const client::SnapshotToCheck& snapshot) override {
    if (!check_) return {};
    std::vector<weir_record> records;
    records.reserve(snapshot.records.size());
    for (const Record& record : snapshot.records) records.push_back(told(ReadRecord{record}));
    const std::vector<const weir_record*> listed = pointers(records);
    const weir_snapshot_check out{bytes_of(snapshot.bytes.view()), static_cast<std::uint32_t>(snapshot.codec.value),
                                  listed.data(), listed.size()};
    const int verdict = check_(user_.get(), &out);
    return verdict == 0 || verdict == 1 ? std::optional<bool>(verdict == 1) : std::nullopt;
  }

 private:
  decltype(weir_document_options::make_snapshot) make_;
  decltype(weir_document_options::check_snapshot) check_;
  std::shared_ptr<void> user_;
};

}  // namespace

weir_status status_of(client::Status status) {
  switch (status) {
    case client::Status::disconnected: return WEIR_DISCONNECTED;
    case client::Status::connecting: return WEIR_CONNECTING;
    case client::Status::connected: return WEIR_CONNECTED;
    case client::Status::stopped: break;
  }
  return WEIR_STOPPED;
}

client::WhenSettled telling(weir_when_settled then, void* user) {
  if (!then) return {};
  return [then, user](const Settled& settled) { tell(settled, then, user); };
}

Cursor cursor_of(const weir_cursor& cursor) {
  Cursor out{.epoch = {cursor.epoch}, .offset = {cursor.offset}, .chain = {}};
  std::memcpy(out.chain.bytes.data(), cursor.chain, sizeof cursor.chain);
  return out;
}

client::Handlers handlers_of(const weir_document_options& options, const std::shared_ptr<void>& user) {
  client::Handlers out;
  // Held in any case, so that `user` is released with the handlers and not before.
  out.on_opened = [call = options.on_opened, user](const DocumentOpened& opened) {
    const weir_opened told{opened.fresh, opened.lost_history};
    if (call) call(user.get(), &told);
  };
  if (const auto call = options.on_records)
    out.on_records = [call, user](const RecordsRead& read) { tell(read, call, user.get()); };
  if (const auto call = options.on_snapshot)
    out.on_snapshot = [call, user](const SnapshotRead& read) { tell(read, call, user.get()); };
  if (const auto call = options.on_caught_up) out.on_caught_up = [call, user] { call(user.get()); };
  if (const auto call = options.on_cut)
    out.on_cut = [call, user](const client::RecordsCut& cut) { call(user.get(), cut.offset.value); };
  if (const auto call = options.on_stored)
    out.on_stored = [call, user](std::size_t pending) { call(user.get(), pending); };
  if (const auto call = options.on_presence)
    out.on_presence = [call, user](const std::vector<Presence>& changes) { tell(changes, call, user.get()); };
  if (const auto call = options.on_error)
    out.on_error = [call, user](const DocumentFailed& failed) {
      const weir_error error{failed.error};
      const weir_failed told{&error, failed.over};
      call(user.get(), &told);
    };
  if (options.make_snapshot || options.check_snapshot) out.snapshotter = std::make_shared<Callbacks>(options, user);
  if (const auto call = options.on_snapshot_kept)
    out.on_snapshot_kept = [call, user](Offset offset) { call(user.get(), offset.value); };
  if (const auto call = options.state)
    out.state = [call, user] {
      weir_answer answer;
      call(user.get(), &answer);
      return std::move(answer.pieces);
    };
  return out;
}

}  // namespace weir::c
