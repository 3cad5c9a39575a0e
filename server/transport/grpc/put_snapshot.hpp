// One PutSnapshot call: a client's messages on one side, a session that lives for it on the other. Private to this
// module.
//
//   first message ──▶ is it in order? ──▶ a session offers it ──▶ next message ──▶ the session stores it ──▶ ... ──▶
//   done
//                                                     (not read while the session wants no more)
//
// One message is in memory here at a time; what the session has of it counts as its bytes in flight, and HTTP/2's flow
// control lets the client wait. A call that ends before its snapshot is stored leaves nothing behind.
//
// Threads: the On...() and start() are gRPC's and only post; everything else on the call's shard.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "weir/grpc/context.hpp"
#include "weir/grpc/one_shot.hpp"
#include "weir/grpc/requests.hpp"

namespace weir::v1 {
class PutSnapshotRequest;
class SnapshotToPut;
}  // namespace weir::v1

namespace weir::rpc {

using PutReactor = ::grpc::ServerReadReactor<::grpc::ByteBuffer>;

class PutSnapshot final : public PutReactor, public std::enable_shared_from_this<PutSnapshot> {
 public:
  PutSnapshot(Context& context, ::grpc::CallbackServerContext& call, ::grpc::ByteBuffer& response);
  /// For gRPC, which drives it from here on.
  [[nodiscard]] static PutReactor* start(Context& context, ::grpc::CallbackServerContext& call,
                                         ::grpc::ByteBuffer& response);

  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void post(std::function<void(PutSnapshot&)> what);
  void open();
  void read_more();
  void on_read();
  void on_read_end();
  void begin(const v1::PutSnapshotRequest& request);
  [[nodiscard]] CallResult<OneShot::Task> task_of(const v1::SnapshotToPut& about);
  void find_chain(OneShot::Task task);
  void offer(OneShot::Task task);
  void add(v1::PutSnapshotRequest request);
  void add_nothing();
  void have(const OneShot::Outcome& outcome);
  void finish(const ::grpc::Status& status);
  void finish(const CallError& error) { finish(to_status(error)); }

  Context& context_;
  ::grpc::CallbackServerContext& call_;
  ::grpc::ByteBuffer& response_;
  shard::Shard& shard_;
  std::shared_ptr<PutSnapshot> self_;  ///< until OnDone
  std::shared_ptr<void> slot_;
  ::grpc::ByteBuffer incoming_;  ///< gRPC's while a read is outstanding

  // The shard's.
  std::shared_ptr<OneShot> session_;
  std::shared_ptr<void> draining_;  ///< tells this call that the relay stops
  Offset offset_;                   ///< of the snapshot
  std::uint64_t size_ = 0;
  std::uint64_t received_ = 0;
  bool begun_ = false;   ///< the first message has come
  bool wanted_ = false;  ///< by the session
  bool reading_ = false;
  bool finished_ = false;
};

}  // namespace weir::rpc
