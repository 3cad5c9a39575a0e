// A space's order. An order entry lists what one or more commits added to the space, as stretches of documents; they
// may interleave, so they are merged by offset: a stretch is read only when the merge reaches its first record. Where
// the beginning of a stretch was cut, an entry that says so stands in the place of the last record there.
#include <algorithm>
#include <memory>
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
    Offset cut;
  };
  /// The rest of a stretch: `next` stands at a record of it, unless the records up to `cut` are to be told of first.
  struct Open {
    const OrderItem* item = nullptr;
    Offset cut{};
    std::unique_ptr<Segments> segments{};
    Segment segment{};
    std::size_t next = 0;
    [[nodiscard]] Offset offset() const { return cut != Offset{} ? cut : segment.offset(next); }
  };

  Result<const Document*> document(DocumentId id);
  /// Puts the stretch among the open ones, unless nothing of it is wanted.
  Result<void> open(const OrderItem& item, Offset cut);
  /// Goes to its first record at or after `from`; false when it has none.
  Result<bool> open_records(Open& open, Offset from);
  /// Lets `next` stand at the first record after `offset`; false when the stretch has none.
  Result<bool> advance(Open& open, Offset offset) const;
  Result<bool> add_record(Open& open);
  Result<bool> add_cut(const Open& open);
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
  std::vector<Open> open_;  // few: the documents of one order entry whose stretches overlap here
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
  return &documents_.emplace(id, Document{*std::move(parsed), (*row)->life, (*row)->deleted, (*row)->cut})
              .first->second;
}

Result<void> FeedReader::open(const OrderItem& item, Offset cut) {
  Open opened{&item};
  const Offset cut_to = std::min(item.last, cut);
  if (cut_to >= item.first && cut_to > after_) {
    opened.cut = cut_to;
  } else {
    const auto any = open_records(opened, std::max(item.first, after_.next()));
    if (!any) return any.error();
    if (!*any) return {};
  }
  open_.push_back(std::move(opened));
  return {};
}

Result<bool> FeedReader::open_records(Open& open, Offset from) {
  open.segments = std::make_unique<Segments>(view_, open.item->document, open.item->life);
  open.segments->seek(from);
  if (open.segments->valid()) {
    auto segment = open.segments->read();
    if (!segment) return segment.error();
    open.segment = *std::move(segment);
  }
  const auto any = advance(open, {from.value - 1});
  if (any && from == open.item->first && (!*any || open.offset() != from))
    return fail(Code::data_loss, "the records at offset " + std::to_string(from.value) +
                                     " are missing; restore the store from a backup");
  return any;
}

Result<bool> FeedReader::advance(Open& open, Offset offset) const {
  for (;;) {
    open.next = open.segment.after(offset);
    if (open.next < open.segment.size()) return open.offset() <= open.item->last;
    if (!open.segments->valid()) break;
    open.segments->next();
    if (!open.segments->valid() || open.segments->first() > open.item->last) break;
    auto segment = open.segments->read();
    if (!segment) return segment.error();
    open.segment = *std::move(segment);
  }
  if (auto error = open.segments->error()) return *std::move(error);
  return false;
}

Result<bool> FeedReader::add_record(Open& open) {
  page_.complete = budget_.take(open.segment.head(open.next).payload_bytes);
  if (!page_.complete) return false;
  auto record = open.segment.record(open.next);
  if (!record) return record.error();
  const auto described = document(open.item->document);
  if (!described) return described.error();
  page_.entries.push_back({AppendKind::deltas, (*described)->name, view_.epoch(open.item->life), *std::move(record)});
  return true;
}

/// One entry for all that was cut of a document without anything else between.
Result<bool> FeedReader::add_cut(const Open& open) {
  page_.complete = budget_.take(0);
  if (!page_.complete) return false;
  const auto described = document(open.item->document);
  if (!described) return described.error();
  FeedEntry entry{AppendKind::cut, (*described)->name, view_.epoch(open.item->life), {}};
  entry.record.offset = open.cut;
  const FeedEntry* before = page_.entries.empty() ? nullptr : &page_.entries.back();
  if (before != nullptr && before->kind == AppendKind::cut && before->document == entry.document)
    page_.entries.back() = std::move(entry);
  else
    page_.entries.push_back(std::move(entry));
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
    const auto lowest = std::ranges::min_element(open_, {}, &Open::offset);
    if (lowest == open_.end() || lowest->offset() >= limit || lowest->offset() > upto_) return true;
    const Offset at = lowest->offset();
    const bool is_cut = lowest->cut != Offset{};
    auto added = is_cut ? add_cut(*lowest) : add_record(*lowest);
    if (!added || !*added) return added;
    lowest->cut = {};
    const auto more = !is_cut                   ? advance(*lowest, at)
                      : at < lowest->item->last ? open_records(*lowest, at.next())
                                                : Result<bool>(false);
    if (!more) return more.error();
    if (!*more) open_.erase(lowest);
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
    if (const auto opened = open(item, (*described)->cut); !opened) return opened.error();
  }
  return merge_before({~std::uint64_t{0}});
}

}  // namespace

Result<FeedPage> read_space(const View& view, const SpaceRow& row, Offset after, Offset upto, std::size_t bytes_max) {
  FeedReader reader(view, row.id, after, upto, bytes_max);
  if (after >= upto || after >= row.head) return std::move(reader.page());
  const std::string prefix = keys::orders(row.id);
  Scan scan = view.scan(view.store().rows(), prefix, keys::behind(prefix));
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
