#include "weir/client/grpc_transport.hpp"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "weir/client/grpc_channel.hpp"

namespace weir::client {
namespace {

constexpr char method[] = "/weir.v1.Relay/Sync";
constexpr std::size_t frame_bytes_gathered_max = 64 << 10;

grpc::ByteBuffer to_buffer(const std::string& frame) {
  const grpc::Slice slice(frame);
  return {&slice, 1};
}

SharedBytes to_bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return {};
  std::string bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return SharedBytes::take(std::move(bytes));
}

struct Ending {
  const std::string& address;
  bool heard;
  const grpc::Status& status;
};

bool says(const grpc::Status& status, const char* words) {
  return status.error_message().find(words) != std::string::npos;
}

/// For people: what is at the address, and what to do. How gRPC puts it differs from version to version, so its words
/// only refine what its codes say, and stand behind.
const char* reason(const Ending& ending) {
  const grpc::Status& status = ending.status;
  if (ending.heard) return "the connection was lost";
  if (says(status, "http1") || says(status, "HTTP/1") || says(status, "content-type") ||
      says(status, "header with status"))
    return "answers, but not gRPC: weir's gRPC address is wanted, by default port 8788";
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) return "answers gRPC, but is no relay";
  if (says(status, "DNS") || says(status, "name resolution")) return "this name was not found; is it spelled right?";
  if (says(status, "andshake") || says(status, "SSL"))
    return "no TLS connection could be made; does the relay speak TLS there, and is its certificate good?";
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE)
    return "no relay answers there; is it running, and is this its gRPC address?";
  return "the call failed";
}

std::string why_lost(const Ending& ending) {
  if (ending.status.ok()) return ending.address + ": the relay ended the call";
  return ending.address + ": " + reason(ending) + " (" + ending.status.error_message() + ')';
}

/// How many calls there are: gRPC ends a call in its own time, on its own threads, and a client that is closed waits
/// for that, so that none of them is at work when the program ends.
class Live {
 public:
  class Guard {
   public:
    explicit Guard(std::shared_ptr<Live> live) : live_(std::move(live)) { live_->change(+1); }
    ~Guard() { live_->change(-1); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    std::shared_ptr<Live> live_;
  };
  void wait() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  void change(int by) {
    const std::scoped_lock lock(mutex_);
    count_ += by;
    none_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable none_;
  int count_ = 0;
};

/// One call. It keeps itself until gRPC is done with it; its events are called without its lock.
class Call final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Call(std::shared_ptr<Live> live, std::shared_ptr<grpc::Channel> channel, std::string address, std::uint64_t attempt,
       std::shared_ptr<TransportEvents> events)
      : live_(std::move(live)),
        channel_(std::move(channel)),
        address_(std::move(address)),
        stub_(channel_),
        attempt_(attempt),
        events_(std::move(events)) {}

  void start(std::shared_ptr<Call> self) {
    self_ = std::move(self);
    const std::shared_ptr<TransportEvents> events = events_;  // the call may be over before this function is
    stub_.PrepareBidiStreamingCall(&context_, method, {}, this);
    AddHold();  // reads and writes are begun from outside of its reactions
    StartCall();
    StartRead(&incoming_);
    events->opened(attempt_);
  }
  void send(std::string frame) {
    const std::scoped_lock lock(mutex_);
    if (over_) return;
    waiting_.push_back(std::move(frame));
    write();
  }
  void read() {
    const std::scoped_lock lock(mutex_);
    if (!over_) StartRead(&incoming_);
  }
  void shut() {
    if (end() != nullptr) context_.TryCancel();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return release();  // OnDone tells why
    const SharedBytes frame = to_bytes(incoming_);
    std::shared_ptr<TransportEvents> events;
    {
      const std::scoped_lock lock(mutex_);
      heard_ = true;
      events = events_;
    }
    if (events) events->received(attempt_, frame);
  }
  void OnWriteDone(bool ok) override {
    const std::scoped_lock lock(mutex_);
    writing_ = false;
    if (ok && !over_) write();
  }
  void OnDone(const grpc::Status& status) override {
    if (const std::shared_ptr<TransportEvents> events = end())
      events->lost(attempt_, why_lost({address_, heard_, status}));
    const std::shared_ptr<Call> last = std::move(self_);
  }

 private:
  /// Frames can be concatenated: small ones that waited for the last write go as one.
  void write() {
    if (writing_ || waiting_.empty()) return;
    writing_ = true;
    std::string frame = std::move(waiting_.front());
    waiting_.pop_front();
    for (; !waiting_.empty() && frame.size() + waiting_.front().size() <= frame_bytes_gathered_max;
         waiting_.pop_front())
      frame += waiting_.front();
    outgoing_ = to_buffer(frame);
    StartWrite(&outgoing_);
  }
  /// Nothing more is begun from outside, so that gRPC can finish.
  void release() {
    {
      const std::scoped_lock lock(mutex_);
      if (std::exchange(over_, true)) return;
    }
    RemoveHold();
  }
  /// Who is to be told, the first time.
  std::shared_ptr<TransportEvents> end() {
    release();
    const std::scoped_lock lock(mutex_);
    return std::exchange(events_, nullptr);
  }

  Live::Guard live_;  // first: it goes when all else is gone
  std::shared_ptr<grpc::Channel> channel_;
  std::string address_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  std::uint64_t attempt_;
  std::shared_ptr<Call> self_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  std::mutex mutex_;
  std::shared_ptr<TransportEvents> events_;
  std::deque<std::string> waiting_;  ///< bounded by what the session has in flight
  bool writing_ = false;
  bool heard_ = false;  ///< a relay, or what speaks gRPC as one does
  bool over_ = false;
};

class GrpcTransport final : public Transport {
 public:
  explicit GrpcTransport(GrpcOptions options) : options_(std::move(options)) {}
  ~GrpcTransport() override {
    if (call_) call_->shut();
    call_.reset();
    live_->wait();
  }
  void open(std::uint64_t attempt, const std::string& address, std::shared_ptr<TransportEvents> events) override {
    if (call_) call_->shut();
    attempt_ = attempt;
    const std::string& where = address.empty() ? options_.address : address;
    call_ = std::make_shared<Call>(live_, channel(where), where, attempt, std::move(events));
    call_->start(call_);
  }
  void send(std::uint64_t attempt, std::string frame) override {
    if (call_ && attempt == attempt_) call_->send(std::move(frame));
  }
  void read(std::uint64_t attempt) override {
    if (call_ && attempt == attempt_) call_->read();
  }
  void shut(std::uint64_t attempt) override {
    if (call_ && attempt == attempt_) std::exchange(call_, nullptr)->shut();
  }

 private:
  /// One for all attempts: a channel is not to be thrown away while it connects.
  std::shared_ptr<grpc::Channel> channel(const std::string& address) {
    if (channel_ && address == channel_address_) return channel_;
    channel_address_ = address;
    channel_ = make_channel(options_, address);
    return channel_;
  }

  GrpcOptions options_;
  std::shared_ptr<Live> live_ = std::make_shared<Live>();
  std::string channel_address_;
  std::shared_ptr<grpc::Channel> channel_;
  std::uint64_t attempt_ = 0;
  std::shared_ptr<Call> call_;
};

}  // namespace

std::unique_ptr<Transport> make_grpc_transport(GrpcOptions options) {
  return std::make_unique<GrpcTransport>(std::move(options));
}

}  // namespace weir::client
