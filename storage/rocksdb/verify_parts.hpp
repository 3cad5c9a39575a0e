// The parts of verify.hpp: where findings go, what a space's order says, and one document compared with it.
//
//   Findings findings(options);
//   SpaceOrder order = read_order(view, space, documents, {}, findings);
//   verify_document(view, {path, space.id, row}, order, findings);
//
// Threads: objects of one thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "weir/rocksdb/verification.hpp"
#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {

/// Counts what is read, and passes on what is found.
class Findings {
 public:
  explicit Findings(const VerifyOptions& options) : options_(options) {}
  /// What is found from now on is found here; empty names: nowhere in particular.
  void at(std::string space, std::string document = {});
  void add(std::string what, std::optional<Offset> offset = std::nullopt);
  /// Something could not be read: the error without its advice, which is given once for all.
  void add(const std::string& what, const Error& error, std::optional<Offset> offset = std::nullopt);
  void count_record(std::size_t payload_bytes);
  [[nodiscard]] VerifyCounts& counts() { return counts_; }

 private:
  const VerifyOptions& options_;
  std::string space_;
  std::string document_;
  VerifyCounts counts_;
};

/// What a space's order says of one document.
struct DocumentOrder {
  /// The stretches of its present life: varint first minus the last before it, varint last minus first.
  std::string stretches{};
  Offset last{};  ///< of the last stretch
  /// The tombstone or re-creation that came last.
  std::optional<OrderItem> change{};
};

struct SpaceOrder {
  std::unordered_map<DocumentId, DocumentOrder> documents{};
  /// A part of it could not be read: what it does not name may well be in it.
  bool damaged = false;
};

/// The documents of a space.
using DocumentRows = std::unordered_map<DocumentId, DocumentRow>;

/// Reads the order of the space, and checks what can be told of it alone. What it says is kept for `only`, or for all.
[[nodiscard]] SpaceOrder read_order(const View& view, const SpaceRow& space, const DocumentRows& documents,
                                    std::optional<DocumentId> only, Findings& findings);

/// The walk along a document's records and what the order says of them, both from the first that is kept to the last.
class Stretches {
 public:
  /// Of the records up to `cut` the order alone still knows.
  Stretches(const DocumentOrder& order, bool order_damaged, Offset cut, Findings& findings);
  /// Of the next record.
  void record(Offset offset);
  /// From here to the next record there may have been others.
  void unreadable_from(Offset offset);
  /// From now on records may be missing anywhere.
  void lose_sight() { lost_ = true; }
  void end();

 private:
  void next();
  void pass();
  [[nodiscard]] bool unknown(Offset offset) const { return lost_ || (unreadable_from_ && offset >= *unreadable_from_); }

  Findings& findings_;
  const bool order_damaged_;
  const Offset cut_;
  Decoder rest_;
  bool valid_ = false;
  // The stretch it stands at.
  Offset first_;
  Offset last_;
  bool begun_ = false;
  bool ended_ = false;
  std::optional<Offset> unreadable_from_;
  bool lost_ = false;
};

struct VerifiedDocument {
  DocumentPath path;
  SpaceId space;
  DocumentRow row;
};

/// Everything that is stored of one document, compared with its row and with the order.
void verify_document(const View& view, const VerifiedDocument& document, const SpaceOrder& order, Findings& findings);

/// Its snapshots: rows, parts, and what belongs to neither.
void verify_snapshots(const View& view, const DocumentRow& document, Findings& findings);

/// Rows whose keys are prefix ‖ number ‖ ...: tells each number there is, once, with the first key that has it.
void for_each_number(const View& view, rocksdb::ColumnFamilyHandle* family, const std::string& prefix,
                     std::size_t number_bytes, Findings& findings,
                     const std::function<void(std::uint64_t number, std::string_view key)>& tell);

[[nodiscard]] inline std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace weir::storage::rocks
