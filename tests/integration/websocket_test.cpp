// The WebSocket transport over real sockets, against a peer that may break every rule of RFC 6455.
#include <string>
#include <vector>

#include "websocket_fixture.hpp"

namespace weir::test {
namespace {

TEST_F(WebSocket, answers_the_handshake_of_the_standard) {
  start();
  RawClient client(port());
  EXPECT_EQ(client.handshake("/native", "Sec-WebSocket-Protocol: weir.v1, other\r\n"), 101);
  EXPECT_EQ(client.headers().at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(client.headers().at("sec-websocket-protocol"), "weir.v1");
  EXPECT_FALSE(client.headers().contains("sec-websocket-extensions"));
}

TEST_F(WebSocket, offers_no_compression) {
  start();
  RawClient client(port());
  EXPECT_EQ(client.handshake("/native", "Sec-WebSocket-Extensions: permessage-deflate\r\n"), 101);
  EXPECT_FALSE(client.headers().contains("sec-websocket-extensions"));
}

TEST_F(WebSocket, refuses_a_handshake_without_key_or_version) {
  start();
  for (const std::string lines : {"Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"}) {
    RawClient client(port());
    const HttpReply reply = client.request("GET", "/native", "Upgrade: websocket\r\nConnection: Upgrade\r\n" + lines);
    EXPECT_EQ(reply.status, 400);
    EXPECT_TRUE(client.at_end());
  }
  RawClient client(port());
  EXPECT_EQ(client
                .request("GET", "/native",
                         "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         "Sec-WebSocket-Version: 12\r\n")
                .status,
            426);
}

TEST_F(WebSocket, carries_messages_of_every_length_class_unfragmented) {
  start();
  RawClient client = connect();
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 4095U, 4096U, 65535U, 65536U, 300'000U, 1U << 20}) {
    std::string payload(size, 'x');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 31);
    client.send_frame(Opcode::binary, payload);
    if (size == 0) continue;  // nothing to echo: no event
    EXPECT_EQ(client.read_frame(), binary(payload)) << size;
  }
}

TEST_F(WebSocket, joins_fragments_with_a_ping_in_the_middle) {
  start();
  RawClient client = connect();
  client.send_frame(Opcode::binary, "one ", {.fin = false});
  client.send_frame(Opcode::continuation, "two ", {.fin = false});
  client.send_frame(Opcode::ping, "are you there");
  EXPECT_EQ(client.read_frame(), (Frame{Opcode::pong, true, "are you there"}));
  client.send_frame(Opcode::continuation, "", {.fin = false});
  client.send_frame(Opcode::continuation, "three");
  EXPECT_EQ(client.read_frame(), binary("one two three"));
}

TEST_F(WebSocket, takes_bytes_one_at_a_time) {
  start();
  RawClient client = connect();
  for (const char byte : RawClient::frame_bytes(Opcode::binary, std::string(200, 'b'))) client.send({&byte, 1});
  EXPECT_EQ(client.read_frame(), binary(std::string(200, 'b')));
}

TEST_F(WebSocket, takes_frames_that_came_with_the_handshake) {
  start();
  RawClient client(port());
  client.send(
      "GET /native HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" +
      RawClient::frame_bytes(Opcode::binary, "early"));
  EXPECT_EQ(client.read_reply(true).status, 101);
  EXPECT_EQ(client.read_frame(), binary("early"));
}

TEST_F(WebSocket, handles_all_messages_of_one_read_before_it_answers) {
  start();
  RawClient client = connect();
  std::string burst;
  for (int i = 0; i < 20; ++i) burst += RawClient::frame_bytes(Opcode::binary, "message");
  client.send(burst);
  // What twenty messages caused went out as one message: the events are gathered.
  std::string all;
  int frames = 0;
  while (all.size() < 20 * 7) {
    all += client.read_frame().payload;
    ++frames;
  }
  EXPECT_EQ(all.size(), 140U);
  EXPECT_LT(frames, 20);
}

TEST_F(WebSocket, gathers_events_into_messages_of_bounded_size) {
  start({.gathered_bytes_max = 10'000});
  shard_.on_open = [](FakeSession& session) {
    for (int i = 0; i < 30; ++i) session.say(SharedBytes::copy(std::string(1000, static_cast<char>('a' + i % 26))));
    session.say(SharedBytes::copy(std::string(25'000, 'L')));
  };
  RawClient client = connect();
  std::string all;
  while (all.size() < 55'000) {
    const Frame frame = client.read_frame();
    EXPECT_TRUE(frame.payload.size() <= 10'000 || frame.payload == std::string(25'000, 'L'));
    EXPECT_EQ(frame.payload.size() % 1000, 0U);  // no event is split
    all += frame.payload;
  }
  EXPECT_EQ(all.size(), 55'000U);
}

TEST_F(WebSocket, sends_frames_of_a_foreign_session_as_they_are) {
  start();
  shard_.on_open = [](FakeSession& session) {
    session.say(SharedBytes::copy("\x82\x03one"));
    session.say(SharedBytes::copy("\x82\x03two"));
    session.say(SharedBytes::copy(std::string("\x82\x7e\x20\x00", 4) + std::string(8192, 'L')));
  };
  RawClient client = connect("/framed");
  EXPECT_EQ(client.read_frame(), binary("one"));
  EXPECT_EQ(client.read_frame(), binary("two"));
  EXPECT_EQ(client.read_frame(), binary(std::string(8192, 'L')));
}

struct Violation {
  const char* name;
  std::string bytes;
  int code;
};

TEST_F(WebSocket, closes_with_the_right_code_on_each_violation) {
  start();
  const std::string long_ping(126, 'p');
  const Violation violations[] = {
      {"unmasked", RawClient::frame_bytes(Opcode::binary, "x", {.masked = false}), 1002},
      {"reserved bit", RawClient::frame_bytes(Opcode::binary, "x", {.reserved = 4}), 1002},
      {"unknown data opcode", RawClient::frame_bytes(static_cast<Opcode>(3), "x"), 1002},
      {"unknown control opcode", RawClient::frame_bytes(static_cast<Opcode>(11), "x"), 1002},
      {"continuation of nothing", RawClient::frame_bytes(Opcode::continuation, "x"), 1002},
      {"message inside a message",
       RawClient::frame_bytes(Opcode::binary, "x", {.fin = false}) + RawClient::frame_bytes(Opcode::binary, "y"), 1002},
      {"fragmented ping", RawClient::frame_bytes(Opcode::ping, "x", {.fin = false}), 1002},
      {"long ping", RawClient::frame_bytes(Opcode::ping, long_ping), 1002},
      {"close of one byte", RawClient::frame_bytes(Opcode::close, "x"), 1002},
      {"close with a code that may not be sent", RawClient::frame_bytes(Opcode::close, std::string("\x03\xed", 2)),
       1002},
      {"too large", RawClient::frame_bytes(Opcode::binary, "x", {.claimed_size = (1 << 20) + 1}), 1009},
      {"absurdly large", RawClient::frame_bytes(Opcode::binary, "x", {.claimed_size = std::uint64_t{1} << 62}), 1009},
      {"text", RawClient::frame_bytes(Opcode::text, "hello"), 1003},
      {"text that is not UTF-8", RawClient::frame_bytes(Opcode::text, "\xff\xfe"), 1007},
  };
  for (const Violation& violation : violations) {
    RawClient client = connect();
    client.send(violation.bytes);
    EXPECT_EQ(client.read_close_code(), violation.code) << violation.name;
    client.send_frame(Opcode::close, "");
    client.shutdown_send();
    EXPECT_TRUE(client.at_end()) << violation.name;
  }
  shard_.wait_until_empty();
}

TEST_F(WebSocket, counts_fragments_together_against_the_limit) {
  start();
  RawClient client = connect();
  const std::string half(600'000, 'h');
  client.send_frame(Opcode::binary, half, {.fin = false});
  client.send_frame(Opcode::continuation, half);
  EXPECT_EQ(client.read_close_code(), 1009);
}

TEST_F(WebSocket, follows_the_session_when_its_limit_changes) {
  start();
  shard_.on_open = [](FakeSession& session) {
    session.bytes_max = 10;
    session.on_message = [&session](const SharedBytes& message) {
      session.bytes_max = 1000;
      session.say(message);
    };
  };
  RawClient client = connect();
  client.send_frame(Opcode::binary, "hello");
  EXPECT_EQ(client.read_frame(), binary("hello"));
  client.send_frame(Opcode::binary, std::string(1000, 'b'));
  EXPECT_EQ(client.read_frame().payload.size(), 1000U);
  client.send_frame(Opcode::binary, std::string(1001, 'b'));
  EXPECT_EQ(client.read_close_code(), 1009);

  RawClient early = connect();
  early.send_frame(Opcode::binary, std::string(11, 'b'));
  EXPECT_EQ(early.read_close_code(), 1009);
}

TEST_F(WebSocket, ignores_text_where_a_foreign_protocol_does) {
  start();
  shard_.on_open = [](FakeSession& session) {
    session.on_message = [&session](const SharedBytes&) { session.say(SharedBytes::copy("\x82\x02ok")); };
  };
  RawClient client = connect("/framed");
  client.send_frame(Opcode::text, "hello");
  client.send_frame(Opcode::binary, "real");
  EXPECT_EQ(client.read_frame(), binary("ok"));
  EXPECT_EQ(shard_.on([&] { return shard_.sessions.begin()->second->received; }), std::vector<std::string>{"real"});
}

}  // namespace
}  // namespace weir::test
