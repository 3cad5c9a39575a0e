// The one implementation of Shard: how messages travel between the threads, and who performs the effects.
//
// A step never runs inside another: what a hub or session causes on this same shard is queued and done in the same
// turn (settle()), then every session that has output is woken once. What goes to another shard is put in its mailbox.
//
// Threads: every member on the shard's executor, but for `mailbox_` and the counters.
#pragma once

#include <deque>
#include <unordered_map>
#include <variant>

#include "weir/core/hub.hpp"
#include "weir/core/session.hpp"
#include "weir/observe/published.hpp"
#include "weir/runtime/mailbox.hpp"
#include "weir/shard/history.hpp"
#include "weir/shard/shard.hpp"
#include "weir/shard/snapshot_cache.hpp"

namespace weir::shard {

class ShardImpl;

/// What all shards of a server share.
struct Fleet {
  explicit Fleet(Environment environment_)
      : environment(std::move(environment_)), snapshots(environment.snapshot_cache_bytes_max) {}
  Environment environment;
  SnapshotCache snapshots;
  std::vector<ShardImpl*> shards;
  std::atomic<std::uint64_t> sessions_given{0};
};

/// To a hub, to a session, to every listener of a document, or just to be run.
struct ForSession {
  SessionId session;
  core::SessionMessage message;
};
using Run = std::function<void()>;
/// An append of this shard is over: for the hub, and for who watches the space.
struct Committed {
  core::AppendFinished finished;
  DocumentRef path;
};
using Message = std::variant<core::HubInput, ForSession, core::DeliveryRef, core::PresenceDeliveryRef, core::ReadAnswer,
                             core::SnapshotReadAnswer, core::HistoryAnswer, core::UploadAnswer, Committed, Run>;

class LocalSession;

class ShardImpl final : public Shard {
 public:
  ShardImpl(std::shared_ptr<Fleet> fleet, std::uint32_t index, std::size_t count, runtime::Executor& executor);
  ~ShardImpl() override;

  runtime::Executor& executor() override { return executor_; }
  Session& open(std::unique_ptr<core::Dialect> dialect, Connection& connection) override;
  void delete_document(DocumentPath path, std::function<void(Result<Offset>)> done) override;
  void withdraw_snapshot(DocumentPath path, Offset offset, std::function<void(Result<void>)> done) override;
  void release_snapshot(DocumentPath path, Offset offset, const Digest& hash,
                        std::function<void(Result<void>)> done) override;
  void maintain(DocumentPath path) override;
  void drain(std::string reason, std::chrono::milliseconds reconnect_after, std::function<void()> done) override;
  void watch(const SpaceName& space, std::weak_ptr<SpaceWatcher> watcher) override;
  [[nodiscard]] Counters counters() const override { return shown_.read(); }
  [[nodiscard]] Timings timings() const override { return {acknowledged_.read(), delivered_.read()}; }

  /// From any thread.
  void post(Message message);

  // For the sessions of this shard.
  [[nodiscard]] Fleet& fleet() { return *fleet_; }
  [[nodiscard]] core::Now now() const { return {executor_.steady_now(), executor_.wall_now()}; }
  void to_hub(const SpaceName& space, core::HubInput input);
  void read(core::ReadRequest request);
  void read(core::SnapshotReadRequest request);
  void read(core::HistoryRequest request);
  void upload(core::UploadStep step);
  void listen(DocumentHandle document, LocalSession& session, bool wanted);
  void wake(LocalSession& session);
  void closed(LocalSession& session);
  void close_session(SessionId session, std::uint16_t code, const std::string& reason);
  [[nodiscard]] core::Moment moment() const { return executor_.moment(); }
  [[nodiscard]] Counters& counting() { return counters_; }
  void acknowledged(core::Moment since) { measure(acknowledged_, since); }
  void delivered(core::Moment since) { measure(delivered_, since); }
  /// Runs until nothing is left to do here, then wakes the sessions that have output.
  void settle();

 private:
  void take_mail();
  void perform(Message message);
  void step(core::HubInput input);
  void perform(core::HubEffect effect);
  void send(std::uint32_t thread, Message message);
  void send_all(std::uint64_t threads, const Message& message);
  void committed(Committed what);
  void perform_upload(core::UploadStep step);
  void ask_hub(const SpaceName& space, std::function<core::HubInput(core::Ticket)> request,
               std::function<void(Result<void>)> done);
  void tick();
  void count();
  void measure(observe::Histogram& histogram, core::Moment since);

  void on(core::LoadDocument effect);
  void on(core::Inspect effect);
  void on(core::FindRecords effect);
  void on(core::StartAppend effect);
  void on(core::ResetLane effect);
  void on(core::Tell effect);
  void on(core::Broadcast effect);
  void on(core::BroadcastPresence effect);
  void on(core::DeleteFinished effect);
  void on(core::SetStanding effect);
  void on(core::DropSnapshot effect);
  void on(core::StandingFinished effect);

  // Answers for a session, which may be gone.
  void on(core::ReadAnswer answer);
  void on(core::SnapshotReadAnswer answer);
  void on(core::HistoryAnswer answer);
  void on(core::UploadAnswer answer);

  std::shared_ptr<Fleet> fleet_;
  std::uint32_t index_;
  storage::Lane lane_;
  runtime::Executor& executor_;
  core::Hub hub_;
  runtime::Mailbox<Message> mailbox_;

  std::deque<Message> local_;
  std::vector<core::HubEffect> effects_;
  bool settling_ = false;
  std::unordered_map<SessionId, std::unique_ptr<LocalSession>> sessions_;
  std::unordered_map<DocumentHandle, std::vector<LocalSession*>> listeners_;
  std::vector<SessionId> awake_;
  std::vector<std::unique_ptr<LocalSession>> leaving_;  ///< closed in this turn; freed at its end
  std::unordered_map<core::Ticket, std::function<void(Result<Offset>)>> deletions_;
  core::Ticket deletion_;
  /// Of operators, who withdraw or release a snapshot.
  std::unordered_map<core::Ticket, std::function<void(Result<void>)>> standings_;
  core::Ticket standing_;
  std::unordered_map<SpaceName, std::vector<std::weak_ptr<SpaceWatcher>>> watchers_;
  bool draining_ = false;
  std::function<void()> drained_;
  std::string drain_reason_;
  std::uint64_t reconnect_after_ms_ = 0;

  Counters counters_;
  core::FeedCounts feeds_before_;  ///< of sessions that are gone

  // Written on the shard's thread, read from any.
  observe::Published<Counters> shown_;
  observe::Histogram acknowledged_{observe::bounds::seconds};
  observe::Histogram delivered_{observe::bounds::seconds};
};

/// A session of this shard: the core's, joined to its transport.
class LocalSession final : public Session, private core::SessionHost {
 public:
  LocalSession(ShardImpl& shard, core::SessionRef self, std::unique_ptr<core::Dialect> dialect, Connection& connection);

  [[nodiscard]] core::Session& core() { return core_; }
  void opened();
  void wake();
  void close_connection(std::uint16_t code, const std::string& reason) {
    if (connection_ != nullptr) connection_->close(code, reason);
  }

  // Session, for the transport.
  [[nodiscard]] std::size_t message_bytes_max() const override { return core_.dialect().message_bytes_max(); }
  [[nodiscard]] bool framed() const override { return core_.dialect().framed(); }
  void receive(const SharedBytes& message) override;
  bool take(std::size_t bytes_max, std::vector<SharedBytes>& out) override;
  void flushed() override;
  void heard() override { core_.heard(); }
  void closed() override;

 private:
  // core::SessionHost
  void to_hub(const SpaceName& space, core::HubInput input) override { shard_.to_hub(space, std::move(input)); }
  void read(core::ReadRequest request) override { shard_.read(std::move(request)); }
  void read(core::SnapshotReadRequest request) override { shard_.read(std::move(request)); }
  void read(core::HistoryRequest request) override { shard_.read(std::move(request)); }
  void upload(core::UploadStep step) override { shard_.upload(std::move(step)); }
  void listen(DocumentHandle document, bool wanted) override { shard_.listen(document, *this, wanted); }
  void output_ready() override { shard_.wake(*this); }
  void reading(bool wanted) override;
  void close(std::uint16_t code, const std::string& reason) override;
  [[nodiscard]] ProducerId random_producer() override;
  [[nodiscard]] core::Now now() const override { return shard_.now(); }
  [[nodiscard]] core::Moment moment() const override { return shard_.moment(); }
  void stored(core::Moment since) override { shard_.acknowledged(since); }
  void refused(Code code) override { ++shard_.counting().refused[static_cast<std::size_t>(code)]; }

  ShardImpl& shard_;
  Connection* connection_;  ///< null once closed
  Traffic& traffic_;
  core::Session core_;
};

}  // namespace weir::shard
