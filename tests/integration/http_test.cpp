// HTTP conversations with the front door: connections that are kept, names in addresses, who is let in, and what is
// said to requests that are wrong.
#include <string>
#include <vector>

#include "http_fixture.hpp"

namespace weir::test {
namespace {

nlohmann::json json(const HttpReply& reply) { return nlohmann::json::parse(reply.body); }

TEST_F(Http, answers_many_requests_on_one_connection) {
  start();
  RawClient client = connect();
  for (int i = 0; i < 100; ++i) {
    const HttpReply reply = client.request("GET", "/echo/" + std::to_string(i));
    ASSERT_EQ(reply.status, 200);
    ASSERT_EQ(json(reply)["capture"], std::to_string(i));
  }
}

TEST_F(Http, answers_pipelined_requests_in_their_order) {
  start();
  RawClient client = connect();
  const std::string end = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send("GET /held" + end + "GET /echo/2" + end + "HEAD /echo/3" + end + "GET /nothing" + end +
              "POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbodyGET /echo/6" + end);
  held()(text_reply("first"));
  EXPECT_EQ(client.read_reply().body, "first");
  EXPECT_EQ(json(client.read_reply())["capture"], "2");
  EXPECT_EQ(client.read_reply(true).status, 200);
  EXPECT_EQ(client.read_reply().status, 404);
  EXPECT_EQ(client.read_reply().body, "taken\n");
  EXPECT_EQ(json(client.read_reply())["capture"], "6");
}

TEST_F(Http, takes_a_request_a_byte_at_a_time) {
  start();
  RawClient client = connect();
  for (const char byte : std::string("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")) client.send({&byte, 1});
  EXPECT_EQ(client.read_reply().body, "hello\n");
}

TEST_F(Http, closes_when_it_is_asked_to) {
  start();
  RawClient client = connect();
  const HttpReply reply = client.request("GET", "/hello", "Connection: close\r\n");
  EXPECT_EQ(reply.body, "hello\n");
  EXPECT_EQ(reply.headers.at("connection"), "close");
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(client.broken());
}

TEST_F(Http, keeps_a_connection_of_the_old_version_only_when_asked) {
  start();
  RawClient client = connect();
  const std::string request = "GET /hello HTTP/1.0\r\nHost: localhost\r\n";
  client.send(request + "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "hello\n");
  client.send(request + "\r\n");
  EXPECT_EQ(client.read_reply().body, "hello\n");
  EXPECT_TRUE(client.at_end());
}

TEST_F(Http, answers_a_head_without_the_body) {
  start();
  RawClient client = connect();
  const HttpReply head = client.request("HEAD", "/hello");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "6");
  EXPECT_EQ(client.request("GET", "/hello").body, "hello\n");
}

TEST_F(Http, says_what_there_is_where_there_is_nothing) {
  start();
  RawClient client = connect();
  const HttpReply nothing = client.request("GET", "/nothing");
  EXPECT_EQ(nothing.status, 404);
  EXPECT_EQ(error_code(nothing), "NOT_FOUND");
  EXPECT_NE(nothing.body.find("GET /echo/{}"), std::string::npos);
  EXPECT_EQ(nothing.headers.at("content-type"), "application/json");
  EXPECT_EQ(nothing.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(nothing.headers.at("cache-control"), "no-store");
  EXPECT_EQ(client.request("GET", "/echo").status, 404);
  EXPECT_EQ(client.request("GET", "/echo/a/b").status, 404);
  EXPECT_EQ(client.request("OPTIONS", "*").status, 404);
}

TEST_F(Http, names_the_methods_an_address_takes) {
  start();
  RawClient client = connect();
  const HttpReply get = client.request("GET", "/take");
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.headers.at("allow"), "POST");
  const HttpReply remove = client.request("DELETE", "/hello");
  EXPECT_EQ(remove.status, 405);
  EXPECT_EQ(remove.headers.at("allow"), "GET, HEAD");
  EXPECT_EQ(client.request("BREW", "/hello").status, 405);
}

TEST_F(Http, decodes_names_once) {
  start();
  RawClient client = connect();
  const auto capture = [&](const std::string& sent) { return json(client.request("GET", "/echo/" + sent))["capture"]; };
  EXPECT_EQ(capture("team%2Fplan"), "team/plan");
  EXPECT_EQ(capture("team%252Fplan"), "team%2Fplan");
  EXPECT_EQ(capture("a+b%20c"), "a+b c");
  EXPECT_EQ(capture("gr%C3%BC%c3%9f"), "gr\u00fc\u00df");
  EXPECT_EQ(capture("%2e%2e"), "..");
  EXPECT_EQ(json(client.request("GET", "/echo/x?p=1&q=%2526%26&q=2#q=3"))["q"], "%26&");
  EXPECT_EQ(json(client.request("GET", "/echo/x?q"))["q"], "");
  for (const std::string bad : {"%", "a%2", "%zz", "%%41"}) {
    const HttpReply reply = client.request("GET", "/echo/" + bad);
    EXPECT_EQ(reply.status, 400) << bad;
    EXPECT_EQ(error_code(reply), "INVALID_ARGUMENT") << bad;
  }
}

TEST_F(Http, reads_the_bearer_token) {
  start();
  RawClient client = connect();
  const auto token = [&](const std::string& lines) { return json(client.request("GET", "/echo/x", lines))["token"]; };
  EXPECT_EQ(token("Authorization: Bearer abc\r\n"), "abc");
  EXPECT_EQ(token("Authorization: bearer abc\r\n"), "abc");
  EXPECT_EQ(token("Authorization: Basic abc\r\n"), "");
  EXPECT_EQ(token("Authorization: B\r\n"), "");
  EXPECT_EQ(token(""), "");
}

TEST_F(Http, takes_bodies_and_goes_on) {
  start();
  RawClient client = connect();
  client.send("POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(client.read_reply().body, "taken\n");
  client.send("POST /take HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "taken\n");
  EXPECT_EQ(client.request("GET", "/hello").body, "hello\n");
}

TEST_F(Http, answers_only_to_its_own_names) {
  start({.guard = {.hosts = {"notes.example"}}});
  for (const char* host : {"localhost", "localhost:1", "LOCALHOST", "notes.localhost", "127.0.0.1:8787", "127.8.9.1",
                           "[::1]", "[::1]:80", "notes.example:443"}) {
    EXPECT_EQ(connect().request("GET", "/hello", "", host).status, 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "notes.example.evil",
                           "xnotes.example", "192.0.2.1", "0.0.0.0", "[::2]", "[::1", "2130706433", ":80"}) {
    RawClient client = connect();
    const HttpReply reply = client.request("GET", "/hello", "", host);
    EXPECT_EQ(reply.status, 403) << host;
    EXPECT_EQ(error_code(reply), "PERMISSION_DENIED") << host;
    EXPECT_TRUE(client.at_end()) << host;
  }
}

TEST_F(Http, wants_exactly_one_host) {
  start();
  for (const std::string lines :
       {"", "Host: localhost\r\nHost: evil.example\r\n", "Host: localhost\r\nhost: localhost\r\n"}) {
    RawClient client = connect();
    client.send("GET /hello HTTP/1.1\r\n" + lines + "\r\n");
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 400) << lines;
    EXPECT_EQ(error_code(reply), "INVALID_ARGUMENT");
    EXPECT_TRUE(client.at_end());
  }
}

TEST_F(Http, lets_only_known_pages_change_something) {
  start({.guard = {.origins = {"https://app.example"}}});
  const auto status = [&](const char* method, const std::string& origin) {
    return connect()
        .request(method, "/take", "Origin: " + origin + "\r\nContent-Length: 0\r\n", "localhost:8787")
        .status;
  };
  EXPECT_EQ(status("POST", "http://localhost:8787"), 200);
  EXPECT_EQ(status("POST", "https://app.example"), 200);
  EXPECT_EQ(status("POST", "HTTPS://APP.example"), 200);
  for (const char* origin : {"https://evil.example", "http://localhost:3000", "https://app.example.evil", "null",
                             "localhost:8787", "http://localhost:8787.evil.example", "http://localhost"}) {
    EXPECT_EQ(status("POST", origin), 403) << origin;
    EXPECT_EQ(status("DELETE", origin), 403) << origin;
  }
  // Reading is the browser's to refuse: it shows no reply to a foreign page without a header that weir never sends.
  const HttpReply read = connect().request("GET", "/hello", "Origin: https://evil.example\r\n");
  EXPECT_EQ(read.status, 200);
  EXPECT_FALSE(read.headers.contains("access-control-allow-origin"));
}

TEST_F(Http, refuses_what_is_not_http) {
  start();
  const std::vector<std::string> nonsense = {
      "hello\r\n\r\n",
      "GET /hello\r\n\r\n",
      "GET /hello HTTP/2.0\r\nHost: localhost\r\n\r\n",
      "GET /he llo HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost localhost\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHo st: localhost\r\n\r\n",
      "GET /" + std::string(1, '\0') + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "\x16\x03\x01\x02\x01" + std::string(100, '\x01') + "\r\n\r\n",  // somebody speaks TLS
  };
  for (const std::string& bytes : nonsense) {
    RawClient client = connect();
    client.send(bytes);
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 400) << bytes;
    EXPECT_EQ(error_code(reply), "INVALID_ARGUMENT") << bytes;
    EXPECT_TRUE(client.at_end()) << bytes;
  }
}

TEST_F(Http, refuses_bodies_whose_length_is_in_doubt) {
  start();
  for (const std::string lines :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Content-Length: -1\r\n", "Content-Length: five\r\n"}) {
    RawClient client = connect();
    client.send("POST /take HTTP/1.1\r\nHost: localhost\r\n" + lines +
                "\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.read_reply().status, 400) << lines;
    EXPECT_TRUE(client.at_end()) << lines;  // what follows is not taken for a request
  }
  RawClient client = connect();
  client.send("POST /take HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  EXPECT_EQ(client.read_reply().status, 400);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Http, says_why_an_upgrade_is_refused_and_goes_on) {
  start();
  RawClient client = connect();
  EXPECT_EQ(client.handshake("/elsewhere"), 404);
  const std::size_t length = std::stoul(client.headers().at("content-length"));
  std::string body;
  while (body.size() < length) body += client.read_some();
  EXPECT_NE(body.find("no WebSocket is served here"), std::string::npos);
  EXPECT_EQ(client.request("GET", "/hello").body, "hello\n");

  RawClient with_body = connect();
  EXPECT_EQ(with_body.handshake("/elsewhere", "Content-Length: 3\r\n"), 400);
  RawClient foreign = connect();
  EXPECT_EQ(foreign.handshake("/elsewhere", "Origin: https://evil.example\r\n"), 403);
}

}  // namespace
}  // namespace weir::test
