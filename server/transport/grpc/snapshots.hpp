// What the calls about a document's snapshots share, and those of them that answer once. Private to this module's
// sources: it names generated code.
//
// Threads: functions of plain values from any; the calls as those in documents.hpp.
#pragma once

#include "weir/core/snapshot_policy.hpp"
#include "weir/grpc/documents.hpp"
#include "weir/grpc/requests.hpp"

namespace weir::v1 {
class ListSnapshotsRequest;
class ListSnapshotsResponse;
class WithdrawSnapshotRequest;
class ReleaseSnapshotRequest;
}  // namespace weir::v1

namespace weir::rpc {

/// A moment of the past; of both the earlier counts. 0: the present.
struct AsOf {
  Offset offset;
  Seconds time;
};

/// Of a deleted document, or one that never was.
[[nodiscard]] CallError not_there(const DocumentPath& path, DocumentLife life);

/// What stood for records then, from the bottom up: the newest that newcomers are served.
[[nodiscard]] core::SnapshotList newest_snapshot(const core::SnapshotList& all, const AsOf& then, Seconds now,
                                                 const core::SnapshotRules& rules);
/// The newest at this offset that is not in quarantine, with what it lies on.
[[nodiscard]] core::SnapshotList snapshot_at(const core::SnapshotList& all, Offset offset);

void list_snapshots(Context& context, const ::grpc::CallbackServerContext& call,
                    const v1::ListSnapshotsRequest& request, v1::ListSnapshotsResponse& response, Finish finish);
void withdraw_snapshot(Context& context, const ::grpc::CallbackServerContext& call,
                       const v1::WithdrawSnapshotRequest& request, Finish finish);
void release_snapshot(Context& context, const ::grpc::CallbackServerContext& call,
                      const v1::ReleaseSnapshotRequest& request, Finish finish);

}  // namespace weir::rpc
