// What Read, Feed and ReadSnapshot send: pages of a document's log, of a space's order, and of a snapshot. Private to
// this module.
//
// Threads: made on gRPC's thread, used on the call's shard; the store is read on the pool.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>

#include "weir/grpc/requests.hpp"

namespace weir::rpc {

/// `request` is an encoded weir.v1.ReadRequest; pages are ReadResponses, the last with the cursor to read on from.
[[nodiscard]] CallResult<std::unique_ptr<PageSource>> read_source(Context& context,
                                                                  const ::grpc::CallbackServerContext& call,
                                                                  const ::grpc::ByteBuffer& request,
                                                                  shard::Shard& shard);
/// `request` is an encoded weir.v1.FeedRequest; pages are FeedResponses.
[[nodiscard]] CallResult<std::unique_ptr<PageSource>> feed_source(Context& context,
                                                                  const ::grpc::CallbackServerContext& call,
                                                                  const ::grpc::ByteBuffer& request,
                                                                  shard::Shard& shard);
/// `request` is an encoded weir.v1.ReadSnapshotRequest; pages are ReadSnapshotResponses.
[[nodiscard]] CallResult<std::unique_ptr<PageSource>> snapshot_source(Context& context,
                                                                      const ::grpc::CallbackServerContext& call,
                                                                      const ::grpc::ByteBuffer& request,
                                                                      shard::Shard& shard);

/// Pages read on the pool, one at a time, by `Reader`: its next(Seconds now) blocks.
template <class Reader>
class PooledSource final : public PageSource {
 public:
  PooledSource(Context& context, runtime::Executor& executor, std::shared_ptr<Reader> reader)
      : readers_(context.parts.readers), executor_(executor), reader_(std::move(reader)) {}

  void next(std::function<void(PageResult)> done) override {
    // The call may end meanwhile: the reader lives until its page is read.
    readers_.submit(
        [reader = reader_, now = executor_.wall_now(), &executor = executor_, done = std::move(done)]() mutable {
          executor.post([done = std::move(done), page = reader->next(now)]() mutable { done(std::move(page)); });
        });
  }

 private:
  runtime::BlockingPool& readers_;
  runtime::Executor& executor_;
  std::shared_ptr<Reader> reader_;
};

}  // namespace weir::rpc
