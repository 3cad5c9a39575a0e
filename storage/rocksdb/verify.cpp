#include "weir/rocksdb/verify.hpp"

#include <unordered_set>

#include "weir/rocksdb/verify_parts.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::uint64_t records_between_tellings = 10'000;
constexpr std::string_view row_tags = "MSDNKTCOIU";

class Verifier {
 public:
  Verifier(const View& view, const VerifyOptions& options)
      : view_(view), store_(view.store()), options_(options), findings_(options) {}

  Result<VerifyCounts> run();

 private:
  using Group = std::function<void(std::uint64_t number, std::string_view key)>;

  void verify_tables();
  void verify_spaces();
  void verify_space(const SpaceName& name, const SpaceRow& row);
  [[nodiscard]] Result<void> verify_one_space();
  [[nodiscard]] DocumentRows read_documents(const SpaceRow& space);
  void verify_documents(const SpaceName& name, const SpaceRow& space, const SpaceOrder& order);
  /// What belongs to no space or document, or is nothing that this format knows.
  void find_strays();
  void find_strays_in(rocksdb::ColumnFamilyHandle* family, const std::string& tag, const char* what);
  void find_unknown_rows();

  const View& view_;
  const Store& store_;
  const VerifyOptions& options_;
  Findings findings_;
  std::unordered_set<SpaceId> spaces_;
  std::unordered_set<DocumentId> documents_;
};

Result<VerifyCounts> Verifier::run() {
  if (options_.space) {
    if (auto verified = verify_one_space(); !verified) return verified.error();
    return findings_.counts();
  }
  verify_tables();
  verify_spaces();
  find_strays();
  find_unknown_rows();
  return findings_.counts();
}

/// Every block of every file, those included that hold nothing any more.
void Verifier::verify_tables() {
  if (const auto status = store_.db().VerifyChecksum(); !status.ok())
    findings_.add("a table file is damaged", error_of(status, "reading the store"));
}

void Verifier::verify_spaces() {
  Scan scan = view_.scan(store_.rows(), keys::space(""), keys::behind(keys::space("")));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    const auto name = SpaceName::parse(view_of(scan->key()).substr(1));
    const auto row = decode_space(view_of(scan->value()));
    findings_.at(name ? name->text() : "");
    if (!name || !row) {
      findings_.add("the row of a space is damaged");
      continue;
    }
    if (const auto ids = view_.next_ids(); !ids)
      findings_.add("the numbers given out cannot be read", ids.error());
    else if (row->id == SpaceId{} || row->id >= ids->space)
      findings_.add("its number " + std::to_string(row->id.value) + " was never given out");
    if (!spaces_.insert(row->id).second)
      findings_.add("its number " + std::to_string(row->id.value) + " is another space's as well");
    verify_space(*name, *row);
  }
  findings_.at("");
  if (const auto error = scan.error()) findings_.add("the spaces cannot be read", *error);
}

Result<void> Verifier::verify_one_space() {
  const auto row = view_.space(*options_.space);
  if (!row) return row.error();
  if (!*row) return fail(Code::not_found, "there is no space \"" + options_.space->text() + "\"");
  if (options_.document) {
    const auto document = view_.document((*row)->id, options_.document->text());
    if (!document) return document.error();
    if (!*document) return fail(Code::not_found, "there is no document \"" + options_.document->text() + "\"");
  }
  verify_space(*options_.space, **row);
  return {};
}

void Verifier::verify_space(const SpaceName& name, const SpaceRow& row) {
  ++findings_.counts().spaces;
  findings_.at(name.text());
  const DocumentRows documents = read_documents(row);
  std::optional<DocumentId> only;
  if (options_.document)
    if (const auto document = view_.document(row.id, options_.document->text()); document && *document)
      only = (*document)->id;
  const SpaceOrder order = read_order(view_, row, documents, only, findings_);
  verify_documents(name, row, order);
}

DocumentRows Verifier::read_documents(const SpaceRow& space) {
  DocumentRows documents;
  const std::string prefix = keys::documents(space.id);
  Scan scan = view_.scan(store_.rows(), prefix, keys::behind(prefix));
  std::uint64_t alive = 0, damaged = 0;
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    const std::string_view name = view_of(scan->key()).substr(prefix.size());
    const auto row = decode_document(view_of(scan->value()));
    if (!row || !DocumentName::parse(name)) {
      findings_.add("the row of the document \"" + std::string(name) + "\" is damaged");
      ++damaged;
      continue;
    }
    if (!row->deleted) ++alive;
    if (row->head > space.head)
      findings_.add("the document \"" + std::string(name) + "\" ends behind the space's head");
    if (!documents.emplace(row->id, *row).second)
      findings_.add("the documents with number " + std::to_string(row->id.value) + " are more than one");
    documents_.insert(row->id);
  }
  if (const auto error = scan.error())
    findings_.add("its documents cannot be read", *error);
  else if (alive != space.documents && damaged == 0)
    findings_.add("its row says " + std::to_string(space.documents) + " documents; there are " + std::to_string(alive));
  return documents;
}

void Verifier::verify_documents(const SpaceName& name, const SpaceRow& space, const SpaceOrder& order) {
  const std::string prefix = keys::documents(space.id);
  Scan scan = view_.scan(store_.rows(), prefix, keys::behind(prefix));
  for (scan->SeekToFirst(); scan->Valid(); scan->Next()) {
    auto document = DocumentName::parse(view_of(scan->key()).substr(prefix.size()));
    const auto row = decode_document(view_of(scan->value()));
    if (!document || !row || (options_.document && *document != *options_.document)) continue;  // damage was told
    verify_document(view_, {{name, *std::move(document)}, space.id, *row}, order, findings_);
  }
  findings_.at(name.text());
}

void Verifier::find_strays_in(rocksdb::ColumnFamilyHandle* family, const std::string& tag, const char* what) {
  for_each_number(view_, family, tag, sizeof(std::uint64_t), findings_, [&](std::uint64_t id, std::string_view key) {
    const bool elsewhere = family == store_.packs() && tag.empty() && keys::is_snapshot_part(key);
    if (!documents_.contains({id}) && !elsewhere)
      findings_.add(std::string(what) + " of document " + std::to_string(id) + ", which does not exist");
  });
}

void Verifier::find_strays() {
  findings_.at("");
  find_strays_in(store_.runs(), "", "there are runs");
  find_strays_in(store_.packs(), "", "there are packs");
  find_strays_in(store_.rows(), "N", "there is a name");
  find_strays_in(store_.rows(), "K", "there are marks");
  find_strays_in(store_.rows(), "T", "there are notes");
  find_strays_in(store_.rows(), "C", "there are chain values");
  find_strays_in(store_.rows(), "I", "there are snapshots");
  find_strays_in(store_.rows(), "U", "there are uploads");
  find_strays_in(store_.packs(), keys::tagged(keys::snapshot_part_tag), "there are parts of snapshots");
  const auto known_space = [&](const char* what) -> Group {
    return [this, what](std::uint64_t id, std::string_view) {
      if (!spaces_.contains({id}))
        findings_.add(std::string(what) + " of space " + std::to_string(id) + ", which does not exist");
    };
  };
  for_each_number(view_, store_.rows(), "D", sizeof(std::uint32_t), findings_, known_space("there are documents"));
  for_each_number(view_, store_.rows(), "O", sizeof(std::uint32_t), findings_, known_space("there is an order"));
}

void Verifier::find_unknown_rows() {
  for_each_number(view_, store_.rows(), "", 1, findings_, [&](std::uint64_t tag, std::string_view) {
    if (row_tags.find(static_cast<char>(tag)) == std::string_view::npos)
      findings_.add("there are rows that this version does not know, with the tag " + std::to_string(tag));
  });
}

}  // namespace

void Findings::at(std::string space, std::string document) {
  space_ = std::move(space);
  document_ = std::move(document);
}

void Findings::add(std::string what, std::optional<Offset> offset) {
  ++counts_.findings;
  if (options_.finding) options_.finding({space_, document_, offset, std::move(what)});
}

void Findings::add(const std::string& what, const Error& error, std::optional<Offset> offset) {
  add(what + ": " + error.message.substr(0, error.message.find("; restore")), offset);
}

void Findings::count_record(std::size_t payload_bytes) {
  counts_.payload_bytes += payload_bytes;
  if (++counts_.records % records_between_tellings == 0 && options_.progress) options_.progress(counts_.records);
}

void for_each_number(const View& view, rocksdb::ColumnFamilyHandle* family, const std::string& prefix,
                     std::size_t number_bytes, Findings& findings,
                     const std::function<void(std::uint64_t number, std::string_view key)>& tell) {
  constexpr std::size_t longer_than_any_number = 9;
  const std::string end = prefix.empty() ? std::string(longer_than_any_number, '\xFF') : keys::behind(prefix);
  Scan scan = view.scan(family, prefix, end);
  for (scan->SeekToFirst(); scan->Valid();) {
    const std::string key = scan->key().ToString();
    if (key.size() < prefix.size() + number_bytes) {
      findings.add("a key is too short");
      scan->Next();
      continue;
    }
    const std::string_view raw = std::string_view(key).substr(prefix.size(), number_bytes);
    std::uint64_t number = 0;
    for (const char byte : raw) number = number << 8 | static_cast<std::uint8_t>(byte);
    tell(number, key);
    scan->Seek(keys::behind(prefix + std::string(raw)));
  }
  if (const auto error = scan.error()) findings.add("the store cannot be read", *error);
}

Result<VerifyCounts> verify(const View& view, const VerifyOptions& options) { return Verifier(view, options).run(); }

}  // namespace weir::storage::rocks
