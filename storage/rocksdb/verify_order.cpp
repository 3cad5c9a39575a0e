// What verify() makes of a space's order.
#include <algorithm>

#include "weir/rocksdb/verify_parts.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t order_key_bytes = 13;

class OrderReader {
 public:
  OrderReader(const SpaceRow& space, const DocumentRows& documents, std::optional<DocumentId> only, Findings& findings)
      : space_(space), documents_(documents), only_(only), findings_(findings) {}

  void add(std::string_view key, std::string_view value);
  [[nodiscard]] SpaceOrder& order() { return order_; }

 private:
  void damaged(const char* what, Offset at) {
    order_.damaged = true;
    findings_.add(what, at);
  }
  void add(const OrderItem& item);
  void add_stretch(const OrderItem& item);

  const SpaceRow& space_;
  const DocumentRows& documents_;
  const std::optional<DocumentId> only_;
  Findings& findings_;
  SpaceOrder order_;
  Offset end_;  // of the entries before
};

void OrderReader::add(std::string_view key, std::string_view value) {
  if (key.size() != order_key_bytes) return damaged("the key of an order entry is damaged", end_);
  ++findings_.counts().order_entries;
  const Offset at = keys::offset_of(key);
  const auto entry = decode_order(value);
  if (!entry || entry->empty()) return damaged("the order entry here is damaged", at);
  if (at <= end_) damaged("the order entry here overlaps the one before it", at);
  if (entry->front().first < at) damaged("the order entry here names something before itself", at);
  if (!std::ranges::is_sorted(*entry, {}, &OrderItem::first)) damaged("the order entry here is not sorted", at);
  for (const OrderItem& item : *entry) {
    end_ = std::max(end_, item.last);
    add(item);
  }
  if (end_ > space_.head) damaged("the order goes on behind the space's head", at);
}

void OrderReader::add(const OrderItem& item) {
  const auto known = documents_.find(item.document);
  if (known == documents_.end())
    return findings_.add(
        "the order names document " + std::to_string(item.document.value) + ", which the space has not", item.first);
  const DocumentRow& row = known->second;
  if (item.life > row.life || item.life == Life{})
    findings_.add("the order names life " + std::to_string(item.life.value) + " of document " +
                      std::to_string(item.document.value) + ", which is in its life " + std::to_string(row.life.value),
                  item.first);
  if (only_ && item.document != *only_) return;
  if (item.kind != AppendKind::deltas) {
    order_.documents[item.document].change = item;
  } else if (!row.deleted && item.life == row.life) {
    add_stretch(item);
  }
}

void OrderReader::add_stretch(const OrderItem& item) {
  DocumentOrder& document = order_.documents[item.document];
  if (item.first <= document.last || item.last < item.first)
    return damaged("the order names the same records of a document twice", item.first);
  put_varint(document.stretches, item.first.value - document.last.value);
  put_varint(document.stretches, item.last.value - item.first.value);
  document.last = item.last;
}

}  // namespace

SpaceOrder read_order(const View& view, const SpaceRow& space, const DocumentRows& documents,
                      std::optional<DocumentId> only, Findings& findings) {
  OrderReader reader(space, documents, only, findings);
  const std::string prefix = keys::orders(space.id);
  Scan scan = view.scan(view.store().rows(), prefix, keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) reader.add(view_of(scan->key()), view_of(scan->value()));
  if (const auto error = scan.error()) {
    reader.order().damaged = true;
    findings.add("the space's order cannot be read", *error);
  }
  return std::move(reader.order());
}

Stretches::Stretches(const DocumentOrder& order, bool order_damaged, Offset cut, Findings& findings)
    : findings_(findings), order_damaged_(order_damaged), cut_(cut), rest_(order.stretches) {
  next();
  bool knows_cut = false;
  for (; valid_ && last_ <= cut_; next()) knows_cut = last_ == cut_;
  begun_ = valid_ && first_ <= cut_;
  if (cut_ != Offset{} && !knows_cut && !begun_ && !order_damaged_)
    findings_.add("the order does not name the record up to which it was cut", cut_);
}

void Stretches::next() {
  valid_ = !rest_.rest().empty();
  if (!valid_) return;
  first_ = last_.plus(rest_.varint());
  last_ = first_.plus(rest_.varint());
  begun_ = ended_ = false;
}

/// The stretch lies behind.
void Stretches::pass() {
  if (!begun_ && !unknown(last_))
    findings_.add("the order names records here that are not there, up to offset " + std::to_string(last_.value),
                  first_);
  else if (!ended_ && !unknown(last_))
    findings_.add("the order names a record here that is not there", last_);
  next();
}

void Stretches::record(Offset offset) {
  while (valid_ && last_ < offset) pass();
  if (!valid_ || offset < first_) {
    if (!order_damaged_) findings_.add("the order of the space does not name this record", offset);
  } else {
    if (!begun_ && offset != first_ && !unknown(first_))
      findings_.add("the order names a record here that is not there", first_);
    begun_ = true;
    ended_ = offset == last_;
  }
  unreadable_from_.reset();
}

void Stretches::unreadable_from(Offset offset) {
  if (!unreadable_from_) unreadable_from_ = offset;
}

void Stretches::end() {
  while (valid_) pass();
}

}  // namespace weir::storage::rocks
