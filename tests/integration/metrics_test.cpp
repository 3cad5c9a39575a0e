// What /metrics counts, against a whole relay on a real store: each figure moves by what was done, and by nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>

#include "../conformance/temporary_folder.hpp"
#include "native_client.hpp"
#include "weir/app/server.hpp"
#include "weir/memory/memory_log.hpp"
#include "weir/yjs/messages.hpp"

namespace weir::app {
namespace {

using test::NativeClient;
using test::Opcode;
using test::RawClient;
using Figures = std::map<std::string, double>;

config::Settings on_free_port() {
  config::Settings settings;
  settings.http = "127.0.0.1:0";
  settings.grpc = "off";
  settings.threads = 2;
  return settings;
}

class Metrics : public testing::Test {
 protected:
  void start(config::Settings settings = on_free_port()) {
    settings.data = folder_.path() / "data";
    auto server = Server::start(settings);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    port_ = server_->port();
  }

  [[nodiscard]] Figures scrape() const {
    std::istringstream text(RawClient(port_).request("GET", "/metrics").body);
    Figures figures;
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with('#')) continue;
      const std::size_t space = line.rfind(' ');
      figures[line.substr(0, space)] = std::stod(line.substr(space + 1));
    }
    return figures;
  }
  /// Each shard shows its figures from time to time, number by number, and each in its own turn: that one has come says
  /// nothing of another. Asks until all are at these values; a count that is too high never comes down to them.
  Figures scrape_until(const Figures& wanted) const {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      Figures figures = scrape();
      const auto differs = [&](const auto& one) { return figures.at(one.first) != one.second; };
      if (std::ranges::none_of(wanted, differs)) return figures;
      if (std::chrono::steady_clock::now() < patience) continue;
      for (const auto& [name, value] : wanted) EXPECT_EQ(figures.at(name), value) << name;
      return figures;
    }
  }
  Figures scrape_until_at_least(const std::string& name, double least) const {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      Figures figures = scrape();
      if (figures.at(name) >= least) return figures;
      if (std::chrono::steady_clock::now() > patience) {
        ADD_FAILURE() << name << " stays at " << figures.at(name);
        return figures;
      }
    }
  }

  storage::TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

const std::string native = R"({transport="websocket",dialect="native"})";
const std::string yjs = R"({transport="websocket",dialect="yjs"})";

TEST_F(Metrics, a_publish_is_seen_on_all_its_way) {
  start();
  NativeClient author(port_, 1), reader(port_, 2);
  const auto subscribed = author.subscribe("space", "document");
  reader.subscribe("space", "document");
  author.publish(subscribed, 1, {"one", "two", "three"});
  author.hear<frames::Stored>();
  reader.hear<frames::Records>();

  const Figures figures = scrape_until({{"weir_delivery_seconds_count", 2},
                                        {"weir_sessions" + native, 2},
                                        {"weir_sessions" + yjs, 0},
                                        {R"(weir_publishes_total{dialect="native"})", 1},
                                        {R"(weir_deltas_total{dialect="native"})", 3},
                                        {R"(weir_delta_bytes_total{dialect="native"})", 11},
                                        {R"(weir_deliveries_total{source="live"})", 2},  // the author gets a stub
                                        {"weir_acknowledgement_seconds_count", 1},
                                        {"weir_documents_open", 1},
                                        {R"(weir_http_requests_total{status="1xx"})", 2},  // two became WebSockets
                                        {R"(weir_connections{transport="http"})", 3}});    // and the one that asks
  EXPECT_GT(figures.at("weir_acknowledgement_seconds_sum"), 0);
  EXPECT_GE(figures.at("weir_delivery_seconds_sum"), figures.at("weir_acknowledgement_seconds_sum"))
      << "two deliveries, each after the acknowledgement was queued";
  // Two hellos, two subscribes, a publish.
  scrape_until_at_least("weir_received_messages_total" + native, 5);
  scrape_until_at_least("weir_received_bytes_total" + native, 12);
  scrape_until_at_least("weir_sent_bytes_total" + native, 12);
}

TEST_F(Metrics, the_log_tells_of_its_commits) {
  start();
  const Figures before = scrape();
  NativeClient author(port_, 1);
  const auto subscribed = author.subscribe("space", "document");
  author.publish(subscribed, 1, {"one", "two", "three"});
  author.hear<frames::Stored>();
  const Figures after = scrape();
  const auto moved = [&](const std::string& name) { return after.at(name) - before.at(name); };
  EXPECT_EQ(moved("weir_log_commit_seconds_count"), 1);
  EXPECT_EQ(moved("weir_log_fsync_seconds_count"), 1);
  EXPECT_GT(moved("weir_log_fsync_seconds_sum"), 0);
  EXPECT_GE(moved("weir_log_commit_seconds_sum"), moved("weir_log_fsync_seconds_sum"));
  EXPECT_EQ(moved("weir_log_commit_records_sum"), 3);
  EXPECT_EQ(moved("weir_log_commit_appends_sum"), 1);
  EXPECT_EQ(moved("weir_log_commit_payload_bytes_sum"), 11);
  EXPECT_EQ(moved(R"(weir_log_commit_records_bucket{le="2"})"), 0);
  EXPECT_EQ(moved(R"(weir_log_commit_records_bucket{le="4"})"), 1);
  EXPECT_EQ(moved("weir_log_records_total"), 3);
  EXPECT_GT(moved("weir_rocksdb_wal_bytes"), 11);
  EXPECT_EQ(after.at("weir_rocksdb_wal_files"), 1);
  EXPECT_GT(after.at("weir_rocksdb_memtable_bytes"), 0);
  EXPECT_EQ(after.at("weir_log_queue_bytes"), 0);
  EXPECT_EQ(after.at("weir_store_failed"), 0);
  EXPECT_EQ(after.at("weir_ready"), 1);
  EXPECT_GT(after.at("weir_disk_free_bytes"), 0);
}

TEST_F(Metrics, resends_gaps_and_presence) {
  start();
  NativeClient author(port_, 1);
  const auto subscribed = author.subscribe("space", "document");
  author.publish(subscribed, 1, {"one", "two"});
  author.hear<frames::Stored>();
  author.publish(subscribed, 1, {"one", "two"});
  author.hear<frames::Stored>();
  author.publish(subscribed, 9, {"nine"});
  EXPECT_EQ(author.hear<frames::ErrorEvent>().error.code, Code::out_of_range);
  author.say(frames::SetPresence{subscribed.document, SharedBytes::copy("here")});

  scrape_until({{"weir_presences", 1},
                {R"(weir_duplicates_total{dialect="native"})", 2},
                {R"(weir_deltas_total{dialect="native"})", 2},
                {R"(weir_refusals_total{code="OUT_OF_RANGE"})", 1},
                {R"(weir_refusals_total{code="ABORTED"})", 0},
                {R"(weir_reads_total{kind="resend"})", 1},
                {R"(weir_reads_total{kind="open"})", 1},
                {"weir_presence_updates_total", 1}});
  author.raw().close();
  scrape_until({{"weir_presence_updates_total", 2}, {"weir_presences", 0}});
}

TEST_F(Metrics, y_websocket_counts_as_itself) {
  start();
  RawClient client(port_);
  ASSERT_EQ(client.handshake("/yjs/space/room"), 101);
  const auto say = [&](std::string_view bytes) { client.send_frame(Opcode::binary, bytes); };
  using namespace std::literals;
  say("\0\0\1\0"sv);    // SyncStep1 of nothing
  say("\0\1\2\0\0"sv);  // SyncStep2 with nothing: all of its state is known
  say("\0\2\6update"sv);
  scrape_until({{R"(weir_deltas_total{dialect="yjs"})", 1}});
  say("\0\2\6update"sv);
  scrape_until({{R"(weir_duplicates_total{dialect="yjs"})", 1},
                {R"(weir_deltas_total{dialect="yjs"})", 1},
                {R"(weir_delta_bytes_total{dialect="yjs"})", 6},
                {R"(weir_deltas_total{dialect="native"})", 0},
                {"weir_sessions" + yjs, 1},
                {"weir_acknowledgement_seconds_count", 2}});  // the update and the same again
  scrape_until_at_least("weir_received_bytes_total" + yjs, 27);
}

TEST_F(Metrics, a_reader_that_falls_behind_is_seen) {
  config::Settings settings = on_free_port();
  settings.limits_session_queue_bytes_max = {64 << 10};
  start(settings);
  NativeClient author(port_, 1), reader(port_, 2);
  const auto subscribed = author.subscribe("space", "document");
  reader.raw().shrink_receive_buffer();
  reader.subscribe("space", "document");
  const std::string payload(32 << 10, 'x');
  std::uint64_t published = 0;
  // Until the reader's socket, and its queue, hold no more. It may fall behind before, and catch up again at once.
  do {
    for (int i = 0; i < 32; ++i) {
      author.publish(subscribed, ++published, {payload});
      author.hear<frames::Stored>();
    }
    ASSERT_LT(published, 10'000U);
  } while (scrape().at("weir_sessions_behind") == 0);
  scrape_until_at_least("weir_fell_behind_total", 1);
  for (std::uint64_t read = 0; read < published;) read = reader.hear<frames::Records>().records.back().sequence.value;
  scrape_until_at_least(R"(weir_deliveries_total{source="log"})", 1);
  scrape_until_at_least(R"(weir_reads_total{kind="catch_up"})", 1);
  const Figures figures = scrape_until_at_least("weir_read_records_total", 1);
  scrape_until_at_least("weir_read_bytes_total", figures.at("weir_read_records_total") * 32 * 1024);
}

TEST_F(Metrics, connections_beyond_the_limit) {
  config::Settings settings = on_free_port();
  settings.limits_connections_max = 2;
  start(settings);
  RawClient one(port_);
  {
    RawClient two(port_);
    EXPECT_EQ(one.request("GET", "/healthz").status, 200);
    EXPECT_EQ(two.request("GET", "/healthz").status, 200);
    EXPECT_EQ(RawClient(port_).read_reply().status, 503);
  }
  // On the connection that there is, until the other's end is known.
  EXPECT_THAT(one.request("GET", "/metrics").body,
              testing::HasSubstr("weir_connections_refused_total{transport=\"http\"} 1"));
}

TEST_F(Metrics, a_log_in_memory_has_nothing_to_tell) {
  OpenLog log;
  auto memory =
      std::make_unique<storage::MemoryLog>(storage::MemoryLogOptions{.mode = storage::MemoryLog::Mode::automatic});
  log.snapshots = &memory->snapshots();
  log.log = std::move(memory);
  auto server = Server::start(on_free_port(), std::move(log));
  ASSERT_TRUE(server) << server.error().message;
  port_ = (*server)->port();
  const Figures figures = scrape();
  EXPECT_TRUE(figures.contains("weir_ready"));
  EXPECT_FALSE(figures.contains("weir_log_records_total"));
}

}  // namespace
}  // namespace weir::app
