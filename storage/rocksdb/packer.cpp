#include "weir/rocksdb/packer.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "weir/rocksdb/order_merge.hpp"
#include "weir/rocksdb/pack_maker.hpp"
#include "weir/rocksdb/segments.hpp"

namespace weir::storage::rocks {
namespace {

constexpr int lowest_priority = 19;
constexpr std::size_t cuts_merged_max = 65536;  // a few MiB; what is forgotten is looked at once more

std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

Packer::Packer(const Store& store, ChainCache& chains, Candidates& candidates, Writer& writer,
               const PackingOptions& options)
    : store_(store), chains_(chains), candidates_(candidates), writer_(writer), options_(options) {
  if (options_.in_background) thread_ = std::thread([this] { run(); });
}

Packer::~Packer() {
  stopping_ = true;
  candidates_.close();
  if (thread_.joinable()) thread_.join();
}

void Packer::run() {
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest_priority));
  find_grown();
  while (const auto document = candidates_.take()) {
    for (bool more = true; more && !stopping_;) {
      const std::lock_guard lock(working_);
      const auto improved = improve(*document);
      more = improved && *improved;
      if (!improved) ++failures_;
    }
  }
}

/// A look at every document's runs, as far as it takes to know that they are many.
void Packer::find_grown() {
  const View view(store_);
  Scan scan = view.scan(store_.runs(), {}, std::string(1, '\xFF'), Caching::no);
  DocumentId document;
  std::uint64_t records = 0;
  for (scan->SeekToFirst(); scan->Valid() && !stopping_; scan->Next()) {
    Decoder key(view_of(scan->key()));
    const DocumentId of{key.big_endian<std::uint64_t>()};
    const Life life{key.big_endian<std::uint32_t>()};
    if (of != document) records = 0;
    document = of;
    if (records >= options_.idle_seal_records) continue;
    const auto run = Run::parse(of, life, keys::offset_of(view_of(scan->key())), view_of(scan->value()));
    if (!run) continue;
    records += run->entries().size();
    if (records >= options_.idle_seal_records) candidates_.add(of);
  }
}

Result<DocumentPath> Packer::path_of(const View& view, DocumentId document) {
  const auto name = view.name(document);
  if (!name) return name.error();
  if (!spaces_.contains(name->space)) {
    Scan scan = view.scan(store_.rows(), keys::space(""), keys::behind(keys::space("")));
    for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
      const auto space = SpaceName::parse(view_of(scan->key()).substr(1));
      const auto row = decode_space(view_of(scan->value()));
      if (space && row) spaces_.insert_or_assign(row->id, *space);
    }
  }
  const auto space = spaces_.find(name->space);
  auto parsed = DocumentName::parse(name->name);
  if (space == spaces_.end() || !parsed)
    return fail(Code::data_loss, "the name of document " + std::to_string(document.value) + " is damaged");
  return DocumentPath{space->second, *std::move(parsed)};
}

Result<bool> Packer::improve(DocumentId document) {
  const View view(store_);
  const auto path = path_of(view, document);
  if (!path) return path.error();
  const auto row = view.document(*path);
  if (!row) return row.error();
  if (!*row || (*row)->deleted) return false;
  if (auto merged = merge_order_after_cut(view, **row); !merged) return merged.error();
  const auto extents = tail_extents(view, **row, options_);
  if (!extents) return extents.error();
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const bool idle = std::chrono::seconds((*row)->last_time.value) + options_.idle <= now;
  const auto plan = next_pack(*extents, options_, idle);
  if (!plan) return false;
  auto replaced =
      replace(view, *path, **row, std::span(*extents).subspan(plan->begin, plan->end - plan->begin), plan->level);
  if (!replaced || !*replaced) return replaced;
  const auto space = view.space(path->space);
  if (!space) return space.error();
  if (*space)
    if (auto merged = merge_order_of((*space)->id); !merged) return merged.error();
  return true;
}

Result<bool> Packer::replace(const View& view, const DocumentPath& path, const DocumentRow& row,
                             std::span<const Extent> extents, int level) {
  const auto chain = chains_.chain(view, path, row, std::max(row.cut, Offset{extents.front().first.value - 1}));
  if (!chain) return chain.error();
  auto made = make_pack(view, path, row, extents, *chain, level);
  if (!made) return made.error();
  const std::uint64_t after = made->value.size();
  std::vector<Replacement> replacements;
  replacements.emplace_back(*std::move(made));
  auto replaced = writer_.replace(std::move(replacements));
  if (!replaced || !*replaced) return replaced;
  ++packs_made_;
  bytes_after_ += after;
  for (const Extent& extent : extents) {
    records_packed_ += extent.records;
    bytes_before_ += extent.stored_bytes;
  }
  return true;
}

/// What was cut since the last time can be merged further than before.
Result<void> Packer::merge_order_after_cut(const View& view, const DocumentRow& row) {
  if (row.cut == Offset{}) return {};
  if (cuts_merged_.size() > cuts_merged_max) cuts_merged_.clear();
  Offset& merged = cuts_merged_[row.id];
  if (merged >= row.cut) return {};
  const auto name = view.name(row.id);
  if (!name) return name.error();
  Offset& from = order_merged_to_[name->space];
  from = std::min(from, std::exchange(merged, row.cut));
  return merge_order_of(name->space);
}

Result<void> Packer::merge_order_of(SpaceId space) {
  const View view(store_);
  Offset& from = order_merged_to_[space];
  auto merged = merge_order(view, space, from);
  if (!merged) return merged.error();
  std::vector<Replacement> together;
  std::size_t entries = 0;
  const auto put_in = [&]() -> Result<void> {
    if (together.empty()) return {};
    const auto replaced = writer_.replace(std::exchange(together, {}));
    entries = 0;
    if (!replaced) return replaced.error();
    return {};
  };
  for (OrderReplacement& replacement : merged->replacements) {
    if (entries + replacement.entries > order_entries_max)
      if (auto done = put_in(); !done) return done;
    entries += replacement.entries;
    together.emplace_back(std::move(replacement));
  }
  if (auto done = put_in(); !done) return done;
  from = merged->next;
  return {};
}

Result<void> Packer::compact(const DocumentPath& path, const CompactProgress& progress) {
  const std::lock_guard lock(working_);
  const View view(store_);
  const auto row = view.document(path);
  if (!row) return row.error();
  if (!*row) return fail(Code::not_found, "there is no document \"" + path.document.text() + "\"");
  if ((*row)->deleted) return deleted_error(path);
  const auto extents = all_extents(view, **row);
  if (!extents) return extents.error();
  std::uint64_t done = 0;
  for (const PackPlan& plan : whole_document(*extents, options_)) {
    if (stopping_) return fail(Code::cancelled, "the store is being closed");
    const auto part = std::span(*extents).subspan(plan.begin, plan.end - plan.begin);
    const auto replaced = replace(view, path, **row, part, plan.level);
    if (!replaced) return replaced.error();
    if (!*replaced) return fail(Code::aborted, "the document was deleted or cut meanwhile");
    for (const Extent& extent : part) done += extent.records;
    if (progress) progress(std::min(done, (*row)->records), (*row)->records);
  }
  const auto space = view.space(path.space);
  if (!space) return space.error();
  if (auto merged = merge_order_after_cut(view, **row); !merged) return merged;
  return merge_order_of((*space)->id);
}

PackingFigures Packer::figures() const {
  return {packs_made_, records_packed_, bytes_before_, bytes_after_, failures_, candidates_.pending()};
}

}  // namespace weir::storage::rocks
