#include "weir/client/grpc_channel.hpp"

#include <grpcpp/grpcpp.h>

namespace weir::client {
namespace {

constexpr int message_bytes_max = 64 << 20;
constexpr int connect_wait_ms_max = 5000;
constexpr int ping_interval_ms = 20'000;  // only while a call is open; a relay allows more
constexpr int ping_wait_ms_max = 10'000;

}  // namespace

std::shared_ptr<grpc::Channel> make_channel(const GrpcOptions& options, const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(message_bytes_max);
  arguments.SetMaxSendMessageSize(message_bytes_max);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);  // whoever asks waits by itself
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, connect_wait_ms_max);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, ping_interval_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, ping_wait_ms_max);
  const auto credentials =
      options.tls ? grpc::SslCredentials({options.root_certificates, "", ""}) : grpc::InsecureChannelCredentials();
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace weir::client
