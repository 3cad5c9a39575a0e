#include "weir/grpc/service.hpp"

#include "weir/grpc/documents.hpp"
#include "weir/grpc/page_stream.hpp"
#include "weir/grpc/put_snapshot.hpp"
#include "weir/grpc/snapshots.hpp"
#include "weir/grpc/sources.hpp"
#include "weir/grpc/sync_stream.hpp"
#include "weir/v1/relay.grpc.pb.h"

namespace weir::rpc {

namespace {

using Call = ::grpc::CallbackServerContext;
using Unary = ::grpc::ServerUnaryReactor;

// Streams are raw: their messages are encoded once, elsewhere.
using Streams = v1::Relay::WithRawCallbackMethod_Sync<v1::Relay::WithRawCallbackMethod_Read<
    v1::Relay::WithRawCallbackMethod_Feed<v1::Relay::WithRawCallbackMethod_PutSnapshot<
        v1::Relay::WithRawCallbackMethod_ReadSnapshot<v1::Relay::Service>>>>>;
using Base = v1::Relay::WithCallbackMethod_Append<v1::Relay::WithCallbackMethod_ListSpaces<
    v1::Relay::WithCallbackMethod_ListDocuments<v1::Relay::WithCallbackMethod_GetDocument<
        v1::Relay::WithCallbackMethod_DeleteDocument<v1::Relay::WithCallbackMethod_RecreateDocument<
            v1::Relay::WithCallbackMethod_ListSnapshots<v1::Relay::WithCallbackMethod_WithdrawSnapshot<
                v1::Relay::WithCallbackMethod_ReleaseSnapshot<Streams>>>>>>>>>;

/// One answer. Counts until it has been sent.
class CountedCall final : public Unary {
 public:
  static CountedCall* start(std::shared_ptr<void> slot) {
    auto call = std::make_shared<CountedCall>();
    call->slot_ = std::move(slot);
    call->self_ = call;
    return call.get();
  }
  void OnDone() override {
    slot_.reset();
    self_.reset();
  }

 private:
  std::shared_ptr<void> slot_;
  std::shared_ptr<CountedCall> self_;
};

class RelayService final : public Base {
 public:
  explicit RelayService(Context& context) : context_(context) {}

  SyncReactor* Sync(Call* call) override { return SyncStream::start(context_, *call); }

  PageReactor* Read(Call* call, const ::grpc::ByteBuffer* request) override {
    return PageStream::start(context_, *call,
                             [&](shard::Shard& shard) { return read_source(context_, *call, *request, shard); });
  }
  PageReactor* Feed(Call* call, const ::grpc::ByteBuffer* request) override {
    return PageStream::start(context_, *call,
                             [&](shard::Shard& shard) { return feed_source(context_, *call, *request, shard); });
  }
  PageReactor* ReadSnapshot(Call* call, const ::grpc::ByteBuffer* request) override {
    return PageStream::start(context_, *call,
                             [&](shard::Shard& shard) { return snapshot_source(context_, *call, *request, shard); });
  }
  PutReactor* PutSnapshot(Call* call, ::grpc::ByteBuffer* response) override {
    return rpc::PutSnapshot::start(context_, *call, *response);
  }

  Unary* Append(Call* call, const v1::AppendRequest* request, v1::AppendResponse* response) override {
    return counted([&](Finish finish) { append(context_, *call, *request, *response, std::move(finish)); });
  }
  Unary* ListSpaces(Call* call, const v1::ListSpacesRequest* request, v1::ListSpacesResponse* response) override {
    return counted([&](Finish finish) { list_spaces(context_, *call, *request, *response, std::move(finish)); });
  }
  Unary* ListDocuments(Call* call, const v1::ListDocumentsRequest* request,
                       v1::ListDocumentsResponse* response) override {
    return counted([&](Finish finish) { list_documents(context_, *call, *request, *response, std::move(finish)); });
  }
  Unary* GetDocument(Call* call, const v1::GetDocumentRequest* request, v1::GetDocumentResponse* response) override {
    return counted([&](Finish finish) { get_document(context_, *call, *request, *response, std::move(finish)); });
  }
  Unary* DeleteDocument(Call* call, const v1::DeleteDocumentRequest* request,
                        v1::DeleteDocumentResponse* response) override {
    return counted([&](Finish finish) { delete_document(context_, *call, *request, *response, std::move(finish)); });
  }
  Unary* RecreateDocument(Call* call, const v1::RecreateDocumentRequest* request,
                          v1::RecreateDocumentResponse* response) override {
    return counted([&](Finish finish) { recreate_document(context_, *call, *request, *response, std::move(finish)); });
  }
  Unary* ListSnapshots(Call* call, const v1::ListSnapshotsRequest* request,
                       v1::ListSnapshotsResponse* response) override {
    return counted([&](Finish finish) { list_snapshots(context_, *call, *request, *response, std::move(finish)); });
  }
  Unary* WithdrawSnapshot(Call* call, const v1::WithdrawSnapshotRequest* request,
                          v1::WithdrawSnapshotResponse*) override {
    return counted([&](Finish finish) { withdraw_snapshot(context_, *call, *request, std::move(finish)); });
  }
  Unary* ReleaseSnapshot(Call* call, const v1::ReleaseSnapshotRequest* request, v1::ReleaseSnapshotResponse*) override {
    return counted([&](Finish finish) { release_snapshot(context_, *call, *request, std::move(finish)); });
  }

 private:
  /// Counts the call, or refuses it.
  template <class Start>
  Unary* counted(const Start& start) {
    auto slot = context_.calls.take();
    const bool taken = slot != nullptr;
    Unary* reactor = CountedCall::start(std::move(slot));
    if (taken) {
      start([reactor](const ::grpc::Status& status) { reactor->Finish(status); });
    } else {
      reactor->Finish(to_status(context_.too_many(), {.retry_after = context_.options.reconnect_after}));
    }
    return reactor;
  }

  Context& context_;
};

}  // namespace

std::unique_ptr<::grpc::Service> make_service(Context& context) { return std::make_unique<RelayService>(context); }

}  // namespace weir::rpc
