// The client's thread: which calls it takes, that each is answered once, and where callbacks run.
#include "weir/client/client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <thread>
#include <vector>

#include "wire.hpp"

namespace weir::client {
namespace {

constexpr DocumentHandle handle{3};

/// Counts what settles, and waits for it.
class Answers {
 public:
  [[nodiscard]] WhenSettled one() {
    return [this](const Settled& settled) {
      const std::scoped_lock lock(mutex_);
      settled_.push_back(settled);
      threads_.insert(std::this_thread::get_id());
      changed_.notify_all();
    };
  }
  std::vector<Settled> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, wait_max, [&] { return settled_.size() >= count; }));
    return settled_;
  }
  [[nodiscard]] std::size_t count() {
    const std::scoped_lock lock(mutex_);
    return settled_.size();
  }
  [[nodiscard]] std::set<std::thread::id> threads() {
    const std::scoped_lock lock(mutex_);
    return threads_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Settled> settled_;
  std::set<std::thread::id> threads_;
};

/// A client with an open document whose thread stands still in a callback until release().
struct Stuck {
  explicit Stuck(ClientOptions options = {})
      : wire(std::make_shared<Wire>()),
        client(std::move(options), wire->transport()),
        document(client.subscribe({"s", "d"}, {}).value()) {
    wire->greet();
    wire->answer_subscribe();
    EXPECT_TRUE(document.when_stored([this](const Settled&) {
      inside.count_down();
      outside.wait();
    }));
    inside.wait();
  }
  ~Stuck() { release(); }
  void release() {
    if (!std::exchange(released, true)) outside.count_down();
  }
  std::shared_ptr<Wire> wire;
  std::latch inside{1};
  std::latch outside{1};
  bool released = false;
  Client client;
  Document document;
};

frames::Stored stored_through(std::uint64_t sequence) {
  return {.document = handle, .through_sequence = {sequence}, .offset = {sequence}};
}

frames::Records record(std::uint64_t offset) {
  Record record;
  record.offset = {offset};
  record.producer = *ProducerId::parse(std::string(16, 'p'));
  record.sequence = {offset};
  record.payload = SharedBytes::copy("x");
  return {.document = handle, .records = {record}};
}

TEST(Client, TellsWhenADeltaIsDurableOnItsOwnThread) {
  const auto wire = std::make_shared<Wire>();
  Answers answers;
  Client client({}, wire->transport());
  Document document = client.subscribe({"s", "d"}, {}).value();
  ASSERT_TRUE(document.publish("one", answers.one()));
  ASSERT_TRUE(document.publish("two", answers.one()));
  ASSERT_TRUE(document.when_stored(answers.one()));
  wire->greet();
  wire->answer_subscribe();
  EXPECT_EQ(wire->next<frames::Publish>().deltas.size(), 2u);
  EXPECT_EQ(answers.count(), 0u);
  wire->say(stored_through(2));
  for (const Settled& settled : answers.wait(3)) EXPECT_FALSE(settled.error);
  EXPECT_EQ(answers.threads().size(), 1u);
  EXPECT_FALSE(answers.threads().contains(std::this_thread::get_id()));
}

TEST(Client, RefusesCallsAboveItsLimitAndAnswersAllOthers) {
  Stuck stuck({.calls_waiting_max = 10});
  Answers answers;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(stuck.document.publish("delta", answers.one()));
  const Result<void> refused = stuck.document.publish("one too many", answers.one());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::resource_exhausted);
  EXPECT_NE(refused.error().message.find("calls_waiting_max"), std::string::npos);
  EXPECT_EQ(stuck.client.subscribe({"s", "other"}, {}).error().code, Code::resource_exhausted);
  stuck.release();
  EXPECT_EQ(stuck.wire->next<frames::Publish>().deltas.size(), 10u);
  ASSERT_TRUE(stuck.document.publish("there is room again", answers.one()));
  EXPECT_EQ(stuck.wire->next<frames::Publish>().deltas.size(), 1u);
  stuck.wire->say(stored_through(11));
  EXPECT_EQ(answers.wait(11).size(), 11u);
}

TEST(Client, RefusesBytesAboveItsLimitButNotASingleCall) {
  Stuck stuck({.calls_waiting_bytes_max = 100});
  ASSERT_TRUE(stuck.document.publish(std::string(300, 'x')));
  EXPECT_EQ(stuck.document.publish("x").error().code, Code::resource_exhausted);
}

TEST(Client, TakesEventsOfTheTransportHoweverManyCallsWait) {
  Stuck stuck({.calls_waiting_max = 1});
  ASSERT_TRUE(stuck.document.publish("fills the queue"));
  ASSERT_FALSE(stuck.document.publish("refused"));
  stuck.wire->lose();
  stuck.release();
  stuck.wire->greet();  // it heard that the connection was lost, and made another
  stuck.wire->answer_subscribe();
  EXPECT_EQ(stuck.wire->next<frames::Publish>().deltas.size(), 1u);
}

TEST(Client, KeepsOnlyTheLastOfCallsThatReplaceEachOther) {
  Stuck stuck({.calls_waiting_max = 1});
  ASSERT_TRUE(stuck.document.publish("fills the queue"));
  for (int i = 0; i < 1000; ++i) {
    stuck.document.set_presence(std::to_string(i));
    stuck.client.disconnect();
    stuck.client.connect();
  }
  stuck.release();
  stuck.wire->greet();  // again, for it was disconnected once
  stuck.wire->answer_subscribe();
  EXPECT_EQ(stuck.wire->next<frames::SetPresence>().data, SharedBytes::copy("999"));
}

TEST(Client, BoundsTheCallbacksThatWaitForACondition) {
  const auto wire = std::make_shared<Wire>();
  Answers answers;
  Client client({.calls_waiting_max = 5}, wire->transport());
  Document document = client.subscribe({"s", "d"}, {}).value();
  std::size_t taken = 0;
  while (answers.count() == 0)
    if (document.when_caught_up(answers.one())) ++taken;
  EXPECT_EQ(answers.wait(1).front().error->error.code, Code::resource_exhausted);
  client.close();
  EXPECT_EQ(answers.count(), taken);
}

TEST(Client, GivesTheNextFrameOnlyWhenTheLastWasTaken) {
  const auto wire = std::make_shared<Wire>();
  std::latch inside{1};
  std::latch outside{1};
  Client client({}, wire->transport());
  const Document document = client
                                .subscribe({"s", "d"}, {.on_records =
                                                            [&](const RecordsRead&) {
                                                              inside.count_down();
                                                              outside.wait();
                                                            }})
                                .value();
  wire->greet();
  wire->answer_subscribe();
  wire->until_reads(2);
  wire->say(record(1));
  inside.wait();
  EXPECT_EQ(wire->reads(), 2u);
  outside.count_down();
  wire->until_reads(3);
}

TEST(Client, TellsARefusedDeltaThatNobodyWaitsFor) {
  const auto wire = std::make_shared<Wire>();
  std::promise<DocumentFailed> told;
  Client client({}, wire->transport());
  Document document =
      client.subscribe({"s", "d"}, {.on_error = [&](const DocumentFailed& failed) { told.set_value(failed); }}).value();
  wire->greet();
  wire->answer_subscribe();
  ASSERT_TRUE(document.publish(std::string(501, 'x')));
  const DocumentFailed failed = told.get_future().get();
  EXPECT_EQ(failed.error.kind, ErrorKind::payload_too_large);
  EXPECT_FALSE(failed.over);
}

TEST(Client, SubscribesInACallbackAlsoToWhatWasClosedInIt) {
  const auto wire = std::make_shared<Wire>();
  std::promise<bool> again;
  std::promise<Document> given;
  std::optional<Client> client;
  client.emplace(ClientOptions{}, wire->transport());
  const auto on_opened = [&, document = given.get_future().share()](const DocumentOpened&) {
    Document opened = document.get();
    opened.close();
    again.set_value(client->subscribe({"s", "d"}, {}).has_value());
  };
  given.set_value(client->subscribe({"s", "d"}, {.on_opened = on_opened}).value());
  wire->greet();
  wire->answer_subscribe();
  EXPECT_TRUE(again.get_future().get());
}

TEST(Client, TellsThatRecordsItHasNotReadWereCut) {
  const auto wire = std::make_shared<Wire>();
  std::promise<Offset> told;
  Handlers handlers;
  handlers.on_cut = [&](const RecordsCut& cut) { told.set_value(cut.offset); };
  Client client({}, wire->transport());
  ASSERT_TRUE(client.subscribe({"s", "d"}, std::move(handlers)));
  wire->greet();
  wire->answer_subscribe();
  wire->say(frames::Cut{.document = {3}, .offset = {7}});
  EXPECT_EQ(told.get_future().get(), Offset{7});
}

TEST(Client, OffersItsStateAfterLostHistory) {
  const auto wire = std::make_shared<Wire>();
  std::promise<Cursor> read;
  Client client({.session = {.backoff_first = std::chrono::milliseconds(1)}}, wire->transport());
  const auto on_records = [&](const RecordsRead& records) { read.set_value(records.cursor.value()); };
  const auto state = [] { return std::vector{SharedBytes::copy("all"), SharedBytes::copy("of it")}; };
  const Document document = client.subscribe({"s", "d"}, {.on_records = on_records, .state = state}).value();
  wire->greet();
  wire->answer_subscribe();
  wire->say(record(1));
  const Cursor cursor = read.get_future().get();
  wire->lose();
  wire->greet();
  EXPECT_EQ(wire->answer_subscribe(true).cursor, cursor);
  wire->say(frames::CaughtUp{.document = handle, .offset = {}});
  const auto publish = wire->next<frames::Publish>();
  EXPECT_TRUE(publish.base);
  ASSERT_EQ(publish.deltas.size(), 2u);
  EXPECT_EQ(publish.deltas[0].payload, SharedBytes::copy("all"));
  EXPECT_EQ(publish.deltas[1].payload, SharedBytes::copy("of it"));
}

TEST(Client, AnswersEverythingWhenItIsClosed) {
  const auto wire = std::make_shared<Wire>();
  Answers answers;
  Client client({}, wire->transport());
  Document document = client.subscribe({"s", "d"}, {}).value();
  wire->greet();
  wire->answer_subscribe();
  ASSERT_TRUE(document.publish("on the wire", answers.one()));
  (void)wire->next<frames::Publish>();
  ASSERT_TRUE(document.publish("perhaps still in the queue", answers.one()));
  ASSERT_TRUE(document.when_stored(answers.one()));
  ASSERT_TRUE(document.when_caught_up(answers.one()));
  client.close();
  EXPECT_EQ(answers.count(), 4u);
  for (const Settled& settled : answers.wait(4)) EXPECT_EQ(settled.error.value().kind, ErrorKind::closed);
  EXPECT_TRUE(wire->gone());
  EXPECT_EQ(document.publish("late", answers.one()).error().code, Code::cancelled);
  EXPECT_EQ(document.when_stored(answers.one()).error().code, Code::cancelled);
  EXPECT_EQ(client.subscribe({"s", "e"}, {}).error().code, Code::cancelled);
  document.set_presence("late");
  document.close();
  client.connect();
  client.close();
  EXPECT_EQ(answers.count(), 4u);
}

TEST(Client, AnswersCallsThatItsThreadHasNotTakenYet) {
  Stuck stuck({.calls_waiting_max = 1 << 30});
  Answers answers;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(stuck.document.publish("queued", answers.one()));
  ASSERT_TRUE(stuck.document.when_stored(answers.one()));
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i)
    others.emplace_back([&, i] {
      const Result<Document> late = stuck.client.subscribe({"s", "late " + std::to_string(i)}, {});
      EXPECT_EQ(late.error().code, Code::cancelled);
    });
  std::thread closer([&] { stuck.client.close(); });
  std::thread closes_too([&] { stuck.client.close(); });
  while (stuck.document.when_stored({})) std::this_thread::yield();  // until it is being closed
  std::this_thread::yield();
  stuck.release();
  closer.join();
  closes_too.join();
  for (std::thread& other : others) other.join();
  EXPECT_GE(answers.count(), 6u);
  EXPECT_FALSE(answers.threads().contains(std::this_thread::get_id()));
}

TEST(Client, ClosesWhileOthersSubscribe) {
  for (int round = 0; round < 100; ++round) {
    const auto wire = std::make_shared<Wire>();
    Client client({}, wire->transport());
    std::atomic<int> begun = 0;
    std::vector<std::thread> others;
    for (int i = 0; i < 2; ++i)
      others.emplace_back([&, i] {
        for (int number = 0;; ++number, ++begun) {
          const std::string name = std::to_string(i) + "/" + std::to_string(number);
          const Result<Document> document = client.subscribe({"s", name}, {});
          if (document) continue;
          EXPECT_EQ(document.error().code, Code::cancelled);
          return;
        }
      });
    while (begun < round % 7) std::this_thread::yield();
    client.close();
    for (std::thread& other : others) other.join();
  }
}

TEST(Client, ClosesFromACallback) {
  const auto wire = std::make_shared<Wire>();
  Answers answers;
  std::promise<void> closed;
  std::promise<Document> given;
  std::optional<Client> client;
  client.emplace(ClientOptions{}, wire->transport());
  const auto on_opened = [&, document = given.get_future().share()](const DocumentOpened&) {
    Document opened = document.get();
    ASSERT_TRUE(opened.publish("never stored", answers.one()));
    client->close();
    EXPECT_EQ(answers.count(), 0u);  // not in here: after this callback
    EXPECT_EQ(opened.publish("late", answers.one()).error().code, Code::cancelled);
    EXPECT_EQ(client->subscribe({"s", "e"}, {}).error().code, Code::cancelled);
    closed.set_value();
  };
  given.set_value(client->subscribe({"s", "d"}, {.on_opened = on_opened}).value());
  wire->greet();
  wire->answer_subscribe();
  closed.get_future().wait();
  std::thread([&] { client.reset(); }).join();
  EXPECT_EQ(answers.count(), 1u);
  EXPECT_TRUE(wire->gone());
}

TEST(Client, LeavesItsDocumentsBehindWithoutHarm) {
  const auto wire = std::make_shared<Wire>();
  std::optional<Client> client;
  client.emplace(ClientOptions{}, wire->transport());
  Document document = client->subscribe({"s", "d"}, {}).value();
  client.reset();
  EXPECT_EQ(document.publish("late").error().code, Code::cancelled);
}

}  // namespace
}  // namespace weir::client
