// Coroutines over the client: what they are given, where they go on, and that whatever ends lets them go on.
#include "weir/client/coroutine.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "wire.hpp"

namespace weir::client {
namespace {

constexpr DocumentHandle handle{3};

frames::Stored stored_through(std::uint64_t sequence) {
  return {.document = handle, .through_sequence = {sequence}, .offset = {sequence}};
}

frames::Records records(std::uint64_t offset, const std::string& payload) {
  Record record;
  record.offset = {offset};
  record.producer = *ProducerId::parse(std::string(16, 'p'));
  record.sequence = {offset};
  record.payload = SharedBytes::copy(payload);
  return {.document = handle, .records = {record}};
}

/// An executor that is a thread.
class OneThread {
 public:
  OneThread() : thread_([this] { run(); }) {}
  ~OneThread() {
    post({});
    thread_.join();
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  [[nodiscard]] Executor executor() {
    return [this](std::function<void()> go_on) { post(std::move(go_on)); };
  }
  [[nodiscard]] std::thread::id id() const { return thread_.get_id(); }

 private:
  void post(std::function<void()> task) {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !tasks_.empty(); });
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      if (!task) return;
      task();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::thread thread_;
};

struct Scene {
  explicit Scene(ClientOptions options = {})
      : wire(std::make_shared<Wire>()), client(std::move(options), wire->transport()) {}
  Document open() {
    Document out = client.subscribe({"s", "d"}, {}).value();
    answer();
    return out;
  }
  void answer() {
    wire->greet();
    wire->answer_subscribe();
  }
  std::shared_ptr<Wire> wire;
  Client client;
};

Job publish_two(Document document, std::vector<Settled>& out, std::vector<std::thread::id>& where, Executor on = {}) {
  out.push_back(co_await publish(document, "one", on));
  where.push_back(std::this_thread::get_id());
  out.push_back(co_await publish(document, Delta{{17}, SharedBytes::copy("two")}, on));
  where.push_back(std::this_thread::get_id());
}

TEST(Coroutine, WaitsUntilADeltaIsDurable) {
  Scene scene;
  std::vector<Settled> settled;
  std::vector<std::thread::id> where;
  Job job = publish_two(scene.open(), settled, where);
  EXPECT_EQ(scene.wire->next<frames::Publish>().deltas.size(), 1u);
  scene.wire->say(stored_through(1));
  EXPECT_EQ(scene.wire->next<frames::Publish>().deltas.at(0).codec, Codec{17});
  scene.wire->say(stored_through(2));
  job.wait();
  ASSERT_EQ(settled.size(), 2u);
  EXPECT_FALSE(settled[1].error);
  EXPECT_EQ(settled[1].offset, Offset{2});
  EXPECT_EQ(where[0], where[1]);  // the client's
  EXPECT_NE(where[0], std::this_thread::get_id());
}

TEST(Coroutine, GoesOnWhereItsExecutorTakesIt) {
  Scene scene;
  OneThread thread;
  std::vector<Settled> settled;
  std::vector<std::thread::id> where;
  Job job = publish_two(scene.open(), settled, where, thread.executor());
  (void)scene.wire->next<frames::Publish>();
  scene.wire->say(stored_through(1));
  (void)scene.wire->next<frames::Publish>();
  scene.wire->say(stored_through(2));
  job.wait();
  EXPECT_EQ(where, (std::vector{thread.id(), thread.id()}));
}

TEST(Coroutine, DoesNotWaitForWhatIsNotTaken) {
  Scene scene;
  Document document = scene.open();
  scene.client.close();
  std::vector<Settled> settled;
  std::vector<std::thread::id> where;
  publish_two(document, settled, where).wait();
  ASSERT_EQ(settled.size(), 2u);
  EXPECT_EQ(settled[0].error->kind, ErrorKind::closed);
  EXPECT_EQ(settled[0].error->error.code, Code::cancelled);
  EXPECT_EQ(where[1], std::this_thread::get_id());
}

Job wait_for_both(Document document, std::vector<Settled>& out) {
  out.push_back(co_await when_stored(document));
  out.push_back(co_await when_caught_up(document));
}

TEST(Coroutine, WaitsForConditions) {
  Scene scene;
  std::vector<Settled> settled;
  Job job = wait_for_both(scene.open(), settled);
  scene.wire->say(frames::CaughtUp{.document = handle, .offset = {}});
  job.wait();
  EXPECT_EQ(settled.size(), 2u);
  for (const Settled& one : settled) EXPECT_FALSE(one.error);
}

TEST(Coroutine, GoesOnWithAnErrorWhenTheClientIsClosed) {
  Scene scene;
  std::vector<Settled> settled;
  Job job = wait_for_both(scene.open(), settled);
  scene.client.close();
  job.wait();
  EXPECT_EQ(settled.at(1).error->kind, ErrorKind::closed);
}

Job throws(Document document) {
  (void)co_await when_stored(document);
  throw std::runtime_error("as it is told to");
}

TEST(Coroutine, HandsOnWhatAJobThrows) {
  Scene scene;
  Job job = throws(scene.open());
  EXPECT_THROW(job.wait(), std::runtime_error);
}

// ---- readings ----

/// One line for each part.
Job follow(Reading& reading, std::vector<std::string>& out) {
  while (const std::optional<Part> part = co_await reading.next()) {
    if (const auto* read = std::get_if<RecordsRead>(&*part))
      for (const ReadRecord& entry : read->records) out.emplace_back(entry.record.payload.view());
    else if (std::holds_alternative<CaughtUp>(*part))
      out.emplace_back("(caught up)");
    else if (const auto* cut = std::get_if<RecordsCut>(&*part))
      out.emplace_back("(cut " + std::to_string(cut->offset.value) + ")");
    else
      out.emplace_back(std::get<SnapshotRead>(*part).bytes.view());
  }
  out.push_back(reading.error()->error.message);
}

TEST(Reading, GivesWhatComesInOrder) {
  Scene scene;
  Reading reading = read(scene.client, {"s", "d"}).value();
  scene.answer();
  std::vector<std::string> lines;
  scene.wire->say(records(1, "one"));
  scene.wire->say(frames::Cut{.document = handle, .offset = {2}});
  scene.wire->say(records(3, "three"));
  scene.wire->until_reads(5);  // all are there before anybody asks
  Job job = follow(reading, lines);
  scene.wire->say(frames::CaughtUp{.document = handle, .offset = {3}});
  scene.wire->say(records(4, "four"));
  scene.wire->until_reads(7);
  reading.close();
  job.wait();
  EXPECT_EQ(lines,
            (std::vector<std::string>{"one", "(cut 2)", "three", "(caught up)", "four", "this reading was closed"}));
}

TEST(Reading, EndsWithItsClient) {
  Scene scene;
  Reading reading = read(scene.client, {"s", "d"}).value();
  std::vector<std::string> lines;
  Job job = follow(reading, lines);
  scene.client.close();
  job.wait();
  EXPECT_EQ(lines, (std::vector<std::string>{"this document, or its client, was closed"}));
  EXPECT_EQ(read(scene.client, {"s", "d"}).error().code, Code::cancelled);
}

TEST(Reading, EndsWithItsDocument) {
  Scene scene;
  Reading reading = read(scene.client, {"s", "d"}).value();
  scene.answer();
  std::vector<std::string> lines;
  Job job = follow(reading, lines);
  frames::ErrorEvent deleted;
  deleted.document = handle;
  deleted.error = {Code::failed_precondition, "it was deleted"};
  deleted.reason = frames::Reason::deleted;
  scene.wire->say(deleted);
  job.wait();
  EXPECT_EQ(reading.error()->kind, ErrorKind::deleted);
}

TEST(Reading, EndsWhenTooMuchWaitsAndSaysWhereToGoOn) {
  Scene scene;
  Reading reading = read(scene.client, {"s", "d"}, {.waiting_bytes_max = 1000}).value();
  scene.answer();
  scene.wire->say(records(1, std::string(2000, '1')));  // a single one is always taken
  scene.wire->say(records(2, "two"));
  (void)scene.wire->next<frames::Unsubscribe>();
  std::optional<Cursor> cursor;
  const auto drain = [](Reading& it, std::optional<Cursor>& last) -> Job {
    while (const std::optional<Part> part = co_await it.next()) last = std::get<RecordsRead>(*part).cursor;
  };
  drain(reading, cursor).wait();
  EXPECT_EQ(reading.error()->error.code, Code::resource_exhausted);
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->offset, Offset{1});
  Reading again = read(scene.client, {"s", "d"}, {.subscribe = {.cursor = cursor}}).value();
  EXPECT_EQ(scene.wire->answer_subscribe().cursor, cursor);
}

TEST(Reading, PublishesWhileItReads) {
  Scene scene;
  Reading reading = read(scene.client, {"s", "d"}).value();
  scene.answer();
  std::vector<Offset> copied;
  const auto answer_each = [](Reading& it, std::vector<Offset>& out) -> Job {
    while (const std::optional<Part> part = co_await it.next())
      out.push_back((co_await publish(it.document(), "answer")).offset);
  };
  Job job = answer_each(reading, copied);
  scene.wire->say(records(1, "question"));
  (void)scene.wire->next<frames::Publish>();
  scene.wire->say(records(2, "another"));  // waits, for the answer to the first is not stored yet
  scene.wire->say(stored_through(1));
  (void)scene.wire->next<frames::Publish>();
  scene.wire->say(stored_through(2));
  scene.wire->until_reads(6);
  scene.client.close();
  job.wait();
  EXPECT_EQ(copied, (std::vector<Offset>{{1}, {2}}));
}

TEST(Reading, GoesOnWhereItsExecutorTakesIt) {
  Scene scene;
  OneThread thread;
  Reading reading = read(scene.client, {"s", "d"}, {.on = thread.executor()}).value();
  scene.answer();
  std::thread::id where;
  const auto once = [](Reading& it, std::thread::id& out) -> Job {
    (void)co_await it.next();
    out = std::this_thread::get_id();
  };
  Job job = once(reading, where);
  scene.wire->say(records(1, "one"));
  job.wait();
  EXPECT_EQ(where, thread.id());
}

}  // namespace
}  // namespace weir::client
