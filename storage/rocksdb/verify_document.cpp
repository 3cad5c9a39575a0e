// What verify() makes of one document.
#include <map>
#include <set>

#include "weir/packing/pack.hpp"
#include "weir/packing/reader.hpp"
#include "weir/rocksdb/pack_row.hpp"
#include "weir/rocksdb/run.hpp"
#include "weir/rocksdb/verify_parts.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t segment_key_bytes = 20;
constexpr std::size_t mark_key_bytes = 33;
constexpr std::size_t chain_key_bytes = 21;
constexpr std::size_t note_prefix_bytes = 13;
constexpr std::size_t note_key_bytes_max = 255;

/// Chain values: those that are saved, compared with what the records give.
class ChainWalk {
 public:
  ChainWalk(const View& view, const VerifiedDocument& document, Findings& findings)
      : findings_(findings),
        cut_(document.row.cut),
        value_(cut_ == Offset{} ? chain_start(document.path) : document.row.cut_chain),
        saved_(view.scan(view.store().rows(), keys::chain_points(document.row.id, document.row.life),
                         keys::behind(keys::chain_points(document.row.id, document.row.life)))) {
    saved_->SeekToFirst();
  }

  void record(const Record& record) {
    skip_before(record.offset);
    if (value_) value_ = chain_next(*value_, record.producer, record.sequence, record.codec, record.payload.view());
    if (!saved_->Valid() || keys::offset_of(view_of(saved_->key())) != record.offset) return;
    count();
    if (const auto digest = Digest::parse(view_of(saved_->value())))
      compare(*digest, "the chain value that is saved here is not what the records give", record.offset);
    else
      findings_.add("the chain value that is saved here is damaged", record.offset);
    saved_->Next();
  }
  /// After a pack, which knows the chain value at its end.
  void pack(const Digest& digest, Offset last) {
    compare(digest, "the chain value in the pack that ends here is not what the records give", last);
  }
  /// A record is missing: values are known again from the next one that is saved.
  void lose() { value_.reset(); }
  void end() {
    skip_before({~std::uint64_t{0}});
    if (const auto error = saved_.error()) findings_.add("the saved chain values cannot be read", *error);
  }

 private:
  void count() { ++findings_.counts().chain_values; }
  void skip_before(Offset offset) {
    for (; saved_->Valid(); saved_->Next()) {
      const std::string_view key = view_of(saved_->key());
      if (key.size() == chain_key_bytes && keys::offset_of(key) >= offset) return;
      count();
      if (keys::offset_of(key) <= cut_)
        findings_.add("a chain value is saved here, where all was cut", keys::offset_of(key));
      else if (value_)
        findings_.add("a chain value is saved here, where no record is", keys::offset_of(key));
    }
  }
  void compare(const Digest& digest, const char* what, Offset offset) {
    if (value_ && *value_ != digest) findings_.add(what, offset);
    value_ = digest;
  }

  Findings& findings_;
  const Offset cut_;
  std::optional<Digest> value_;
  Scan saved_;
};

class DocumentCheck {
 public:
  DocumentCheck(const View& view, const VerifiedDocument& document, const DocumentOrder& order, bool order_damaged,
                Findings& findings)
      : view_(view),
        document_(document),
        row_(document.row),
        order_(order),
        order_damaged_(order_damaged),
        findings_(findings),
        stretches_(order, order_damaged, document.row.cut, findings),
        chain_(view, document, findings) {
    read_.head = row_.cut;
  }

  void check_name();
  void check_life();
  void check_nothing_is_left();
  void read_marks();
  void read_notes();
  void read_records();
  void compare_row();

 private:
  /// Whether the scan has more; tells, once, when it broke off.
  [[nodiscard]] bool check(const Scan& scan, const char* what);
  void read_run(Offset first, std::string_view value);
  void read_pack(Offset first, std::string_view value);
  /// A run or pack of which nothing is kept should have gone with the cut.
  void check_is_kept(const char* what, Offset first, Offset last);
  void take(const Record& record);
  /// There may be records from here on that could not be read.
  void miss(Offset from);
  void check_lives_of(rocksdb::ColumnFamilyHandle* family, std::string tag, const char* what);
  void differs(const char* what, std::uint64_t said, std::uint64_t read);

  const View& view_;
  const VerifiedDocument& document_;
  const DocumentRow& row_;
  const DocumentOrder& order_;
  const bool order_damaged_;
  Findings& findings_;
  Stretches stretches_;
  ChainWalk chain_;
  std::multimap<ProducerId, Sequence> marks_;  // whose records were not met yet
  DocumentRow read_;                           // what the row should say
  Offset last_cut_;                            // of the records that are cut and still there
  bool complete_ = true;                       // everything could be read
  std::set<const Scan*> lost_;                 // those that broke off
};

void DocumentCheck::check_name() {
  const auto ids = view_.next_ids();
  if (!ids)
    findings_.add("the numbers given out cannot be read", ids.error());
  else if (row_.id >= ids->document || row_.id == DocumentId{})
    findings_.add("its number " + std::to_string(row_.id.value) + " was never given out");
  const auto name = view_.name(row_.id);
  if (!name)
    findings_.add("its number has no name", name.error());
  else if (name->space != document_.space || name->name != document_.path.document.text())
    findings_.add("its number " + std::to_string(row_.id.value) + " is another document's, \"" + name->name + '"');
}

/// The row's life, deletion and head against the order's tombstones and re-creations.
void DocumentCheck::check_life() {
  if (row_.life == Life{}) findings_.add("its life is 0; lives begin with 1");
  if (order_damaged_) return;
  const auto& change = order_.change;
  if (row_.deleted) {
    if (!change || change->kind != AppendKind::tombstone || change->life != row_.life)
      findings_.add("it is deleted, and the order has no tombstone of it");
    else if (change->first != row_.head)
      differs("head", row_.head.value, change->first.value);
  } else if (row_.life > Life{1}) {
    if (!change || change->kind != AppendKind::recreate || change->life != row_.life)
      findings_.add("it was re-created, and the order does not say so");
  } else if (change) {
    findings_.add("it was never deleted, and the order says it was", change->first);
  }
}

void DocumentCheck::check_lives_of(rocksdb::ColumnFamilyHandle* family, std::string tag, const char* what) {
  put_big_endian(tag, row_.id.value);
  for_each_number(view_, family, tag, sizeof(std::uint32_t), findings_, [&](std::uint64_t life, std::string_view) {
    if (row_.deleted || life != row_.life.value)
      findings_.add(what + std::string(" of its life ") + std::to_string(life) + ", which has ended, are left");
  });
}

void DocumentCheck::check_nothing_is_left() {
  const Store& store = view_.store();
  check_lives_of(store.runs(), {}, "runs");
  check_lives_of(store.packs(), {}, "packs");
  check_lives_of(store.rows(), keys::tagged('T'), "notes");
  check_lives_of(store.rows(), keys::tagged('C'), "chain values");
  check_lives_of(store.rows(), keys::tagged('I'), "snapshots");
  check_lives_of(store.rows(), keys::tagged('U'), "uploads of snapshots");
  check_lives_of(store.packs(), keys::tagged(keys::snapshot_part_tag), "parts of snapshots");
}

void DocumentCheck::read_marks() {
  const std::string prefix = keys::marks(row_.id);
  Scan scan = view_.scan(view_.store().rows(), prefix, keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    ++findings_.counts().marks;
    const std::string_view key = view_of(scan->key());
    const auto mark = decode_mark(view_of(scan->value()));
    const auto producer = ProducerId::parse(key.substr(std::min(key.size(), mark_key_bytes - sizeof(ProducerId))));
    if (!mark || !producer || key.size() != mark_key_bytes)
      findings_.add("a producer's mark is damaged");
    else
      marks_.emplace(*producer, mark->sequence);
  }
  if (const auto error = scan.error()) findings_.add("its marks cannot be read", *error);
  if (row_.deleted && !marks_.empty())
    findings_.add(std::to_string(marks_.size()) + " marks of a deleted document are left");
}

void DocumentCheck::read_notes() {
  const std::string prefix = keys::notes(row_.id, row_.life);
  Scan scan = view_.scan(view_.store().rows(), prefix, keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    ++findings_.counts().notes;
    const std::size_t key_bytes = scan->key().size() - note_prefix_bytes;
    if (key_bytes == 0 || key_bytes > note_key_bytes_max) findings_.add("the key of a note is damaged");
  }
  if (const auto error = scan.error()) findings_.add("its notes cannot be read", *error);
}

void DocumentCheck::read_records() {
  const Store& store = view_.store();
  const std::string prefix = keys::runs(row_.id, row_.life);  // of packs as well
  Scan runs = view_.scan(store.runs(), prefix, keys::behind(prefix));
  Scan packs = view_.scan(store.packs(), prefix, keys::behind(prefix));
  runs->SeekToFirst();
  packs->SeekToFirst();
  for (;;) {
    const bool more_runs = check(runs, "its runs cannot be read from here on");
    const bool more_packs = check(packs, "its packs cannot be read from here on");
    if (!more_runs && !more_packs) break;
    const bool is_pack = packs->Valid() && (!runs->Valid() || packs->key().compare(runs->key()) < 0);
    const Scan& scan = is_pack ? packs : runs;
    if (scan->key().size() != segment_key_bytes) {
      findings_.add("the key of a run or pack is damaged", read_.head.next());
    } else if (is_pack) {
      read_pack(keys::offset_of(view_of(scan->key())), view_of(scan->value()));
    } else {
      read_run(keys::offset_of(view_of(scan->key())), view_of(scan->value()));
    }
    scan->Next();
  }
  stretches_.end();
  chain_.end();
  if (complete_ && last_cut_ != Offset{} && last_cut_ != row_.cut)
    findings_.add("it was cut up to here, where it has no record", row_.cut);
}

/// Whether there is more. A table file that is damaged ends the scan: behind that anything may be missing.
bool DocumentCheck::check(const Scan& scan, const char* what) {
  if (scan->Valid()) return true;
  const auto error = scan.error();
  if (error && lost_.insert(&scan).second) {
    findings_.add(what, *error, read_.head.next());
    miss(read_.head.next());
    stretches_.lose_sight();
  }
  return false;
}

void DocumentCheck::miss(Offset from) {
  complete_ = false;
  stretches_.unreadable_from(from);
  chain_.lose();
}

void DocumentCheck::read_run(Offset first, std::string_view value) {
  ++findings_.counts().runs;
  const auto run = Run::parse(row_.id, row_.life, first, value);
  if (!run) {
    findings_.add("the run that begins here is damaged", first);
    return miss(first);
  }
  check_is_kept("run", first, run->entries().back().offset);
  const SharedBytes buffer(nullptr, value);
  for (std::size_t i = 0; i < run->entries().size(); ++i) {
    const auto record = run->record(i, buffer);
    if (record) {
      take(*record);
    } else {
      const Offset offset = run->entries()[i].offset;
      findings_.add("the record here is damaged", offset);
      miss(offset);
    }
  }
}

/// Not through the cache: it is the disk that is asked.
void DocumentCheck::read_pack(Offset first, std::string_view value) {
  ++findings_.counts().packs;
  const auto row = PackRow::parse(row_.id, row_.life, first, value);
  if (!row) {
    findings_.add("the head of the pack that begins here is damaged", first);
    return miss(first);
  }
  const packing::PackHeader& header = row->header;
  check_is_kept("pack", first, header.last);
  const auto records = packing::unpack(SharedBytes(nullptr, row->pack));
  if (!records) {
    findings_.add("the pack that begins here is damaged, " + std::to_string(header.records) + " records up to offset " +
                      std::to_string(header.last.value),
                  first);
    miss(first);
  } else {
    for (const Record& record : *records) take(record);
    if (records->size() != header.records || records->empty() || records->front().offset != header.first ||
        records->back().offset != header.last)
      findings_.add("the head of the pack that begins here does not describe it", first);
  }
  chain_.pack(header.chain, header.last);
}

void DocumentCheck::check_is_kept(const char* what, Offset first, Offset last) {
  if (last <= row_.cut) findings_.add("all of the " + std::string(what) + " that begins here was cut", first);
}

void DocumentCheck::take(const Record& record) {
  findings_.count_record(record.payload.size());
  if (record.offset <= row_.cut && read_.records == 0) {  // cut, and beside others that are kept
    last_cut_ = record.offset;
    return;
  }
  if (record.offset <= read_.head) {
    findings_.add("a record lies here a second time, or out of order: runs or packs overlap", record.offset);
    return miss(record.offset);
  }
  stretches_.record(record.offset);
  chain_.record(record);
  for (auto [mark, end] = marks_.equal_range(record.producer); mark != end;)
    mark = mark->second == record.sequence ? marks_.erase(mark) : std::next(mark);
  if (read_.records == 0) read_.first_time = record.time;
  read_.last_time = record.time;
  read_.head = record.offset;
  ++read_.records;
  read_.payload_bytes += record.payload.size();
}

void DocumentCheck::differs(const char* what, std::uint64_t said, std::uint64_t read) {
  findings_.add("its row says " + std::to_string(said) + " as its " + what + "; it is " + std::to_string(read));
}

void DocumentCheck::compare_row() {
  if (!complete_) return;  // the damage was told; what it makes of the numbers says nothing more
  const auto compare = [&](const char* what, std::uint64_t said, std::uint64_t read) {
    if (said != read) differs(what, said, read);
  };
  compare("records", row_.records, read_.records);
  compare("payload bytes", row_.payload_bytes, read_.payload_bytes);
  compare("first time", row_.first_time.value, read_.first_time.value);
  const bool all_cut = row_.cut != Offset{} && read_.records == 0;
  if (!all_cut) compare("last time", row_.last_time.value, read_.last_time.value);
  if (read_.records > 0 || all_cut)
    compare("head", row_.head.value, read_.head.value);
  else if (!row_.deleted && !order_damaged_)
    compare("head", row_.head.value, order_.change ? order_.change->first.value : 0);
  if (row_.deleted || row_.cut != Offset{}) return;  // a mark may be of a record that was cut
  for (const auto& [producer, sequence] : marks_)
    findings_.add("the mark of producer " + producer.hex() + " names sequence " + std::to_string(sequence.value) +
                  ", which no record has");
}

}  // namespace

void verify_document(const View& view, const VerifiedDocument& document, const SpaceOrder& order, Findings& findings) {
  static const DocumentOrder nothing;
  findings.at(document.path.space.text(), document.path.document.text());
  ++findings.counts().documents;
  if (document.row.deleted) ++findings.counts().deleted;
  if (document.row.cut != Offset{}) ++findings.counts().cut;
  const auto known = order.documents.find(document.row.id);
  DocumentCheck check(view, document, known == order.documents.end() ? nothing : known->second, order.damaged,
                      findings);
  check.check_name();
  check.check_life();
  check.check_nothing_is_left();
  check.read_marks();
  check.read_notes();
  if (!document.row.deleted) check.read_records();
  check.compare_row();
  if (!document.row.deleted) verify_snapshots(view, document.row, findings);
}

}  // namespace weir::storage::rocks
