#include "weir/core/feeder.hpp"

#include <algorithm>
#include <limits>

namespace weir::core {

namespace {
/// Records of one document that follow each other in the merge are encoded together, up to this much.
constexpr std::size_t stretch_bytes_max = 64 << 10;
/// Each may bring one record of the largest size, which no budget can foresee.
constexpr std::size_t reads_under_way_max = 4;
/// A page is not worth its read when it is smaller than this, whatever the number of documents.
constexpr std::size_t page_bytes_min = 512;
/// What a record counts beside its payload.
constexpr std::size_t record_overhead_bytes = 32;
}  // namespace

void Feeder::Document::give_back() {
  given_back = front();
  read_to = {given_back.value - 1};
  page.clear();
  pack.reset();
  page_bytes = 0;
}

void Feeder::add(const SubscribeAnswer& answer) {
  const bool first = documents_.empty();
  Document document;
  document.path = answer.path;
  document.epoch = answer.subscribed.epoch;
  document.cursor = document.read_to = answer.start;
  document.snapshots.assign(answer.snapshots.begin(), answer.snapshots.end());
  const DocumentHandle handle = answer.subscribed.document;
  documents_[handle] = std::move(document);
  if (first) {
    // Nothing else to keep in order with.
    state_ = State::live;
    position_ = answer.position;
  } else if (state_ == State::live) {
    position_ = std::max(position_, answer.position);
  }
  const bool behind = answer.start < answer.subscribed.head || !answer.snapshots.empty();
  if (state_ == State::live && !behind) return say_caught_up();
  const Offset target = std::max({state_ == State::live ? position_ : target_, answer.position});
  if (state_ == State::reading) {
    target_ = target;
    return pump();
  }
  if (state_ == State::live)
    for (auto& [other, entry] : documents_)
      if (other != handle) entry.cursor = entry.read_to = position_;
  read_on(target);
}

void Feeder::remove(DocumentHandle document) {
  // What still waits is of no use, and would set a later subscription's cursor back if it were dropped then.
  queue_.drop(options_.id, document);
  if (documents_.erase(document) > 0 && state_ == State::reading) pump();
}

// ---- live ----

void Feeder::queue_live(const Delivery& delivery) {
  const auto dialect = static_cast<std::size_t>(options_.dialect);
  const bool own = delivery.author == options_.session;
  position_ = delivery.last;
  if (!own && delivery.partial[dialect]) documents_.at(delivery.document).partial = true;
  if (own && !delivery.echo) return;
  const SharedBytes& bytes = own ? delivery.own[dialect] : delivery.bytes[dialect];
  if (bytes.empty()) return;
  ++counts_.live;
  queue_.push_records(options_.id, delivery.document, delivery.first, bytes, delivery.since);
}

void Feeder::deliver(const DeliveryRef& delivery) {
  const auto found = documents_.find(delivery->document);
  if (found == documents_.end()) return;
  if (delivery->ended) {
    documents_.erase(found);
    host_.ended(delivery->document);
    if (state_ == State::reading) pump();
    return;
  }
  if (state_ != State::live || delivery->first <= position_) return;
  if (queue_.bytes() + delivery->bytes[static_cast<std::size_t>(options_.dialect)].size() >
          limits_.session_queue_bytes_max &&
      !queue_.empty())
    return fall_behind(delivery->last);
  queue_live(*delivery);
}

void Feeder::fall_behind(Offset target) {
  ++counts_.fell_behind;
  for (auto& [handle, document] : documents_) {
    document.cursor = position_;
    document.caught_up = false;  // to be told again once it is
  }
  for (const auto& dropped : queue_.drop(options_.id)) {
    const auto found = documents_.find(dropped.document);
    if (found != documents_.end() && dropped.first.value > 0)
      found->second.cursor = std::min(found->second.cursor, Offset{dropped.first.value - 1});
  }
  for (auto& [handle, document] : documents_) document.read_to = document.cursor;
  read_on(target);
}

// ---- snapshots ----

bool Feeder::complete(DocumentHandle document) const {
  const auto found = documents_.find(document);
  return state_ == State::live && found != documents_.end() && !found->second.partial;
}

bool Feeder::send_snapshots() {
  for (auto& [handle, document] : documents_) {
    if (document.snapshots.empty()) continue;
    if (snapshot_read_ != 0 || queue_.bytes() >= limits_.session_queue_bytes_max / 2) return true;
    snapshot_read_ = document.snapshot_reading = ++reads_;
    host_.read_snapshot({options_.session, options_.space, snapshot_read_, handle, document.path, document.epoch,
                         document.snapshots.front(), document.snapshot_base, document.snapshot_position,
                         options_.dialect, options_.unpacks});
    return true;
  }
  return false;
}

void Feeder::have_read(SnapshotReadAnswer answer) {
  if (answer.number != snapshot_read_) return;
  snapshot_read_ = 0;
  const auto found = documents_.find(answer.document);
  // It may be of an earlier subscription.
  if (found == documents_.end() || found->second.snapshot_reading != answer.number) return pump();
  Document& document = found->second;
  document.snapshot_reading = 0;
  if (!answer.piece) {
    Error error = answer.piece.error();
    documents_.erase(found);
    host_.broken(answer.document, std::move(error));
    return pump();
  }
  queue_.push(answer.piece->bytes);
  document.snapshot_position = answer.piece->next;
  if (answer.piece->last) {
    ++counts_.snapshots;
    document.snapshot_base = document.snapshots.front().offset;
    document.snapshot_position = 0;
    document.snapshots.pop_front();
  }
  pump();
}

// ---- reading ----

void Feeder::read_on(Offset target) {
  ++generation_;  // a join or read under way no longer counts
  state_ = State::reading;
  target_ = target;
  for (auto& [handle, document] : documents_) {
    document.reading = 0;
    document.read_to = document.page.empty() ? document.cursor : document.page.back().offset;
    if (document.pack) document.read_to = document.pack->last;
  }
  pump();
}

void Feeder::request_pages() {
  std::size_t under_way = 0;
  for (const auto& [handle, document] : documents_) under_way += document.reading != 0 ? 1 : 0;
  std::vector<DocumentHandle> wanted;  // a host may answer at once, and an answer may end a document
  for (const auto& [handle, document] : documents_)
    if (document.front().value == 0 && document.reading == 0 && document.read_to < target_) wanted.push_back(handle);
  if (wanted.empty() && under_way == 0)
    if (const Next turn = next(); turn.document != nullptr && turn.document->holds_nothing())
      wanted.push_back(turn.handle);
  for (const DocumentHandle handle : wanted) {
    if (under_way++ >= reads_under_way_max) break;
    if (const auto found = documents_.find(handle); found != documents_.end()) request_page(handle, found->second);
  }
}

void Feeder::request_page(DocumentHandle handle, Document& document) {
  // All of them together stay near the session's budget.
  const std::size_t share = limits_.session_queue_bytes_max / 2 / std::max<std::size_t>(documents_.size(), 1);
  const std::size_t bytes_max = std::clamp<std::size_t>(share, page_bytes_min, limits_.read_bytes_max);
  // However many documents there are: a pack is small for what is in it.
  const std::size_t pack_bytes_max = std::min(limits_.read_bytes_max, limits_.session_queue_bytes_max / 2);
  // What lies behind a pack that has to be read as records may come as packs again.
  const bool plain = document.read_to < document.plain_to;
  const Offset upto = plain ? std::min(document.plain_to, target_) : target_;
  document.reading = ++reads_;
  host_.read({options_.session, options_.space, document.reading, handle, document.path, document.read_to, upto,
              bytes_max, options_.unpacks && !plain ? pack_bytes_max : 0});
}

std::size_t Feeder::page_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [handle, document] : documents_) bytes += document.page_bytes;
  return bytes;
}

void Feeder::give_back_pages() {
  while (page_bytes() > limits_.session_queue_bytes_max / 2) {
    Document* last = nullptr;
    std::size_t pages = 0;
    for (auto& [handle, document] : documents_) {
      if (document.holds_nothing()) continue;
      ++pages;
      if (last == nullptr || document.front() > last->front()) last = &document;
    }
    if (pages < 2) return;
    last->give_back();
  }
}

void Feeder::have_read(ReadAnswer answer) {
  const auto found = documents_.find(answer.document);
  if (found == documents_.end() || found->second.reading != answer.number || state_ != State::reading) return;
  Document& document = found->second;
  document.reading = 0;
  if (!answer.records) {
    const Error error = answer.records.error();
    documents_.erase(found);
    if (error.code == Code::not_found)
      host_.ended(answer.document);
    else
      host_.broken(answer.document, error);
    return pump();
  }
  document.given_back = {};
  if (answer.cut.value > 0) {
    document.partial = true;
    host_.cut(answer.document, answer.cut);
    if (!documents_.contains(answer.document)) return pump();  // the peer cannot go on without what was cut
  }
  for (Record& record : *answer.records) {
    document.page_bytes += record.payload.size() + record_overhead_bytes;
    document.page.push_back(std::move(record));
  }
  document.read_to = answer.complete || document.page.empty() ? answer.upto : document.page.back().offset;
  if (answer.pack) {
    document.page_bytes = answer.pack->bytes.size() + record_overhead_bytes;
    document.read_to = answer.complete ? answer.upto : answer.pack->last;
    document.pack = std::move(answer.pack);
  }
  give_back_pages();
  pump();
}

Feeder::Next Feeder::next() {
  Next turn{nullptr, {}, {std::numeric_limits<std::uint64_t>::max()}};
  for (auto& [handle, document] : documents_) {
    const Offset front = document.front();
    if (front.value == 0) {
      if (document.read_to < target_) return {};
      continue;
    }
    if (turn.document == nullptr || front < turn.document->front()) {
      if (turn.document != nullptr) turn.runner_up = turn.document->front();
      turn.document = &document;
      turn.handle = handle;
    } else {
      turn.runner_up = std::min(turn.runner_up, front);
    }
  }
  return turn;
}

// Queues what has the smallest offsets, if every document's next record is known.
bool Feeder::merge_one() {
  const Next turn = next();
  if (turn.document == nullptr || turn.document->holds_nothing()) return false;
  Document& document = *turn.document;
  if (!document.pack) {
    queue_stretch(turn);
    return true;
  }
  if (document.ordered && document.pack->last >= turn.runner_up) {
    document.plain_to = document.pack->last;
    document.give_back();
    return false;
  }
  queue_pack(turn.handle, document);
  return true;
}

void Feeder::queue_pack(DocumentHandle handle, Document& document) {
  const PackedRecords pack = *std::exchange(document.pack, std::nullopt);
  document.page_bytes = 0;
  document.cursor = pack.last;
  ++counts_.packs;
  queue_.push_records(options_.id, handle, pack.first, encoder_.pack(handle, pack.bytes));
}

void Feeder::queue_stretch(const Next& turn) {
  Document& document = *turn.document;
  std::vector<Record> stretch;
  std::size_t bytes = 0;
  while (!document.page.empty() && document.page.front().offset < turn.runner_up && bytes < stretch_bytes_max) {
    bytes += document.page.front().payload.size() + record_overhead_bytes;
    stretch.push_back(std::move(document.page.front()));
    document.page.pop_front();
  }
  document.page_bytes -= bytes;
  document.cursor = stretch.back().offset;
  document.partial = document.partial || !encoder_.shows(stretch);
  ++counts_.from_log;
  queue_.push_records(options_.id, turn.handle, stretch.front().offset, encoder_.records(turn.handle, stretch, false));
}

void Feeder::pump() {
  if (state_ != State::reading || pumping_) return;
  if (send_snapshots()) return;
  pumping_ = true;  // a host may answer a read at once
  while (queue_.bytes() < limits_.session_queue_bytes_max / 2 && merge_one()) {
  }
  const bool full = queue_.bytes() >= limits_.session_queue_bytes_max / 2;
  if (!full) request_pages();
  pumping_ = false;
  const bool done = std::all_of(documents_.begin(), documents_.end(), [&](const auto& entry) {
    return entry.second.holds_nothing() && entry.second.read_to >= target_;
  });
  if (!done) return;
  state_ = State::joining;
  host_.join(options_.space, generation_, target_);
}

void Feeder::drained() { pump(); }

// ---- joining ----

void Feeder::joined(const JoinAnswer& answer) {
  if (answer.generation != generation_ || state_ != State::joining) return;
  if (!answer.live) {
    for (auto& [handle, document] : documents_) document.cursor = target_;
    return read_on(answer.at);
  }
  state_ = State::live;
  position_ = target_;
  for (const DeliveryRef& delivery : answer.missed) {
    deliver(delivery);
    if (state_ != State::live) return;  // too much for the queue: reading again
  }
  position_ = std::max(position_, answer.at);
  say_caught_up();
}

void Feeder::say_caught_up() {
  for (auto& [handle, document] : documents_) {
    document.ordered = true;
    if (std::exchange(document.caught_up, true)) continue;
    queue_.push_caught_up(options_.id, handle, position_);
  }
}

}  // namespace weir::core
