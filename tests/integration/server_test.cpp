// The whole relay in one process, over real sockets: with a log in memory, and with one on disk.
#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "native_client.hpp"
#include "temporary_folder.hpp"
#include "weir/app/server.hpp"
#include "weir/memory/memory_log.hpp"

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    settings_.http = "127.0.0.1:0";
    settings_.grpc = "off";
    settings_.threads = 2;
    settings_.log_level = "error";
    settings_.data = (folder_.path() / "data").string();
    settings_.storage_write_buffer_bytes = {config::mebi};
  }
  virtual void start() { start_with(app::Server::start(settings_)); }
  void start_in_memory() {
    auto log = std::make_unique<storage::MemoryLog>(
        storage::MemoryLogOptions{.incarnation = {{std::byte{1}}}, .mode = storage::MemoryLog::Mode::automatic});
    storage::SnapshotStore& snapshots = log->snapshots();
    start_with(app::Server::start(settings_, app::OpenLog{std::move(log), &snapshots}));
  }
  void start_with(Result<std::unique_ptr<app::Server>> started) {
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  HttpReply ask(const std::string& method, const std::string& target, const std::string& lines = "") const {
    return RawClient(port()).request(method, target, lines + "Connection: close\r\n");
  }
  /// Stores `count` records of 100 kB.
  void fill(const std::string& document, std::uint64_t count) const {
    NativeClient author(port(), 9);
    const auto subscribed = author.subscribe("notes", document);
    for (std::uint64_t i = 1; i <= count; ++i) {
      author.publish(subscribed, i, {std::string(100'000, 'x')});
      while (author.hear<frames::Stored>().through_sequence.value < i) {
      }
    }
  }
  /// Begins an export, and reads no more than its beginning.
  [[nodiscard]] RawClient begin_export(const std::string& document) const {
    RawClient client(port());
    client.shrink_receive_buffer();
    client.send("GET /v1/spaces/notes/documents/" + document + "/records HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.read_some(), HasSubstr("200 OK"));
    return client;
  }

  storage::TemporaryFolder folder_;
  config::Settings settings_;
  std::unique_ptr<app::Server> server_;
};

enum class Kind : std::uint8_t { memory, disk };
class AnyServer : public ServerTest, public testing::WithParamInterface<Kind> {
 protected:
  void start() override { GetParam() == Kind::memory ? start_in_memory() : ServerTest::start(); }
};
INSTANTIATE_TEST_SUITE_P(Log, AnyServer, testing::Values(Kind::memory, Kind::disk),
                         [](const auto& kind) { return kind.param == Kind::memory ? "memory" : "disk"; });

TEST_P(AnyServer, stores_acknowledges_and_delivers) {
  start();
  NativeClient ann(port(), 1);
  EXPECT_EQ(ann.welcome.durability, "sync");
  const auto plan = ann.subscribe("notes", "plan");
  ann.publish(plan, 1, {"one", "two"});
  EXPECT_EQ(ann.hear<frames::Stored>().through_sequence, Sequence{2});
  EXPECT_THAT(ann.read(2), ElementsAre("-", "-"));

  NativeClient bob(port(), 2);
  const auto same = bob.subscribe("notes", "plan");
  EXPECT_EQ(same.head, Offset{2});
  EXPECT_THAT(bob.read(2), ElementsAre("one", "two"));
  bob.hear<frames::CaughtUp>();
  ann.publish(plan, 3, {"three"});
  EXPECT_THAT(bob.read(1), ElementsAre("three"));
  bob.publish(same, 1, {"four"});
  EXPECT_THAT(ann.read(2), ElementsAre("-", "four"));
  EXPECT_THAT(ask("GET", "/v1/spaces/notes/documents/plan").body, HasSubstr("\"records\":4"));
}

TEST_P(AnyServer, tells_subscribers_of_a_deletion_over_http) {
  start();
  NativeClient ann(port(), 1);
  const auto plan = ann.subscribe("notes", "plan");
  ann.publish(plan, 1, {"one"});
  ann.hear<frames::Stored>();
  NativeClient bob(port(), 2);
  bob.subscribe("notes", "plan");
  EXPECT_THAT(bob.read(1), ElementsAre("one"));
  EXPECT_EQ(ask("DELETE", "/v1/spaces/notes/documents/plan", "Origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(ask("DELETE", "/v1/spaces/notes/documents/plan").status, 200);
  EXPECT_EQ(bob.hear<frames::ErrorEvent>().reason, frames::Reason::deleted);
  EXPECT_EQ(ann.hear<frames::ErrorEvent>().reason, frames::Reason::deleted);
  EXPECT_THAT(ask("GET", "/v1/spaces/notes/documents/plan").body, HasSubstr("deleted"));
}

TEST_P(AnyServer, says_how_it_is_and_what_it_speaks) {
  start();
  EXPECT_EQ(ask("GET", "/healthz").body, "alive\n");
  EXPECT_EQ(ask("GET", "/readyz").body, "ready\n");
  EXPECT_EQ(ask("GET", "/").status, 200);
  const HttpReply plain = ask("GET", "/v1/sync");
  EXPECT_EQ(plain.status, 426);
  EXPECT_EQ(plain.headers.at("upgrade"), "websocket");
  EXPECT_THAT(plain.body, HasSubstr("weir.v1"));
  EXPECT_EQ(RawClient(port()).handshake("/v1/sync"), 400);  // without the subprotocol
  EXPECT_EQ(RawClient(port()).handshake("/v1/sync", "Sec-WebSocket-Protocol: weir.v2\r\n"), 400);
  EXPECT_EQ(RawClient(port()).handshake("/nowhere"), 404);
  EXPECT_EQ(RawClient(port()).handshake("/yjs/only-a-space"), 400);
  EXPECT_EQ(RawClient(port()).handshake("/yjs/space/a%2Fb/c"), 101);
  EXPECT_EQ(RawClient(port()).handshake("/yjs/space/room", "", "evil.example"), 403);
}

TEST_P(AnyServer, tells_its_clients_when_it_stops) {
  settings_.reconnect_after = 1234ms;
  start();
  NativeClient ann(port(), 1);
  NativeClient bob(port(), 2);
  auto stopped = std::async(std::launch::async, [&] { server_->stop(); });
  for (NativeClient* client : {&ann, &bob}) {
    EXPECT_EQ(client->hear<frames::GoingAway>().reconnect_after_ms, 1234U);
    EXPECT_EQ(client->raw().read_close_code(), 1001);
    client->raw().close();
  }
  stopped.get();
  server_->stop();  // a second time is nothing
}

TEST_P(AnyServer, does_not_wait_for_ever_for_clients_that_stay) {
  settings_.drain_wait_max = 50ms;
  start();
  NativeClient ann(port(), 1);
  RawClient yjs(port());
  EXPECT_EQ(yjs.handshake("/yjs/space/room"), 101);
  RawClient idle(port());
  EXPECT_EQ(idle.request("GET", "/healthz").status, 200);
  server_.reset();
  EXPECT_EQ(ann.hear<frames::GoingAway>().reason, "the relay is stopping");
  while (!ann.raw().at_end()) ann.raw().read_some();
  while (!yjs.at_end()) yjs.read_some();
  EXPECT_TRUE(idle.at_end());
}

TEST_P(AnyServer, finishes_an_export_before_it_stops) {
  settings_.drain_wait_max = 1h;
  start();
  fill("large", 200);
  RawClient client = begin_export("large");
  NativeClient witness(port(), 1);
  auto stopped = std::async(std::launch::async, [&] { server_->stop(); });
  witness.hear<frames::GoingAway>();
  witness.raw().close();
  std::string body;
  while (!body.ends_with("\r\n0\r\n\r\n") && !client.at_end()) body += client.read_some();
  EXPECT_TRUE(body.ends_with("\r\n0\r\n\r\n"));
  EXPECT_FALSE(client.broken());
  stopped.get();
}

TEST_P(AnyServer, breaks_an_export_off_when_the_time_is_over) {
  settings_.drain_wait_max = 50ms;
  start();
  fill("large", 200);
  RawClient client = begin_export("large");
  server_.reset();
  while (!client.at_end()) client.read_some();
  EXPECT_TRUE(client.broken());
}

TEST_F(ServerTest, keeps_everything_across_a_restart) {
  start();
  Epoch epoch;
  {
    NativeClient ann(port(), 1);
    const auto plan = ann.subscribe("notes", "plan");
    epoch = plan.epoch;
    ann.publish(plan, 1, {"one", "two"});
    ann.hear<frames::Stored>();
  }
  server_.reset();
  start();
  NativeClient ann(port(), 1);
  const auto plan = ann.subscribe("notes", "plan");
  EXPECT_EQ(plan.epoch, epoch);
  EXPECT_EQ(plan.last_sequence, Sequence{2});
  ann.publish(plan, 2, {"two", "three"});  // what it does not know to be stored, and something new
  while (ann.hear<frames::Stored>().through_sequence < Sequence{3}) {
  }
  NativeClient bob(port(), 2);
  bob.subscribe("notes", "plan");
  EXPECT_THAT(bob.read(3), ElementsAre("one", "two", "three"));
}

TEST_F(ServerTest, says_why_it_cannot_start) {
  start();
  const auto again = app::Server::start(settings_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::failed_precondition) << again.error().message;

  config::Settings other = settings_;
  other.data = (folder_.path() / "other").string();
  other.http = "127.0.0.1:" + std::to_string(port());
  const auto taken = app::Server::start(other);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::unavailable);
  EXPECT_THAT(taken.error().message, HasSubstr("--http"));
  EXPECT_FALSE(std::filesystem::exists(other.data)) << "nothing was made";
  other.grpc = std::exchange(other.http, "127.0.0.1:0");
  EXPECT_THAT(app::Server::start(other).error().message, HasSubstr("--grpc"));
  EXPECT_FALSE(std::filesystem::exists(other.data));
  other.grpc = "off";

  other.http = "0.0.0.0:0";
  const auto exposed = app::Server::start(other);
  ASSERT_FALSE(exposed);
  EXPECT_EQ(exposed.error().code, Code::failed_precondition);
  EXPECT_THAT(exposed.error().message, HasSubstr("--insecure"));
  other.insecure = true;
  EXPECT_TRUE(app::Server::start(other));
}

TEST_F(ServerTest, is_not_started_with_rules_that_are_none_and_makes_no_store_for_them) {
  const auto refusal = [&](std::vector<std::string> rules) {
    settings_.retention_spaces = std::move(rules);
    const auto started = app::Server::start(settings_);
    EXPECT_FALSE(started);
    EXPECT_FALSE(std::filesystem::exists(settings_.data));
    return started ? std::string() : started.error().message;
  };
  settings_.data = (folder_.path() / "never").string();
  EXPECT_THAT(refusal({"notes since-snapshot"}), HasSubstr("no = in it"));
  EXPECT_THAT(refusal({"notes = forever"}), HasSubstr("there is no rule \"forever\""));
  EXPECT_THAT(refusal({"notes = for 30d", "notes = everything"}), HasSubstr("has a rule already"));
  settings_.http = "here";
  EXPECT_THAT(refusal({}), HasSubstr("http = \"here\" is not an address and a port"));
}

TEST_F(ServerTest, has_only_listed_spaces_when_told_so) {
  settings_.spaces_create = "listed";
  settings_.spaces_listed = {"notes"};
  start();
  NativeClient ann(port(), 1);
  EXPECT_EQ(ann.subscribe("notes", "plan").head, Offset{0});
  frames::Subscribe other;
  other.request = 77;
  other.path = {SpaceName::parse("other").value(), DocumentName::parse("plan").value()};
  ann.say(other);
  const auto refused = ann.hear<frames::ErrorEvent>();
  EXPECT_EQ(refused.request, 77U);
  EXPECT_EQ(refused.error.code, Code::not_found);
  EXPECT_EQ(ask("GET", "/v1/spaces/other").status, 404);
}

}  // namespace
}  // namespace weir::test
