// A model's state held against everything a log tells.
#include <algorithm>
#include <set>

#include "model.hpp"

namespace weir::storage::crash {
namespace {

using Wrong = std::optional<Difference>;
constexpr Offset everything{~std::uint64_t{0}};

Wrong different(const std::string& what, std::uint64_t got, std::uint64_t expected) {
  if (got == expected) return std::nullopt;
  return what + " is " + std::to_string(got) + ", not " + std::to_string(expected);
}

Wrong unreadable(const std::string& what, const Error& error) {
  return Difference{what + ": " + std::string(name(error.code)) + ": " + error.message, error.code};
}

Difference named(const std::string& where, const Difference& difference) {
  return {where + ": " + difference.what, difference.refused};
}

std::string told(const Record& record) {
  return "record " + std::to_string(record.offset.value) + " (sequence " + std::to_string(record.sequence.value) +
         ", " + std::to_string(record.payload.size()) + " bytes)";
}

std::vector<Record>& items_of(DocumentPage& page) { return page.records; }
std::vector<FeedEntry>& items_of(FeedPage& page) { return page.entries; }

/// All of a space's order or of a document's records, page after page of different sizes.
template <class Item, class ReadPage, class OffsetOf>
Result<std::vector<Item>> read_all(ReadPage read_page, OffsetOf offset_of) {
  std::vector<Item> all;
  std::size_t page_bytes = 100;
  for (Offset at{};; page_bytes = page_bytes * 7 % 60'013) {
    auto page = read_page(at, page_bytes);
    if (!page) return page.error();
    auto& items = items_of(*page);
    if (!page->complete && items.empty()) return fail(Code::internal, "a page is empty, yet not the last");
    for (Item& item : items) {
      if (offset_of(item) <= at) return fail(Code::internal, "offsets do not increase");
      at = offset_of(item);
      all.push_back(std::move(item));
    }
    if (page->complete) return all;
  }
}

class SpaceComparison {
 public:
  SpaceComparison(const SpaceName& name, ModelSpace& space, const DeltaLog& log)
      : name_(name), space_(space), log_(log) {}

  Wrong run() {
    if (Wrong wrong = compare_order()) return wrong;
    if (Wrong wrong = compare_listing()) return wrong;
    for (auto& [name, document] : space_.documents) {
      path_ = {name_, name};
      for (const auto compare : {&SpaceComparison::compare_state, &SpaceComparison::compare_rows,
                                 &SpaceComparison::compare_records, &SpaceComparison::compare_chain})
        if (Wrong wrong = (this->*compare)(document)) return named("document " + name.text(), *wrong);
    }
    return std::nullopt;
  }

 private:
  bool readable(const ModelEntry& entry) const {
    if (entry.kind != AppendKind::deltas) return true;
    const ModelDocument& document = space_.documents.at(entry.document);
    return document.state == DocumentLife::alive && document.life == entry.life;
  }

  Wrong compare_order() {
    auto feed = read_all<FeedEntry>(
        [&](Offset after, std::size_t bytes) { return log_.read_space(name_, after, everything, bytes); },
        [](const FeedEntry& entry) { return entry.record.offset; });
    if (!feed) return unreadable("reading its order", feed.error());
    if (Wrong wrong = compare_cuts(*feed)) return wrong;
    std::erase_if(*feed, [](const FeedEntry& entry) { return entry.kind == AppendKind::cut; });
    std::size_t next = 0;
    std::map<DocumentName, std::size_t> records;
    for (ModelEntry& expected : space_.order) {
      if (!readable(expected)) continue;
      if (expected.kind == AppendKind::deltas && records[expected.document] < cut_records(expected.document)) {
        ++records[expected.document];
        continue;
      }
      if (next == feed->size()) return "its order ends before " + told(expected.record);
      const FeedEntry& entry = (*feed)[next++];
      if (expected.record.offset == Offset{}) expected.record.offset = entry.record.offset;  // learned
      if (entry.kind != expected.kind || entry.document != expected.document ||
          entry.epoch != derive_epoch(log_.incarnation(), expected.life) || !same(entry.record, expected))
        return "its order has " + told(entry.record) + " instead of " + told(expected.record);
      if (expected.kind == AppendKind::deltas) {
        auto& of_document = space_.documents.at(expected.document).records;
        of_document.at(records[expected.document]++).offset = expected.record.offset;
      }
    }
    if (next != feed->size()) return "its order has " + told((*feed)[next].record) + " behind what was written";
    return std::nullopt;
  }

  /// Each tells the truth, and the last of a document where it was cut.
  Wrong compare_cuts(const std::vector<FeedEntry>& feed) const {
    std::map<DocumentName, Offset> told;
    for (const FeedEntry& entry : feed)
      if (entry.kind == AppendKind::cut) told[entry.document] = entry.record.offset;
    for (const auto& [name, document] : space_.documents)
      if (Wrong wrong =
              different("the last cut of " + name.text() + " in its order", told[name].value, cut_of(document).value))
        return wrong;
    return std::nullopt;
  }

  std::size_t cut_records(const DocumentName& name) const { return space_.documents.at(name).cut; }
  static Offset cut_of(const ModelDocument& document) {
    return document.cut == 0 ? Offset{} : document.records[document.cut - 1].offset;
  }

  static bool same(const Record& record, const ModelEntry& expected) {
    if (expected.kind == AppendKind::deltas) return record == expected.record;
    return record.offset == expected.record.offset && record.time == expected.record.time;
  }

  Wrong compare_listing() {
    const auto listed = log_.documents(name_, "", 1000);
    const auto state = log_.space(name_);
    if (!listed) return unreadable("listing its documents", listed.error());
    if (!state) return unreadable("its state", state.error());
    std::uint64_t alive = 0;
    std::vector<DocumentName> names, expected;
    for (const DocumentSummary& summary : *listed) names.push_back(summary.name);
    for (const auto& [name, document] : space_.documents) {
      expected.push_back(name);
      if (document.state == DocumentLife::alive) ++alive;
    }
    if (names != expected) return "the documents listed are not those written to";
    return different("the number of documents", state->documents, alive);
  }

  Wrong compare_state(ModelDocument& document) {
    const auto state = log_.document(path_);
    if (!state) return unreadable("its state", state.error());
    std::uint64_t bytes = 0, cut_bytes = 0;
    for (std::size_t i = 0; i < document.records.size(); ++i)
      (i < document.cut ? cut_bytes : bytes) += document.records[i].payload.size();
    const auto newest = std::find_if(space_.order.rbegin(), space_.order.rend(),
                                     [&](const ModelEntry& entry) { return entry.document == path_.document; });
    const Offset head = newest == space_.order.rend() ? Offset{} : newest->record.offset;
    if (state->life != document.state) return "it is not as dead or alive as it should be";
    if (state->epoch != derive_epoch(log_.incarnation(), document.life)) return "its epoch is another";
    if (Wrong wrong = different("its head", state->head.value, head.value)) return wrong;
    const std::size_t kept = document.records.size() - document.cut;
    if (Wrong wrong = different("its number of records", state->records, kept)) return wrong;
    if (Wrong wrong = different("its number of bytes", state->payload_bytes, bytes)) return wrong;
    if (Wrong wrong = different("its cut", state->cut.value, cut_of(document).value)) return wrong;
    if (Wrong wrong = different("its number of cut records", state->cut_records, document.cut)) return wrong;
    if (Wrong wrong = different("its number of cut bytes", state->cut_payload_bytes, cut_bytes)) return wrong;
    if (document.records.empty()) return std::nullopt;
    const Seconds first = kept == 0 ? Seconds{} : document.records[document.cut].time;
    if (Wrong wrong = different("its first time", state->first_time.value, first.value)) return wrong;
    return different("its last time", state->last_time.value, document.records.back().time.value);
  }

  Wrong compare_rows(ModelDocument& document) {
    std::set<ProducerId> producers;
    for (const auto& [producer, mark] : document.marks) producers.insert(producer);
    for (const ModelEntry& entry : space_.order)
      if (entry.kind == AppendKind::deltas) producers.insert(entry.record.producer);
    for (const ProducerId& producer : producers) {
      const auto mark = log_.mark(path_, producer);
      if (!mark) return unreadable("a mark", mark.error());
      const auto expected = document.marks.find(producer);
      if (*mark != (expected == document.marks.end() ? std::optional<Mark>() : std::optional(expected->second)))
        return "the mark of " + producer.hex() + " is " + std::to_string(*mark ? (*mark)->sequence.value : 0);
    }
    for (const std::string key : {"a", "b", "c"}) {
      const auto note = log_.note(path_, key);
      if (!note) return unreadable("a note", note.error());
      const auto expected = document.notes.find(key);
      if (*note != (expected == document.notes.end() ? std::optional<SharedBytes>() : std::optional(expected->second)))
        return "the note \"" + key + "\" is another";
    }
    return std::nullopt;
  }

  Wrong compare_records(ModelDocument& document) {
    const auto records = read_all<Record>(
        [&](Offset after, std::size_t bytes) { return log_.read_document(path_, after, everything, bytes); },
        [](const Record& record) { return record.offset; });
    if (document.state == DocumentLife::deleted && records) return "it can be read";
    if (document.state == DocumentLife::deleted && records.error().code == Code::not_found) return std::nullopt;
    if (!records) return unreadable("reading it", records.error());
    const std::size_t kept = document.records.size() - document.cut;
    for (std::size_t i = 0; i < std::min(records->size(), kept); ++i)
      if ((*records)[i] != document.records[document.cut + i])
        return "it has " + told((*records)[i]) + " instead of " + told(document.records[document.cut + i]);
    if (Wrong wrong = different("the number of records read", records->size(), kept)) return wrong;
    if (kept == 0) return std::nullopt;
    const Record& newest = document.records.back();
    const auto found = log_.find(path_, newest.producer, newest.sequence, newest.sequence, 1);
    if (!found) return unreadable("finding a resend's original", found.error());
    return *found == std::vector{newest} ? std::nullopt : Wrong("a resend's original is not found");
  }

  Wrong compare_chain(ModelDocument& document) {
    Digest chain = chain_start(path_), in_the_middle = chain;
    const std::size_t middle = std::max(document.records.size() / 2, document.cut);
    for (std::size_t i = 0; i < document.records.size(); ++i) {
      const Record& record = document.records[i];
      chain = chain_next(chain, record.producer, record.sequence, record.codec, record.payload.view());
      if (i + 1 == middle) in_the_middle = chain;
    }
    const auto last = log_.chain(path_, everything);
    if (document.state == DocumentLife::deleted && last) return "it has a chain value";
    if (document.state == DocumentLife::deleted && last.error().code == Code::not_found) return std::nullopt;
    if (!last) return unreadable("its chain", last.error());
    if (*last != chain) return "its chain value is another";
    const auto earlier = log_.chain(path_, middle == 0 ? Offset{} : document.records[middle - 1].offset);
    if (!earlier) return unreadable("its chain", earlier.error());
    return *earlier == in_the_middle ? std::nullopt : Wrong("its chain value in the middle is another");
  }

  const SpaceName& name_;
  ModelSpace& space_;
  const DeltaLog& log_;
  DocumentPath path_;
};

}  // namespace

std::optional<Difference> compare(ModelState& state, const DeltaLog& log) {
  for (auto& [name, space] : state)
    if (Wrong wrong = SpaceComparison(name, space, log).run()) return named("space " + name.text(), *wrong);
  return std::nullopt;
}

}  // namespace weir::storage::crash
