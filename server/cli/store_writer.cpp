#include "weir/cli/store_writer.hpp"

namespace weir::cli {

namespace {

constexpr std::size_t under_way_bytes_max = std::size_t{8} << 20;
constexpr std::size_t run_bytes = 256;  // what a run costs beside its payloads

std::size_t bytes_of(const Run& run) {
  std::size_t bytes = run_bytes;
  for (const Delta& delta : run.deltas) bytes += delta.payload.size();
  return bytes;
}

}  // namespace

Result<Sequence> StoreWriter::mark(const DocumentPath& path, const ProducerId& producer) {
  if (!path_ || *path_ != path) {
    path_ = std::make_shared<const DocumentPath>(path);
    marks_.clear();
  }
  const auto known = marks_.find(producer);
  if (known != marks_.end()) return known->second;
  const auto stored = log_.mark(path, producer);
  if (!stored) return stored.error();
  return *stored ? (*stored)->sequence : Sequence{};
}

Result<void> StoreWriter::put(const DocumentPath& path, Epoch epoch, Run run) {
  const auto known = mark(path, run.producer);
  if (!known) return known.error();
  const std::size_t bytes = bytes_of(run);
  Append append;
  append.path = path_;
  append.epoch = epoch;
  append.producer = run.producer;
  append.first_sequence = run.first_sequence;
  append.time = run.time;
  append.deltas = std::move(run.deltas);
  if (run.first_sequence > *known) {
    append.assumed_mark = *known;
    marks_[run.producer] = run.first_sequence.plus(append.deltas.size() - 1);
  }
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return error_ || under_way_bytes_ == 0 || under_way_bytes_ + bytes <= under_way_bytes_max; });
    if (error_) return *error_;
    under_way_bytes_ += bytes;
  }
  log_.append({}, std::move(append), [this, bytes](const Result<Appended>& appended) {
    const std::scoped_lock lock(mutex_);
    under_way_bytes_ -= bytes;
    if (!appended && !error_) error_ = appended.error();
    changed_.notify_all();
  });
  return {};
}

Result<void> StoreWriter::settle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return under_way_bytes_ == 0; });
  if (error_) return *error_;
  return {};
}

}  // namespace weir::cli
