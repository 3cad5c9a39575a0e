#include "weir/grpc/messages.hpp"
#include "weir/grpc/snapshots.hpp"
#include "weir/grpc/sources.hpp"
#include "weir/v1/relay.pb.h"

namespace weir::rpc {

namespace {

struct Plan {
  DocumentPath path;
  Offset offset;  ///< 0: the newest that newcomers are served
  AsOf then;
};

CallError none(const Plan& plan) {
  const std::string where = plan.offset.value == 0
                                ? "no snapshot that newcomers are served"
                                : "no snapshot in use at offset " + std::to_string(plan.offset.value);
  const std::string when = plan.then.offset.value != 0 || plan.then.time.value != 0 ? " as of then" : "";
  return {fail(Code::not_found, "document \"" + plan.path.document.text() + "\" has " + where + when),
          {.reason = "NO_SNAPSHOT"}};
}

/// A snapshot behind what it lies on, part by part. Used on the pool, one call at a time.
class SnapshotReader {
 public:
  SnapshotReader(const Parts& parts, Plan plan) : parts_(parts), plan_(std::move(plan)) {}

  PageResult next(Seconds now) {
    if (chain_.empty()) {
      if (auto begun = begin(now); !begun) return begun.error();
    }
    return announced_ ? part() : announcement(now);
  }

 private:
  CallResult<void> begin(Seconds now) {
    const auto state = parts_.log.document(plan_.path);
    if (!state) return CallError{state.error()};
    if (state->life != DocumentLife::alive) return not_there(plan_.path, state->life);
    const auto all = parts_.snapshots.list(plan_.path);
    if (!all) return CallError{all.error()};
    chain_ = plan_.offset.value == 0 ? newest_snapshot(*all, plan_.then, now, parts_.limits.snapshots)
                                     : snapshot_at(*all, plan_.offset);
    if (chain_.empty()) return none(plan_);
    return {};
  }

  PageResult announcement(Seconds now) {
    v1::ReadSnapshotResponse response;
    fill(chain_[at_], chain_, core::is_servable(chain_[at_], now, parts_.limits.snapshots),
         *response.mutable_snapshot());
    announced_ = true;
    return page(response);
  }

  PageResult part() {
    const auto part = parts_.snapshots.read(plan_.path, chain_[at_].id, position_, false);
    if (!part && part.error().code == Code::not_found)
      return CallError{fail(Code::not_found, "the snapshot was dropped while it was read: ask again"),
                       {.reason = "NO_SNAPSHOT"}};
    if (!part) return CallError{part.error()};
    v1::ReadSnapshotResponse response;
    response.set_data(part->bytes.view().data(), part->bytes.size());
    position_ += part->bytes.size();
    return page(response);
  }

  /// What was just read, and where that leaves the reader.
  PageResult page(const v1::ReadSnapshotResponse& response) {
    if (position_ == chain_[at_].size) {
      ++at_;
      position_ = 0;
      announced_ = false;
    }
    return Page{response.SerializeAsString(), at_ == chain_.size()};
  }

  const Parts& parts_;
  const Plan plan_;
  core::SnapshotList chain_;
  std::size_t at_ = 0;          ///< in the chain
  std::uint64_t position_ = 0;  ///< in this one
  bool announced_ = false;      ///< it has been said what this one is
};

}  // namespace

CallResult<std::unique_ptr<PageSource>> snapshot_source(Context& context, const ::grpc::CallbackServerContext& call,
                                                        const ::grpc::ByteBuffer& buffer, shard::Shard& shard) {
  v1::ReadSnapshotRequest request;
  if (!parse(buffer, request)) return CallError{fail(Code::invalid_argument, "not a weir.v1.ReadSnapshotRequest")};
  auto path = document_of(context, call, request.space(), request.document(), Access::read);
  if (!path) return path.error();
  const AsOf then{{request.as_of_offset()}, {request.as_of_time()}};
  if (request.offset() != 0 && (then.offset.value != 0 || then.time.value != 0))
    return wrong("offset", "name a snapshot by its offset, or ask for the newest as of a moment; not both");
  auto reader = std::make_shared<SnapshotReader>(context.parts, Plan{std::move(*path), {request.offset()}, then});
  return std::unique_ptr<PageSource>(
      std::make_unique<PooledSource<SnapshotReader>>(context, shard.executor(), std::move(reader)));
}

}  // namespace weir::rpc
