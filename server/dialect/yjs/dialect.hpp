// One connection of an unmodified y-websocket client.
//
//   auto dialect = std::make_unique<yjs::Dialect>(yjs::Dialect::Options{.path = target.path, .token = target.token},
//   limits);
//
// The conversation, after the WebSocket handshake:
//
//   client  SyncStep1(its state vector), then its awareness        kept until the subscription stands
//   relay   the document's records, each as an Update              encoded by yjs::Encoder, sent by the session
//   relay   SyncStep2(nothing)                                     now the app is told "synced"; not before, or it
//   would
//                                                                  take an empty document for the truth and fill it
//                                                                  again
//   relay   SyncStep1(cover)                                       what the relay is known to have
//   client  SyncStep2(what is beyond it)                           what was edited offline; stored, not echoed
//   client  Update ...                                             stored, and echoed once durable: that is its ack
//
// A client that brings state may have edited offline: what it types before it has answered is held until it has, or a
// client that vanishes in between would leave an edit stored without those before it. A client without any state has
// nothing to be asked for, unless the document is new. What could not be stored is asked
// for again later, with growing patience, so that no edit is lost and no client reconnects in a storm.
//
// A client can also be made to give its whole state, or what is beyond a base: the relay asks SyncStep1 for it, and the
// answer stands for every record that the client was sent before (snapshots.cpp). Answers come in the order of the
// questions.
//
// Close codes 4400 to 4499 make a client stop for good: 4400 not understood, 4401 not authenticated, 4403 not
// permitted, 4404 deleted or absent, 4410 history is gone. After any other it reconnects. Threads: its session's.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "weir/core/dialect.hpp"
#include "weir/core/limits.hpp"
#include "weir/yjs/messages.hpp"

namespace weir::yjs {

class Dialect final : public core::Dialect {
 public:
  struct Options {
    DocumentPath path;
    std::string token;
    std::string client;  ///< for the operator's log
  };
  Dialect(Options options, const core::Limits& limits) : options_(std::move(options)), limits_(limits) {}

  [[nodiscard]] core::DialectKind kind() const override { return core::DialectKind::yjs; }
  [[nodiscard]] bool framed() const override { return true; }
  /// Its own awareness coming back is what keeps a lonely client from reconnecting.
  [[nodiscard]] bool wants_own_presence() const override { return true; }
  [[nodiscard]] std::size_t message_bytes_max() const override;
  void opened(core::SessionPort& port) override;
  void message(const SharedBytes& message, core::SessionPort& port) override;
  void event(const frames::ServerEvent& event, core::SessionPort& port) override;
  void cover_granted(DocumentHandle document, std::string cover, core::SessionPort& port) override;
  [[nodiscard]] bool makes_snapshots() const override { return true; }
  void snapshot_wanted(const core::SnapshotTurn& turn, core::SessionPort& port) override;
  void attestation_wanted(const core::AttestationTurn& turn, core::SessionPort& port) override;
  void tick(core::Now now, core::SessionPort& port) override;

 private:
  // What the client said.
  void handle(const SharedBytes& message, core::SessionPort& port);
  void on(const SharedBytes& message, const SyncStep1& step, core::SessionPort& port);
  void on(const SharedBytes& message, const SyncStep2& step, core::SessionPort& port);
  void on(const SharedBytes& message, const Update& update, core::SessionPort& port);
  void on(const SharedBytes& message, const Awareness& awareness, core::SessionPort& port);
  void on(const SharedBytes& message, QueryAwareness, core::SessionPort& port);
  void on(const SharedBytes&, Ignored, core::SessionPort&) {}

  // What the session said. What is not named here does not concern such a client.
  void on(const frames::Welcome& welcome, core::SessionPort&) { session_ = welcome.session; }
  void on(const frames::Subscribed& subscribed, core::SessionPort& port);
  void on(const frames::CaughtUp&, core::SessionPort& port);
  void on(const frames::ErrorEvent& error, core::SessionPort& port);
  void on(const frames::Ping&, core::SessionPort& port);
  void on(const frames::Cut&, core::SessionPort& port);
  template <class Event>
  void on(const Event&, core::SessionPort&) {}

  /// A SyncStep1 of ours that is not answered: what the answer is for.
  struct Query {
    enum class Kind : std::uint8_t { cover, snapshot, attestation };
    Kind kind = Kind::cover;
    core::SnapshotTurn turn{};
    Snapshot compared{};  ///< of an attestation
  };
  void ask(Query query, std::string_view state_vector, core::SessionPort& port);
  [[nodiscard]] bool can_be_asked_for_all() const;
  void made(const Query& query, const SharedBytes& update, core::SessionPort& port);
  void compared(const Query& query, const SharedBytes& update, core::SessionPort& port);
  void answer_sync_step1(core::SessionPort& port);
  void begin_to_hold();
  void hold(SharedBytes update);
  void release(core::SessionPort& port);
  void deny(const std::string& reason, core::SessionPort& port);
  void end(std::uint16_t code, const std::string& reason, core::SessionPort& port);
  void ask_again_later(std::uint64_t retry_after_ms);
  void ask_when_idle(core::SessionPort& port);
  [[nodiscard]] core::Time spread(core::Time over) const;

  Options options_;
  const core::Limits& limits_;
  SessionId session_;
  DocumentHandle document_;  ///< 0 until subscribed
  bool document_is_new_ = false;
  std::vector<SharedBytes> early_;  ///< said before the subscription stood
  std::size_t early_bytes_ = 0;

  bool caught_up_ = false;
  bool step1_unanswered_ = false;
  bool asked_ = false;  ///< for the turn to query this client, once a connection
  bool said_state_vector_ = false;
  std::string state_vector_;      ///< the client's last; empty: none yet, or too long to keep
  std::deque<Query> queries_;     ///< our SyncStep1s that it has not answered
  std::deque<SharedBytes> held_;  ///< updates that wait for the client's answer
  std::size_t held_bytes_ = 0;
  bool holding_ = false;
  bool read_only_ = false;
  bool presence_refused_ = false;
  bool ended_ = false;

  core::Time now_{};
  core::Time kept_alive_at_{};
  core::Time holding_since_{};  ///< 0: since the last tick
  core::Time ask_again_at_{};   ///< 0: not needed
  core::Time patience_{};
  core::Time failed_at_{};
  bool idle_asked_ = false;   ///< for its turn, which has not come yet
  core::Time quiet_since_{};  ///< it has neither typed nor been asked; 0: until the next tick
};

}  // namespace weir::yjs
