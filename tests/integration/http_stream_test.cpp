// Replies that are made while they are sent.
#include <atomic>
#include <string>
#include <vector>

#include "http_fixture.hpp"

namespace weir::test {
namespace {

/// Pieces of 64 KiB without end, unless `pieces_max` or the test says otherwise.
struct Source {
  std::atomic<int> asked = 0;
  int pieces_max = 1'000'000;
  bool fails = false;
  /// The last reply may be freed with its thread, after the source.
  std::shared_ptr<std::promise<void>> freed = std::make_shared<std::promise<void>>();

  /// The route's handler. What it gives out is freed with the reply.
  http::Handler handler(runtime::ReaderPool& readers) {
    return [this, &readers](const http::Request&, const http::Respond& respond) {
      const std::shared_ptr<void> alive(nullptr, [freed = freed](void*) { freed->set_value(); });
      http::Reply reply{.content_type = "text/plain"};
      reply.stream = [this, &readers, alive](http::Piece piece) {
        readers.submit([this, piece = std::move(piece)] { piece(next()); });
      };
      respond(std::move(reply));
    };
  }
  Result<std::string> next() {
    const int number = asked++;
    if (number < pieces_max) return std::string(64 << 10, static_cast<char>('a' + number % 26));
    if (fails) return fail(Code::data_loss, "the test wants it so");
    return std::string();
  }
};

class HttpStream : public Http {
 protected:
  void SetUp() override {
    Http::SetUp();
    routes_.add("GET", "/stream", source_.handler(readers_));
  }
  /// A request that the old version of HTTP makes: the end of the connection is the end of the body.
  RawClient ask_the_old_way() {
    RawClient client = connect();
    client.send("GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
    return client;
  }
  Source source_;
};

TEST_F(HttpStream, sends_it_in_pieces_and_goes_on) {
  source_.pieces_max = 3;
  start();
  RawClient client = connect();
  const HttpReply reply = client.request("GET", "/stream");
  EXPECT_EQ(reply.headers.at("transfer-encoding"), "chunked");
  EXPECT_TRUE(reply.complete);
  EXPECT_EQ(reply.body, std::string(64 << 10, 'a') + std::string(64 << 10, 'b') + std::string(64 << 10, 'c'));
  EXPECT_EQ(client.request("GET", "/hello").body, "hello\n");
}

TEST_F(HttpStream, asks_for_no_piece_when_only_the_header_is_wanted) {
  start();
  RawClient client = connect();
  EXPECT_EQ(client.request("HEAD", "/stream").status, 200);
  EXPECT_EQ(client.request("GET", "/hello").body, "hello\n");
  EXPECT_EQ(source_.asked, 0);
}

TEST_F(HttpStream, ends_an_old_client_s_body_with_the_connection) {
  source_.pieces_max = 2;
  start();
  RawClient client = ask_the_old_way();
  EXPECT_EQ(client.read_reply().body.size(), 128U << 10);
  EXPECT_FALSE(client.broken());
}

TEST_F(HttpStream, makes_no_more_than_is_read) {
  source_.pieces_max = 10'000;  // 640 MB
  start();
  RawClient client = connect();
  client.shrink_receive_buffer();
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_FALSE(client.read_some().empty());
  // Another is served meanwhile, and what the two sockets hold is far from all of it.
  EXPECT_EQ(connect().request("GET", "/hello").status, 200);
  EXPECT_LT(source_.asked, 5000);
}

TEST_F(HttpStream, frees_what_was_made_for_a_client_that_goes_away) {
  start();
  {
    RawClient client = connect();
    client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_FALSE(client.read_some().empty());
  }
  source_.freed->get_future().wait();
}

TEST_F(HttpStream, breaks_off_what_failed_so_that_a_part_is_not_taken_for_the_whole) {
  source_.pieces_max = 2;
  source_.fails = true;
  start();
  RawClient client = connect();
  EXPECT_FALSE(client.request("GET", "/stream").complete);
  EXPECT_TRUE(client.broken());
}

TEST_F(HttpStream, breaks_off_an_old_client_s_body_too) {
  source_.pieces_max = 2;
  source_.fails = true;
  start();
  RawClient client = ask_the_old_way();
  EXPECT_LE(client.read_reply().body.size(), 128U << 10);
  EXPECT_TRUE(client.broken());
}

TEST_F(HttpStream, counts_as_in_hand_until_its_end) {
  start();
  RawClient client = connect();
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_FALSE(client.read_some().empty());
  std::promise<void> sent;
  auto done = sent.get_future();
  door_->drain([&] { sent.set_value(); });
  EXPECT_FALSE(client.read_some().empty());
  EXPECT_EQ(done.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  client.close();
  done.wait();
}

TEST_F(HttpStream, is_broken_off_when_the_relay_ends_before_it) {
  for (const std::string version : {"1.0", "1.1"}) {
    Source source;
    runtime::ReaderPool readers(1);
    http::Routes routes;
    routes.add("GET", "/stream", source.handler(readers));
    auto thread = std::make_unique<runtime::IoThread>("short");
    auto door = std::make_unique<http::FrontDoor>(std::vector<runtime::IoThread*>{thread.get()},
                                                  http::FrontDoorOptions{}, routes, http::UpgradeRouter{});
    ASSERT_TRUE(door->listen());
    thread->start();
    RawClient client(door->endpoint().port());
    client.send("GET /stream HTTP/" + version + "\r\nHost: localhost\r\n\r\n");
    EXPECT_FALSE(client.read_some().empty());
    thread->stop();
    readers.stop();  // what it has in hand goes to the thread, which therefore still exists
    door.reset();
    thread.reset();
    while (!client.at_end()) client.read_some();
    EXPECT_TRUE(client.broken()) << version;
    source.freed->get_future().wait();
  }
}

}  // namespace
}  // namespace weir::test
