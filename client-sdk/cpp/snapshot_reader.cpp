#include "weir/client/snapshot_reader.hpp"

#include <algorithm>
#include <utility>

namespace weir::client {
namespace {

/// Memory is taken as bytes come, not as they are announced.
constexpr std::size_t reserved_bytes_max = std::size_t{1} << 20;

}  // namespace

Result<void> SnapshotReader::begin(const frames::SnapshotHeader& header, std::uint64_t bytes_max) {
  if (header_) return fail(Code::data_loss, "a snapshot ends before all of it has come");
  if (bytes_max > 0 && header.size > bytes_max)
    return fail(Code::data_loss, "a snapshot of " + std::to_string(header.size) + " bytes, though at most " +
                                     std::to_string(bytes_max) + " are taken");
  header_ = header;
  bytes_.clear();
  bytes_.reserve(std::min<std::size_t>(header.size, reserved_bytes_max));
  return {};
}

Result<bool> SnapshotReader::add(const frames::SnapshotChunk& chunk) {
  const std::uint64_t end = chunk.position + chunk.data.size();
  if (!header_ || chunk.position != bytes_.size() || end > header_->size || chunk.last != (end == header_->size))
    return fail(Code::data_loss, "a snapshot's bytes do not follow each other");
  if (chunk.unpacked_size != 0) return fail(Code::data_loss, "a snapshot's bytes are packed, which nobody asked for");
  bytes_ += chunk.data.view();
  if (!chunk.last) return false;
  if (sha256(bytes_) == header_->hash) return true;
  return fail(Code::data_loss, "a snapshot's bytes are not what its hash says");
}

SharedBytes SnapshotReader::take() {
  header_.reset();
  return SharedBytes::take(std::exchange(bytes_, {}));
}

void SnapshotReader::reset() {
  header_.reset();
  bytes_ = {};
}

}  // namespace weir::client
