#include "weir/client/reader_checks.hpp"

#include <algorithm>

namespace weir::client {
namespace {

ClientError missing(const std::string& what) {
  return make_error(ErrorKind::missing_records, Code::data_loss,
                    what + ": the relay leaves records out or changes their order; do not trust it with this document");
}

std::string named(const Record& record) {
  return "the record at offset " + std::to_string(record.offset.value) + " (producer " + record.producer.hex() +
         ", sequence " + std::to_string(record.sequence.value) + ")";
}

}  // namespace

void ReaderChecks::begin(Offset offset, const std::optional<Digest>& chain) {
  last_.clear();
  points_.clear();
  own_stored_.clear();
  was_caught_up_ = false;
  from_ = offset;
  if (chain && offset.value > 0) add({offset, *chain});
}

void ReaderChecks::jump(Offset offset, const std::optional<Digest>& chain) {
  last_.clear();
  std::erase_if(own_stored_, [&](const OwnStored& own) { return own.offset <= offset; });
  from_ = offset;
  if (!chain) return points_.clear();
  if (points_.empty() || points_.back().offset < offset) add({offset, *chain, true});
}

std::optional<ClientError> ReaderChecks::look(const Record& record, bool own, Begins begins) const {
  if (const auto known = last_.find(record.producer); known != last_.end()) {
    const Sequence last = known->second.sequence;
    const bool may_skip = begins == Begins::yes || (begins == Begins::unknown && !known->second.after_catching_up);
    if (record.sequence <= last)
      return make_error(ErrorKind::replayed, Code::data_loss,
                        named(record) + " comes though its producer had come to sequence " +
                            std::to_string(last.value) +
                            ": the relay sends a record again as a new one; do not trust it with this document");
    if (record.sequence != last.next() && !may_skip)
      return missing(named(record) + " comes behind " + std::to_string(last.value));
  }
  if (own_stored_.empty()) return std::nullopt;
  const OwnStored& due = own_stored_.front();
  const bool passed = own ? record.sequence > due.sequence : record.offset > due.offset;
  if (!passed) return std::nullopt;
  return missing(named(record) + " comes before our own record at offset " + std::to_string(due.offset.value));
}

std::optional<ClientError> ReaderChecks::look(const Record& record, const Seen& seen, Epoch epoch) const {
  if (seen.epoch != epoch || seen.offset.value == 0) return std::nullopt;
  const auto forked = [&](const std::string& what) {
    return make_error(ErrorKind::forked, Code::data_loss,
                      "the author of " + named(record) + " had read " + what + " (offset " +
                          std::to_string(seen.offset.value) +
                          "): the relay shows people different histories; do not trust it with this document");
  };
  if (seen.offset >= record.offset) return forked("what comes behind it");
  const auto after = std::upper_bound(points_.begin(), points_.end(), seen.offset,
                                      [](Offset offset, const Point& point) { return offset < point.offset; });
  if (after == points_.begin()) return std::nullopt;  // before all that is known here
  const Point& point = *std::prev(after);
  if (point.offset == seen.offset)
    return seen_chain(point.chain) == seen.chain ? std::nullopt : std::optional(forked("another history than this"));
  const bool unread = after != points_.end() && after->gap;
  return unread ? std::nullopt : std::optional(forked("a record that is not there"));
}

void ReaderChecks::read(const Record& record, bool own, const std::optional<Digest>& chain) {
  last_.insert_or_assign(record.producer, Last{record.sequence, was_caught_up_});
  if (own && !own_stored_.empty() && own_stored_.front().sequence == record.sequence) own_stored_.pop_front();
  if (chain)
    add({record.offset, *chain});
  else
    points_.clear();
}

void ReaderChecks::stored(Sequence sequence, Offset offset, const ProducerId& own) {
  if (offset <= from_) return;
  if (const auto known = last_.find(own); known != last_.end() && known->second.sequence >= sequence) return;
  if (!own_stored_.empty() && own_stored_.back().sequence >= sequence) return;
  if (own_stored_.size() == points_max) return;
  own_stored_.push_back({sequence, offset});
}

std::optional<ClientError> ReaderChecks::caught_up(Offset offset) {
  was_caught_up_ = true;
  if (own_stored_.empty() || own_stored_.front().offset > offset) return std::nullopt;
  return missing("everything up to offset " + std::to_string(offset.value) +
                 " is said to be here, but not our own record at offset " +
                 std::to_string(own_stored_.front().offset.value));
}

std::optional<Digest> ReaderChecks::chain_at(Offset offset) const {
  const auto found = std::lower_bound(points_.begin(), points_.end(), offset,
                                      [](const Point& point, Offset at) { return point.offset < at; });
  if (found == points_.end() || found->offset != offset) return std::nullopt;
  return found->chain;
}

void ReaderChecks::add(Point point) {
  points_.push_back(point);
  if (points_.size() > points_max) points_.pop_front();
}

}  // namespace weir::client
