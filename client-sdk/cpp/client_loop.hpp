// The thread behind a Client: it feeds the session with calls, frames and time, and performs its effects.
//
// After stop() the session is closed first, and what still waits runs then: a closed session has an answer to every
// call, so that nobody waits for ever.
//
// Internal. Threads: what stands under "any thread" may be called from any; the rest is the loop's own.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "weir/client/client.hpp"
#include "weir/client/inbox.hpp"
#include "weir/client/session.hpp"
#include "weir/client/transport.hpp"

namespace weir::client {

class ClientLoop final : public TransportEvents, public std::enable_shared_from_this<ClientLoop> {
 public:
  ClientLoop(ClientOptions options, std::unique_ptr<Transport> transport);

  // Any thread.
  void start();
  /// Waits for the loop's end, unless it is called on it.
  void stop();
  [[nodiscard]] bool is_this_thread() const { return loop_.load() == std::this_thread::get_id(); }
  [[nodiscard]] Inbox& inbox() { return inbox_; }
  [[nodiscard]] Result<DocumentId> subscribe(DocumentPath path, Handlers handlers, SubscribeOptions options);
  void opened(std::uint64_t attempt) override;
  void received(std::uint64_t attempt, SharedBytes frame) override;
  void lost(std::uint64_t attempt, std::string why) override;

  /// What is to be called when a delta's ticket is settled; the outbox bounds them.
  [[nodiscard]] Ticket await(WhenSettled then);
  /// The same for a condition, when_stored or when_caught_up: as many may wait as calls.
  using Condition = void (Session::*)(DocumentId, Ticket, Time);
  void await(Condition condition, DocumentId document, WhenSettled then);
  /// What goes with the handlers may call back into this.
  void forget(DocumentId document) { const auto gone = handlers_.extract(document); }

 private:
  void run();
  void finish();
  [[nodiscard]] StoreContents begin_store();
  void run_calls();
  void settle();
  void perform(const std::vector<Effect>& effects);
  template <class Call>
  void with(DocumentId document, Call call);
  void on(const Open& effect);
  void on(const Send& effect) { transport_->send(effect.attempt, effect.bytes); }
  void on(const Persist& effect);
  void on(const Shut& effect) { transport_->shut(effect.attempt); }
  void on(const StatusChanged& effect);
  void on(const Welcomed&) {}
  void on(const RelayLeaves&) {}
  void on(const ConnectionFailed& effect);
  void on(const ProducerChanged& effect);
  void on(const SessionFailed& effect);
  void on(const DocumentOpened& effect);
  void on(const RecordsRead& effect);
  void on(const SnapshotRead& effect);
  void on(const SnapshotAsked& effect);
  void on(const AttestationAsked& effect);
  void on(const SnapshotKept& effect);
  void on(const CaughtUp& effect);
  void on(const StoredSome& effect);
  void on(const Settled& effect);
  void on(const PresenceChanged& effect);
  void on(const RecordsCut& effect);
  void on(const DocumentDisconnected&) {}
  void on(const StateWanted& effect);
  void on(const DocumentFailed& effect);
  [[nodiscard]] static Time now() {
    return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now().time_since_epoch());
  }

  ClientOptions options_;
  Inbox inbox_;
  std::thread thread_;
  std::once_flag joined_;
  std::atomic<std::thread::id> loop_;

  // The loop's own.
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Session> session_;
  std::map<DocumentId, std::shared_ptr<const Handlers>> handlers_;
  struct Awaited {
    WhenSettled then;
    bool condition;
  };
  std::map<Ticket, Awaited> awaited_;
  std::size_t conditions_ = 0;
  std::vector<Settled> refused_;
  Ticket last_ticket_ = 0;
};

}  // namespace weir::client
