#include "weir/rocksdb/order_merge.hpp"

#include <algorithm>
#include <unordered_map>

namespace weir::storage::rocks {
namespace {

class Merger {
 public:
  Merger(const View& view, SpaceId space) : view_(view), space_(space) {}

  Result<void> add(Offset key, const OrderEntry& entry);
  /// The last group stays open for what comes, so its start is where to go on.
  MergedOrder finish(Offset next);

 private:
  struct Document {
    Life life;
    bool deleted = false;
    Offset cut;
  };

  Result<Document> document(DocumentId id);
  /// Without what is gone for ever: stretches of a document that was deleted.
  Result<OrderEntry> living(const OrderEntry& entry);
  /// Whether a reader can have them all in one entry.
  [[nodiscard]] bool fit(const OrderEntry& items) const;
  void close();

  const View& view_;
  const SpaceId space_;
  std::unordered_map<DocumentId, Document> documents_;
  MergedOrder merged_;
  // The group being put together.
  OrderEntry items_;
  Offset first_;
  Offset last_;
  std::size_t entries_ = 0;
};

Result<Merger::Document> Merger::document(DocumentId id) {
  const auto known = documents_.find(id);
  if (known != documents_.end()) return known->second;
  const auto name = view_.name(id);
  if (!name) return name.error();
  const auto row = view_.document(space_, name->name);
  if (!row) return row.error();
  if (!*row) return fail(Code::data_loss, "the row of document " + std::to_string(id.value) + " is missing");
  return documents_.emplace(id, Document{(*row)->life, (*row)->deleted, (*row)->cut}).first->second;
}

Result<OrderEntry> Merger::living(const OrderEntry& entry) {
  OrderEntry living;
  for (const OrderItem& item : entry) {
    const auto of = document(item.document);
    if (!of) return of.error();
    if (item.kind != AppendKind::deltas || (!of->deleted && of->life == item.life)) living.push_back(item);
  }
  return living;
}

bool Merger::fit(const OrderEntry& items) const {
  const auto is_cut = [this](const OrderItem& item) {
    const Document& of = documents_.at(item.document);
    return item.kind == AppendKind::deltas && item.life == of.life && item.last <= of.cut;
  };
  const auto cut = static_cast<std::size_t>(std::ranges::count_if(items, is_cut));
  return items.size() - cut <= order_items_max && items.size() <= order_items_with_cut_max;
}

/// Lets a stretch that is there already reach further, or adds the item.
void put(OrderEntry& items, const OrderItem& item) {
  const auto same = std::ranges::find_if(items, [&](const OrderItem& known) {
    return known.kind == AppendKind::deltas && item.kind == AppendKind::deltas && known.document == item.document &&
           known.life == item.life;
  });
  if (same == items.end())
    items.push_back(item);
  else
    same->last = item.last;
}

Result<void> Merger::add(Offset key, const OrderEntry& entry) {
  const auto added = living(entry);
  if (!added) return added.error();
  const auto behind = [&added](OrderEntry items) {
    for (const OrderItem& item : *added) put(items, item);
    return items;
  };
  OrderEntry together = behind(items_);
  if (entries_ == order_entries_max || (entries_ > 0 && !fit(together))) {
    close();
    together = behind({});  // a commit may have several stretches of one document: no two may stay
  }
  items_ = std::move(together);
  if (entries_++ == 0) first_ = key;
  last_ = key;
  return {};
}

void Merger::close() {
  if (entries_ > 1)
    merged_.replacements.push_back({space_, first_, last_, entries_, items_.empty() ? "" : encode(items_)});
  items_.clear();
  entries_ = 0;
}

MergedOrder Merger::finish(Offset next) {
  merged_.next = entries_ > 0 ? first_ : next;
  close();
  return std::move(merged_);
}

}  // namespace

Result<MergedOrder> merge_order(const View& view, SpaceId space, Offset from) {
  Merger merger(view, space);
  const std::string prefix = keys::orders(space);
  Scan scan = view.scan(view.store().rows(), prefix, keys::behind(prefix));
  Offset key;
  for (scan->Seek(keys::order(space, from)); scan->Valid();) {
    key = keys::offset_of({scan->key().data(), scan->key().size()});
    const auto entry = decode_order({scan->value().data(), scan->value().size()});
    if (!entry) return fail(Code::data_loss, "a space's order is damaged; restore the store from a backup");
    scan->Next();
    if (!scan->Valid()) break;  // the last one
    if (auto added = merger.add(key, *entry); !added) return added.error();
  }
  if (auto error = scan.error()) return *std::move(error);
  return merger.finish(key);
}

}  // namespace weir::storage::rocks
