#include "weir/client/outbox.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "weir/client/sealed_contents.hpp"

namespace weir::client {

std::size_t OutboxEntry::bytes() const {
  std::size_t bytes = delta.payload.size();
  for (const PublishedDelta& part : sealed) bytes += part.delta.payload.size();
  return bytes;
}

std::size_t Outbox::wire_bytes(const OutboxEntry& entry) const {
  const bool unsealed = sealer_ != nullptr && entry.sealed.empty();
  return entry.delta.payload.size() + (unsealed ? sealed_record_overhead : 0);
}

void Outbox::count(const OutboxEntry& entry) {
  bytes_ += entry.bytes();
  deltas_ += entry.deltas();
}

void Outbox::uncount(const OutboxEntry& entry) {
  bytes_ -= entry.bytes();
  deltas_ -= entry.deltas();
}

Sequence Outbox::first_sequence() const {
  const bool numbered = !entries_.empty() && entries_.front().sequence.value != 0;
  return numbered ? entries_.front().sequence : next_sequence_;
}

void Outbox::add(OutboxEntry entry) {
  count(entry);
  entries_.push_back(std::move(entry));
}

std::optional<OutgoingFrame> Outbox::next_frame(const FrameLimits& limits) {
  const std::size_t from = sent_;
  std::size_t bytes = 0;
  std::size_t to = from;
  for (; to < entries_.size() && to - from < limits.deltas_max; ++to) {
    const OutboxEntry& entry = entries_[to];
    if (!may_go(entry)) break;
    const std::size_t more = wire_bytes(entry);
    const bool full = entry.base || bytes + more > limits.payload_bytes_max || more > limits.delta_bytes_max;
    if (to > from && (full || sequence_of(entry) != entries_[to - 1].sequence.next())) break;
    const std::size_t room = limits.payload_bytes_max - std::min(limits.payload_bytes_max, bytes);
    if (entry.sequence.value == 0) number(to, std::min(room, limits.delta_bytes_max));
    bytes += entries_[to].delta.payload.size();
    entries_[to].sent = true;
  }
  if (to == from) return std::nullopt;
  sent_ = to;
  frames_.push_back({entries_[from].sequence, entries_[to - 1].sequence, bytes});
  in_flight_total_ += bytes;
  return OutgoingFrame{entries_[from].sequence, entries_[from].base, from, to - from};
}

void Outbox::number(std::size_t index, std::size_t delta_bytes_max) {
  if (sealer_ != nullptr) gather(index, delta_bytes_max);
  OutboxEntry& entry = entries_[index];
  entry.sequence = next_sequence_;
  entry.base = std::exchange(base_next_, false);
  next_sequence_ = next_sequence_.next();
}

/// Seals it, together with as many of those behind it as may be.
void Outbox::gather(std::size_t index, std::size_t bytes_max) {
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(index);
  std::size_t bytes = wire_bytes(*first);
  auto end = std::next(first);
  for (; end != entries_.end() && static_cast<std::size_t>(end - first) < sealed_deltas_max; ++end) {
    if (end->offered != first->offered) break;
    bytes += end->delta.payload.size() + sealed_delta_overhead;
    if (bytes > std::min(bytes_max, sealed_deltas_bytes_max)) break;
  }
  OutboxEntry sealed{.delta = {}, .offered = first->offered, .restored = first->restored};
  std::vector<Delta> deltas;
  for (auto entry = first; entry != end; ++entry) {
    uncount(*entry);
    deltas.push_back(entry->delta);
    sealed.sealed.push_back({std::move(entry->delta), entry->ticket});
  }
  sealed.delta = sealer_->seal(next_sequence_, base_next_, std::move(deltas));
  count(sealed);
  *first = std::move(sealed);
  entries_.erase(std::next(first), end);
}

std::vector<OutboxEntry> Outbox::stored(Sequence through) {
  answered(through);
  std::vector<OutboxEntry> done;
  const auto is_stored = [&](const OutboxEntry& entry) {
    return !entry.refused && entry.sequence.value != 0 && entry.sequence <= through;
  };
  std::size_t kept = 0;
  while (kept < entries_.size() && entries_[kept].refused) ++kept;
  const auto from = entries_.begin() + static_cast<std::ptrdiff_t>(kept);
  const auto to = std::find_if_not(from, entries_.end(), is_stored);
  for (auto entry = from; entry != to; ++entry) {
    uncount(*entry);
    done.push_back(std::move(*entry));
  }
  entries_.erase(from, to);
  sent_ -= std::min(sent_, done.size());
  return done;
}

void Outbox::refused(Sequence through) {
  const auto frame = std::find_if(frames_.begin(), frames_.end(), [&](const Frame& f) { return f.through == through; });
  if (frame != frames_.end())
    for (OutboxEntry& entry : entries_)
      entry.refused = entry.refused || (entry.sequence >= frame->first && entry.sequence <= through);
  answered(through);
}

void Outbox::answered(Sequence through) {
  while (!frames_.empty() && (through.value == 0 || frames_.front().through <= through)) {
    in_flight_total_ -= frames_.front().bytes;
    frames_.pop_front();
  }
}

bool Outbox::rewind(Sequence sequence) {
  if (sequence < first_sequence() || sequence > next_sequence_) return false;
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const OutboxEntry& entry) {
    return entry.sequence.value == 0 || entry.sequence >= sequence;
  });
  sent_ = static_cast<std::size_t>(at - entries_.begin());
  return true;
}

void Outbox::disconnected() {
  answered({});
  sent_ = 0;
}

void Outbox::continue_after(Sequence sequence) { next_sequence_ = std::max(next_sequence_, sequence.next()); }

void Outbox::restart() {
  renumber();
  next_sequence_ = {1};
}

void Outbox::open_anew(Sequence stored_through) {
  renumber();
  base_next_ = stored_through.value == 0 && next_sequence_.value > 1;
  if (stored_through.value != 0) next_sequence_ = stored_through.next();
}

void Outbox::reopen(Sequence stored_through) {
  open_anew(stored_through);
  base_next_ = stored_through.value == 0;
  std::erase_if(entries_, [this](const OutboxEntry& entry) {
    if (entry.offered) uncount(entry);
    return entry.offered;
  });
}

void Outbox::offer(std::vector<OutboxEntry> entries) {
  // What waits may have its numbers already; nothing was sent under them.
  const bool numbered = !entries_.empty() && entries_.front().sequence.value != 0;
  const Sequence first = first_sequence();
  const bool base = numbered ? entries_.front().base : base_next_;
  renumber();
  next_sequence_ = first;
  base_next_ = base;
  for (const OutboxEntry& entry : entries) count(entry);
  entries_.insert(entries_.begin(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
}

std::size_t Outbox::number_all(std::size_t delta_bytes_max) {
  const auto first = std::find_if(entries_.begin(), entries_.end(),
                                  [](const OutboxEntry& entry) { return entry.sequence.value == 0; });
  const auto from = static_cast<std::size_t>(first - entries_.begin());
  for (std::size_t index = from; index < entries_.size(); ++index) number(index, delta_bytes_max);
  return from;
}

void Outbox::keep(std::size_t from, std::uint64_t number) {
  for (std::size_t index = from; index < entries_.size(); ++index) entries_[index].kept = number;
}

void Outbox::restore(std::vector<OutboxEntry> entries, Sequence last_given) {
  for (OutboxEntry& entry : entries) {
    entry.restored = true;
    count(entry);
    entries_.push_back(std::move(entry));
  }
  next_sequence_ = last_given.next();
}

void Outbox::regather() {
  next_sequence_ = entries_[sent_].sequence;
  base_next_ = entries_[sent_].base;
  renumber_from(sent_);
}

OutboxEntry Outbox::refuse_next() {
  const auto at = entries_.begin() + static_cast<std::ptrdiff_t>(sent_);
  OutboxEntry entry = std::move(*at);
  entries_.erase(at);
  uncount(entry);
  if (entry.sequence.value == 0) return entry;
  next_sequence_ = entry.sequence;
  base_next_ = entry.base;
  renumber_from(sent_);
  return entry;
}

std::vector<OutboxEntry> Outbox::clear() {
  next_sequence_ = first_sequence();
  disconnected();
  bytes_ = deltas_ = 0;
  std::vector<OutboxEntry> given_up(std::make_move_iterator(entries_.begin()), std::make_move_iterator(entries_.end()));
  entries_.clear();
  return given_up;
}

void Outbox::renumber() {
  disconnected();
  renumber_from(0);
  base_next_ = false;
}

/// Entries from this one on lose their sequences, and what was sealed for them comes apart.
void Outbox::renumber_from(std::size_t index) {
  std::vector<OutboxEntry> again(std::make_move_iterator(entries_.begin() + static_cast<std::ptrdiff_t>(index)),
                                 std::make_move_iterator(entries_.end()));
  entries_.resize(index);
  for (OutboxEntry& entry : again) {
    uncount(entry);
    const auto add = [&](Delta& delta, Ticket ticket) {
      entries_.push_back(
          {.delta = std::move(delta), .ticket = ticket, .offered = entry.offered, .restored = entry.restored});
      count(entries_.back());
    };
    if (entry.sealed.empty()) add(entry.delta, entry.ticket);
    for (PublishedDelta& part : entry.sealed) add(part.delta, part.ticket);
  }
}

}  // namespace weir::client
