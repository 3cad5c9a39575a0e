#include "grpc_client.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/rpc_method.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "weir/frames/codec.hpp"

namespace weir::test {

namespace {

grpc::internal::RpcMethod sync_method() { return {"/weir.v1.Relay/Sync", grpc::internal::RpcMethod::BIDI_STREAMING}; }

std::string text_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) throw std::runtime_error("a message that cannot be read");
  std::string text;
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

}  // namespace

std::shared_ptr<grpc::Channel> connect_grpc(std::uint16_t port, bool small_window) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  if (small_window) arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments);
}

ProducerId producer_number(std::uint64_t number) {
  std::string bytes(16, '\x01');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (8 * i) & 0xFF);
  return ProducerId::parse(bytes).value();
}

DocumentPath path_of(const std::string& space, const std::string& document) {
  return {SpaceName::parse(space).value(), DocumentName::parse(document).value()};
}

RawSync::RawSync(const std::shared_ptr<grpc::Channel>& channel) {
  stream_.reset(grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
      channel.get(), sync_method(), &context_));
}

RawSync::~RawSync() {
  if (finished_) return;
  context_.TryCancel();
  (void)stream_->Finish();
}

void RawSync::send(const frames::ClientEvent& event) {
  std::string bytes;
  frames::encode(event, bytes);
  send_bytes(bytes);
}

bool RawSync::send_bytes(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return stream_->Write(grpc::ByteBuffer(&slice, 1));
}

std::optional<std::string> RawSync::next_bytes() {
  grpc::ByteBuffer message;
  if (!stream_->Read(&message)) return std::nullopt;
  return text_of(message);
}

frames::ServerEvent RawSync::next() {
  while (waiting_.empty()) {
    const auto bytes = next_bytes();
    if (!bytes) throw std::runtime_error("the stream has ended: " + ended().error_message());
    auto events = frames::decode_server_frame(SharedBytes::copy(*bytes));
    for (frames::ServerEvent& event : events.value()) waiting_.push_back(std::move(event));
  }
  frames::ServerEvent event = std::move(waiting_.front());
  waiting_.pop_front();
  return event;
}

frames::Welcome RawSync::hello(std::uint64_t producer) {
  frames::Hello hello;
  hello.protocol_version = frames::protocol_version;
  hello.producer = producer_number(producer);
  send(hello);
  return until<frames::Welcome>();
}

frames::Subscribed RawSync::subscribe(const DocumentPath& path) {
  frames::Subscribe subscribe;
  subscribe.request = 1;
  subscribe.path = path;
  send(subscribe);
  return until<frames::Subscribed>();
}

void RawSync::publish(const frames::Subscribed& to, std::uint64_t sequence, std::string payload) {
  frames::Publish publish;
  publish.document = to.document;
  publish.epoch = to.epoch;
  publish.first_sequence = {sequence};
  publish.deltas.push_back({{}, SharedBytes::take(std::move(payload))});
  send(publish);
}

grpc::Status RawSync::finish() {
  stream_->WritesDone();
  return ended();
}

grpc::Status RawSync::ended() {
  while (next_bytes()) {
  }
  finished_ = true;
  return stream_->Finish();
}

std::string reason_of(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return {};
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) return info.reason();
  }
  return {};
}

}  // namespace weir::test
