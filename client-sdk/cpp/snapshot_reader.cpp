#include "weir/client/snapshot_reader.hpp"

#include <algorithm>
#include <utility>

#include "weir/packing/compression.hpp"

namespace weir::client {
namespace {

/// Memory is taken as bytes come, not as they are announced.
constexpr std::size_t reserved_bytes_max = std::size_t{1} << 20;

}  // namespace

Result<void> SnapshotReader::begin(const frames::SnapshotHeader& header, const Limits& limits) {
  if (header_) return fail(Code::data_loss, "a snapshot ends before all of it has come");
  if (limits.bytes_max > 0 && header.size > limits.bytes_max)
    return fail(Code::data_loss, "a snapshot of " + std::to_string(header.size) + " bytes, though at most " +
                                     std::to_string(limits.bytes_max) + " are taken");
  header_ = header;
  limits_ = limits;
  bytes_.clear();
  bytes_.reserve(std::min<std::size_t>(header.size, reserved_bytes_max));
  return {};
}

Result<bool> SnapshotReader::add(const frames::SnapshotChunk& chunk) {
  const bool packed = chunk.unpacked_size != 0;
  const std::uint64_t size = packed ? chunk.unpacked_size : chunk.data.size();
  const std::uint64_t end = chunk.position + size;
  if (!header_ || chunk.position != bytes_.size() || end < size || end > header_->size ||
      chunk.last != (end == header_->size))
    return fail(Code::data_loss, "a snapshot's bytes do not follow each other");
  if (!packed) {
    bytes_ += chunk.data.view();
  } else {
    const Result<std::string> data = inflated(chunk);
    if (!data) return data.error();
    bytes_ += *data;
  }
  if (!chunk.last) return false;
  if (sha256(bytes_) == header_->hash) return true;
  return fail(Code::data_loss, "a snapshot's bytes are not what its hash says");
}

Result<std::string> SnapshotReader::inflated(const frames::SnapshotChunk& chunk) const {
  if (!limits_.unpacks) return fail(Code::data_loss, "a snapshot's bytes are packed, which nobody asked for");
  const std::uint64_t left =
      limits_.unpacked_bytes_max - std::min<std::uint64_t>(limits_.unpacked_bytes_max, bytes_.size());
  if (chunk.unpacked_size > std::min(left, chunk_unpacked_bytes_max))
    return fail(Code::data_loss,
                "a snapshot's chunk claims to become " + std::to_string(chunk.unpacked_size) + " bytes");
  Result<std::string> data = packing::inflate(chunk.data.view(), static_cast<std::size_t>(chunk.unpacked_size));
  if (data) return data;
  return fail(Code::data_loss, "a snapshot's chunk cannot be unpacked: " + data.error().message);
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
