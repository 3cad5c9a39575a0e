#include "weir/grpc/transport.hpp"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <mutex>
#include <thread>

#include "weir/grpc/context.hpp"
#include "weir/grpc/service.hpp"
#include "weir/observe/log.hpp"

namespace weir::rpc {

namespace {

constexpr const char* service_name = "weir.v1.Relay";
constexpr std::chrono::milliseconds health_interval{250};

int whole(std::chrono::milliseconds time) { return static_cast<int>(time.count()); }

std::string address_text(const Options& options) {
  const bool v6 = options.address.find(':') != std::string::npos;
  return (v6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string(options.port);
}

/// Every bound that gRPC has, said out loud.
void set_bounds(::grpc::ServerBuilder& builder, const Options& options, const core::Limits& limits) {
  // Somewhat more than a frame may have: what is only a little too long is answered by us, in words.
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits.frame_bytes_max + limits.frame_bytes_max / 4));
  builder.SetMaxSendMessageSize(-1);  // a message is at most gathered_bytes_max, or the one event that is longer
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(options.calls_per_connection_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(options.metadata_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, whole(options.idle_max));
  // Our pings, and how many of theirs are too many: more often than this, and the connection is closed.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, whole(options.heartbeat));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, whole(options.heartbeat));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  // Otherwise a second relay on the same port would start, and get half of the clients.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  ::grpc::ResourceQuota quota("weir");
  quota.Resize(options.buffer_bytes_max);
  builder.SetResourceQuota(quota);
}

/// What gRPC has to say goes to the operator's log. Most of it is about clients: a warning at most.
void log_of_grpc(gpr_log_func_args* said) {
  const bool loud = said->severity == GPR_LOG_SEVERITY_ERROR;
  observe::log(loud ? observe::Level::warning : observe::Level::debug, "gRPC", {{"says", said->message}});
}

/// All are switched on for the process, before the first server is built.
void enable_plugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(log_of_grpc);
    ::grpc::EnableDefaultHealthCheckService(true);
    ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

struct Transport::Impl {
  Impl(Parts parts, Options options) : context(std::move(parts), std::move(options)) {}

  void watch_health();

  Context context;
  std::unique_ptr<::grpc::Service> service = make_service(context);
  std::unique_ptr<::grpc::Server> server;
  int port = 0;
  std::thread shutting_down;
  std::chrono::steady_clock::time_point drain_deadline;
  /// Held by what runs on the shard, so that it does not outlive the server.
  struct Health {
    std::mutex mutex;
    ::grpc::HealthCheckServiceInterface* service = nullptr;  // mutex
  };
  std::shared_ptr<Health> health = std::make_shared<Health>();
  bool stopped = false;
};

/// Sets what health answers, again and again, on a shard's thread.
void Transport::Impl::watch_health() {
  runtime::Executor& executor = context.parts.shards.front()->executor();
  struct Watch {
    std::shared_ptr<Health> health;
    runtime::Executor& executor;
    std::function<bool()> ready;
    static void look(const std::shared_ptr<Watch>& self) {
      {
        const std::lock_guard lock(self->health->mutex);
        if (self->health->service == nullptr) return;
        const bool serving = self->ready();
        self->health->service->SetServingStatus("", serving);
        self->health->service->SetServingStatus(service_name, serving);
      }
      self->executor.call_after(health_interval, [self] { look(self); });
    }
  };
  auto watch = std::make_shared<Watch>(Watch{health, executor, context.options.ready});
  executor.post([watch] { Watch::look(watch); });
}

Transport::Transport(Parts parts, Options options)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(options))) {}

Transport::~Transport() { stop(); }

Result<void> Transport::listen() {
  enable_plugins();
  const Options& options = impl_->context.options;
  ::grpc::ServerBuilder builder;
  set_bounds(builder, options, impl_->context.parts.limits);
  builder.AddListeningPort(address_text(options), ::grpc::InsecureServerCredentials(), &impl_->port);
  builder.RegisterService(impl_->service.get());
  impl_->server = builder.BuildAndStart();
  if (!impl_->server || impl_->port == 0) {
    impl_->server.reset();
    return fail(Code::unavailable, "gRPC cannot listen on " + address_text(options) +
                                       ": is the port taken by another program? Choose another one with --grpc "
                                       "ADDR:PORT, or none with --grpc off");
  }
  impl_->health->service = impl_->server->GetHealthCheckService();
  impl_->watch_health();
  return {};
}

std::uint16_t Transport::port() const { return static_cast<std::uint16_t>(impl_->port); }

void Transport::drain(std::chrono::milliseconds wait_max) {
  if (!impl_->server || impl_->shutting_down.joinable()) return;
  {
    const std::lock_guard lock(impl_->health->mutex);
    if (auto* service = std::exchange(impl_->health->service, nullptr)) service->Shutdown();  // not serving, for good
  }
  impl_->drain_deadline = std::chrono::steady_clock::now() + wait_max;
  // Tells every client to go (GOAWAY), and returns only when the last call is over.
  impl_->shutting_down =
      std::thread([server = impl_->server.get(), deadline = std::chrono::system_clock::now() + wait_max] {
        server->Shutdown(deadline);
      });
  impl_->context.calls.drain();
}

void Transport::stop() {
  if (std::exchange(impl_->stopped, true) || !impl_->server) return;
  drain(std::chrono::milliseconds(0));
  impl_->context.calls.wait_until_none(impl_->drain_deadline);
  // Who watches health has been told, and would stay until the deadline.
  grpc_server_cancel_all_calls(impl_->server->c_server());
  impl_->shutting_down.join();
  impl_->server->Wait();
  impl_->server.reset();
}

std::size_t Transport::calls() const { return impl_->context.calls.open(); }

}  // namespace weir::rpc
