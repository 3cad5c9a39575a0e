// gRPC streams of raw bytes, each over a connection of its own as if each were another client's, and one completion
// queue for all of them. Its epoll runs on the thread that waits for it.
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <deque>
#include <string>
#include <utility>

#include "connection.hpp"
#include "failure.hpp"
#include "process.hpp"

namespace weir::bench {
namespace {

constexpr int completions_a_wait_max = 256;  // as many as an epoll hands over at once

class GrpcNetwork;

class GrpcStream final : public Connection {
 public:
  GrpcStream(GrpcNetwork& network, grpc::CompletionQueue& queue, const Target& target, Listener& listener);
  ~GrpcStream() override;
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  void send(std::string_view head, std::string_view tail) override {
    const grpc::Slice parts[] = {{head.data(), head.size()}, {tail.data(), tail.size()}};
    out_.emplace_back(parts, tail.empty() ? 1 : 2);
  }
  bool flush() override {
    write();
    return out_.empty() && !writing_.pending;
  }

  /// What gRPC hands back when something is done.
  struct Operation {
    GrpcStream& stream;
    void (GrpcStream::*done)(bool ok);
    bool pending = false;
  };
  static void complete(void* tag, bool ok) {
    auto& operation = *static_cast<Operation*>(tag);
    operation.pending = false;
    (operation.stream.*operation.done)(ok);
  }

 private:
  [[nodiscard]] void* begin(Operation& operation) {
    operation.pending = true;
    return &operation;
  }
  void write();
  void read() { call_->Read(&in_, begin(reading_)); }
  void started(bool ok);
  void has_read(bool ok);
  void written(bool ok);
  void finished(bool ok);

  GrpcNetwork& network_;
  Listener& listener_;
  std::unique_ptr<grpc::GenericStub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  Operation starting_{*this, &GrpcStream::started};
  Operation reading_{*this, &GrpcStream::has_read};
  Operation writing_{*this, &GrpcStream::written};
  Operation finishing_{*this, &GrpcStream::finished};
  bool closing_ = false;
  grpc::ByteBuffer in_;
  std::deque<grpc::ByteBuffer> out_;
  grpc::Status status_;
};

class GrpcNetwork final : public Network {
 public:
  ~GrpcNetwork() override {
    queue_.Shutdown();
    while (next(gpr_inf_future(GPR_CLOCK_MONOTONIC))) {
    }
  }

  std::unique_ptr<Connection> connect(const Target& target, Listener& listener) override {
    return std::make_unique<GrpcStream>(*this, queue_, target, listener);
  }

  void wait(std::uint64_t nanoseconds_max) override {
    const gpr_timespec now = gpr_now(GPR_CLOCK_MONOTONIC);
    const auto left = gpr_time_from_nanos(static_cast<std::int64_t>(nanoseconds_max), GPR_TIMESPAN);
    if (!next(gpr_time_add(now, left))) return;
    for (int more = 1; more < completions_a_wait_max && next(now); ++more) {
    }
  }

  /// One completion, if one comes until then.
  bool next(gpr_timespec until) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) return false;
    GrpcStream::complete(tag, ok);
    return true;
  }

 private:
  grpc::CompletionQueue queue_;
};

GrpcStream::GrpcStream(GrpcNetwork& network, grpc::CompletionQueue& queue, const Target& target, Listener& listener)
    : network_(network), listener_(listener) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  stub_ = std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(target.port),
                                                                        grpc::InsecureChannelCredentials(), arguments));
  call_ = stub_->PrepareCall(&context_, target.path, &queue);
  call_->StartCall(begin(starting_));
}

/// What gRPC still holds of this stream comes back first.
GrpcStream::~GrpcStream() {
  closing_ = true;
  context_.TryCancel();
  while (starting_.pending || reading_.pending || writing_.pending || finishing_.pending) {
    network_.next(gpr_inf_future(GPR_CLOCK_MONOTONIC));
  }
}

void GrpcStream::write() {
  if (writing_.pending || starting_.pending || out_.empty()) return;
  const grpc::ByteBuffer message = std::move(out_.front());
  out_.pop_front();
  grpc::WriteOptions options;
  if (!out_.empty()) options.set_buffer_hint();  // to one system call with what follows
  call_->Write(message, options, begin(writing_));
}

void GrpcStream::started(bool ok) {
  if (closing_) return;
  read();  // also when it has failed: it says so, and then Finish says why
  if (ok) listener_.opened();
}

void GrpcStream::has_read(bool ok) {
  if (closing_) return;
  if (!ok) return call_->Finish(&status_, begin(finishing_));
  grpc::Slice slice;
  if (!in_.TrySingleSlice(&slice).ok() && !in_.DumpToSingleSlice(&slice).ok()) {
    fail("the server sent a message that cannot be read");
  }
  listener_.at(now_nanoseconds());
  listener_.message({reinterpret_cast<const char*>(slice.begin()), slice.size()});
  read();
}

/// One that failed needs no word here: then reading fails too.
void GrpcStream::written(bool ok) {
  if (!closing_ && ok) write();
}

void GrpcStream::finished(bool) {
  if (!closing_) fail("the server ended a call: " + status_.error_message());
}

}  // namespace

std::unique_ptr<Network> make_grpc_network() { return std::make_unique<GrpcNetwork>(); }

}  // namespace weir::bench
