// One document's keys at work: what is published is sealed with the newest, what comes is opened with the one that it
// names. The application is asked for a key that is not known here, and what it gives is remembered.
//
// Presence has a clock, so that an old value cannot be shown again: microseconds of Unix time as far as the session
// knows them (SessionOptions::unix_time), or one more than the last.
//
// Internal. Threads: one, the session's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "weir/client/document_link.hpp"
#include "weir/client/outbox.hpp"
#include "weir/client/sealed_contents.hpp"

namespace weir::client {

/// What was sealed, or what to tell the application.
template <class T>
using Opened = boost::system::result<T, ClientError>;

class DocumentCipher {
 public:
  DocumentCipher(DocumentLink& link, const DocumentPath& path, Encryption encryption);

  /// Seals what is published from now on.
  void set_key(const DocumentKey& key);

  [[nodiscard]] SharedBytes seal_record(Sequence sequence, const RecordContents& contents);
  [[nodiscard]] Opened<RecordContents> open(const Record& record);

  /// A new value; sealed when it is sent, perhaps again on another connection.
  void new_presence();
  [[nodiscard]] SharedBytes seal_presence(const SharedBytes& data);
  /// The value with its data opened. None when it is an old one or cannot be opened: nobody misses it.
  [[nodiscard]] std::optional<frames::PresenceUpdate> open(const frames::PresenceUpdate& update);

  [[nodiscard]] MadeSnapshot seal(const MadeSnapshot& made, const Cursor& at);
  [[nodiscard]] Opened<SnapshotContents> open_snapshot(Codec codec, std::string_view sealed, Offset offset,
                                                       const Digest& chain, Offset base);

 private:
  [[nodiscard]] std::string seal(const SealedPlace& place, std::string_view contents);
  [[nodiscard]] Opened<std::string> open(const SealedPlace& place, std::string_view sealed, const std::string& what);
  [[nodiscard]] std::optional<DocumentKey> find(std::uint32_t id);

  DocumentLink& link_;
  Sealing sealing_;
  Encryption encryption_;
  std::map<std::uint32_t, DocumentKey> keys_;
  std::uint64_t clock_ = 0;
  std::unordered_map<ProducerId, std::uint64_t> clocks_;  ///< others', the highest
};

}  // namespace weir::client
