#include "weir/grpc/one_shot.hpp"

#include <algorithm>
#include <utility>

namespace weir::rpc {

/// Plays the client: what it would send is submitted, what it would receive is looked at.
class OneShot::Script final : public core::Dialect {
 public:
  Script(std::weak_ptr<OneShot> call, Task task) : call_(std::move(call)), task_(std::move(task)) {}

  [[nodiscard]] core::DialectKind kind() const override { return core::DialectKind::native; }
  [[nodiscard]] bool framed() const override { return false; }
  [[nodiscard]] std::size_t message_bytes_max() const override { return 1; }
  void cover_granted(DocumentHandle, std::string, core::SessionPort&) override {}
  void tick(core::Now, core::SessionPort&) override {}

  void opened(core::SessionPort& port) override {
    if (!task_.producer) {
      port.hello_foreign(task_.token, "grpc");
    } else {
      frames::Hello hello;
      hello.protocol_version = frames::protocol_version;
      hello.producer = *task_.producer;
      hello.token = task_.token;
      port.submit(std::move(hello));
    }
    frames::Subscribe subscribe;
    subscribe.request = 1;
    subscribe.path = task_.path;
    subscribe.from = frames::From::live_only;
    subscribe.recreate = task_.recreate;
    port.submit(std::move(subscribe));
  }

  /// Bytes of the snapshot.
  void message(const SharedBytes& bytes, core::SessionPort& port) override {
    frames::SnapshotChunk chunk;
    chunk.document = subscribed_.document;
    chunk.position = std::exchange(sent_, sent_ + bytes.size());
    chunk.data = bytes;
    chunk.last = sent_ == task_.snapshot->size;
    port.submit(std::move(chunk));
  }

  void event(const frames::ServerEvent& event, core::SessionPort& port) override {
    if (const auto* error = std::get_if<frames::ErrorEvent>(&event)) return end(*error);
    if (const auto* subscribed = std::get_if<frames::Subscribed>(&event)) return on(*subscribed, port);
    if (const auto* stored = std::get_if<frames::Stored>(&event)) {
      if (stored->through_sequence >= last_) end(Done{subscribed_, *stored});
    }
    if (std::holds_alternative<frames::SnapshotStored>(event)) end(Done{subscribed_, std::nullopt});
    if (std::holds_alternative<frames::GoingAway>(event)) {
      frames::ErrorEvent error;
      error.error = fail(Code::unavailable,
                         "the relay is stopping, and what was sent may or may not be stored; ask again with the same "
                         "sequence");
      end(std::move(error));
    }
  }

 private:
  void on(const frames::Subscribed& subscribed, core::SessionPort& port) {
    subscribed_ = subscribed;
    if (task_.snapshot) return offer(port);
    if (!task_.producer) return end(Done{subscribed, std::nullopt});
    frames::Publish publish;
    publish.document = subscribed.document;
    publish.epoch = task_.epoch.value_or(subscribed.epoch);
    publish.first_sequence = task_.first_sequence.value > 0 ? task_.first_sequence : subscribed.last_sequence.next();
    publish.deltas = std::move(task_.deltas);
    last_ = publish.first_sequence.plus(publish.deltas.size() - 1);
    port.submit(std::move(publish));
  }

  void offer(core::SessionPort& port) {
    frames::SnapshotOffer offer = *task_.snapshot;
    offer.document = subscribed_.document;
    offer.epoch = task_.epoch.value_or(subscribed_.epoch);
    port.submit(std::move(offer));
    if (const auto call = call_.lock()) call->reading(true);
  }

  void end(Outcome outcome) {
    if (const auto call = call_.lock()) call->end(std::move(outcome));
  }

  const std::weak_ptr<OneShot> call_;
  Task task_;
  frames::Subscribed subscribed_;
  Sequence last_;
  std::uint64_t sent_ = 0;  ///< of the snapshot
};

std::shared_ptr<OneShot> OneShot::run(shard::Shard& shard, Task task, Answer answer) {
  std::shared_ptr<OneShot> call(new OneShot(shard, std::move(answer)));  // the constructor is private
  shard.executor().post([call, task = std::move(task)]() mutable { call->begin(std::move(task)); });
  return call;
}

void OneShot::begin(Task task) {
  if (ended_) return;
  self_ = shared_from_this();
  wanted_ = std::exchange(task.wanted, nullptr);
  session_ = &shard_.open(std::make_unique<Script>(weak_from_this(), std::move(task)), *this);
  if (ended_) leave();
}

void OneShot::send(const SharedBytes& bytes) {
  if (session_ != nullptr && !ended_) session_->receive(bytes);
}

void OneShot::reading(bool wanted) {
  if (wanted_ && !ended_) wanted_(wanted);
}

void OneShot::abandon() {
  if (std::exchange(ended_, true)) return;
  answer_ = nullptr;
  leave();
}

void OneShot::end(Outcome outcome) {
  if (std::exchange(ended_, true)) return;
  std::exchange(answer_, nullptr)(std::move(outcome));
  // Not from within the session's own call.
  shard_.executor().post([self = shared_from_this()] { self->leave(); });
}

void OneShot::leave() {
  wanted_ = nullptr;
  if (session_ != nullptr) std::exchange(session_, nullptr)->closed();
  self_.reset();
}

void OneShot::output_ready() {
  // Nobody reads it: only the events matter, and they have been looked at.
  shard_.executor().post([self = shared_from_this()] {
    std::vector<SharedBytes> unread;
    while (self->session_ != nullptr && self->session_->take(1 << 20, unread)) unread.clear();
    if (self->session_ == nullptr) return;
    self->session_->flushed();
    self->session_->heard();  // gRPC itself sees to whether the client is still there
  });
}

void OneShot::close(std::uint16_t, std::string_view reason) {
  frames::ErrorEvent error;
  error.error = fail(Code::unavailable, std::string(reason));
  end(std::move(error));
  leave();
}

}  // namespace weir::rpc
