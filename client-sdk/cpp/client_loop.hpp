// The thread behind a Client: it feeds the session with calls, frames and time, and performs its effects.
//
// Internal. Threads: post() and what TransportEvents has may be called from any; the rest is the loop's own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "weir/client/client.hpp"
#include "weir/client/session.hpp"
#include "weir/client/transport.hpp"

namespace weir::client {

class ClientLoop final : public TransportEvents, public std::enable_shared_from_this<ClientLoop> {
 public:
  using Task = std::function<void(Session&, Time now)>;
  ClientLoop(ClientOptions options, std::unique_ptr<Transport> transport);
  void start();
  /// False when it has stopped: the task is dropped.
  bool post(Task task);
  void stop();

  [[nodiscard]] Result<DocumentId> subscribe(DocumentPath path, Handlers handlers, SubscribeOptions options);
  /// On the loop: what is to be called when a ticket is settled.
  [[nodiscard]] Ticket await(WhenSettled then);
  void forget(DocumentId document) { handlers_.erase(document); }

  void opened(std::uint64_t attempt) override;
  void received(std::uint64_t attempt, SharedBytes frame) override;
  void lost(std::uint64_t attempt, std::string why) override;

 private:
  void run();
  void perform(const std::vector<Effect>& effects);
  template <class Call>
  void with(DocumentId document, Call call);
  void on(const Open& effect);
  void on(const Send& effect) { transport_->send(effect.attempt, effect.bytes); }
  void on(const Shut& effect) { transport_->shut(effect.attempt); }
  void on(const StatusChanged& effect);
  void on(const Welcomed&) {}
  void on(const RelayLeaves&) {}
  void on(const ConnectionFailed& effect);
  void on(const ProducerChanged&) {}
  void on(const SessionFailed& effect);
  void on(const DocumentOpened& effect);
  void on(const RecordsRead& effect);
  void on(const CaughtUp& effect);
  void on(const StoredSome& effect);
  void on(const Settled& effect);
  void on(const PresenceChanged& effect);
  void on(const RecordsCut&) {}
  void on(const DocumentDisconnected&) {}
  void on(const StateWanted& effect);
  void on(const DocumentFailed& effect);
  [[nodiscard]] static Time now() {
    return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now().time_since_epoch());
  }

  ClientOptions options_;
  std::unique_ptr<Transport> transport_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::thread thread_;

  // The loop's own.
  std::unique_ptr<Session> session_;
  std::map<DocumentId, std::shared_ptr<const Handlers>> handlers_;
  std::map<Ticket, WhenSettled> awaited_;
  Ticket last_ticket_ = 0;
};

}  // namespace weir::client
