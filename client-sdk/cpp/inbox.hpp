// What waits for a client's thread: calls of the application, bounded, and events of the transport, which are never
// refused (a transport has one frame, one opened() and one lost() out at a time).
//
//   if (Result<void> taken = inbox.call(std::move(task), payload_bytes); !taken) return taken;    any thread
//   while (inbox.wait(session.deadline())) for (const Inbox::Task& task : inbox.take_calls()) task(session, now);
//
// Beside the queue stand calls that replace each other (connect and disconnect, one presence per document), and a
// document's close, of which one at a time is enough: these are bounded without ever being refused.
//
// Internal. Threads: wait, take_events, take_calls and calls_done belong to the client's thread; the rest may be called
// from any.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "weir/client/effects.hpp"
#include "weir/client/timers.hpp"

namespace weir::client {

class Session;

class Inbox {
 public:
  using Task = std::function<void(Session&, Time now)>;
  struct Limits {
    std::size_t calls_max;
    std::size_t payload_bytes_max;
  };
  explicit Inbox(Limits limits) : limits_(limits) {}

  /// CANCELLED after stop(), RESOURCE_EXHAUSTED above the limits: the task is not kept.
  [[nodiscard]] Result<void> call(Task task, std::size_t payload_bytes = 0);
  void connect(Task task);
  void disconnect(Task task);
  void set_presence(DocumentId document, Task task);
  void close(DocumentId document, Task task);
  void event(Task task);
  /// Nothing is taken any more; what is here can still be taken out.
  void stop();
  [[nodiscard]] bool stopped();
  [[nodiscard]] static Error closed_error();

  /// Until there is something to take, or it is time; false once it was stopped.
  [[nodiscard]] bool wait(std::optional<Time> deadline);
  [[nodiscard]] std::deque<Task> take_events();
  /// Counted as waiting until calls_done().
  [[nodiscard]] std::deque<Task> take_calls();
  void calls_done();

 private:
  struct Amount {
    std::size_t calls = 0;
    std::size_t payload_bytes = 0;
  };
  template <class Add>
  void add(Add add);
  [[nodiscard]] bool has_any() const;

  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::deque<Task> events_;
  std::deque<Task> calls_;
  Amount waiting_;  ///< of calls_
  Amount taken_;    ///< of the calls that were taken out last
  std::set<DocumentId> closing_;
  std::map<DocumentId, Task> presence_;
  std::optional<Task> disconnect_;
  std::optional<Task> connect_;  ///< after disconnect_
};

}  // namespace weir::client
