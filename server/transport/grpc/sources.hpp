// What Read and Feed send: pages of a document's log, and of a space's order. Private to this module.
//
// Threads: made on gRPC's thread, used on the call's shard; the log is read on the pool.
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

}  // namespace weir::rpc
