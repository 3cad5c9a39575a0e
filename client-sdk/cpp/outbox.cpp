#include "weir/client/outbox.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::client {

Sequence Outbox::first_sequence() const {
  const bool numbered = !entries_.empty() && entries_.front().sequence.value != 0;
  return numbered ? entries_.front().sequence : next_sequence_;
}

void Outbox::add(OutboxEntry entry) {
  bytes_ += entry.delta.payload.size();
  entries_.push_back(std::move(entry));
}

std::optional<OutgoingFrame> Outbox::next_frame(const FrameLimits& limits) {
  const std::size_t from = sent_;
  std::size_t bytes = 0;
  std::size_t to = from;
  for (; to < entries_.size() && to - from < limits.deltas_max; ++to) {
    OutboxEntry& entry = entries_[to];
    const bool full = entry.base || bytes + entry.delta.payload.size() > limits.payload_bytes_max;
    if (to > from && (full || sequence_of(entry) != entries_[to - 1].sequence.next())) break;
    bytes += entry.delta.payload.size();
    if (entry.sequence.value != 0) continue;
    entry.sequence = next_sequence_;
    entry.base = std::exchange(base_next_, false);
    next_sequence_ = next_sequence_.next();
  }
  if (to == from) return std::nullopt;
  sent_ = to;
  frames_.push_back({entries_[from].sequence, entries_[to - 1].sequence, bytes});
  in_flight_total_ += bytes;
  return OutgoingFrame{entries_[from].sequence, entries_[from].base, from, to - from};
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
    bytes_ -= entry->delta.payload.size();
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

void Outbox::reopen(Sequence stored_through) {
  renumber();
  std::erase_if(entries_, [this](const OutboxEntry& entry) {
    if (entry.offered) bytes_ -= entry.delta.payload.size();
    return entry.offered;
  });
  base_next_ = stored_through.value == 0;
  if (!base_next_) next_sequence_ = stored_through.next();
}

void Outbox::offer(std::vector<OutboxEntry> entries) {
  for (const OutboxEntry& entry : entries) bytes_ += entry.delta.payload.size();
  entries_.insert(entries_.begin(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
}

OutboxEntry Outbox::refuse_next() {
  const auto at = entries_.begin() + static_cast<std::ptrdiff_t>(sent_);
  OutboxEntry entry = std::move(*at);
  entries_.erase(at);
  bytes_ -= entry.delta.payload.size();
  return entry;
}

std::vector<OutboxEntry> Outbox::clear() {
  next_sequence_ = first_sequence();
  disconnected();
  bytes_ = 0;
  std::vector<OutboxEntry> given_up(std::make_move_iterator(entries_.begin()), std::make_move_iterator(entries_.end()));
  entries_.clear();
  return given_up;
}

void Outbox::renumber() {
  disconnected();
  for (OutboxEntry& entry : entries_) {
    entry.sequence = {};
    entry.base = entry.refused = false;
  }
  base_next_ = false;
}

}  // namespace weir::client
