// A space's order. One order entry lists what a commit added to the space; its runs may interleave, so they are merged
// by offset: a run is read only when the merge reaches its first record.
#include <unordered_map>

#include "weir/rocksdb/reading.hpp"

namespace weir::storage::rocks {
namespace {

class FeedReader {
 public:
  FeedReader(const View& view, SpaceId space, Offset after, Offset upto, std::size_t bytes_max)
      : view_(view), space_(space), after_(after), upto_(upto), budget_(bytes_max) {}

  /// Adds what one commit brought; false when the page is full.
  Result<bool> add(const OrderEntry& entry);
  [[nodiscard]] FeedPage& page() { return page_; }

 private:
  struct Document {
    DocumentName name;
    Life life;
    bool deleted = false;
  };
  struct OpenRun {
    const OrderItem* item = nullptr;
    Run run;
    SharedBytes buffer;
    std::size_t next = 0;
    [[nodiscard]] Offset offset() const { return run.entries()[next].offset; }
  };

  Result<const Document*> document(DocumentId id);
  Result<OpenRun> open(const OrderItem& item) const;
  Result<bool> add_record(OpenRun& run);
  Result<bool> add_change(const OrderItem& item);
  /// Brings the merge up to, not including, `limit`; false when the page is full.
  Result<bool> merge_before(Offset limit);

  const View& view_;
  const SpaceId space_;
  const Offset after_;
  const Offset upto_;
  PageBudget budget_;
  FeedPage page_{{}, true};
  std::unordered_map<DocumentId, Document> documents_;
  std::vector<OpenRun> open_;  // few: the documents of one commit whose runs overlap here
};

Result<const FeedReader::Document*> FeedReader::document(DocumentId id) {
  const auto known = documents_.find(id);
  if (known != documents_.end()) return &known->second;
  const auto name = view_.name(id);
  if (!name) return name.error();
  const auto row = view_.document(space_, name->name);
  if (!row) return row.error();
  auto parsed = DocumentName::parse(name->name);
  if (!*row || !parsed)
    return fail(Code::data_loss, "the row of document " + std::to_string(id.value) + " is missing or damaged");
  return &documents_.emplace(id, Document{*std::move(parsed), (*row)->life, (*row)->deleted}).first->second;
}

Result<FeedReader::OpenRun> FeedReader::open(const OrderItem& item) const {
  auto value = view_.get(view_.store().runs(), keys::run(item.document, item.life, item.first));
  if (!value) return value.error();
  if (!*value)
    return fail(Code::data_loss, "the records at offset " + std::to_string(item.first.value) +
                                     " are missing; restore the store from a backup");
  auto run = Run::parse(item.document, item.life, item.first, **value);
  if (!run) return run.error();
  OpenRun opened{&item, *std::move(run), SharedBytes::take(std::move(**value)), 0};
  while (opened.next < opened.run.entries().size() && opened.offset() <= after_) ++opened.next;
  return opened;
}

Result<bool> FeedReader::add_record(OpenRun& run) {
  page_.complete = budget_.take(run.run.entries()[run.next].payload_bytes);
  if (!page_.complete) return false;
  auto record = run.run.record(run.next, run.buffer);
  if (!record) return record.error();
  const auto described = document(run.item->document);
  if (!described) return described.error();
  page_.entries.push_back({AppendKind::deltas, (*described)->name, view_.epoch(run.item->life), *std::move(record)});
  ++run.next;
  return true;
}

Result<bool> FeedReader::add_change(const OrderItem& item) {
  page_.complete = budget_.take(0);
  if (!page_.complete) return false;
  const auto described = document(item.document);
  if (!described) return described.error();
  Record record;
  record.offset = item.first;
  record.time = item.time;
  page_.entries.push_back({item.kind, (*described)->name, view_.epoch(item.life), std::move(record)});
  return true;
}

Result<bool> FeedReader::merge_before(Offset limit) {
  for (;;) {
    OpenRun* lowest = nullptr;
    for (OpenRun& run : open_)
      if (run.next < run.run.entries().size() && (lowest == nullptr || run.offset() < lowest->offset())) lowest = &run;
    if (lowest == nullptr || lowest->offset() >= limit || lowest->offset() > upto_) return true;
    auto added = add_record(*lowest);
    if (!added || !*added) return added;
    if (lowest->next == lowest->run.entries().size()) open_.erase(open_.begin() + (lowest - open_.data()));
  }
}

Result<bool> FeedReader::add(const OrderEntry& entry) {
  open_.clear();
  for (const OrderItem& item : entry) {
    if (item.first > upto_) break;
    if (item.last <= after_) continue;
    const auto described = document(item.document);
    if (!described) return described.error();
    const bool readable = !(*described)->deleted && (*described)->life == item.life;
    if (item.kind == AppendKind::deltas && !readable) continue;
    auto merged = merge_before(item.first);
    if (!merged || !*merged) return merged;
    if (item.kind != AppendKind::deltas) {
      auto added = add_change(item);
      if (!added || !*added) return added;
      continue;
    }
    auto opened = open(item);
    if (!opened) return opened.error();
    open_.push_back(*std::move(opened));
  }
  return merge_before({~std::uint64_t{0}});
}

}  // namespace

Result<FeedPage> read_space(const View& view, const SpaceRow& row, Offset after, Offset upto, std::size_t bytes_max) {
  FeedReader reader(view, row.id, after, upto, bytes_max);
  if (after >= upto || after >= row.head) return std::move(reader.page());
  const std::string prefix = keys::orders(row.id);
  Scan scan = view.scan(view.store().order(), prefix, keys::behind(prefix));
  for (scan.seek_at_or_before(keys::order(row.id, after.next())); scan->Valid(); scan->Next()) {
    const std::string_view key(scan->key().data(), scan->key().size());
    if (keys::offset_of(key) > upto) break;
    const auto entry = decode_order({scan->value().data(), scan->value().size()});
    if (!entry) return fail(Code::data_loss, "a space's order is damaged; restore the store from a backup");
    const auto room = reader.add(*entry);
    if (!room) return room.error();
    if (!*room) return std::move(reader.page());
  }
  if (auto error = scan.error()) return *std::move(error);
  return std::move(reader.page());
}

}  // namespace weir::storage::rocks
