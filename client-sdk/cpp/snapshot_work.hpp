// What the relay asks of a client about snapshots, from its question to the application's turn: it waits until the
// document is idle, and reads what is to be checked.
//
//   snapshot wanted    ──▶ idle? ──▶ SnapshotAsked ──▶ Session::offer_snapshot()
//   attestation wanted ──▶ its bytes, chunk by chunk ──▶ the records after it ──▶ idle? ──▶ AttestationAsked
//                                                                          Session::attest() ◀──┘
//
// A question is forgotten when its lease is over, or the connection. Internal. Threads: one, the session's.
#pragma once

#include <optional>
#include <vector>

#include "weir/client/document_link.hpp"
#include "weir/client/snapshot_reader.hpp"

namespace weir::client {

/// What this needs to know of its document.
class SnapshotWorkOwner {
 public:
  virtual ~SnapshotWorkOwner() = default;
  [[nodiscard]] virtual DocumentLogic& logic() = 0;
  [[nodiscard]] virtual DocumentId id() const = 0;
  [[nodiscard]] virtual const DocumentPath& path() const = 0;
  /// Where it stands, when it is caught up with nothing unpublished.
  [[nodiscard]] virtual std::optional<Cursor> idle_at() const = 0;
  /// What came from the relay as the application can read it; none when it cannot be opened.
  [[nodiscard]] virtual std::optional<SnapshotToCheck> readable(const SnapshotToCheck& sealed, Offset offset) = 0;
};

/// What another made, on its way to be compared.
struct SnapshotCheck {
  frames::AttestationWanted about;
  Time deadline;
  std::uint64_t request = 0;  ///< under way; 0: nothing is
  SnapshotReader bytes;
  SharedBytes whole;
  std::vector<Record> records;
  Offset read;  ///< records up to here are there
  bool has_bytes = false;
};

class SnapshotWork {
 public:
  SnapshotWork(DocumentLink& link, SnapshotWorkOwner& owner) : link_(link), owner_(owner) {}

  void on(const frames::SnapshotWanted& event);
  void on(const frames::AttestationWanted& event);
  void on(const frames::SnapshotChunk& event);
  void on(const frames::History& event);
  /// True when the request was one of these.
  bool refused(std::uint64_t request);
  /// The document may be idle now.
  void look();
  void forget();

 private:
  void read_bytes(std::uint64_t position);
  void read_records();
  void look_at_check(const Cursor& at);

  DocumentLink& link_;
  SnapshotWorkOwner& owner_;
  std::optional<Time> make_until_;
  std::optional<SnapshotCheck> check_;
};

}  // namespace weir::client
