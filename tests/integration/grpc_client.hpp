// A gRPC client for tests: Sync with bytes as they are, and the generated stub for the other calls.
//
//   RawSync session(channel);
//   session.send(frames::Hello{...});
//   const auto welcome = session.until<frames::Welcome>();
//   EXPECT_EQ(session.finish().error_code(), grpc::StatusCode::OK);
//
// Threads: one at a time for each session; its calls block.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "weir/frames/frames.hpp"

namespace weir::test {

/// A connection of its own.
[[nodiscard]] std::shared_ptr<grpc::Channel> connect_grpc(std::uint16_t port, bool small_window = false);
[[nodiscard]] ProducerId producer_number(std::uint64_t number);
[[nodiscard]] DocumentPath path_of(const std::string& space, const std::string& document);

class RawSync {
 public:
  explicit RawSync(const std::shared_ptr<grpc::Channel>& channel);
  ~RawSync();

  void send(const frames::ClientEvent& event);
  bool send_bytes(const std::string& bytes);
  /// The next message as it is; empty when the stream has ended.
  [[nodiscard]] std::optional<std::string> next_bytes();
  /// The next event; fails the test when the stream has ended.
  [[nodiscard]] frames::ServerEvent next();
  /// The next event of a kind; others are passed over.
  template <class Event>
  [[nodiscard]] Event until() {
    for (;;) {
      frames::ServerEvent event = next();
      if (auto* found = std::get_if<Event>(&event)) return std::move(*found);
    }
  }
  frames::Welcome hello(std::uint64_t producer);
  frames::Subscribed subscribe(const DocumentPath& path);
  void publish(const frames::Subscribed& to, std::uint64_t sequence, std::string payload);

  void cancel() { context_.TryCancel(); }
  /// Half-closes, reads what is left, and returns how it ended.
  [[nodiscard]] grpc::Status finish();
  /// The same without half-closing: the relay ends it.
  [[nodiscard]] grpc::Status ended();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream_;
  std::deque<frames::ServerEvent> waiting_;
  bool finished_ = false;
};

/// google.rpc.ErrorInfo's reason; empty without one.
[[nodiscard]] std::string reason_of(const grpc::Status& status);

}  // namespace weir::test
