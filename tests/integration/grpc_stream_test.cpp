// How a Sync stream lives and ends: order, backpressure, limits, closing, cancelling.
#include <string>
#include <vector>

#include "grpc_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

TEST_F(GrpcStream, echoes_in_order_small_and_large) {
  start();
  RawSync client(channel_);
  std::string sent;
  for (const std::size_t size : {1, 10, 4095, 4096, 100'000, 7}) {
    const std::string message(size, static_cast<char>('a' + sent.size() % 26));
    ASSERT_TRUE(client.send_bytes(message));
    sent += message;
  }
  std::string received;
  while (received.size() < sent.size()) received += client.next_bytes().value();
  EXPECT_EQ(received, sent);
  EXPECT_TRUE(client.finish().ok());
  shard_.wait_until_empty();
}

TEST_F(GrpcStream, gathers_what_waits_into_one_message_up_to_its_limit) {
  start({.gathered_bytes_max = 10'000});
  // Made here: what another thread writes before it sends is no order that ThreadSanitizer can see.
  std::vector<std::string> pieces;
  for (int i = 0; i < 30; ++i)
    pieces.emplace_back(static_cast<std::size_t>(i % 3 == 0 ? 5000 : 100), static_cast<char>('a' + i % 26));
  pieces.emplace_back(25'000, 'z');
  shard_.on_open = [pieces](FakeSession& session) {
    for (const std::string& piece : pieces) session.say(SharedBytes::copy(piece));
  };
  RawSync client(channel_);
  std::vector<std::string> messages;
  std::size_t bytes = 0;
  while (bytes == 0 || messages.back().back() != 'z') {
    messages.push_back(client.next_bytes().value());
    bytes += messages.back().size();
  }
  EXPECT_LT(messages.size(), 15U);
  std::string received;
  for (const std::string& message : messages) {
    EXPECT_TRUE(message.size() <= 10'000 || message == std::string(25'000, 'z')) << message.size();
    received += message;
  }
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  EXPECT_EQ(received, all);
}

TEST_F(GrpcStream, a_client_that_does_not_read_is_not_written_to) {
  start({.gathered_bytes_max = 64 << 10});
  constexpr int pieces = 200;
  shard_.on_open = [](FakeSession& session) {
    for (int i = 0; i < pieces; ++i) session.say(SharedBytes::copy(std::string(64 << 10, static_cast<char>(i))));
  };
  RawSync client(channel_);
  for (int read = 0; read < pieces; ++read) {
    const std::string message = client.next_bytes().value();
    EXPECT_EQ(message, std::string(64 << 10, static_cast<char>(read)));
    const int waiting = shard_.on([&] { return static_cast<int>(shard_.sessions.begin()->second->waiting.size()); });
    // One that is being written, and what HTTP/2's window and gRPC's buffers hold.
    EXPECT_LE(pieces - waiting - (read + 1), 8);
  }
}

TEST_F(GrpcStream, does_not_read_a_client_that_is_to_wait) {
  start();
  std::promise<FakeSession*> opened;
  shard_.on_open = [&opened](FakeSession& session) {
    session.on_message = [&session](const SharedBytes&) { session.connection.reading(false); };
    opened.set_value(&session);
  };
  RawSync client(channel_);
  for (const char* message : {"one", "two", "three"}) ASSERT_TRUE(client.send_bytes(message));
  FakeSession& session = *opened.get_future().get();
  const auto received = [&] { return shard_.on([&] { return session.received; }); };
  wait_until([&] { return received() == std::vector<std::string>{"one"}; });
  shard_.on([&] { session.connection.reading(true); });
  wait_until([&] { return received() == std::vector<std::string>{"one", "two"}; });
  shard_.on([&] {
    session.on_message = [&session](const SharedBytes&) { session.say(SharedBytes::copy("last")); };
    session.connection.reading(true);
  });
  EXPECT_EQ(client.next_bytes(), "last");
  EXPECT_EQ(received(), (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(GrpcStream, a_message_that_is_too_long_ends_it) {
  start();
  shard_.on_open = [](FakeSession& session) { session.bytes_max = 100; };
  RawSync client(channel_);
  client.send_bytes(std::string(101, 'x'));
  const grpc::Status status = client.ended();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(reason_of(status), "MESSAGE_TOO_LARGE");
  EXPECT_NE(status.error_message().find("at most 100"), std::string::npos) << status.error_message();
  shard_.wait_until_empty();
}

TEST_F(GrpcStream, sends_what_waits_and_then_the_status) {
  start();
  shard_.on_open = [](FakeSession& session) {
    session.on_message = [&session](const SharedBytes&) {
      session.say(SharedBytes::copy("last words"));
      session.connection.close(1001, "the relay is stopping");
      session.connection.close(1002, "a second close is nothing");
    };
  };
  RawSync client(channel_);
  client.send_bytes("x");
  EXPECT_EQ(client.next_bytes(), "last words");
  const grpc::Status status = client.ended();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(reason_of(status), "GOING_AWAY");
  shard_.wait_until_empty();
}

TEST_F(GrpcStream, lets_a_session_close_the_moment_it_is_opened) {
  start();
  shard_.on_open = [](FakeSession& session) {
    session.say(SharedBytes::copy("no"));
    session.connection.close(1008, "not you");
  };
  RawSync client(channel_);
  EXPECT_EQ(client.next_bytes(), "no");
  EXPECT_EQ(client.ended().error_message(), "not you");
  shard_.wait_until_empty();
}

TEST_F(GrpcStream, gives_up_on_a_client_that_does_not_read_its_last_words) {
  start({.close_wait_max = 50ms});
  shard_.on_open = [](FakeSession& session) {
    for (int i = 0; i < 100; ++i) session.say(SharedBytes::copy(std::string(1 << 20, 'x')));
    session.connection.close(1001, "");
  };
  RawSync client(channel_);
  client.send_bytes("x");
  shard_.wait_until_empty();
  wait_until([this] { return transport_->calls() == 0; });
}

TEST_F(GrpcStream, a_cancelled_call_frees_everything_it_held) {
  start();
  auto payload = std::make_shared<const std::string>(8 << 20, 'x');
  const std::weak_ptr<const std::string> held = payload;
  const SharedBytes shared(payload, *payload);
  payload.reset();
  shard_.on_open = [shared](FakeSession& session) {
    for (int i = 0; i < 4; ++i) session.say(shared);
  };
  {
    auto client = std::make_unique<RawSync>(channel_);
    client->send_bytes("x");
    wait_until([this] { return shard_.on([this] { return shard_.sessions.size(); }) == 1; });
    client->cancel();
  }
  shard_.wait_until_empty();
  shard_.on_open = [](FakeSession&) {};
  wait_until([this] { return transport_->calls() == 0; });
  // Only the test's own reference is left: gRPC has given its slices back.
  wait_until([&held] { return held.use_count() == 1; });
  EXPECT_EQ(shared.size(), std::size_t{8 << 20});
}

TEST_F(GrpcStream, one_call_too_many_is_refused_in_words) {
  start({.calls_max = 2});
  RawSync first(channel_);
  RawSync second(channel_);
  for (RawSync* client : {&first, &second}) {
    client->send_bytes("x");
    EXPECT_EQ(client->next_bytes(), "x");
  }
  const grpc::Status status = RawSync(channel_).ended();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.error_message().find("limits.connections_max"), std::string::npos) << status.error_message();
  EXPECT_TRUE(first.finish().ok());
  wait_until([this] { return transport_->calls() == 1; });
  RawSync third(channel_);
  third.send_bytes("y");
  EXPECT_EQ(third.next_bytes(), "y");
}

TEST_F(GrpcStream, what_is_left_at_the_deadline_is_cancelled) {
  start();
  RawSync client(channel_);
  client.send_bytes("x");
  EXPECT_EQ(client.next_bytes(), "x");
  transport_->drain(0ms);
  EXPECT_FALSE(client.ended().ok());
  transport_->stop();
  EXPECT_EQ(transport_->calls(), 0U);
}

TEST_F(GrpcStream, a_second_relay_on_the_same_port_does_not_start) {
  start();
  rpc::Transport second({log_, log_.snapshots(), readers_, authorizer_, limits_, {&shard_}},
                        {.port = transport_->port()});
  const auto listening = second.listen();
  ASSERT_FALSE(listening);
  EXPECT_NE(listening.error().message.find("--grpc"), std::string::npos);
}

}  // namespace
}  // namespace weir::test
