// What the front door does with those who send too much, too slowly or too many at once, and how it ends a connection.
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "http_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

/// A request for /hello whose header has exactly this many bytes.
std::string request_of(std::size_t bytes) {
  const std::string begin = "GET /hello HTTP/1.1\r\nHost: localhost\r\nFiller: ";
  return begin + std::string(bytes - begin.size() - 4, 'f') + "\r\n\r\n";
}

TEST_F(Http, takes_a_header_of_the_longest_kind_and_none_longer) {
  start({.header_bytes_max = 1000});
  EXPECT_EQ(
      [&] {
        RawClient client = connect();
        client.send(request_of(1000));
        return client.read_reply().status;
      }(),
      200);
  for (const std::size_t bytes : {1100U, 2000U, 100'000U}) {
    RawClient client = connect();
    client.send(request_of(bytes));
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 431) << bytes;
    EXPECT_EQ(error_code(reply), "INVALID_ARGUMENT");
    EXPECT_EQ(reply.headers.at("connection"), "close");
  }
}

TEST_F(Http, tells_a_long_address_from_a_long_header) {
  start({.header_bytes_max = 1000});
  for (const std::size_t bytes : {1000U, 50'000U}) {
    RawClient client = connect();
    const HttpReply reply = client.request("GET", "/echo/" + std::string(bytes, 'x'));
    EXPECT_EQ(reply.status, 414) << bytes;
    EXPECT_EQ(error_code(reply), "INVALID_ARGUMENT");
  }
}

TEST_F(Http, refuses_a_body_that_is_too_long) {
  start({.body_bytes_max = 1000});
  const std::string head = "POST /take HTTP/1.1\r\nHost: localhost\r\n";
  RawClient fits = connect();
  fits.send(head + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'b'));
  EXPECT_EQ(fits.read_reply().status, 200);
  for (const std::string rest :
       {"Content-Length: 1001\r\n\r\n", "Content-Length: 18446744073709551615\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"}) {
    RawClient client = connect();
    client.send(head + rest);  // the body itself need not come
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 413) << rest;
    EXPECT_EQ(error_code(reply), "INVALID_ARGUMENT") << rest;
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_TRUE(client.at_end());
  }
}

TEST_F(Http, a_peer_that_is_still_sending_gets_its_reply_and_an_orderly_end) {
  start({.header_bytes_max = 1000, .body_bytes_max = 1000});
  const std::string much(500'000, 'x');
  const std::pair<std::string, int> wrong[] = {
      {"POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n" + much, 413},
      {"GET /hello HTTP/1.1\r\nHost: localhost\r\nFiller: " + much, 431},
      {"GET /" + much, 414},
      {"\x01 nonsense\r\n\r\n" + much, 400},
      {"POST /take HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000\r\n\r\n" + much, 403},
      {"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" + much, 200},
  };
  for (const auto& [bytes, status] : wrong) {
    RawClient client = connect();
    client.send(bytes);
    EXPECT_EQ(client.read_reply().status, status);
    EXPECT_TRUE(client.at_end()) << status;
    client.send(much);
    client.send(much);
    client.shutdown_send();
    EXPECT_FALSE(client.broken()) << status;
  }
}

TEST_F(Http, what_is_thrown_away_after_the_last_reply_is_bounded) {
  start({.body_bytes_max = 1000, .close_bytes_max = 100'000});
  RawClient client = connect();
  client.send("POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 413);
  const std::string more(100'000, 'x');
  while (!client.broken()) client.send(more);
}

TEST_F(Http, the_wait_for_a_peer_to_close_is_bounded) {
  start({.connections_max = 1, .close_wait_max = 50ms});
  RawClient client = connect();
  EXPECT_EQ(client.request("GET", "/hello", "Connection: close\r\n").status, 200);
  EXPECT_TRUE(client.at_end());
  connect_when_there_is_room();  // although this one never closes
}

TEST_F(Http, one_connection_too_many_is_told_so) {
  start({.connections_max = 2});
  RawClient first = connect();
  EXPECT_EQ(first.request("GET", "/hello").status, 200);
  {
    RawClient second = connect();
    EXPECT_EQ(second.request("GET", "/hello").status, 200);
    RawClient third = connect();
    const HttpReply reply = third.request("GET", "/hello");
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(error_code(reply), "RESOURCE_EXHAUSTED");
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_TRUE(third.at_end());
    EXPECT_FALSE(third.broken());
    EXPECT_EQ(first.request("GET", "/hello").status, 200);
  }
  connect_when_there_is_room();
}

TEST_F(Http, a_header_must_come_in_time_however_busily_it_is_sent) {
  start({.header_bytes_max = 1 << 30, .header_wait_max = 50ms});
  RawClient silent = connect();
  EXPECT_TRUE(silent.at_end());
  RawClient half = connect();
  half.send("GET /hello HTTP/1.1\r\nHo");
  EXPECT_TRUE(half.at_end());
  RawClient slow = connect();
  slow.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nFiller: ");
  while (!slow.broken()) slow.send("f");
}

TEST_F(Http, a_second_header_must_come_in_time_as_well) {
  start({.header_wait_max = 50ms, .idle_wait_max = 1h});
  // The first has 50 ms too: where this thread stood still for longer, the connection is closed, and another is made.
  const auto answered = [](RawClient& client) {
    try {
      return client.request("GET", "/hello").status == 200;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  std::optional<RawClient> client;
  do client.emplace(port());
  while (!answered(*client));
  client->send("G");
  EXPECT_TRUE(client->at_end());
}

TEST_F(Http, a_body_must_come_in_time) {
  start({.header_wait_max = 50ms});
  RawClient client = connect();
  client.send("POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_TRUE(client.at_end());
}

TEST_F(Http, a_kept_connection_that_is_not_used_is_closed) {
  start({.header_wait_max = 1h, .idle_wait_max = 50ms});
  RawClient client = connect();
  EXPECT_EQ(client.request("GET", "/hello").status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Http, who_does_not_read_a_reply_is_not_waited_for) {
  routes_.add("GET", "/large", [](const http::Request&, const http::Respond& respond) {
    respond(text_reply(std::string(64 << 20, 'l')));
  });
  start({.connections_max = 1, .write_wait_max = 50ms});
  RawClient client = connect();
  client.shrink_receive_buffer();
  client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_FALSE(client.read_some().empty());
  connect_when_there_is_room();
}

TEST_F(Http, a_door_that_is_stopping_answers_what_is_in_hand) {
  start();
  RawClient idle = connect();
  EXPECT_EQ(idle.request("GET", "/hello").status, 200);
  RawClient client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const http::Respond respond = held();
  std::promise<void> answered;
  auto done = answered.get_future();
  door_->drain([&] { answered.set_value(); });
  EXPECT_EQ(done.wait_for(0s), std::future_status::timeout);
  respond(text_reply("the last"));
  const HttpReply reply = client.read_reply();
  EXPECT_EQ(reply.body, "the last");
  EXPECT_EQ(reply.headers.at("connection"), "close");
  EXPECT_TRUE(client.at_end());
  done.wait();
}

TEST_F(Http, a_door_with_nothing_in_hand_stops_at_once) {
  start();
  RawClient idle = connect();
  EXPECT_EQ(idle.request("GET", "/hello").status, 200);
  std::promise<void> answered;
  auto done = answered.get_future();
  door_->drain([&] { answered.set_value(); });
  done.wait();
  EXPECT_ANY_THROW((void)connect());
}

}  // namespace
}  // namespace weir::test
