// What comes between the relay's records and the application: is this record the next one, can it be opened, what is in
// it. Without encryption and `verify` everything is taken as it comes, but for what is sealed: it is not readable here,
// and an application would take it for a delta of its own.
//
//   Intake taken = intake.take(record, own, stub, history);     the history stands behind it, unless the document ends
//
// Internal: DocumentLogic drives it. Threads: one, the session's.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "weir/client/document_cipher.hpp"
#include "weir/client/history.hpp"
#include "weir/client/options.hpp"
#include "weir/client/reader_checks.hpp"

namespace weir::client {

struct Intake {
  std::vector<ReadRecord> records{};  ///< of a sealed one, its deltas
  std::optional<ClientError> error{};
  bool over = false;  ///< the document ends by the error, before this record
};

/// All of a pack that was not read before.
struct PackIntake {
  std::vector<ReadRecord> records{};
  std::vector<ClientError> errors{};  ///< of records that were left out
  std::size_t unpacked_bytes = 0;
  std::optional<ClientError> over{};  ///< the document ends by it, before the pack
};

class RecordIntake {
 public:
  RecordIntake(DocumentLink& link, const DocumentPath& path, const SubscribeOptions& options);

  [[nodiscard]] bool checking() const { return checking_; }
  /// Null without encryption.
  [[nodiscard]] DocumentCipher* cipher() { return cipher_.get(); }

  /// Reading begins where the history stands now.
  void begin(const History& history);
  void jump(const History& history);
  void disconnected() { told_sealed_ = false; }
  /// Something sealed was left out, for want of any key: what the application has is not the document, and what it
  /// would publish is plain.
  [[nodiscard]] bool lacks_key() const { return lacks_key_; }
  /// From an earlier process.
  void know(bool encrypted) { lacks_key_ = encrypted && !cipher_; }
  void producer_replaced() { checks_.forget_own(); }

  [[nodiscard]] Intake take(const Record& record, bool own, bool stub, History& history);
  /// Nothing of a pack is taken before all of it is known to be this document's. An error, and nothing taken: it cannot
  /// be read, is of another history, or was not asked for.
  [[nodiscard]] Result<PackIntake> take(const SharedBytes& pack, History& history);
  void stored(Sequence sequence, Offset offset) {
    if (checking_) checks_.stored(sequence, offset, link_.producer());
  }
  [[nodiscard]] std::optional<ClientError> caught_up(Offset offset) { return checks_.caught_up(offset); }

  /// Why a snapshot of this history cannot be.
  [[nodiscard]] std::optional<Error> look(const frames::SnapshotHeader& header);
  /// A snapshot in the middle of what was read, with the records after it, readable. None: it cannot be told.
  [[nodiscard]] std::optional<SnapshotToCheck> open(const SnapshotToCheck& sealed, Offset offset);

 private:
  [[nodiscard]] Intake look(const Record& record, bool own, bool stub, const History& history);
  [[nodiscard]] Intake leave_out_sealed(const Record& record);

  DocumentLink& link_;
  bool checking_;
  bool lacks_key_ = false;
  bool told_sealed_ = false;  ///< on this connection
  ReaderChecks checks_;
  std::unique_ptr<DocumentCipher> cipher_;
};

}  // namespace weir::client
