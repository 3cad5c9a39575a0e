// A shard whose sessions do what the test says, so that transports are tested without a core.
//
// Threads: sessions run on the shard's thread; `on` lets a test run code there and waits for it.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "weir/runtime/io_thread.hpp"
#include "weir/shard/shard.hpp"

namespace weir::test {

/// Says only what kind of connection it is: FakeShard never calls the rest.
class FakeDialect final : public core::Dialect {
 public:
  explicit FakeDialect(bool framed) : framed_(framed) {}
  [[nodiscard]] core::DialectKind kind() const override {
    return framed_ ? core::DialectKind::yjs : core::DialectKind::native;
  }
  [[nodiscard]] bool framed() const override { return framed_; }
  [[nodiscard]] std::size_t message_bytes_max() const override { return 1; }
  void opened(core::SessionPort&) override {}
  void message(const SharedBytes&, core::SessionPort&) override {}
  void event(const frames::ServerEvent&, core::SessionPort&) override {}
  void cover_granted(DocumentHandle, std::string, core::SessionPort&) override {}
  void tick(core::Now, core::SessionPort&) override {}

 private:
  bool framed_;
};

class FakeSession final : public shard::Session {
 public:
  FakeSession(std::unique_ptr<core::Dialect> its_dialect, shard::Connection& its_connection)
      : dialect(std::move(its_dialect)), connection(its_connection) {}

  /// Queues bytes for the peer.
  void say(SharedBytes bytes) {
    waiting.push_back(std::move(bytes));
    if (!announced) {
      announced = true;
      connection.output_ready();
    }
  }

  [[nodiscard]] std::size_t message_bytes_max() const override { return bytes_max; }
  [[nodiscard]] bool framed() const override { return dialect->framed(); }
  void receive(const SharedBytes& message) override {
    received.emplace_back(message.view());
    on_message(message);
  }
  bool take(std::size_t count_max, std::vector<SharedBytes>& out) override {
    ++takes;
    if (waiting.empty()) {
      announced = false;
      return false;
    }
    std::size_t count = 0;
    while (!waiting.empty() && (count == 0 || count + waiting.front().size() <= count_max)) {
      count += waiting.front().size();
      out.push_back(std::move(waiting.front()));
      waiting.pop_front();
    }
    return true;
  }
  void flushed() override { ++flushes; }
  void heard() override { ++times_heard; }
  void closed() override;

  std::unique_ptr<core::Dialect> dialect;
  shard::Connection& connection;
  std::size_t bytes_max = 1 << 20;
  std::deque<SharedBytes> waiting;
  bool announced = false;
  int takes = 0;
  int flushes = 0;
  int times_heard = 0;
  std::vector<std::string> received;
  std::function<void(const SharedBytes&)> on_message = [](const SharedBytes&) {};
  std::function<void()> on_closed = [] {};
};

inline void FakeSession::closed() {
  const auto call = on_closed;  // destroys this
  call();
}

/// What a test has a new session do. A test may set it while the shard's thread runs: that a client connects only later
/// is no order between threads that ThreadSanitizer can see.
class OnOpen {
 public:
  using Call = std::function<void(FakeSession&)>;
  OnOpen& operator=(Call call) {
    const std::lock_guard lock(mutex_);
    call_ = std::move(call);
    return *this;
  }
  void operator()(FakeSession& session) const {
    const Call call = [this] {
      const std::lock_guard lock(mutex_);
      return call_;
    }();
    call(session);
  }

 private:
  mutable std::mutex mutex_;
  Call call_ = [](FakeSession&) {};
};

class FakeShard final : public shard::Shard {
 public:
  explicit FakeShard(runtime::IoThread& thread) : thread_(thread) {}
  [[nodiscard]] runtime::Executor& executor() override { return thread_; }
  shard::Session& open(std::unique_ptr<core::Dialect> dialect, shard::Connection& connection) override {
    auto session = std::make_unique<FakeSession>(std::move(dialect), connection);
    FakeSession& opened = *session;
    const int number = ++opened_;
    sessions[number] = std::move(session);
    opened.on_closed = [this, number] {
      sessions.erase(number);
      if (sessions.empty()) std::exchange(when_empty, [] {})();
    };
    on_open(opened);
    return opened;
  }
  void delete_document(DocumentPath, std::function<void(Result<Offset>)> done) override {
    done(fail(Code::not_found, "no documents here"));
  }
  void withdraw_snapshot(DocumentPath, Offset, std::function<void(Result<void>)> done) override { done({}); }
  void release_snapshot(DocumentPath, Offset, const Digest&, std::function<void(Result<void>)> done) override {
    done({});
  }
  void maintain(DocumentPath) override {}
  void drain(std::string, std::chrono::milliseconds, std::function<void()> done) override { done(); }
  void watch(const SpaceName&, std::weak_ptr<shard::SpaceWatcher>) override {}
  [[nodiscard]] shard::Counters counters() const override { return {}; }
  [[nodiscard]] shard::Timings timings() const override { return {}; }

  /// Runs on the shard's thread; returns when it has.
  template <class Function>
  auto on(Function function) {
    std::packaged_task<decltype(function())()> task(std::move(function));
    auto result = task.get_future();
    thread_.post([&task] { task(); });
    return result.get();
  }
  /// Waits until no session is left.
  void wait_until_empty() {
    auto empty = std::make_shared<std::promise<void>>();
    auto future = empty->get_future();
    on([&] {
      if (sessions.empty()) {
        empty->set_value();
      } else {
        when_empty = [empty] { empty->set_value(); };
      }
    });
    future.wait();
  }

  OnOpen on_open;
  std::function<void()> when_empty = [] {};
  std::map<int, std::unique_ptr<FakeSession>> sessions;

 private:
  runtime::IoThread& thread_;
  int opened_ = 0;
};

}  // namespace weir::test
