// How WebSocket connections live and end: closing, slow peers, limits, and who is let in.
#include <string>
#include <thread>
#include <vector>

#include "websocket_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

TEST_F(WebSocket, answers_a_close_with_a_close_and_ends) {
  start();
  RawClient client = connect();
  client.send_frame(Opcode::close, std::string("\x03\xe8", 2) + "bye");
  EXPECT_EQ(client.read_close_code(), 1000);
  client.shutdown_send();
  EXPECT_TRUE(client.at_end());
  shard_.wait_until_empty();
}

TEST_F(WebSocket, tells_the_session_when_the_peer_just_vanishes) {
  start();
  {
    RawClient client = connect();
    client.send_frame(Opcode::binary, "x");
    client.read_frame();
  }
  shard_.wait_until_empty();
}

TEST_F(WebSocket, sends_what_waits_and_then_closes) {
  start();
  shard_.on_open = [](FakeSession& session) {
    session.on_message = [&session](const SharedBytes&) {
      session.say(SharedBytes::copy("last words"));
      session.connection.close(4404, "the document was deleted");
      session.connection.close(1000, "a second close is nothing");
    };
  };
  RawClient client = connect();
  client.send_frame(Opcode::binary, "x");
  client.send_frame(Opcode::binary, "this one is not heard any more");
  EXPECT_EQ(client.read_frame(), binary("last words"));
  const Frame close = client.read_frame();
  EXPECT_EQ(close.opcode, Opcode::close);
  EXPECT_EQ(close.close_code(), 4404);
  EXPECT_EQ(close.payload.substr(2), "the document was deleted");
  client.send_frame(Opcode::close, std::string("\x11\x34", 2));
  client.shutdown_send();
  EXPECT_TRUE(client.at_end());
  shard_.wait_until_empty();
}

TEST_F(WebSocket, lets_a_session_close_the_moment_it_is_opened) {
  start();
  shard_.on_open = [](FakeSession& session) {
    session.say(SharedBytes::copy("no"));
    session.connection.close(1012, "draining");
  };
  RawClient client = connect();
  EXPECT_EQ(client.read_frame(), binary("no"));
  EXPECT_EQ(client.read_close_code(), 1012);
  client.close();
  shard_.wait_until_empty();
}

TEST_F(WebSocket, cuts_a_long_close_reason_between_characters) {
  start();
  std::string reason;
  for (int i = 0; i < 100; ++i) reason += "\xc3\xa4";
  shard_.on_open = [reason](FakeSession& session) { session.connection.close(1008, reason); };
  RawClient client = connect();
  EXPECT_EQ(client.read_frame().payload.substr(2), reason.substr(0, 122));
}

TEST_F(WebSocket, gives_up_on_a_peer_that_does_not_answer_its_close) {
  start({.close_wait_max = 50ms});
  shard_.on_open = [](FakeSession& session) { session.connection.close(1000, ""); };
  RawClient client = connect();
  EXPECT_EQ(client.read_close_code(), 1000);
  EXPECT_TRUE(client.at_end());  // we never answered
  shard_.wait_until_empty();
}

TEST_F(WebSocket, gives_up_on_a_peer_that_does_not_read_while_closing) {
  start({.close_wait_max = 50ms});
  shard_.on_open = [](FakeSession& session) {
    session.say(SharedBytes::copy(std::string(64 << 20, 'x')));
    session.connection.close(1000, "");
  };
  RawClient client(port());
  client.shrink_receive_buffer();
  EXPECT_EQ(client.handshake("/native"), 101);
  shard_.wait_until_empty();
}

TEST_F(WebSocket, stops_reading_while_the_session_says_so) {
  start();
  FakeSession* opened = nullptr;
  shard_.on_open = [&opened](FakeSession& session) {
    opened = &session;
    session.on_message = [&session](const SharedBytes& message) {
      session.say(message);
      session.connection.reading(false);
    };
  };
  RawClient client = connect();
  for (int i = 0; i < 3; ++i) client.send_frame(Opcode::binary, "m" + std::to_string(i));
  EXPECT_EQ(client.read_frame(), binary("m0"));
  EXPECT_EQ(shard_.on([&] { return opened->received.size(); }), 1U);
  shard_.on([&] { opened->connection.reading(true); });
  EXPECT_EQ(client.read_frame(), binary("m1"));
  EXPECT_EQ(shard_.on([&] { return opened->received.size(); }), 2U);
  shard_.on([&] {
    opened->on_message = [opened](const SharedBytes& message) { opened->say(message); };
    opened->connection.reading(true);
  });
  EXPECT_EQ(client.read_frame(), binary("m2"));
}

TEST_F(WebSocket, a_slow_reader_is_taken_from_only_as_fast_as_it_reads) {
  start();
  FakeSession* opened = nullptr;
  shard_.on_open = [&opened](FakeSession& session) {
    opened = &session;
    for (int i = 0; i < 2000; ++i) session.say(SharedBytes::copy(std::string(50'000, static_cast<char>('a' + i % 26))));
  };
  RawClient client(port());
  client.shrink_receive_buffer();
  EXPECT_EQ(client.handshake("/native"), 101);
  std::string first = client.read_some();
  EXPECT_GT(shard_.on([&] { return opened->waiting.size(); }), 1000U);  // most of it waits where it is counted
  EXPECT_EQ(shard_.on([&] { return opened->flushes; }), 0);
  // Others are served meanwhile.
  shard_.on([&] { shard_.on_open = [](FakeSession& session) { session.say(SharedBytes::copy("quick")); }; });
  EXPECT_EQ(connect().read_frame(), binary("quick"));
  std::size_t bytes = first.size();
  while (bytes < 100'000'000) bytes += client.read_some().size();
  EXPECT_EQ(shard_.on([&] { return opened->waiting.size(); }), 0U);
}

TEST_F(WebSocket, tells_the_session_when_everything_is_flushed_and_when_it_hears_from_the_peer) {
  start();
  FakeSession* opened = nullptr;
  shard_.on_open = [&opened](FakeSession& session) {
    opened = &session;
    session.say(SharedBytes::copy("hello"));
  };
  RawClient client = connect();
  EXPECT_EQ(client.read_frame(), binary("hello"));
  const auto flushes = [&] { return shard_.on([&] { return opened->flushes; }); };
  while (flushes() == 0) std::this_thread::yield();  // the peer may have the bytes before their writer hears of it
  EXPECT_EQ(flushes(), 1);
  const int heard = shard_.on([&] { return opened->times_heard; });
  client.send_frame(Opcode::pong, "1");
  client.send_frame(Opcode::ping, "2");  // its answer tells that both were read
  EXPECT_EQ(client.read_frame(), (Frame{Opcode::pong, true, "2"}));
  EXPECT_EQ(shard_.on([&] { return opened->times_heard; }), heard + 2);
  EXPECT_TRUE(shard_.on([&] { return opened->received; }).empty());
}

TEST_F(WebSocket, answers_pings_during_bursts_without_breaking_a_frame) {
  start();
  RawClient client = connect();
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    bytes += RawClient::frame_bytes(Opcode::binary, std::string(static_cast<std::size_t>(100 + i * 7), 'd'));
    bytes += RawClient::frame_bytes(Opcode::ping, std::to_string(i));
  }
  std::thread sender([&] { client.send(bytes); });
  std::size_t data = 0;
  int pongs = 0;
  while (pongs < 1000 || data < 1000 * 100 + 7 * 999 * 500) {
    const Frame frame = client.read_frame();
    if (frame.opcode == Opcode::pong) {
      EXPECT_EQ(frame.payload, std::to_string(pongs++));
    } else {
      data += frame.payload.size();
    }
  }
  sender.join();
  EXPECT_EQ(data, 1000U * 100 + 7 * 999 * 500);
}

TEST_F(WebSocket, a_flood_of_pings_from_a_peer_that_does_not_read_is_not_buffered) {
  start();
  RawClient client(port());
  client.shrink_receive_buffer();
  EXPECT_EQ(client.handshake("/native"), 101);
  const std::string ping = RawClient::frame_bytes(Opcode::ping, std::string(125, 'p'));
  std::string pings;
  for (int i = 0; i < 500; ++i) pings += ping;
  // Sending stalls because the server no longer reads; then everything is answered, in order, as soon as we read.
  constexpr int rounds = 60;
  std::thread sender([&] {
    for (int i = 0; i < rounds; ++i) client.send(pings);
  });
  for (int i = 0; i < rounds * 500; ++i) {
    const Frame frame = client.read_frame();
    ASSERT_EQ(frame.opcode, Opcode::pong);
    ASSERT_EQ(frame.payload.size(), 125U);
  }
  sender.join();
}

TEST_F(WebSocket, frees_the_slot_of_a_connection_that_is_gone) {
  start({}, {.connections_max = 1});
  {
    RawClient client = connect();
    RawClient second(port());
    EXPECT_EQ(second.read_reply().status, 503);
    EXPECT_TRUE(second.at_end());
  }
  shard_.wait_until_empty();
  connect();  // expects 101
}

TEST_F(WebSocket, checks_origin_and_host_of_an_upgrade) {
  start({}, {.guard = {.hosts = {"notes.example"}, .origins = {"https://app.example"}}});
  const struct {
    const char* host;
    std::string origin;
    int status;
  } cases[] = {
      {"localhost:8787", "", 101},
      {"127.0.0.1", "", 101},
      {"[::1]:8787", "", 101},
      {"notes.example", "", 101},
      {"NOTES.example:443", "", 101},
      {"evil.example", "", 403},
      {"localhost.evil.example", "", 403},
      {"127.0.0.1.evil.example", "", 403},
      {"localhost:8787", "http://localhost:8787", 101},
      {"localhost:8787", "https://app.example", 101},
      {"localhost:8787", "http://localhost:3000", 403},
      {"localhost:8787", "https://evil.example", 403},
      {"localhost:8787", "null", 403},
  };
  for (const auto& one : cases) {
    RawClient client(port());
    const std::string line = one.origin.empty() ? "" : "Origin: " + one.origin + "\r\n";
    EXPECT_EQ(client.handshake("/native", line, one.host), one.status) << one.host << " " << one.origin;
  }
}

TEST_F(WebSocket, answers_an_unknown_address_with_words) {
  start();
  RawClient client(port());
  EXPECT_EQ(client.handshake("/elsewhere"), 404);
}

}  // namespace
}  // namespace weir::test
