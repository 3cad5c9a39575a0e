#include "weir/client/inbox.hpp"

namespace weir::client {
namespace {

Error too_many(std::size_t calls, std::size_t payload_bytes) {
  return fail(Code::resource_exhausted,
              std::to_string(calls) + " calls with " + std::to_string(payload_bytes) +
                  " bytes wait for this client's thread, more than its options allow (calls_waiting_max, "
                  "calls_waiting_bytes_max); this one was not taken, try again when a callback of an earlier one has "
                  "come, and see that no callback takes long");
}

}  // namespace

Error Inbox::closed_error() { return fail(Code::cancelled, "this client was closed; make a new one"); }

bool Inbox::stopped() {
  const std::scoped_lock lock(mutex_);
  return stopped_;
}

Result<void> Inbox::call(Task task, std::size_t payload_bytes) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return closed_error();
  const std::size_t calls = waiting_.calls + taken_.calls;
  const std::size_t bytes = waiting_.payload_bytes + taken_.payload_bytes;
  // A single one is always taken, so that a large delta meets the outbox's limit and its error instead of this one.
  if (calls > 0 && (calls >= limits_.calls_max || bytes + payload_bytes > limits_.payload_bytes_max))
    return too_many(calls, bytes);
  calls_.push_back(std::move(task));
  waiting_ = {waiting_.calls + 1, waiting_.payload_bytes + payload_bytes};
  wake_.notify_one();
  return {};
}

template <class Add>
void Inbox::add(Add add) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return;
  add();
  wake_.notify_one();
}

void Inbox::connect(Task task) {
  add([&] { connect_ = std::move(task); });
}

void Inbox::disconnect(Task task) {
  add([&] {
    disconnect_ = std::move(task);
    connect_.reset();
  });
}

void Inbox::set_presence(DocumentId document, Task task) {
  add([&] { presence_.insert_or_assign(document, std::move(task)); });
}

void Inbox::close(DocumentId document, Task task) {
  add([&] {
    if (closing_.insert(document).second) calls_.push_back(std::move(task));
  });
}

void Inbox::event(Task task) {
  add([&] { events_.push_back(std::move(task)); });
}

void Inbox::stop() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  wake_.notify_one();
}

bool Inbox::has_any() const {
  return stopped_ || !events_.empty() || !calls_.empty() || !presence_.empty() || disconnect_ || connect_;
}

bool Inbox::wait(std::optional<Time> deadline) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return has_any(); };
  if (deadline)
    wake_.wait_until(lock, std::chrono::steady_clock::time_point(*deadline), ready);
  else
    wake_.wait(lock, ready);
  return !stopped_;
}

std::deque<Inbox::Task> Inbox::take_events() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(events_, {});
}

void Inbox::calls_done() {
  const std::scoped_lock lock(mutex_);
  taken_ = {};
}

std::deque<Inbox::Task> Inbox::take_calls() {
  const std::scoped_lock lock(mutex_);
  std::deque<Task> tasks = std::exchange(calls_, {});
  taken_ = std::exchange(waiting_, {});
  closing_.clear();
  for (auto& [document, task] : std::exchange(presence_, {})) tasks.push_front(std::move(task));
  if (connect_) tasks.push_front(*std::exchange(connect_, {}));
  if (disconnect_) tasks.push_front(*std::exchange(disconnect_, {}));
  return tasks;
}

}  // namespace weir::client
