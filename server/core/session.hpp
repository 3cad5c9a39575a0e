// One connection's state: has it said hello, what does it subscribe to, what is in flight, is the peer still there. It
// speaks the native events; a dialect stands between it and the bytes.
//
//   bytes ──▶ Dialect::message ──▶ Session::submit ──▶ hub            (SessionHost::to_hub)
//   bytes ◀── Dialect::event   ◀── Session::receive ◀── hub
//   bytes ◀────── OutQueue ◀────── Feeder (one a space) ◀── deliveries, pages of the log
//
// Bounds: a publisher whose payloads in flight, or whose own output, exceed their budgets is not read until half of it
// is free; a peer that neither answers pings nor reads is closed.
//
// Threads: its shard's.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "weir/core/authorizer.hpp"
#include "weir/core/dialect.hpp"
#include "weir/core/feeder.hpp"
#include "weir/core/limits.hpp"
#include "weir/core/messages.hpp"
#include "weir/core/out_queue.hpp"
#include "weir/core/snapshot_uploads.hpp"

namespace weir::core {

/// What a session needs of the shard and the transport.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  /// To the hub that owns the space.
  virtual void to_hub(const SpaceName& space, HubInput input) = 0;
  virtual void read(ReadRequest request) = 0;
  virtual void read(SnapshotReadRequest request) = 0;
  virtual void read(HistoryRequest request) = 0;
  virtual void upload(UploadStep step) = 0;
  /// This thread's deliveries of the document are wanted, or no longer.
  virtual void listen(DocumentHandle document, bool wanted) = 0;
  virtual void output_ready() = 0;
  virtual void reading(bool wanted) = 0;
  virtual void close(std::uint16_t code, const std::string& reason) = 0;
  [[nodiscard]] virtual ProducerId random_producer() = 0;
  [[nodiscard]] virtual Now now() const = 0;

  // For whoever measures; nothing depends on them.
  [[nodiscard]] virtual Moment moment() const { return {}; }
  /// A publish that came in then is answered as stored.
  virtual void stored(Moment /*since*/) {}
  /// The peer is told this error.
  virtual void refused(Code /*code*/) {}
};

class Session final : public SessionPort, private FeederHost, private SnapshotUploadsHost {
 public:
  struct Options {
    SessionRef self;
    std::string server_version;
    std::string durability;
  };
  Session(Options options, const Limits& limits, const Authorizer& authorizer, const Encoders& encoders,
          std::unique_ptr<Dialect> dialect, SessionHost& host);

  // From the transport.
  void opened();
  void message(const SharedBytes& message);
  void heard();
  [[nodiscard]] bool take(std::size_t bytes_max, std::vector<SharedBytes>& out);
  void flushed();
  void closed();
  [[nodiscard]] const Dialect& dialect() const { return *dialect_; }

  // From the shard.
  void receive(SessionMessage message);
  void deliver(const DeliveryRef& delivery);
  void deliver(const PresenceDeliveryRef& delivery);
  void have_read(ReadAnswer answer);
  void have_read(SnapshotReadAnswer answer);
  void have_read(HistoryAnswer answer);
  void uploaded(UploadAnswer answer);
  void tick();
  void drain(const std::string& reason, std::uint64_t reconnect_after_ms);
  [[nodiscard]] SessionId id() const { return options_.self.id; }

  // To be measured.
  [[nodiscard]] FeedCounts counts() const;
  [[nodiscard]] std::size_t queued_bytes() const { return queue_.bytes(); }
  [[nodiscard]] std::size_t in_flight_bytes() const { return in_flight_bytes_; }
  /// The peer is not read, because it has too much in flight or reads too little itself.
  [[nodiscard]] bool paused() const { return !reading_; }
  /// In some space it is served from the log.
  [[nodiscard]] bool behind() const;
  /// To be asked after flushed(): when the oldest live record that went out with it came in; 0: there was none.
  [[nodiscard]] Moment oldest_flushed() { return queue_.oldest_taken(); }

  // SessionPort, for the dialect.
  void submit(frames::ClientEvent event) override;
  void hello_foreign(std::string token, std::string client) override;
  void contribute(Contribution contribution) override;
  void set_presence(ForeignPresence presence) override;
  void ask_cover(DocumentHandle document) override;
  void offer_snapshot(MadeSnapshot made) override;
  void send(SharedBytes bytes) override;
  void close(std::uint16_t code, std::string reason) override;

 private:
  struct Subscription {
    SpaceName space;
    bool presence = false;
  };
  void on(frames::Hello hello);
  void on(frames::Subscribe subscribe);
  void on(const frames::Unsubscribe& unsubscribe);
  void on(frames::Publish publish);
  void on(frames::SetPresence presence);
  void on(const frames::Pong&) { heard(); }
  void on(frames::SnapshotOffer offer);
  void on(frames::SnapshotChunk chunk);
  void on(const frames::Attest& attest);
  void on(frames::ReadHistory read);
  void on(frames::ReadSnapshot read);
  void on(frames::Refused refused);

  void on(const SubscribeAnswer& answer);
  void on(const SubscribeRefused& refused);
  void on(const PublishAnswer& answer);
  void on(const ContributeAnswer& answer);
  void on(const JoinAnswer& answer);
  void on(const Fenced& fenced);
  void on(const CoverAnswer& answer);
  void on(const SnapshotAsk& ask);
  void on(const AttestAsk& ask);
  void on(const SnapshotAccepted& accepted);
  void on(const SnapshotRefused& refused);
  void on(const frames::SnapshotStored& stored) { tell(stored); }
  void on(const frames::ErrorEvent& error) { tell(error); }

  // FeederHost
  void read(ReadRequest request) override { host_.read(std::move(request)); }
  void read_snapshot(SnapshotReadRequest request) override { host_.read(std::move(request)); }
  void join(const SpaceName& space, std::uint64_t generation, Offset at) override;
  void ended(DocumentHandle document) override;
  void broken(DocumentHandle document, Error error) override;
  void cut(DocumentHandle document, Offset offset) override { tell(frames::Cut{document, offset}); }

  // SnapshotUploadsHost
  void offer(DocumentHandle document, SnapshotOffered offered) override;
  void upload(UploadStep step) override { host_.upload(std::move(step)); }
  void landed(const Flight& flight) override { landed(flight, false); }
  void refused(DocumentHandle document, Error error) override;

  /// The peer may be asked about the document's whole content: it has been sent all of it.
  [[nodiscard]] const Feeder* complete(DocumentHandle document) const;
  void look_back(std::uint64_t request, const DocumentPath& path, HistoryRequest what);
  /// Reads on for those who asked for the past, a few at a time and only while the peer takes the answers.
  void look_on();
  void begin(ProducerId producer, bool ephemeral, const std::string& token);
  void tell(const frames::ServerEvent& event);
  void refuse(Code code, std::string message, DocumentHandle document = {}, std::uint64_t request = 0);
  /// Null, and the peer is told, when there is none. `through`: of a publish, its last sequence.
  [[nodiscard]] const Subscription* subscription(DocumentHandle document, Sequence through = {});
  [[nodiscard]] Feeder& feeder(const SpaceName& space);
  void forget(DocumentHandle document);
  [[nodiscard]] Flight fly(std::size_t bytes);
  void landed(const Flight& flight, bool stored);
  void pace();

  Options options_;
  const Limits& limits_;
  const Authorizer& authorizer_;
  const Encoders& encoders_;
  std::unique_ptr<Dialect> dialect_;
  SessionHost& host_;

  bool greeted_ = false;
  bool ephemeral_ = false;
  bool unpacks_ = false;
  bool makes_snapshots_ = false;
  bool closing_ = false;
  ProducerId producer_;
  std::string principal_;
  std::map<DocumentHandle, Subscription> subscriptions_;
  std::map<SpaceName, std::unique_ptr<Feeder>> feeds_;
  std::set<SpaceName> spaces_;                                      ///< whose hubs know this session
  std::unordered_map<std::uint64_t, Subscription> requested_;       ///< subscribes not answered yet, by our own number
  std::unordered_map<std::uint64_t, std::uint64_t> request_names_;  ///< our number to the client's
  std::uint64_t requests_ = 0;
  std::uint64_t presence_clock_ = 0;  ///< for all documents: a slot outlives a subscription
  SnapshotUploads uploads_;
  OutQueue queue_;
  std::deque<HistoryRequest> looks_;            ///< asked for and not being read yet
  std::size_t looking_ = 0;                     ///< being read
  std::vector<SharedBytes>* taking_ = nullptr;  ///< while a mark is reached, what is sent goes here
  bool notified_ = false;
  std::size_t in_flight_bytes_ = 0;
  bool reading_ = true;

  Time opened_at_{};
  Time pinged_at_{};              ///< last ping queued
  Time ping_written_at_{};        ///< the first that is unanswered
  bool ping_queued_ = false;      ///< and not yet written
  bool ping_unanswered_ = false;  ///< written, nothing heard since
  Time stalled_since_{};
  bool output_waits_ = false;
  FeedCounts counts_before_;  ///< of feeders that are gone
};

}  // namespace weir::core
