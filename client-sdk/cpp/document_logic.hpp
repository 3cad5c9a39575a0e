// The rules of one document (docs/protocol.md), between the session's connection and the application: it subscribes on
// every connection from its cursor, hands over records and presence, and never offers a deleted document again. What
// concerns publishing stands in publisher.hpp; what concerns snapshots, in document_snapshots.cpp.
//
// Internal: Session drives it. Threads: one, the session's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "weir/client/document_link.hpp"
#include "weir/client/history.hpp"
#include "weir/client/options.hpp"
#include "weir/client/presence_set.hpp"
#include "weir/client/publisher.hpp"
#include "weir/client/record_intake.hpp"
#include "weir/client/snapshot_reader.hpp"
#include "weir/client/snapshot_work.hpp"

namespace weir::client {

class DocumentLogic final : private PublisherOwner, private SnapshotWorkOwner, private DeltaSealer {
 public:
  DocumentLogic(DocumentLink& link, DocumentId id, DocumentPath path, SubscribeOptions options);

  [[nodiscard]] DocumentId id() const override { return id_; }
  [[nodiscard]] const DocumentPath& path() const override { return path_; }
  /// "space/document", for messages.
  [[nodiscard]] std::string where() const override { return path_.space.text() + '/' + path_.document.text(); }
  [[nodiscard]] bool caught_up() const { return caught_up_; }
  [[nodiscard]] std::optional<Cursor> cursor() const { return history_.cursor(); }
  [[nodiscard]] Publisher& publisher() { return publisher_; }
  [[nodiscard]] const Publisher& publisher() const { return publisher_; }

  // For the application, through the session.
  void when_caught_up(Ticket ticket);
  void set_presence(SharedBytes data);
  [[nodiscard]] Result<void> set_key(const DocumentKey& key);
  /// As it stood at the cursor; nothing is sent when the relay's history is another by now.
  void offer_snapshot(const Cursor& at, const MadeSnapshot& made);
  void attest(Offset offset, const Digest& hash, bool valid);
  void close();

  // For the session.
  /// What an earlier session has left. Only at the beginning. FAILED_PRECONDITION when a key is missing.
  [[nodiscard]] Result<void> restore(const StoredDocument& kept);
  void connected();
  void disconnected();
  void producer_replaced();
  /// For ever: deleted, fenced, or closed.
  void end(const ClientError& error, bool tell);
  void subscribed(const frames::Subscribed& event);
  void receive(const frames::ServerEvent& event);
  void failed(const frames::ErrorEvent& event);
  /// Records of one message are handed over together.
  void deliver();
  [[nodiscard]] Flushed flush(std::size_t budget_bytes);

 private:
  enum class Phase : std::uint8_t { offline, subscribing, open, over };

  void subscribe();
  void subscribe_after(Time delay);
  void subscribe_refused(const frames::ErrorEvent& event);
  void on(const frames::Records& event);
  void on(const frames::Pack& event);
  void on(const frames::CaughtUp& event);
  void on(const frames::Stored& event);
  void on(const frames::PresenceUpdate& event);
  void on(const frames::Cut& event);
  void on(const frames::SnapshotHeader& event);
  void on(const frames::SnapshotChunk& event);
  void on(const frames::SnapshotWanted& event) { work_.on(event); }
  void on(const frames::AttestationWanted& event) { work_.on(event); }
  void on(const frames::SnapshotStored& event) { link_.tell(SnapshotKept{id_, event.offset}); }
  void on(const frames::History& event) { work_.on(event); }
  void take_snapshot(const frames::SnapshotHeader& header, SharedBytes bytes);
  void snapshot_wrong(const Error& error);
  void change_presence(const std::vector<frames::PresenceUpdate>& updates, bool complete);
  void see();
  void tell_failed(ClientError error);
  /// The relay cannot be trusted with this document, or it cannot be read: it ends.
  void give_up(ClientError error);
  void send_presence();

  // PublisherOwner
  [[nodiscard]] DocumentLogic& logic() override { return *this; }
  [[nodiscard]] DocumentHandle handle() const override { return handle_; }
  [[nodiscard]] Epoch epoch() const override { return history_.epoch(); }
  [[nodiscard]] bool offers_state() const override { return options_.offers_state; }
  [[nodiscard]] bool lacks_key() const override { return intake_.lacks_key(); }
  void sent(Sequence sequence, std::string_view payload) override { history_.published(sequence, payload); }
  void resubscribe() override;

  // SnapshotWorkOwner
  [[nodiscard]] std::optional<Cursor> idle_at() const override;
  [[nodiscard]] std::optional<SnapshotToCheck> readable(const SnapshotToCheck& sealed, Offset offset) override {
    return intake_.open(sealed, offset);
  }

  // DeltaSealer
  [[nodiscard]] Delta seal(Sequence sequence, bool base, std::vector<Delta> deltas) override;
  [[nodiscard]] Result<std::vector<Delta>> unseal(const ProducerId& producer, Sequence sequence,
                                                  const Delta& sealed) override;

  DocumentLink& link_;
  DocumentId id_;
  DocumentPath path_;
  SubscribeOptions options_;
  Phase phase_ = Phase::offline;
  DocumentHandle handle_;
  bool caught_up_ = false;
  History history_;
  RecordIntake intake_;
  Publisher publisher_;
  SnapshotReader snapshot_;
  SnapshotWork work_;
  bool avoid_snapshots_ = false;  ///< one was wrong
  Offset own_at_;                 ///< something of one's own is stored there, and may not have been read yet
  bool seen_ = false;             ///< all that was there has been read once, so that something sealed would show
  Offset cut_;                    ///< the relay was asked what stands for the records up to here
  PresenceSet others_;
  SharedBytes presence_;
  bool presence_changed_ = false;
  std::vector<ReadRecord> delivery_;
  std::vector<Ticket> when_caught_up_;
  Timer retry_timer_;
};

}  // namespace weir::client
