// Stored things as messages of relay.proto. Private to this module's sources: it names generated code.
//
// Threads: pure functions.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "weir/core/snapshot_policy.hpp"
#include "weir/grpc/byte_buffer.hpp"
#include "weir/storage/delta_log.hpp"

namespace weir::v1 {
class Record;
class FeedEntry;
class DocumentInfo;
class SnapshotInfo;
}  // namespace weir::v1

namespace weir::rpc {

void fill(const weir::Record& record, v1::Record& message);
void fill(const storage::FeedEntry& entry, v1::FeedEntry& message);
void fill(const storage::DocumentSummary& summary, v1::DocumentInfo& message);
/// `all`: the document's, where its base is found.
void fill(const Snapshot& snapshot, const core::SnapshotList& all, bool served, v1::SnapshotInfo& message);

/// False when the bytes are no such message.
template <class Message>
[[nodiscard]] bool parse(const ::grpc::ByteBuffer& buffer, Message& message) {
  ::grpc::ByteBuffer copy(buffer);  // shares the slices
  const auto bytes = take(copy);
  return bytes && message.ParseFromArray(bytes->view().data(), static_cast<int>(bytes->size()));
}

}  // namespace weir::rpc
