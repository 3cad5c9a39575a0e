#include "weir/rocksdb/candidates.hpp"

#include <utility>

namespace weir::storage::rocks {
namespace {

constexpr std::size_t growing_max = 65536;  // a few MiB; documents beyond are found after the next start

}  // namespace

void Candidates::stored(DocumentId document, std::uint64_t records, std::uint64_t payload_bytes) {
  const std::lock_guard lock(mutex_);
  auto known = growing_.find(document);
  if (known == growing_.end()) {
    if (growing_.size() >= growing_max) return;
    known = growing_.emplace(document, Growth{}).first;
  }
  Growth& growth = known->second;
  growth.records += records;
  growth.payload_bytes += payload_bytes;
  growth.last = Clock::now();
  if (growth.records >= options_.seal_records || growth.payload_bytes >= options_.seal_bytes)
    make_due(document, growth);
}

void Candidates::add(DocumentId document) {
  const std::lock_guard lock(mutex_);
  make_due(document, growing_[document]);
}

void Candidates::make_due(DocumentId document, Growth& growth) {
  if (std::exchange(growth.due, true)) return;
  due_.push_back(document);
  wake_.notify_one();
}

void Candidates::find_idle(Clock::time_point now) {
  if (now < next_look_) return;
  next_look_ = now + options_.idle / 4;
  for (auto& [document, growth] : growing_)
    if (growth.records >= options_.idle_seal_records && now - growth.last >= options_.idle) make_due(document, growth);
}

std::optional<DocumentId> Candidates::take() {
  std::unique_lock lock(mutex_);
  working_ = false;
  for (; !closed_ && due_.empty(); wake_.wait_until(lock, next_look_)) {
    find_idle(Clock::now());
    if (!due_.empty()) break;
  }
  if (closed_) return std::nullopt;
  const DocumentId document = due_.front();
  due_.pop_front();
  growing_.erase(document);
  working_ = true;
  return document;
}

std::size_t Candidates::pending() const {
  const std::lock_guard lock(mutex_);
  return due_.size() + (working_ ? 1 : 0);
}

void Candidates::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  wake_.notify_one();
}

}  // namespace weir::storage::rocks
