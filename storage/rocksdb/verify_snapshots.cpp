// What verify() makes of a document's snapshots.
#include <map>
#include <set>

#include "weir/rocksdb/snapshot_rows.hpp"
#include "weir/rocksdb/verify_parts.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t row_key_bytes = 21;
constexpr std::size_t part_key_bytes = 25;

class SnapshotCheck {
 public:
  SnapshotCheck(const View& view, const DocumentRow& document, Findings& findings)
      : view_(view), store_(view.store()), document_(document), findings_(findings) {}

  void read_snapshots();
  void read_uploads();
  void compare_rows();
  void read_parts();

 private:
  /// What the parts of one upload should be, and those that were met.
  struct Expected {
    std::string name{};
    std::uint64_t parts = 0;
    const SnapshotRow* snapshot = nullptr;  // none: an upload under way
    std::uint64_t met = 0;
    std::uint64_t stored_bytes = 0;
    bool damaged = false;
    Sha256 hash{};
  };

  void read_row(SnapshotId id, std::string_view value);
  void read_part(std::string_view key, std::string_view value);
  void take_part(Expected& expected, std::uint64_t index, std::string_view key, std::string_view value);
  void compare_parts(Expected& expected);
  void add(const SnapshotRow& row, const std::string& what) { findings_.add(name_of(row) + " " + what); }
  static std::string name_of(const SnapshotRow& row) { return "snapshot " + std::to_string(row.about.id.value); }

  const View& view_;
  const Store& store_;
  const DocumentRow& document_;
  Findings& findings_;
  SnapshotNumbers numbers_;
  std::map<SnapshotId, SnapshotRow> snapshots_;
  std::map<UploadNumber, Expected> expected_;
  std::set<UploadNumber> strays_;
  bool rows_damaged_ = false;  // what is not known may belong to something all the same
};

void SnapshotCheck::read_snapshots() {
  const std::string prefix = keys::snapshots(document_.id, document_.life);
  Scan scan = view_.scan(store_.rows(), prefix, keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    if (scan->key().size() == row_key_bytes) {
      read_row({keys::offset_of(view_of(scan->key())).value}, view_of(scan->value()));
    } else {
      findings_.add("the key of a snapshot is damaged");
    }
  }
  if (const auto error = scan.error()) {
    findings_.add("its snapshots cannot be read", *error);
    rows_damaged_ = true;
  }
}

void SnapshotCheck::read_row(SnapshotId id, std::string_view value) {
  if (id == SnapshotId{}) {
    const auto numbers = decode_snapshot_numbers(value);
    if (numbers) numbers_ = *numbers;
    if (numbers) return;
    findings_.add("the numbers given to its snapshots are damaged");
  } else if (auto row = decode_snapshot(id, value)) {
    ++findings_.counts().snapshots;
    findings_.counts().snapshot_bytes += row->about.size;
    snapshots_.emplace(id, *std::move(row));
    return;
  } else {
    findings_.add("the row of snapshot " + std::to_string(id.value) + " is damaged");
  }
  rows_damaged_ = true;
}

void SnapshotCheck::read_uploads() {
  const std::string prefix = keys::uploads(document_.id, document_.life);
  Scan scan = view_.scan(store_.rows(), prefix, keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    const auto row = decode_upload(view_of(scan->value()));
    if (!row || scan->key().size() != row_key_bytes) {
      findings_.add("the row of an upload is damaged");
      rows_damaged_ = true;
      continue;
    }
    const UploadNumber number{keys::offset_of(view_of(scan->key())).value};
    // Whoever looks at a store that was closed in an orderly way meets nobody who uploads.
    if (store_.read_only() && store_.recovery().clean)
      findings_.add("an upload is left, number " + std::to_string(number.value));
    expected_[number] = {"upload " + std::to_string(number.value), row->parts};
  }
  if (const auto error = scan.error()) {
    findings_.add("its uploads cannot be read", *error);
    rows_damaged_ = true;
  }
}

void SnapshotCheck::compare_rows() {
  for (const auto& [id, row] : snapshots_) {
    if (!rows_damaged_ && (id > numbers_.snapshot || row.upload > numbers_.upload))
      add(row, "has a number that was never given out");
    if (row.about.base != SnapshotId{} && !rows_damaged_ && !snapshots_.contains(row.about.base))
      add(row, "stands on snapshot " + std::to_string(row.about.base.value) + ", which is not there");
    else if (row.about.base >= id)
      add(row, "stands on one that was stored later");
    if (expected_.contains(row.upload))
      add(row, "has the same parts as " + expected_.at(row.upload).name);
    else
      expected_[row.upload] = {name_of(row), parts_of(row.about.size), &row};
  }
}

void SnapshotCheck::read_parts() {
  const std::string prefix = keys::snapshot_parts(document_.id, document_.life);
  Scan scan = view_.scan(store_.packs(), prefix, keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) read_part(view_of(scan->key()), view_of(scan->value()));
  if (const auto error = scan.error()) return findings_.add("parts of its snapshots cannot be read", *error);
  for (auto& [number, expected] : expected_) compare_parts(expected);
}

void SnapshotCheck::read_part(std::string_view key, std::string_view value) {
  if (key.size() != part_key_bytes) return findings_.add("the key of a snapshot's part is damaged");
  Decoder numbers(key.substr(key.size() - 12));
  const UploadNumber upload{numbers.big_endian<std::uint64_t>()};
  const auto known = expected_.find(upload);
  if (known != expected_.end()) return take_part(known->second, numbers.big_endian<std::uint32_t>(), key, value);
  if (!rows_damaged_ && strays_.insert(upload).second)
    findings_.add("there are parts of upload " + std::to_string(upload.value) + ", which belong to no snapshot");
}

void SnapshotCheck::take_part(Expected& expected, std::uint64_t index, std::string_view key, std::string_view value) {
  const auto tell = [&](const std::string& what) {
    if (!std::exchange(expected.damaged, true)) findings_.add(expected.name + " " + what);
  };
  if (index >= expected.parts) return tell("has more parts than it should");
  if (index != expected.met) return tell("misses its part " + std::to_string(expected.met));
  ++expected.met;
  expected.stored_bytes += value.size();
  const auto part = StoredPart::parse(key, value);
  if (!part) return tell("has a damaged part, " + std::to_string(index));
  if (expected.snapshot == nullptr) return;
  const auto plain = part->unpack(part_bytes(expected.snapshot->about.size, index));
  if (!plain) return tell("has a part that is not as long as it should be, " + std::to_string(index));
  expected.hash.add(*plain);
}

void SnapshotCheck::compare_parts(Expected& expected) {
  if (expected.damaged) return;  // that was told
  if (expected.met != expected.parts)
    return findings_.add(expected.name + " misses its part " + std::to_string(expected.met));
  if (expected.snapshot == nullptr) return;
  if (expected.stored_bytes != expected.snapshot->stored_bytes)
    findings_.add(expected.name + " takes " + std::to_string(expected.stored_bytes) + " bytes, and its row says " +
                  std::to_string(expected.snapshot->stored_bytes));
  if (expected.hash.finish() != expected.snapshot->about.hash)
    findings_.add(expected.name + " has other bytes than those whose SHA-256 its row has");
}

}  // namespace

void verify_snapshots(const View& view, const DocumentRow& document, Findings& findings) {
  SnapshotCheck check(view, document, findings);
  check.read_snapshots();
  check.read_uploads();
  check.compare_rows();
  check.read_parts();
}

}  // namespace weir::storage::rocks
