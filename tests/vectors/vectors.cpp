#include "vectors.hpp"

#include "weir/frames/codec.hpp"

namespace weir::frames {
namespace {

Json events_json(const Example& example) {
  Json events = Json::array();
  for (const ClientEvent& event : example.client) events.push_back(to_json(event));
  for (const ServerEvent& event : example.server) events.push_back(to_json(event));
  return events;
}

Json frames_json() {
  Json vectors = Json::array();
  for (const Example& example : examples()) {
    std::string frame;
    for (const ClientEvent& event : example.client) encode(event, frame);
    for (const ServerEvent& event : example.server) encode(event, frame);
    vectors.push_back({{"name", example.name},
                       {"from", example.server.empty() ? "client" : "server"},
                       {"hex", to_hex(frame)},
                       {"events", events_json(example)}});
  }
  return vectors;
}

/// Bytes written by hand: what another encoder, or a newer version, or a stranger may send.
struct Odd {
  std::string name;
  bool from_server = false;
  std::string hex;
};

// A length-delimited field, all in hexadecimal; for contents below 128 bytes.
std::string in(const std::string& key, const std::string& contents) {
  return key + to_hex(std::string(1, static_cast<char>(contents.size() / 2))) + contents;
}
std::string event(const std::string& contents) { return in("0a", contents); }
std::string pong(const std::string& contents) { return event(in("32", contents)); }
std::string record_event(const std::string& run) { return event(in("1a", "0803" + in("12", run))); }

const std::string producer_field = "0a10776569722d70726f64756365722d3061";
const std::string run_start = producer_field + "1001180a";  // sequence 1 at offset 10
const std::string delta_a = "3a03120161";
const std::string delta_b = "3a03120162";

std::vector<Odd> tolerated() {
  const std::string unknown_fields =
      "9206026869"
      "9806ffffffffffffffffff01"
      "a1060102030405060708"
      "a50601020304";
  return {
      {"empty frame", false, ""},
      {"empty frame from the server", true, ""},
      {"an event of an unknown kind is skipped", false, event("ca3e0161") + pong("0805")},
      {"an event of an unknown kind from the server is skipped", true, event("ca3e0161") + event(in("4a", "0805"))},
      {"an event without a kind is skipped", false, event("") + pong("0805")},
      {"unknown fields of every wire type are skipped", false, "1005" + pong("0805" + unknown_fields)},
      {"an unknown group is skipped", false,
       pong("9b06"
            "0801"
            "9c06"
            "0805")},
      {"a field given twice: the last wins", false, pong("08050806")},
      {"two kinds in one event: the last wins", false, event(in("32", "0805") + in("1a", "0807"))},
      {"one kind twice in one event: they merge", false,
       event(in("22", "08031801" + in("22", "120161")) + in("22", "1804" + in("22", "120162")))},
      {"a known field with another wire type is unknown", false,
       pong("0805"
            "0d01020304")},
      {"a varint longer than it need be", false, pong("08858000")},
      {"pack versions one by one", false,
       event(in("0a", "0801" + in("12", producer_field.substr(4)) +
                          "2001"
                          "20ac02"))},
      {"gaps one by one", true,
       record_event(run_start +
                    "2064"
                    "2802"
                    "3003" +
                    delta_a + delta_b)},
      {"gaps that are all 0 but present", true,
       record_event(run_start +
                    "2a0100"
                    "320100" +
                    delta_a + delta_b)},
      {"a run whose fields come in another order", true,
       event(in("1a", in("12", delta_a + "180a1001" + producer_field) + "0803"))},
      {"stubs and others in one event come apart", true,
       event(in("1a", "0803" + in("12", run_start + delta_a) +
                          in("12", producer_field + "1002180b" +
                                       "3a00"
                                       "4001")))},
      {"an error code of a newer version is UNKNOWN", true,
       event(in("3a",
                "0863"
                "4063"))},
      {"a name with a control character is refused", false,
       event(in("12", "0807" + in("1a", "64") + in("12", "0a"))) + pong("0805")},
      {"a document name that is not UTF-8 is refused", false,
       event(in("12", "0807" + in("12", "73") + in("1a", "c0af")))},
      {"a producer of 3 bytes is refused", false, event(in("0a", "0801" + in("12", "616263")))},
      {"a cursor without its chain value is refused", false,
       event(in("12", "0807" + in("12", "73") + in("1a", "64") + "2001" + in("2a", "1005")))},
      {"from a cursor, and none: refused", false, event(in("12", "0807" + in("12", "73") + in("1a", "64") + "2001"))},
      {"publish without deltas is refused", false, event(in("22", "08031801"))},
      {"publish from sequence 0 is refused", false, event(in("22", "0803" + in("22", "120161")))},
      {"publish beyond the last sequence is refused", false,
       event(in("22",
                "0803"
                "18ffffffffffffffffff01"
                "2200"
                "2200"))},
  };
}

std::vector<Odd> malformed() {
  return {
      {"a length without its bytes", false, "0a05320208"},
      {"a length of 2^63 - 1", false, "0affffffffffffffff7f00"},
      {"a length of 2^64 - 1", false, "0affffffffffffffffff0100"},
      {"an inner length that leaves its event", false, event("32040805") + pong("0805")},
      {"a key without a value", false, "0a"},
      {"field number 0", false, event("0005")},
      {"wire type 6", false, "0e"},
      {"wire type 7", false, event("0f")},
      {"a varint of eleven bytes", false, pong("08ffffffffffffffffffff01")},
      {"a varint above 64 bits", false, pong("08ffffffffffffffffff7f")},
      {"a key above 32 bits", false,
       "8a8080808001"
       "00"},
      {"a group without an end", false, event("9b060801")},
      {"the end of a group that was not begun", false, "9c06"},
      {"a group ended by another's end", false, "9b06a406"},
      {"a fixed field cut off", false, event(in("22", "1101020304"))},
      {"good events, then rubbish", false, pong("0805") + "ff"},
      {"offset gaps for more records than there are", true, record_event(run_start + "2a020101" + delta_a)},
      {"time gaps for fewer records than there are", true,
       record_event(run_start + "320101" + delta_a + delta_b + delta_a)},
      {"offsets beyond 2^64", true, record_event(run_start + "2a0affffffffffffffffff01" + delta_a + delta_b)},
      {"a run without a producer", true, record_event("1001180a" + delta_a)},
      {"a run without records", true, record_event(run_start)},
      {"a run from sequence 0", true, record_event(producer_field + "180a" + delta_a)},
      {"a run from offset 0", true, record_event(producer_field + "1001" + delta_a)},
      {"presence of a producer of 3 bytes", true, event(in("32", "1a03616263"))},
  };
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Json odd_json(const std::vector<Odd>& list, bool decodes) {
  Json vectors = Json::array();
  for (const Odd& odd : list) {
    Json vector = {{"name", odd.name}, {"from", odd.from_server ? "server" : "client"}, {"hex", odd.hex}};
    if (decodes) {
      Json events = Json::array();
      const SharedBytes frame = SharedBytes::copy(from_hex(odd.hex));
      const auto add = [&](const auto& decoded) {
        for (const auto& event : decoded.value()) events.push_back(to_json(event));
      };
      if (odd.from_server) {
        add(decode_server_frame(frame));
      } else {
        add(decode_client_frame(frame, {}));
      }
      vector["events"] = std::move(events);
    }
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

Json chain_json(std::string_view space, std::string_view document, const std::vector<Record>& records) {
  const DocumentPath path{*SpaceName::parse(space), *DocumentName::parse(document)};
  Digest chain = chain_start(path);
  Json list = Json::array();
  const Json start = chain.hex();
  for (const Record& record : records) {
    chain = chain_next(chain, record.producer, record.sequence, record.codec, record.payload.view());
    list.push_back({{"producer", record.producer.hex()},
                    {"sequence", std::to_string(record.sequence.value)},
                    {"codec", record.codec.value},
                    {"payload", to_hex(record.payload.view())},
                    {"chain", chain.hex()}});
  }
  return {{"space", space}, {"document", document}, {"start", start}, {"records", list}};
}

Json chains_json() {
  const ProducerId one = *ProducerId::parse("0123456789abcdef");
  const ProducerId two = *ProducerId::parse(std::string(15, '\0') + '\x01');
  const auto record = [](const ProducerId& producer, std::uint64_t sequence, std::uint64_t codec, std::string bytes) {
    return Record{{}, producer, {sequence}, {}, {codec}, SharedBytes::take(std::move(bytes))};
  };
  Json chains = Json::array();
  chains.push_back(chain_json("s", "d", {}));
  chains.push_back(
      chain_json("acme-notes", "plans/Ω and more",
                 {record(one, 1, 0, "hello"), record(one, 2, 1, ""), record(two, ~std::uint64_t{0}, 0, "x"),
                  record(two, 1, 4294967295, std::string(1000, '\xA5'))}));
  chains.push_back(chain_json("ab", "c", {record(one, 1, 0, "same")}));
  chains.push_back(chain_json("a", "bc", {record(one, 1, 0, "same")}));
  return chains;
}

std::string file(Json contents) { return contents.dump(1) + "\n"; }

}  // namespace

std::map<std::string, std::string> golden_vectors() {
  return {{"frames.json", file(frames_json())},
          {"tolerated.json", file(odd_json(tolerated(), true))},
          {"malformed.json", file(odd_json(malformed(), false))},
          {"chain.json", file(chains_json())}};
}

}  // namespace weir::frames
