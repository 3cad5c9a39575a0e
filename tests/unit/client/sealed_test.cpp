// The sealed form: what everybody else's clients write and read, and what is refused.
#include "weir/client/sealed.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "weir/client/sealed_contents.hpp"

namespace weir::client {
namespace {

using Json = nlohmann::json;

std::string from_hex(const std::string& text) {
  std::string raw;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    raw.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return raw;
}
std::string hex_of(const Json& value) { return from_hex(value.get<std::string>()); }
std::uint64_t number(const Json& value) { return std::stoull(value.get<std::string>()); }

DocumentPath path_of(const Json& entry) {
  return {*SpaceName::parse(entry["space"].get<std::string>()),
          *DocumentName::parse(entry["document"].get<std::string>())};
}

SealedPlace place_of(const Json& entry) {
  const Json& place = entry["place"];
  if (entry["kind"] == "record")
    return SealedPlace::record(*ProducerId::parse(hex_of(place["producer"])), {number(place["sequence"])});
  if (entry["kind"] == "presence") return SealedPlace::presence();
  return SealedPlace::snapshot({number(place["offset"])}, *Digest::parse(hex_of(place["chain"])),
                               {number(place["base"])});
}

Json to_json(const RecordContents& contents) {
  Json json{{"base", contents.base}, {"seen", nullptr}, {"deltas", Json::array()}};
  for (const Delta& delta : contents.deltas)
    json["deltas"].push_back({{"codec", delta.codec.value}, {"payload", to_hex(delta.payload.view())}});
  const auto& chain = contents.seen.chain;
  if (contents.seen != Seen{})
    json["seen"] = {{"epoch", std::to_string(contents.seen.epoch.value)},
                    {"offset", std::to_string(contents.seen.offset.value)},
                    {"chain", to_hex({reinterpret_cast<const char*>(chain.data()), chain.size()})}};
  return json;
}

/// Opened and put into the words of the vectors; nothing when it is refused. `again`: encoded anew.
std::optional<Json> read(const std::string& kind, std::string plain, std::string* again = nullptr) {
  const auto encoded = [&](const auto& contents) {
    if (again != nullptr) *again = encode_contents(contents);
  };
  if (kind == "record") {
    const auto contents = decode_record_contents(plain);
    if (!contents) return std::nullopt;
    encoded(*contents);
    return to_json(*contents);
  }
  if (kind == "presence") {
    const auto contents = decode_presence_contents(plain);
    if (!contents) return std::nullopt;
    encoded(*contents);
    return Json{{"producer", contents->producer.hex()},
                {"clock", std::to_string(contents->clock)},
                {"data", to_hex(contents->data.view())}};
  }
  const auto contents = decode_snapshot_contents(std::move(plain));
  if (!contents) return std::nullopt;
  encoded(*contents);
  return Json{{"codec", contents->codec.value}, {"bytes", to_hex(contents->bytes.view())}};
}

TEST(Sealed, TheGoldenVectors) {
  std::ifstream file(WEIR_VECTORS "/sealed.json");
  const Json vectors = Json::parse(file);
  ASSERT_GT(vectors.size(), 40U);
  for (const Json& entry : vectors) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const auto key = *DocumentKey::parse(entry["key_id"].get<std::uint32_t>(), hex_of(entry["key"]));
    const std::string sealed = hex_of(entry["sealed"]);
    Sealing sealing(path_of(entry));
    const auto plain = sealing.open(key, place_of(entry), sealed);
    if (entry.contains("error")) {
      EXPECT_FALSE(plain && read(entry["kind"], *plain));
      continue;
    }
    ASSERT_TRUE(plain);
    EXPECT_EQ(to_hex(*plain), entry["plaintext"].get<std::string>());
    EXPECT_EQ(sealed_key_id(sealed), key.id);
    Nonce nonce{};
    const std::string raw = hex_of(entry["nonce"]);
    std::memcpy(nonce.data(), raw.data(), nonce.size());
    EXPECT_EQ(sealing.seal(key, place_of(entry), nonce, *plain), sealed);
    Json contents = entry["contents"];
    contents.erase("compressed");
    std::string again;
    const std::string kind = entry["kind"];
    const auto told = [](const std::optional<Json>& json) { return json ? json->dump() : "refused"; };
    EXPECT_EQ(told(read(kind, *plain, &again)), contents.dump());
    EXPECT_EQ(told(read(kind, again)), contents.dump());
    // What is worth compressing, and to what bytes, is each writer's choice.
    const bool compressed = entry["kind"] == "record" && (((*plain)[0] | again[0]) & 1) != 0;
    EXPECT_TRUE(compressed || to_hex(again) == entry["plaintext"].get<std::string>());
  }
}

struct SealedTest : testing::Test {
  DocumentPath path{*SpaceName::parse("s"), *DocumentName::parse("d")};
  DocumentKey key = *DocumentKey::parse(1, std::string(32, 'k'));
  ProducerId producer = *ProducerId::parse(std::string(16, 'p'));
  Sealing sealing{path};
};

TEST_F(SealedTest, NoBitOfItCanBeChanged) {
  const SealedPlace place = SealedPlace::record(producer, {1});
  const std::string sealed = sealing.seal(key, place, {}, "attack at dawn");
  EXPECT_EQ(sealing.open(key, place, sealed), "attack at dawn");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(sealing.open(key, place, changed)) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(sealing.open(key, place, sealed.substr(0, size)));
}

TEST_F(SealedTest, EmptyContentsAreSealedToo) {
  const std::string sealed = sealing.seal(key, SealedPlace::presence(), {}, "");
  EXPECT_EQ(sealing.open(key, SealedPlace::presence(), sealed), "");
}

TEST_F(SealedTest, AKeyHas32Bytes) {
  EXPECT_FALSE(DocumentKey::parse(1, "short"));
  EXPECT_FALSE(DocumentKey::parse(1, std::string(33, 'k')));
}

RecordContents contents_of(std::vector<std::string> payloads) {
  RecordContents contents;
  for (std::string& payload : payloads) contents.deltas.push_back({{}, SharedBytes::take(std::move(payload))});
  return contents;
}

std::string bomb(std::size_t bytes) {
  const std::string plain(bytes, '\0');
  std::string packed(compressBound(bytes), '\0');
  z_stream stream{};
  deflateInit2(&stream, 1, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return std::string(1, '\1') + std::string(32, '\0') + packed;
}

TEST_F(SealedTest, OnlyWhatGetsSmallerIsCompressed) {
  EXPECT_EQ(encode_contents(contents_of({"aa"}))[0], 0);
  const std::string packed = encode_contents(contents_of({std::string(10'000, 'a'), std::string(10'000, 'b')}));
  EXPECT_EQ(packed[0], 1);
  EXPECT_LT(packed.size(), 300U);
  EXPECT_EQ(decode_record_contents(packed)->deltas.size(), 2U);
}

TEST_F(SealedTest, ABombIsRefusedAtTheLimitAndNotBefore) {
  EXPECT_FALSE(decode_record_contents(bomb(17 << 20)));
  std::string largest(opened_bytes_max - 5, 'x');  // with its codec and length exactly what is taken
  RecordContents contents = contents_of({largest});
  EXPECT_EQ(decode_record_contents(encode_contents(contents))->deltas[0].payload.view(), largest);
  contents = contents_of({largest + 'x'});
  EXPECT_FALSE(decode_record_contents(encode_contents(contents)));
}

TEST_F(SealedTest, SoManyDeltasAndNoMore) {
  RecordContents contents;
  contents.deltas.resize(opened_deltas_max);
  EXPECT_EQ(decode_record_contents(encode_contents(contents))->deltas.size(), opened_deltas_max);
  contents.deltas.resize(opened_deltas_max + 1);
  EXPECT_FALSE(decode_record_contents(encode_contents(contents)));
}

}  // namespace
}  // namespace weir::client
