// The hub of the spaces that one shard owns: it decides and orders. A step function: an input and the moment in,
// effects out; no I/O, no clock, no thread of its own.
//
//   hub.step(PublishRequest{...}, now, effects);       // effects: StartAppend{ticket, ...}
//   hub.step(AppendFinished{ticket, ...}, now, effects);   // effects: Broadcast{...}, Tell{author, PublishAnswer{...}}
//
// Documents are opened from the log when first asked for and closed when idle; subscribing writes nothing. Every effect
// with a ticket, and LoadDocument, must be answered exactly once, appends in the order they were started.
//
// Threads: one at a time; its shard's.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "weir/core/publishing.hpp"
#include "weir/core/snapshots.hpp"

namespace weir::core {

class Hub {
 public:
  struct Options {
    std::uint64_t index = 0;  ///< of this hub among `count`: handles are unique across them
    std::uint64_t count = 1;
    Limits limits;
    Encoders encoders{};
    const Authorizer* authorizer = nullptr;
    const CoverMerger* cover_merger = nullptr;
    Retentions retentions{};
  };
  explicit Hub(Options options);

  /// Appends to `effects` what is to be done, in order.
  void step(HubInput input, Now now, std::vector<HubEffect>& effects);

  [[nodiscard]] std::size_t documents_open() const { return documents_.size(); }
  [[nodiscard]] HubCounts counts() const;
  /// Appends started and not answered yet.
  [[nodiscard]] std::size_t appends_pending() const { return publishing_.pending(); }

 private:
  void on(SubscribeRequest request);
  void on(UnsubscribeRequest request);
  void on(PublishRequest request);
  void on(ContributeRequest request);
  void on(PresenceRequest request);
  void on(JoinRequest request);
  void on(CoverRequest request);
  void on(SnapshotOffered request);
  void on(SnapshotDeclined request);
  void on(AttestRequest request);
  void on(SessionGone gone);
  void on(DeleteRequest request);
  void on(Maintain request);
  void on(WithdrawRequest request);
  void on(ReleaseRequest request);
  void on(DocumentLoaded loaded);
  void on(Inspected inspected);
  void on(RecordsFound found) { publishing_.found(found); }
  void on(AppendFinished finished) { publishing_.finished(finished); }
  void on(SnapshotUploaded uploaded);
  void on(SnapshotChanged answer) { snapshots_.changed(answer); }
  void on(Tick);

  Document& open(const DocumentPath& path);
  [[nodiscard]] Document* find(DocumentHandle handle);
  /// True when the input must wait for the document; it is kept, or refused when too much waits already.
  bool wait(Document& document, HubInput input);
  /// Answers an operator's request in the negative; nothing, when it is none.
  void refuse(const HubInput& input, const Error& error);
  void resume(Document& document);

  /// Opening a subscription, step by step: fence, look up mark and chain, answer.
  void subscribe(Document& document, SubscribeRequest request);
  void subscribed(Document& document, SubscribeRequest request, bool lost_history);
  void recreate(Document& document, SubscribeRequest request);
  bool fence(Document& document, const SubscribeRequest& request);
  void refuse(const SubscribeRequest& request, Code code, frames::Reason reason, std::string message);

  void remove_document(Document& document, DeleteRequest request);
  void ended(Document& document, Offset offset);
  void unsubscribe(Document& document, SessionId session);
  void broadcast(Document& document, SessionId author, const frames::PresenceUpdate& update);
  void tell(SessionRef session, SessionMessage message) { effects_->push_back(Tell{session, std::move(message)}); }

  struct Opening {
    Document* document = nullptr;
    SubscribeRequest request;
  };

  Options options_;
  Publishing publishing_;
  Snapshots snapshots_;
  Now now_;
  std::vector<HubEffect>* effects_ = nullptr;
  std::uint64_t handles_given_ = 0;
  std::uint64_t presence_updates_ = 0;
  std::uint64_t presences_ = 0;  ///< as of the last tick
  std::unordered_map<SpaceName, std::unique_ptr<Space>> spaces_;
  std::unordered_map<DocumentPath, std::unique_ptr<Document>> documents_;
  std::unordered_map<DocumentHandle, Document*> by_handle_;
  std::unordered_map<SessionId, std::vector<DocumentHandle>> sessions_;  ///< what each session subscribes to here
  std::unordered_map<Ticket, Opening> opening_;
};

}  // namespace weir::core
