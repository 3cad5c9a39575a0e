#include "weir/client/store_contents.hpp"

#include <algorithm>

#include "weir/client/internal/bytes_codec.hpp"

namespace weir::client {
namespace {

// ---- encoding: a byte for the kind, then its fields; numbers are varuints, names and payloads have their length ----

void put(std::string& out, std::string_view bytes) {
  put_varuint(out, bytes.size());
  out += bytes;
}
void put(std::string& out, const DocumentPath& path) {
  put(out, path.space.text());
  put(out, path.document.text());
}
void put(std::string& out, const Delta& delta) {
  put_varuint(out, delta.codec.value);
  put(out, delta.payload.view());
}
void put(std::string& out, const StoredDelta& stored) {
  put_varuint(out, stored.sequence.value);
  put_varuint(out, (stored.base ? 1U : 0U) | (stored.offered ? 2U : 0U));
  put(out, stored.delta);
}

void put(std::string& out, const KeepProducer& change) { out += change.producer.view(); }
void put(std::string& out, const KeepPlace& change) {
  put(out, change.path);
  const StoredPlace& place = change.place;
  out += place.producer.view();
  put_big_endian(out, place.epoch.value, 8);
  put_varuint(out, place.last_given.value);
  put_varuint(out, place.stored_through.value);
  put_varuint(out, (place.ever_stored ? 1U : 0U) | (place.state_wanted ? 2U : 0U) | (place.encrypted ? 4U : 0U));
}
void put(std::string& out, const KeepDelta& change) {
  put(out, change.path);
  put(out, change.delta);
}
void put(std::string& out, const KeepOutbox& change) {
  put(out, change.path);
  put_varuint(out, change.deltas.size());
  for (const StoredDelta& delta : change.deltas) put(out, delta);
}
void put(std::string& out, const DropDeltas& change) {
  put(out, change.path);
  put_varuint(out, change.first.value);
  put_varuint(out, change.through.value);
}

/// Reads what put() has written. After the first thing that is missing nothing more is read.
class ChangeReader {
 public:
  explicit ChangeReader(const SharedBytes& bytes) : bytes_(bytes), in_(bytes.view()) {}

  [[nodiscard]] bool empty() const { return in_.empty(); }
  [[nodiscard]] bool failed() const { return failed_; }
  std::uint64_t number() { return take(in_.varuint()); }
  std::uint64_t big_endian() { return take(in_.big_endian(8)); }
  ProducerId producer() {
    const Result<ProducerId> id = ProducerId::parse(take(in_.bytes(16)));
    return take(id ? std::optional(*id) : std::nullopt);
  }
  DocumentPath path() {
    const Result<SpaceName> space = SpaceName::parse(text());
    const Result<DocumentName> document = DocumentName::parse(text());
    return take(space && document ? std::optional(DocumentPath{*space, *document}) : std::nullopt);
  }
  Delta delta() {
    const Codec codec{number()};
    return {codec, bytes_.slice(text())};
  }
  StoredDelta stored() {
    StoredDelta stored;
    stored.sequence = {number()};
    const std::uint64_t flags = number();
    stored.base = (flags & 1) != 0;
    stored.offered = (flags & 2) != 0;
    stored.delta = delta();
    return stored;
  }
  StoredPlace place() {
    StoredPlace place;
    place.producer = producer();
    place.epoch = {big_endian()};
    place.last_given = {number()};
    place.stored_through = {number()};
    const std::uint64_t flags = number();
    place.ever_stored = (flags & 1) != 0;
    place.state_wanted = (flags & 2) != 0;
    place.encrypted = (flags & 4) != 0;
    return place;
  }
  KeepOutbox outbox() {
    KeepOutbox change{path(), {}};
    for (std::uint64_t left = number(); left > 0 && !failed_; --left) change.deltas.push_back(stored());
    return change;
  }
  StoreChange change() {
    switch (number()) {
      case 0: return KeepProducer{producer()};
      case 1: {
        const DocumentPath of = path();
        return KeepPlace{of, place()};
      }
      case 2: {
        const DocumentPath of = path();
        return KeepDelta{of, stored()};
      }
      case 3: return outbox();
      case 4: {
        DropDeltas drop{path(), {}, {}};
        drop.first = {number()};
        drop.through = {number()};
        return drop;
      }
      default: failed_ = true; return DropDeltas{};
    }
  }

 private:
  template <class T>
  T take(std::optional<T> value) {
    failed_ = failed_ || !value;
    return value && !failed_ ? *value : T{};
  }
  std::string_view text() { return take(in_.bytes(number())); }

  const SharedBytes& bytes_;
  ByteReader in_;
  bool failed_ = false;
};

}  // namespace

std::string encode(const std::vector<StoreChange>& changes) {
  std::string out;
  for (const StoreChange& change : changes) {
    put_varuint(out, change.index());
    std::visit([&](const auto& what) { put(out, what); }, change);
  }
  return out;
}

Result<std::vector<StoreChange>> decode_changes(const SharedBytes& bytes) {
  std::vector<StoreChange> changes;
  for (ChangeReader in(bytes); !in.empty();) {
    changes.push_back(in.change());
    if (in.failed()) return fail(Code::data_loss, "what is written there is not known to this version");
  }
  return changes;
}

// ---- applying ----

namespace {

struct Apply {
  StoreContents& contents;

  void operator()(const KeepProducer& change) const { contents.producer = change.producer; }
  void operator()(const KeepPlace& change) const { contents.documents[change.path].place = change.place; }
  void operator()(const KeepDelta& change) const { add(contents.documents[change.path], change.delta); }
  void operator()(const KeepOutbox& change) const {
    StoredDocument& document = contents.documents[change.path];
    document.outbox.clear();
    for (const StoredDelta& delta : change.deltas) add(document, delta);
  }
  void operator()(const DropDeltas& change) const {
    const auto found = contents.documents.find(change.path);
    if (found == contents.documents.end()) return;
    std::erase_if(found->second.outbox, [&](const StoredDelta& delta) {
      return delta.sequence >= change.first && delta.sequence <= change.through;
    });
  }

  static void add(StoredDocument& document, const StoredDelta& delta) {
    document.outbox.push_back(delta);
    document.place.last_given = std::max(document.place.last_given, delta.sequence);
  }
};

}  // namespace

void apply(StoreContents& contents, const StoreChange& change) { std::visit(Apply{contents}, change); }

std::vector<std::vector<StoreChange>> changes_to(const StoreContents& contents) {
  std::vector<std::vector<StoreChange>> all{{KeepProducer{contents.producer}}};
  for (const auto& [path, document] : contents.documents)
    all.push_back(
        {KeepPlace{path, document.place}, KeepOutbox{path, {document.outbox.begin(), document.outbox.end()}}});
  return all;
}

}  // namespace weir::client
