#include "weir/grpc/snapshots.hpp"

#include "weir/grpc/messages.hpp"
#include "weir/v1/relay.pb.h"

namespace weir::rpc {

CallError not_there(const DocumentPath& path, DocumentLife life) {
  const std::string name = '"' + path.document.text() + "\" in the space \"" + path.space.text() + '"';
  if (life == DocumentLife::deleted) {
    return {fail(Code::not_found, "the document " + name + " was deleted"), {.reason = "DELETED"}};
  }
  return {fail(Code::not_found, "there is no document " + name), {.reason = "NO_DOCUMENT"}};
}

core::SnapshotList newest_snapshot(const core::SnapshotList& all, const AsOf& then, Seconds now,
                                   const core::SnapshotRules& rules) {
  return core::newest_servable(all, now, rules, [&](const Snapshot& one) {
    return (then.offset.value == 0 || one.offset <= then.offset) && (then.time.value == 0 || one.time <= then.time);
  });
}

core::SnapshotList snapshot_at(const core::SnapshotList& all, Offset offset) {
  for (auto one = all.rbegin(); one != all.rend(); ++one)
    if (one->offset == offset && one->standing != SnapshotStanding::quarantined) return core::chain_of(all, one->id);
  return {};
}

namespace {

::grpc::Status list(const Context& context, const DocumentPath& path, Seconds now,
                    v1::ListSnapshotsResponse& response) {
  const auto state = context.parts.log.document(path);
  if (!state) return to_status(state.error());
  if (state->life != DocumentLife::alive) return to_status(not_there(path, state->life));
  const auto all = context.parts.snapshots.list(path);
  if (!all) return to_status(all.error());
  response.set_epoch(state->epoch.value);
  for (const Snapshot& one : *all) {
    const bool whole = !core::chain_of(*all, one.id).empty();
    fill(one, *all, whole && core::is_servable(one, now, context.parts.limits.snapshots), *response.add_snapshots());
  }
  return ::grpc::Status::OK;
}

/// What comes of an operator's word.
std::function<void(const Result<void>&)> done_with(Finish finish) {
  return [finish = std::move(finish)](const Result<void>& done) {
    if (done) return finish(::grpc::Status::OK);
    const bool none = done.error().code == Code::not_found;
    finish(to_status(done.error(), none ? Details{.reason = "NO_SNAPSHOT"} : Details{}));
  };
}

}  // namespace

void list_snapshots(Context& context, const ::grpc::CallbackServerContext& call,
                    const v1::ListSnapshotsRequest& request, v1::ListSnapshotsResponse& response, Finish finish) {
  auto path = document_of(context, call, request.space(), request.document(), Access::read);
  if (!path) return finish(to_status(path.error()));
  runtime::Executor& executor = context.next_shard().executor();
  executor.post([&context, &response, &executor, path = std::move(*path), finish = std::move(finish)]() mutable {
    context.parts.readers.submit([&context, &response, path = std::move(path), now = executor.wall_now(),
                                  finish = std::move(finish)] { finish(list(context, path, now, response)); });
  });
}

void withdraw_snapshot(Context& context, const ::grpc::CallbackServerContext& call,
                       const v1::WithdrawSnapshotRequest& request, Finish finish) {
  auto path = document_of(context, call, request.space(), request.document(), Access::write);
  if (!path) return finish(to_status(path.error()));
  context.next_shard().withdraw_snapshot(std::move(*path), Offset{request.offset()}, done_with(std::move(finish)));
}

void release_snapshot(Context& context, const ::grpc::CallbackServerContext& call,
                      const v1::ReleaseSnapshotRequest& request, Finish finish) {
  auto path = document_of(context, call, request.space(), request.document(), Access::write);
  if (!path) return finish(to_status(path.error()));
  const auto hash = Digest::parse(request.hash());
  if (!hash) return finish(to_status(fail(Code::invalid_argument, "a hash has 32 bytes: " + hash.error().message)));
  context.next_shard().release_snapshot(std::move(*path), Offset{request.offset()}, *hash,
                                        done_with(std::move(finish)));
}

}  // namespace weir::rpc
