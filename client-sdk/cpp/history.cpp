#include "weir/client/history.hpp"

namespace weir::client {

History::History(const DocumentPath& path, const std::optional<Cursor>& cursor)
    : start_(chain_start(path)), chain_(start_) {
  if (!cursor) return;
  epoch_ = cursor->epoch;
  offset_ = cursor->offset;
  if (offset_.value > 0) chain_ = cursor->chain;
}

std::optional<Cursor> History::cursor() const {
  if (!chain_ || epoch_.value == 0) return std::nullopt;
  return Cursor{epoch_, offset_, *chain_};
}

void History::start_over(Epoch epoch) {
  epoch_ = epoch;
  offset_ = {};
  chain_ = start_;
}

void History::start_live(Epoch epoch, Offset offset) {
  epoch_ = epoch;
  offset_ = offset;
  chain_.reset();
  published_.clear();
}

void History::published(Sequence sequence, std::string_view payload) {
  if (chain_) published_.insert_or_assign(sequence, sha256(payload));
}

bool History::advance(const Record& record, bool own, bool stub) {
  if (record.offset <= offset_) return false;
  offset_ = record.offset;
  std::optional<Digest> payload;
  if (const auto known = own ? published_.find(record.sequence) : published_.end(); known != published_.end()) {
    payload = known->second;
    published_.erase(known);
  }
  if (!chain_) return true;
  if (!stub) payload = sha256(record.payload.view());
  if (payload)
    chain_ = chain_next(*chain_, record.producer, record.sequence, record.codec, *payload);
  else
    chain_.reset();
  return true;
}

void History::read(const Record& record, bool own, const std::optional<Digest>& chain) {
  if (own) published_.erase(record.sequence);
  offset_ = record.offset;
  chain_ = chain;
}

void History::jump(Offset offset, const Digest& chain) {
  offset_ = offset;
  chain_ = chain;
}

void History::cut(Offset offset) {
  if (offset <= offset_) return;
  offset_ = offset;
  chain_.reset();
}

}  // namespace weir::client
