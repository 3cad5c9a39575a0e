#include "weir/client/document_cipher.hpp"

#include <algorithm>
#include <cstring>

namespace weir::client {
namespace {

/// Of producers whose presence has been seen; above it the one that was silent for longest is forgotten.
constexpr std::size_t clocks_max = 16'384;

ClientError tampered(const std::string& what, const std::string& why) {
  return make_error(ErrorKind::tampered, Code::data_loss,
                    what + " is not as its author sealed it for this place (" + why +
                        "): the relay, or a client without the key, has changed it; it is left out");
}

/// The tag says that something differs, and not what.
std::string wrong_tag(const DocumentKey& key) {
  return "its tag does not fit; or what is given here as key " + std::to_string(key.id) +
         " is not the key of this document with that id";
}

std::string named(const Record& record) {
  return "the record at offset " + std::to_string(record.offset.value) + " (producer " + record.producer.hex() +
         ", sequence " + std::to_string(record.sequence.value) + ")";
}

}  // namespace

DocumentCipher::DocumentCipher(DocumentLink& link, const DocumentPath& path, Encryption encryption)
    : link_(link), sealing_(path), encryption_(std::move(encryption)) {
  set_key(encryption_.key);
}

void DocumentCipher::set_key(const DocumentKey& key) {
  encryption_.key = key;
  keys_.insert_or_assign(key.id, key);
}

// ---- records ----

SharedBytes DocumentCipher::seal_record(Sequence sequence, const RecordContents& contents) {
  return SharedBytes::take(seal(SealedPlace::record(link_.producer(), sequence), encode_contents(contents)));
}

Opened<RecordContents> DocumentCipher::open(const Record& record) {
  if (record.codec != sealed_codec)
    return make_error(
        ErrorKind::unsealed, Code::data_loss,
        named(record) +
            " is not sealed: a client without the document's key wrote it, or the relay made it up; it is "
            "left out. Give every client that writes the key");
  Opened<std::string> plain =
      open(SealedPlace::record(record.producer, record.sequence), record.payload.view(), named(record));
  if (!plain) return plain.error();
  const Result<RecordContents> contents = decode_record_contents(*plain);
  if (!contents) return tampered(named(record), contents.error().message);
  return *contents;
}

// ---- presence ----

void DocumentCipher::new_presence() { clock_ = std::max(clock_ + 1, link_.unix_time()); }

SharedBytes DocumentCipher::seal_presence(const SharedBytes& data) {
  if (data.empty()) return data;  // withdrawn
  return SharedBytes::take(
      seal(SealedPlace::presence(), encode_contents(PresenceContents{link_.producer(), clock_, data})));
}

std::optional<frames::PresenceUpdate> DocumentCipher::open(const frames::PresenceUpdate& update) {
  if (update.gone || update.data.empty()) return update;
  const Opened<std::string> plain = open(SealedPlace::presence(), update.data.view(), "presence");
  if (!plain) return std::nullopt;
  const Result<PresenceContents> contents = decode_presence_contents(*plain);
  if (!contents || contents->producer != update.producer) return std::nullopt;
  std::uint64_t& highest = clocks_[contents->producer];
  if (contents->clock < highest) return std::nullopt;
  highest = contents->clock;
  if (clocks_.size() > clocks_max)
    clocks_.erase(std::min_element(clocks_.begin(), clocks_.end(),
                                   [](const auto& left, const auto& right) { return left.second < right.second; }));
  frames::PresenceUpdate opened = update;
  opened.data = contents->data;
  return opened;
}

// ---- snapshots ----

MadeSnapshot DocumentCipher::seal(const MadeSnapshot& made, const Cursor& at) {
  const SealedPlace place = SealedPlace::snapshot(at.offset, at.chain, {});
  return {SharedBytes::take(seal(place, encode_contents(SnapshotContents{made.codec, made.bytes}))), sealed_codec,
          made.fidelity};
}

Opened<SnapshotContents> DocumentCipher::open_snapshot(Codec codec, std::string_view sealed, Offset offset,
                                                       const Digest& chain, Offset base) {
  const std::string what = "the snapshot at offset " + std::to_string(offset.value);
  if (codec != sealed_codec)
    return make_error(ErrorKind::snapshot, Code::data_loss,
                      what + " is not sealed: a client without the document's key made it, or the relay");
  Opened<std::string> plain = open(SealedPlace::snapshot(offset, chain, base), sealed, what);
  if (!plain) return plain.error();
  const Result<SnapshotContents> contents = decode_snapshot_contents(std::move(*plain));
  if (!contents) return tampered(what, contents.error().message);
  return *contents;
}

// ---- keys ----

std::string DocumentCipher::seal(const SealedPlace& place, std::string_view contents) {
  const std::uint64_t bits[2] = {link_.random_bits(), link_.random_bits()};
  Nonce nonce{};
  std::memcpy(nonce.data(), bits, nonce.size());
  return sealing_.seal(encryption_.key, place, nonce, contents);
}

Opened<std::string> DocumentCipher::open(const SealedPlace& place, std::string_view sealed, const std::string& what) {
  const std::optional<std::uint32_t> id = sealed_key_id(sealed);
  if (!id) return tampered(what, "it is cut off, or sealed by a newer version of weir");
  const std::optional<DocumentKey> key = find(*id);
  if (!key)
    return make_error(ErrorKind::unknown_key, Code::failed_precondition,
                      what + " is sealed with key " + std::to_string(*id) +
                          ", which this application does not have; get it, give it by Encryption::find, and subscribe "
                          "again");
  std::optional<std::string> contents = sealing_.open(*key, place, sealed);
  if (!contents) return tampered(what, wrong_tag(*key));
  return std::move(*contents);
}

std::optional<DocumentKey> DocumentCipher::find(std::uint32_t id) {
  if (const auto known = keys_.find(id); known != keys_.end()) return known->second;
  std::optional<DocumentKey> found = encryption_.find ? encryption_.find(id) : std::nullopt;
  if (!found) return std::nullopt;
  found->id = id;
  keys_.emplace(id, *found);
  return found;
}

}  // namespace weir::client
