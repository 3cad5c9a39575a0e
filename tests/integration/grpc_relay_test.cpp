// The whole way of a delta over gRPC: real shards, real sessions, a log in memory.
#include <string>
#include <vector>

#include "grpc_fixture.hpp"
#include "weir/frames/codec.hpp"
#include "weir/v1/relay.grpc.pb.h"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

/// What a WebSocket would be given to send, taken at once.
class Listener final : public shard::Connection {
 public:
  Listener(shard::Shard& shard, const core::Limits& limits) : shard_(shard) {
    run([&] { session_ = &shard_.open(std::make_unique<native::NativeDialect>(limits), *this); });
  }
  ~Listener() override {
    run([this] { session_->closed(); });
  }

  void send(const frames::ClientEvent& event) {
    std::string bytes;
    frames::encode(event, bytes);
    run([&] { session_->receive(SharedBytes::copy(bytes)); });
  }
  /// Everything so far.
  [[nodiscard]] std::string bytes() {
    std::string copy;
    run([&] {
      std::vector<SharedBytes> taken;
      while (session_->take(1 << 20, taken)) session_->flushed();
      for (const SharedBytes& piece : taken) all_ += piece.view();
      copy = all_;
    });
    return copy;
  }

  void output_ready() override {}
  void reading(bool) override {}
  void close(std::uint16_t, std::string_view) override {}

 private:
  template <class Function>
  void run(const Function& function) {
    std::promise<void> done;
    shard_.executor().post([&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  }

  shard::Shard& shard_;
  shard::Session* session_ = nullptr;
  std::string all_;
};

std::vector<Record> records_in(const std::string& bytes) {
  std::vector<Record> records;
  const auto events = frames::decode_server_frame(SharedBytes::copy(bytes));
  for (const frames::ServerEvent& event : events.value()) {
    if (const auto* some = std::get_if<frames::Records>(&event))
      records.insert(records.end(), some->records.begin(), some->records.end());
  }
  return records;
}

/// From the last "caught up" on: what came live.
std::string live_part(const std::string& bytes, const frames::CaughtUp& mark) {
  std::string encoded;
  frames::encode(frames::ServerEvent(mark), encoded);
  const std::size_t at = bytes.find(encoded);
  return at == std::string::npos ? "" : bytes.substr(at + encoded.size());
}

TEST_F(GrpcRelay, a_delta_is_stored_and_comes_to_everyone) {
  start();
  RawSync author(channel_);
  RawSync reader(channel_);
  author.hello(1);
  reader.hello(2);
  const auto here = author.subscribe(path_of("space", "plan"));
  reader.subscribe(path_of("space", "plan"));
  author.publish(here, 1, "hello");
  EXPECT_EQ(author.until<frames::Stored>().through_sequence, Sequence{1});
  const auto records = reader.until<frames::Records>();
  ASSERT_EQ(records.records.size(), 1U);
  EXPECT_EQ(records.records[0].payload.view(), "hello");
  EXPECT_EQ(records.records[0].producer, producer_number(1));
  EXPECT_TRUE(author.finish().ok());
  EXPECT_TRUE(reader.finish().ok());
}

TEST_F(GrpcRelay, a_stream_carries_the_very_bytes_that_any_other_session_is_given) {
  start();
  const DocumentPath path = path_of("space", "plan");
  Listener other(*shards_[0], limits_);
  frames::Hello hello;
  hello.protocol_version = frames::protocol_version;
  hello.producer = producer_number(7);
  other.send(hello);
  frames::Subscribe subscribe;
  subscribe.path = path;
  other.send(subscribe);
  RawSync reader(channel_);
  reader.hello(2);
  const auto here = reader.subscribe(path);
  const auto mark = reader.until<frames::CaughtUp>();
  wait_until([&] { return live_part(other.bytes() + "x", mark) == "x"; });

  RawSync author(channel_);
  author.hello(1);
  author.subscribe(path);
  std::uint64_t sequence = 0;
  for (const std::size_t size : {1, 100, 5000, 200'000, 3, 4096})
    author.publish(here, ++sequence, std::string(size, 'x'));
  std::string received;
  while (records_in(received).size() < sequence) received += reader.next_bytes().value();
  wait_until([&] { return records_in(live_part(other.bytes(), mark)).size() == sequence; });
  EXPECT_EQ(received, live_part(other.bytes(), mark));
}

TEST_F(GrpcRelay, what_is_no_frame_ends_the_stream) {
  start();
  RawSync client(channel_);
  client.hello(1);
  client.send_bytes("\xff\xff\xff not protobuf");
  const grpc::Status status = client.ended();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(reason_of(status), "PROTOCOL");
}

TEST_F(GrpcRelay, a_client_that_says_nothing_is_told_what_was_missing) {
  limits_.hello_wait_max = 1ms;
  start();
  RawSync client(channel_);
  const grpc::Status status = client.ended();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "no hello came");
}

TEST_F(GrpcRelay, a_slow_reader_is_served_from_the_log_and_misses_nothing) {
  limits_.session_queue_bytes_max = 256 << 10;
  start();
  const DocumentPath path = path_of("space", "long");
  const auto slow_channel = connect_grpc(transport_->port(), true);
  RawSync slow(slow_channel);
  slow.hello(1);
  slow.subscribe(path);
  (void)slow.until<frames::CaughtUp>();
  RawSync author(channel_);
  author.hello(2);
  const auto here = author.subscribe(path);
  std::uint64_t published = 0;
  while (fell_behind() == 0) {
    for (int i = 0; i < 16; ++i, ++published)
      author.publish(here, published + 1, std::string(32 << 10, static_cast<char>(published + 1)));
    while (author.until<frames::Stored>().through_sequence < Sequence{published}) {
    }
  }
  std::uint64_t read = 0;
  Offset last;
  while (read < published) {
    for (const Record& record : slow.until<frames::Records>().records) {
      EXPECT_EQ(record.sequence, Sequence{++read});
      EXPECT_GT(record.offset, last);
      EXPECT_EQ(record.payload.view(), std::string(32 << 10, static_cast<char>(read)));
      last = record.offset;
    }
  }
}

TEST_F(GrpcRelay, a_thousand_streams_hear_of_one_delta) {
  start();
  const DocumentPath path = path_of("space", "square");
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < 4; ++i) channels.push_back(connect_grpc(transport_->port()));
  std::vector<std::unique_ptr<RawSync>> readers;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    readers.push_back(std::make_unique<RawSync>(channels[i % channels.size()]));
    readers.back()->hello(100 + i);
    readers.back()->subscribe(path);
  }
  EXPECT_EQ(transport_->calls(), 1000U);
  RawSync author(channel_);
  author.hello(1);
  author.publish(author.subscribe(path), 1, "to all");
  for (const auto& reader : readers) EXPECT_EQ(reader->until<frames::Records>().records.at(0).payload.view(), "to all");
  readers.clear();
  EXPECT_TRUE(author.finish().ok());
  wait_until([this] { return transport_->calls() == 0 && sessions() == 0; });
}

TEST_F(GrpcRelay, a_feed_is_woken_by_whichever_shard_owns_the_space) {
  start();
  const auto stub = v1::Relay::NewStub(channel_);
  for (const char* space : {"a", "b", "c", "d"}) {
    grpc::ClientContext context;
    v1::FeedRequest request;
    request.set_space(space);
    request.set_follow(true);
    const auto feed = stub->Feed(&context, request);
    v1::FeedResponse response;
    ASSERT_TRUE(feed->Read(&response));
    EXPECT_TRUE(response.caught_up());
    EXPECT_EQ(response.entries_size(), 0);
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
      v1::AppendRequest append;
      append.set_space(space);
      append.set_document("plan");
      append.set_producer(std::string(producer_number(1).view()));
      append.set_first_sequence(sequence);
      append.add_deltas()->set_payload("news");
      grpc::ClientContext append_context;
      v1::AppendResponse appended;
      ASSERT_TRUE(stub->Append(&append_context, append, &appended).ok());
      ASSERT_TRUE(feed->Read(&response));
      ASSERT_EQ(response.entries_size(), 1);
      EXPECT_EQ(response.entries(0).record().sequence(), sequence);
      EXPECT_EQ(response.cursor().offset(), appended.offset());
    }
    context.TryCancel();
    EXPECT_EQ(feed->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  wait_until([this] { return transport_->calls() == 0; });
}

TEST_F(GrpcRelay, a_stopping_relay_tells_its_sessions_and_feeds_to_go) {
  start();
  RawSync client(channel_);
  client.hello(1);
  const auto stub = v1::Relay::NewStub(channel_);
  grpc::ClientContext context;
  v1::FeedRequest request;
  request.set_space("space");
  request.set_follow(true);
  const auto feed = stub->Feed(&context, request);
  v1::FeedResponse response;
  ASSERT_TRUE(feed->Read(&response));
  transport_->drain(1h);
  for (const auto& shard : shards_) shard->drain("stopping", 1s, [] {});
  EXPECT_EQ(client.until<frames::GoingAway>().reconnect_after_ms, 1000U);
  const grpc::Status left = client.ended();
  EXPECT_EQ(left.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(reason_of(left), "GOING_AWAY");
  EXPECT_FALSE(feed->Read(&response));
  EXPECT_EQ(reason_of(feed->Finish()), "GOING_AWAY");
  transport_->stop();
  EXPECT_EQ(transport_->calls(), 0U);
}

}  // namespace
}  // namespace weir::test
