// One Sync call: gRPC's stream on one side, a shard's session on the other. Private to this module.
//
// Life: made by gRPC's thread -> posted to its shard -> open -> (close asked for -> what waits is sent) -> finished ->
// gRPC says done -> freed. It is finished exactly once, and the session is told closed() right before.
//
// One read and one write are outstanding at most. While the session does not want to read, no read is started, and
// HTTP/2's flow control lets the peer wait. Whatever gathers during a write goes out together with the next.
//
// Threads: the On...() and start() are gRPC's and only post; everything else on the shard's.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>
#include <vector>

#include "weir/grpc/byte_buffer.hpp"
#include "weir/grpc/context.hpp"
#include "weir/grpc/sync_dialect.hpp"

namespace weir::rpc {

using SyncReactor = ::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>;

class SyncStream final : public SyncReactor,
                         private shard::Connection,
                         public std::enable_shared_from_this<SyncStream> {
 public:
  SyncStream(Context& context, ::grpc::CallbackServerContext& call);
  /// For gRPC, which drives it from here on.
  [[nodiscard]] static SyncReactor* start(Context& context, ::grpc::CallbackServerContext& call);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void post(void (SyncStream::*what)());
  void open();
  void read_more();
  void on_read();
  void on_read_end();
  void on_message(SharedBytes message);
  void resume();
  void write_more();
  void write_taken();
  void on_written();
  void on_cancelled();
  void ask_close(::grpc::Status status);
  void arm_deadline();
  void finish(const ::grpc::Status& status);
  [[nodiscard]] ::grpc::Status status_of(std::uint16_t close_code, std::string_view reason) const;

  // shard::Connection
  [[nodiscard]] shard::Transport transport() const override { return shard::Transport::grpc; }
  void output_ready() override;
  void reading(bool wanted) override;
  void close(std::uint16_t code, std::string_view reason) override;

  Context& context_;
  ::grpc::CallbackServerContext& call_;
  shard::Shard& shard_;
  std::shared_ptr<SyncStream> self_;  ///< until OnDone
  std::shared_ptr<void> slot_;        ///< counts this call

  // gRPC's between a Start...() and its On...Done(), else the shard's.
  ::grpc::ByteBuffer incoming_;
  ::grpc::ByteBuffer outgoing_;

  // The shard's.
  SyncDialect::LastError last_error_ = std::make_shared<std::optional<frames::ErrorEvent>>();
  shard::Session* session_ = nullptr;
  std::optional<SharedBytes> held_;  ///< a message that came in while reading was not wanted
  std::vector<SharedBytes> taken_;   ///< from the session, to be written
  std::size_t taken_written_ = 0;    ///< how many of them have been
  std::uint64_t writes_ = 0;
  std::optional<::grpc::Status> close_asked_;
  bool paused_ = false;
  bool read_outstanding_ = false;
  bool write_outstanding_ = false;
  bool in_session_ = false;   ///< inside a call of the session: it must not end there
  bool output_came_ = false;  ///< meanwhile
  bool finished_ = false;
};

}  // namespace weir::rpc
