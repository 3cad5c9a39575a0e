// The client for coroutines: what takes a callback in client.hpp can be waited for here, in any kind of coroutine.
//
//   const Settled settled = co_await publish(plan, "bytes");                 durable, or settled.error says why not
//   Reading reading = read(client, {"acme-notes", "plan"}).value();
//   while (const std::optional<Part> part = co_await reading.next()) ...     snapshots and records, in order
//
// Where it goes on. There is no scheduler here. A coroutine goes on where the callback would have come: on the client's
// thread, before the next callback, so it must not block, nor destroy its client, until it waits for something else. Or
// where an Executor takes it, when one is given:
//
//   const Executor on_io = [&io](std::function<void()> go_on) { boost::asio::post(io, std::move(go_on)); };
//   co_await publish(plan, "bytes", on_io);
//
// A call that is not taken does not wait at all: the coroutine goes on at once, where it is, with the error. So does
// next() when something is there already.
//
// A coroutine must not be destroyed while it waits; close its document or its client instead, which lets it go on, with
// an error of kind `closed`. An Executor must run what it takes, once.
//
// Threads: these functions may be called from any. Only one coroutine at a time waits in a Reading.
#pragma once

#include <coroutine>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "weir/client/client.hpp"
#include "weir/vocabulary/assert.hpp"

namespace weir::client {

/// Runs what it is given, once, on a thread of its own choice.
using Executor = std::function<void(std::function<void()> go_on)>;

namespace coroutine {

inline void go_on(const Executor& on, std::coroutine_handle<> waiting) {
  if (on)
    on([waiting] { waiting.resume(); });
  else
    waiting.resume();
}

/// A call as an error of what it would have brought.
[[nodiscard]] inline ClientError not_taken(const Error& error) {
  return make_error(error.code == Code::cancelled ? ErrorKind::closed : ErrorKind::other, error.code, error.message);
}

}  // namespace coroutine

/// What publish(), when_stored() and when_caught_up() give: co_await it, once, for a Settled.
class [[nodiscard]] Settling {
 public:
  using Start = std::function<Result<void>(WhenSettled)>;
  Settling(Start start, Executor on) : start_(std::move(start)), on_(std::move(on)) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) {
    // Once it was taken, the coroutine may be over, and this object gone, before the call returns.
    const Start start = std::move(start_);
    const Result<void> taken = start([this, waiting, on = std::move(on_)](const Settled& settled) {
      settled_ = settled;
      coroutine::go_on(on, waiting);
    });
    if (taken) return true;
    settled_.error = coroutine::not_taken(taken.error());
    return false;
  }
  [[nodiscard]] Settled await_resume() { return std::move(settled_); }

 private:
  Start start_;
  Executor on_;
  Settled settled_{};
};

/// Waits until the delta is durable, or never will be.
inline Settling publish(Document document, Delta delta, Executor on = {}) {
  return {[document = std::move(document), delta = std::move(delta)](WhenSettled then) mutable {
            return document.publish(delta, std::move(then));
          },
          std::move(on)};
}
inline Settling publish(Document document, std::string_view payload, Executor on = {}) {
  return publish(std::move(document), Delta{{}, SharedBytes::copy(payload)}, std::move(on));
}
/// Waits until nothing of the document waits to be stored.
inline Settling when_stored(Document document, Executor on = {}) {
  return {[document = std::move(document)](WhenSettled then) mutable { return document.when_stored(std::move(then)); },
          std::move(on)};
}
/// Waits until everything the relay has was delivered.
inline Settling when_caught_up(Document document, Executor on = {}) {
  return {
      [document = std::move(document)](WhenSettled then) mutable { return document.when_caught_up(std::move(then)); },
      std::move(on)};
}

/// What a reader is handed, in order; CaughtUp when everything that the relay has came before it; RecordsCut where
/// records are missing because they are not kept.
using Part = std::variant<SnapshotRead, RecordsRead, CaughtUp, RecordsCut>;

struct ReadingOptions {
  SubscribeOptions subscribe{};
  /// Snapshots are taken, and what they stand for does not come as records.
  bool snapshots = false;
  /// Parts that came and were not asked for yet. Beyond it the reading ends with RESOURCE_EXHAUSTED: begin another at
  /// the cursor of the last part. The client cannot wait instead: what the coroutine waits for may be behind them.
  std::size_t waiting_bytes_max = 64 << 20;
  /// Where next() goes on; none: on the client's thread.
  Executor on{};
  /// Of these, on_records, on_snapshot, on_caught_up and on_cut are the reading's own.
  Handlers handlers{};
};

/// A document as a sequence of what it brings. Its end closes the document.
class Reading {
 public:
  class [[nodiscard]] Next;

  /// As Client::subscribe().
  [[nodiscard]] static Result<Reading> begin(Client& client, DocumentAddress address, ReadingOptions options);
  ~Reading() {
    if (state_) close();
  }
  Reading(Reading&&) noexcept = default;
  Reading& operator=(Reading&&) = delete;

  /// co_await it for the next part; for none when the document is over, closed, or too much waits: see error().
  Next next();
  /// Why next() gave none. Kind `closed` when you closed document or client.
  [[nodiscard]] std::optional<ClientError> error() const;
  /// To publish, and for all else that a document can do.
  [[nodiscard]] Document& document();
  /// Closes the document. What came is still given by next(), then none.
  void close();

 private:
  class State;
  explicit Reading(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

[[nodiscard]] inline Result<Reading> read(Client& client, DocumentAddress address, ReadingOptions options = {}) {
  return Reading::begin(client, address, std::move(options));
}

/// Shared with the callbacks, which may still be under way when the Reading is gone.
class Reading::State {
 public:
  State(Executor on, std::size_t bytes_max) : on_(std::move(on)), bytes_max_(bytes_max) {}

  void add(Part part, std::size_t bytes) {
    std::unique_lock lock(mutex_);
    if (error_) return;
    if (bytes_ > 0 && bytes_ + bytes > bytes_max_) {
      error_ = make_error(ErrorKind::other, Code::resource_exhausted,
                          "more than " + std::to_string(bytes_max_) +
                              " bytes wait for next() (waiting_bytes_max); this reading has ended, begin another at "
                              "the cursor of its last part");
      std::optional<Document> full = document_;
      lock.unlock();
      if (full) full->close();
      return;  // nobody waits: bytes_ is not 0
    }
    parts_.emplace_back(std::move(part), bytes);
    bytes_ += bytes;
    wake(lock);
  }
  /// The first error stays.
  void end(ClientError error) {
    std::unique_lock lock(mutex_);
    if (!error_) error_ = std::move(error);
    wake(lock);
  }
  void opened(Document document) {
    std::unique_lock lock(mutex_);
    document_ = document;
    const bool over = error_.has_value();
    lock.unlock();
    if (over) document.close();
  }
  /// Nobody touches it any more once there is one.
  [[nodiscard]] Document& document() { return *document_; }
  [[nodiscard]] std::optional<ClientError> error() {
    const std::scoped_lock lock(mutex_);
    return parts_.empty() ? error_ : std::nullopt;
  }

  [[nodiscard]] bool ready() {
    const std::scoped_lock lock(mutex_);
    return is_ready();
  }
  /// False when it need not wait.
  [[nodiscard]] bool wait(std::coroutine_handle<> waiting) {
    const std::scoped_lock lock(mutex_);
    if (is_ready()) return false;
    WEIR_ASSERT(!waiting_);  // one coroutine at a time
    waiting_ = waiting;
    return true;
  }
  [[nodiscard]] std::optional<Part> take() {
    const std::scoped_lock lock(mutex_);
    if (parts_.empty()) return {};
    auto [part, bytes] = std::move(parts_.front());
    parts_.pop_front();
    bytes_ -= bytes;
    return std::move(part);
  }

 private:
  [[nodiscard]] bool is_ready() const { return !parts_.empty() || error_; }
  void wake(std::unique_lock<std::mutex>& lock) {
    const std::coroutine_handle<> waiting = std::exchange(waiting_, {});
    lock.unlock();
    if (waiting) coroutine::go_on(on_, waiting);
  }

  const Executor on_;
  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::deque<std::pair<Part, std::size_t>> parts_;
  std::size_t bytes_ = 0;
  std::optional<ClientError> error_;
  std::optional<Document> document_;
  std::coroutine_handle<> waiting_;
};

class [[nodiscard]] Reading::Next {
 public:
  explicit Next(std::shared_ptr<State> state) : state_(std::move(state)) {}
  [[nodiscard]] bool await_ready() const { return state_->ready(); }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) {
    const std::shared_ptr<State> state = state_;  // the coroutine may be over before this returns
    return state->wait(waiting);
  }
  [[nodiscard]] std::optional<Part> await_resume() { return state_->take(); }

 private:
  std::shared_ptr<State> state_;
};

inline Result<Reading> Reading::begin(Client& client, DocumentAddress address, ReadingOptions options) {
  constexpr std::size_t entry_bytes = 256;  // what a part or record costs beside its payload
  const auto state = std::make_shared<State>(std::move(options.on), options.waiting_bytes_max);
  Handlers handlers = std::move(options.handlers);
  handlers.on_records = [state](const RecordsRead& read) {
    std::size_t bytes = entry_bytes;
    for (const ReadRecord& record : read.records) bytes += entry_bytes + record.record.payload.size();
    state->add(read, bytes);
  };
  handlers.on_snapshot = nullptr;
  if (options.snapshots)
    handlers.on_snapshot = [state](const SnapshotRead& read) { state->add(read, entry_bytes + read.bytes.size()); };
  handlers.on_caught_up = [state] { state->add(CaughtUp{}, entry_bytes); };
  handlers.on_cut = [state](const RecordsCut& cut) { state->add(cut, entry_bytes); };
  // Gone with the handlers, after their last call: then there is nothing to wait for any more.
  const std::shared_ptr<void> last(nullptr, [state](void*) {
    state->end(make_error(ErrorKind::closed, Code::cancelled, "this document, or its client, was closed"));
  });
  handlers.on_error = [state, last, then = std::move(handlers.on_error)](const DocumentFailed& failed) {
    if (failed.over) state->end(failed.error);
    if (then) then(failed);
  };
  const Result<Document> document = client.subscribe(address, std::move(handlers), std::move(options.subscribe));
  if (!document) return document.error();
  state->opened(*document);
  return Reading(state);
}

inline Reading::Next Reading::next() { return Next(state_); }
inline std::optional<ClientError> Reading::error() const { return state_->error(); }
inline Document& Reading::document() { return state_->document(); }
inline void Reading::close() {
  const auto state = state_;  // who goes on may let go of this reading
  // First, for the client's thread ends it too when the document has closed, with fewer words.
  state->end(make_error(ErrorKind::closed, Code::cancelled, "this reading was closed"));
  state->document().close();
}

/// A coroutine for those who have no type of their own: it begins at once, and a thread can wait for its end.
///
///   Job copy(Client& client) { ... co_await publish(plan, "bytes"); ... }
///   copy(client).wait();
class Job {
 public:
  class promise_type {
   public:
    promise_type() = default;
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;
    /// The end is here, and not in return_void(): what the coroutine held is gone by now.
    ~promise_type() {
      if (thrown_)
        over_.set_exception(thrown_);
      else
        over_.set_value();
    }
    [[nodiscard]] Job get_return_object() { return Job(over_.get_future()); }
    [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { thrown_ = std::current_exception(); }

   private:
    std::promise<void> over_;
    std::exception_ptr thrown_;
  };

  /// Once, and not in a callback. Throws what the coroutine has thrown.
  void wait() { over_.get(); }

 private:
  explicit Job(std::future<void> over) : over_(std::move(over)) {}
  std::future<void> over_;
};

}  // namespace weir::client
