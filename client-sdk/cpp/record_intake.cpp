#include "weir/client/record_intake.hpp"

#include <iterator>
#include <utility>

#include "weir/client/packed_records.hpp"

namespace weir::client {

RecordIntake::RecordIntake(DocumentLink& link, const DocumentPath& path, const SubscribeOptions& options)
    : link_(link), checking_(options.verify || options.encryption.has_value()) {
  if (options.encryption) cipher_ = std::make_unique<DocumentCipher>(link, path, *options.encryption);
}

void RecordIntake::begin(const History& history) { checks_.begin(history.offset(), history.chain()); }

void RecordIntake::jump(const History& history) { checks_.jump(history.offset(), history.chain()); }

Intake RecordIntake::take(const Record& record, bool own, bool stub, History& history) {
  if (record.offset <= history.offset()) return {};  // read before
  Intake taken = look(record, own, stub, history);
  if (taken.over) return taken;
  (void)history.advance(record, own, stub);
  if (checking_) checks_.read(record, own, history.chain());
  return taken;
}

Result<PackIntake> RecordIntake::take(const SharedBytes& pack, History& history) {
  if (!link_.takes_packs()) return fail(Code::failed_precondition, "it was not asked for");
  const Result<PackedRecords> fresh = unpack_fresh(pack, history);
  if (!fresh) return fresh.error();
  const History::Mark before = history.mark();
  PackIntake out{.unpacked_bytes = fresh->bytes};
  for (std::size_t i = 0; i < fresh->records.size(); ++i) {
    const Record& record = fresh->records[i];
    const bool own = record.producer == link_.producer();
    Intake taken = look(record, own, false, history);
    if (taken.over) {
      history.back(before);
      return PackIntake{.over = std::move(taken.error)};
    }
    history.read(record, own, fresh->chain.empty() ? std::nullopt : std::optional(fresh->chain[i]));
    if (checking_) checks_.read(record, own, history.chain());
    if (taken.error) out.errors.push_back(std::move(*taken.error));
    std::move(taken.records.begin(), taken.records.end(), std::back_inserter(out.records));
  }
  return out;
}

/// A record that is left out counts as read in its producer's sequences and in the chain.
Intake RecordIntake::look(const Record& record, bool own, bool stub, const History& history) {
  // What is one's own and comes without its payload was sealed here; it can have begun the count.
  if (!cipher_ || (own && stub)) {
    if (checking_)
      if (auto wrong = checks_.look(record, own, Begins::unknown)) return {{}, std::move(wrong), true};
    if (!cipher_ && record.codec == sealed_codec) return leave_out_sealed(record);
    return {.records = {{record, own, stub}}};
  }
  const Opened<RecordContents> contents = cipher_->open(record);
  const Begins begins = !contents ? Begins::unknown : contents->base ? Begins::yes : Begins::no;
  if (auto wrong = checks_.look(record, own, begins)) return {{}, std::move(wrong), true};
  if (!contents) return {{}, contents.error(), contents.error().kind == ErrorKind::unknown_key};
  if (auto wrong = checks_.look(record, contents->seen, history.epoch())) return {{}, std::move(wrong), true};
  Intake taken;
  for (const Delta& delta : contents->deltas)
    taken.records.push_back(
        {{record.offset, record.producer, record.sequence, record.time, delta.codec, delta.payload}, own, false});
  return taken;
}

/// Told once for each connection: a document has many of them. Any writer can make one, so that the document goes on.
Intake RecordIntake::leave_out_sealed(const Record& record) {
  lacks_key_ = true;
  if (std::exchange(told_sealed_, true)) return {};
  return {.error = make_error(
              ErrorKind::unknown_key, Code::failed_precondition,
              "this document is encrypted (the record at offset " + std::to_string(record.offset.value) +
                  " is sealed): subscribe with SubscribeOptions::encryption, from a cursor before it. Without, sealed "
                  "records are left out, and nothing is published: it would be plain")};
}

std::optional<Error> RecordIntake::look(const frames::SnapshotHeader& header) {
  if (!cipher_ && header.codec == sealed_codec) {
    lacks_key_ = true;
    return fail(Code::failed_precondition, "the snapshot at offset " + std::to_string(header.offset.value) +
                                               " is sealed: this document is encrypted, subscribe with "
                                               "SubscribeOptions::encryption");
  }
  const std::optional<Digest> known = checks_.chain_at(header.offset);
  if (!known || *known == header.chain) return std::nullopt;
  return fail(Code::data_loss, "a snapshot stands for another history than the one that was read");
}

std::optional<SnapshotToCheck> RecordIntake::open(const SnapshotToCheck& sealed, Offset offset) {
  if (!cipher_) return sealed;
  const std::optional<Digest> chain = checks_.chain_at(offset);
  if (!chain) return std::nullopt;
  const Opened<SnapshotContents> contents =
      cipher_->open_snapshot(sealed.codec, sealed.bytes.view(), offset, *chain, {});
  if (!contents) return std::nullopt;
  SnapshotToCheck opened{contents->bytes, contents->codec, {}};
  for (const Record& record : sealed.records)
    if (const Opened<RecordContents> inside = cipher_->open(record))
      for (const Delta& delta : inside->deltas)
        opened.records.push_back(
            {record.offset, record.producer, record.sequence, record.time, delta.codec, delta.payload});
  return opened;
}

}  // namespace weir::client
