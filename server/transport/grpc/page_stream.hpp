// A call that answers with pages: Read and Feed. It asks its source for the next page only when the one before has been
// written, so a call costs one page of memory however much it reads and however slowly its client does. Private to this
// module.
//
// Threads: the On...() are gRPC's and only post; everything else on the call's shard, where the source answers too.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <string>

#include "weir/grpc/context.hpp"
#include "weir/grpc/status.hpp"

namespace weir::rpc {

/// One message to send.
struct Page {
  std::string message;
  bool last = false;
};

/// Why a call ends early.
struct CallError {
  Error error;
  Details details = {};
};
/// boost::system::result calls this when value() is asked of an error: a defect of the caller.
[[noreturn]] inline void throw_exception_from_error(const CallError& failed, const boost::source_location& where) {
  weir::throw_exception_from_error(failed.error, where);
}
using PageResult = boost::system::result<Page, CallError>;

class PageSource {
 public:
  virtual ~PageSource() = default;
  /// One at a time; `done` runs on the call's shard, not inside next().
  virtual void next(std::function<void(PageResult)> done) = 0;
  /// True: it waits for what comes, so a stopping relay must end it.
  [[nodiscard]] virtual bool endless() const { return false; }
};

using PageReactor = ::grpc::ServerWriteReactor<::grpc::ByteBuffer>;

class PageStream final : public PageReactor, public std::enable_shared_from_this<PageStream> {
 public:
  /// Makes the source on gRPC's thread: it only checks the request.
  using MakeSource = std::function<boost::system::result<std::unique_ptr<PageSource>, CallError>(shard::Shard&)>;
  PageStream(Context& context, ::grpc::CallbackServerContext& call);
  /// For gRPC, which drives it from here on.
  [[nodiscard]] static PageReactor* start(Context& context, ::grpc::CallbackServerContext& call,
                                          const MakeSource& make);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void post(std::function<void(PageStream&)> what);
  void next();
  void have(PageResult page);
  void finish(const ::grpc::Status& status);

  Context& context_;
  shard::Shard& shard_;
  std::shared_ptr<PageStream> self_;  ///< until OnDone
  std::shared_ptr<void> slot_;
  ::grpc::ByteBuffer outgoing_;  ///< gRPC's while a write is outstanding

  // The shard's.
  std::unique_ptr<PageSource> source_;
  std::shared_ptr<void> draining_;  ///< tells this call that the relay stops
  bool last_ = false;               ///< of the page being written
  bool finished_ = false;
};

}  // namespace weir::rpc
