// A relay that lies, and other authors who have the key.
//
//   SealedScene scene;                                                  an open document, encrypted
//   scene.say(scene.sealed_record(1, 'b', 1, {"aa"}));                  as another author sealed it
//   EXPECT_EQ(scene.read(), "aa");
#pragma once

#include "scene.hpp"
#include "weir/client/sealed_contents.hpp"

namespace weir::client {

inline DocumentKey key_of(std::uint32_t id) {
  return *DocumentKey::parse(id, std::string(32, static_cast<char>('k' + id)));
}

inline SubscribeOptions encrypted(SubscribeOptions options = {}) {
  options.encryption = Encryption{.key = key_of(1)};
  return options;
}

struct SealedScene : Scene {
  explicit SealedScene(SubscribeOptions options = encrypted(), const Answer& answer = {}) {
    document = subscribe("d", std::move(options));
    welcome({.in_flight_bytes_max = 100'000});
    answer_subscribe(answer);
  }

  struct Author {
    std::uint32_t key = 1;
    Seen seen{};
    bool base = false;
  };
  Record record(std::uint64_t offset, char producer, std::uint64_t sequence, std::vector<std::string> payloads,
                const Author& author) {
    RecordContents contents{author.base, author.seen, {}};
    for (const std::string& payload : payloads) contents.deltas.push_back({{}, bytes(payload)});
    Nonce nonce{};
    nonce[0] = static_cast<std::byte>(++nonces);
    std::string sealed = sealing.seal(key_of(author.key), SealedPlace::record(producer_of(producer), {sequence}), nonce,
                                      encode_contents(contents));
    return {{offset}, producer_of(producer), {sequence}, {1}, sealed_codec, bytes(sealed)};
  }
  frames::Records sealed_record(std::uint64_t offset, char producer, std::uint64_t sequence,
                                const std::vector<std::string>& payloads) {
    return records(record(offset, producer, sequence, payloads, {}));
  }
  frames::Records sealed_record(std::uint64_t offset, char producer, std::uint64_t sequence,
                                const std::vector<std::string>& payloads, const Author& author) {
    return records(record(offset, producer, sequence, payloads, author));
  }
  static frames::Records records(Record record) { return {handle, {std::move(record)}, false}; }
  static frames::Records plain_record(std::uint64_t offset, char producer, std::uint64_t sequence,
                                      std::string_view payload) {
    return records({{offset}, producer_of(producer), {sequence}, {1}, {}, bytes(payload)});
  }

  /// What the client sent, opened.
  RecordContents opened(const Delta& delta, std::uint64_t sequence, std::uint32_t key = 1) {
    EXPECT_EQ(delta.codec, sealed_codec);
    const auto plain =
        sealing.open(key_of(key), SealedPlace::record(session.producer(), {sequence}), delta.payload.view());
    EXPECT_TRUE(plain);
    return plain ? *decode_record_contents(*plain) : RecordContents{};
  }
  std::string opened_text(const Delta& delta, std::uint64_t sequence, std::uint32_t key = 1) {
    std::string text;
    for (const Delta& part : opened(delta, sequence, key).deltas) text += std::string(part.payload.view()) + ' ';
    return text;
  }

  /// Payloads that were handed over.
  std::string read() const {
    std::string text;
    for (const RecordsRead& some : all<RecordsRead>())
      for (const ReadRecord& entry : some.records) text += std::string(entry.record.payload.view()) + ' ';
    return text;
  }
  /// The last complaint: the error's kind; `over` when the document ended.
  ErrorKind complaint(bool over) const {
    const auto failed = all<DocumentFailed>();
    if (failed.empty()) {
      ADD_FAILURE() << "nothing was complained of";
      return ErrorKind::other;
    }
    EXPECT_EQ(failed.back().over, over) << failed.back().error.error.message;
    return failed.back().error.kind;
  }
  Cursor cursor() const { return *all<RecordsRead>().back().cursor; }
  bool alive() const { return session.document(document) != nullptr; }

  DocumentId document;
  Sealing sealing{path_of("d")};
  int nonces = 0;
};

}  // namespace weir::client
