#include "vectors.hpp"

namespace weir::frames {
namespace {

ProducerId producer(char last) { return *ProducerId::parse(std::string("weir-producer-0") + last); }
DocumentPath path(std::string_view space, std::string_view document) {
  return {*SpaceName::parse(space), *DocumentName::parse(document)};
}
SharedBytes bytes(std::string_view text) { return SharedBytes::copy(text); }
Delta delta(std::uint64_t codec, std::string_view payload) { return {{codec}, bytes(payload)}; }

constexpr Epoch epoch{0x0123'4567'89AB'CDEF};
constexpr std::uint64_t largest = ~std::uint64_t{0};

std::vector<Example> client_examples() {
  const Hello hello{1, producer('a'), "secret", {1, 300}, true, "vectors/1.0"};
  Subscribe cursor{7, path("acme-notes", "plans/Ω and more"), From::cursor, std::nullopt, true, true, true};
  cursor.cursor = Cursor{epoch, {1234567}, sha256("history")};
  const Subscribe start{1, path("s", "d"), From::start, std::nullopt, false, false, false};
  const Subscribe live{largest, path("s", "d"), From::live_only, std::nullopt, true, false, false};
  Subscribe beginning{2, path("s", "d"), From::cursor, std::nullopt, false, false, false};
  beginning.cursor = Cursor{epoch, {0}, chain_start(beginning.path)};
  const Publish one{{3}, epoch, {1}, {delta(0, "hello")}, false};
  const Publish many{{3}, epoch, {41}, {delta(0, "a"), delta(1, std::string(200, 'z')), delta(4000000000, "")}, true};
  return {
      {"hello", {hello}, {}},
      {"hello with nothing but what it must have", {Hello{1, producer('a'), "", {}, false, ""}}, {}},
      {"subscribe from the start", {start}, {}},
      {"subscribe from a cursor", {cursor}, {}},
      {"subscribe from a cursor at offset 0", {beginning}, {}},
      {"subscribe to what is live only", {live}, {}},
      {"unsubscribe", {Unsubscribe{{3}}}, {}},
      {"publish one delta", {one}, {}},
      {"publish deltas of several codecs, the last empty, as a base", {many}, {}},
      {"presence", {SetPresence{{3}, bytes("{\"cursor\":4}")}}, {}},
      {"presence withdrawn", {SetPresence{{3}, {}}}, {}},
      {"pong", {Pong{largest}}, {}},
      {"snapshot offer",
       {SnapshotOffer{{3}, epoch, {400}, sha256("history"), sha256("snapshot"), 1'000'000, {16}, Fidelity::lossless}},
       {}},
      {"snapshot chunk to the relay", {SnapshotChunk{{3}, 524'288, bytes("rest of it"), true, 0, 0}}, {}},
      {"attestation: it is right", {Attest{{3}, {400}, sha256("snapshot"), true}}, {}},
      {"attestation: it is not", {Attest{{3}, {400}, sha256("snapshot"), false}}, {}},
      {"read history as of an offset", {ReadHistory{9, path("s", "d"), {0}, {400}, {0}, true}}, {}},
      {"read history as of a time", {ReadHistory{10, path("s", "d"), {250}, {0}, {1'700'000'300}, false}}, {}},
      {"read snapshot", {ReadSnapshot{11, path("s", "d"), {400}, sha256("snapshot"), 524'288}}, {}},
      {"several events in one frame", {hello, start, one, SetPresence{{3}, bytes("p")}, Pong{5}}, {}},
  };
}

// Records that need three runs: another producer, a sequence that does not follow; with gaps in offset and in time.
std::vector<Record> mixed_records() {
  return {{{10}, producer('a'), {1}, {1'700'000'000}, {0}, bytes("one")},
          {{11}, producer('a'), {2}, {1'700'000'000}, {0}, bytes("two")},
          {{15}, producer('a'), {3}, {1'700'000'007}, {1}, bytes("three")},
          {{16}, producer('b'), {900}, {1'700'000'007}, {16}, bytes("")},
          {{400}, producer('a'), {5}, {1'700'000'300}, {0}, bytes(std::string(130, '\xFF'))}};
}

std::vector<Record> stubs() {
  return {{{20}, producer('a'), {4}, {1'700'000'010}, {0}, {}}, {{21}, producer('a'), {5}, {1'700'000'010}, {1}, {}}};
}

std::vector<Example> server_examples() {
  const Welcome welcome{{99}, "0.1.0", "sync", 15'000, 1 << 20, 1 << 20, 4 << 20, 1000, 4096, 256 << 20};
  const PresenceUpdate presence{{3}, "key-1", producer('b'), bytes("here"), false};
  const PresenceUpdate gone{{3}, "key-1", producer('b'), {}, true};
  const Subscribed subscribed{
      7, {3}, epoch, {400}, {5}, false, {presence, {{3}, "k2", producer('c'), bytes("x"), false}}};
  const ErrorEvent gap{{Code::out_of_range, "expected sequence 6"}, 0, {3}, 0, {6}, {9}, Reason::sequence_gap};
  const ErrorEvent deleted{{Code::not_found, "document \"d\" was deleted"}, 7, {0}, 0, {0}, {0}, Reason::deleted};
  const ErrorEvent busy{{Code::resource_exhausted, "too many"}, 0, {0}, 2500, {0}, {0}, Reason::unspecified};
  const SnapshotHeader snapshot{
      {3},  {400},          sha256("snapshot"), 1'000'000, {16}, sha256("history"), {0}, Fidelity::lossless,
      true, {1'700'000'400}};
  const SnapshotHeader base{
      {0}, {250}, sha256("base"), 20, {0}, sha256("history up to 250"), {0}, Fidelity::unknown, false, {1'700'000'100}};
  const SnapshotHeader layer{
      {0}, {400}, sha256("layer"), 10, {0}, sha256("history"), {250}, Fidelity::unknown, false, {1'700'000'400}};
  const Record lone{{1}, producer('a'), {1}, {1'700'000'000}, {0}, bytes("x")};
  return {
      {"welcome", {}, {welcome}},
      {"subscribed", {}, {subscribed}},
      {"subscribed to an empty document", {}, {Subscribed{1, {4}, epoch, {0}, {0}, false, {}}}},
      {"subscribed with lost history", {}, {Subscribed{8, {3}, epoch, {400}, {0}, true, {}}}},
      {"one record", {}, {Records{{3}, {lone}, false}}},
      {"records in several runs", {}, {Records{{3}, mixed_records(), false}}},
      {"stubs", {}, {Records{{3}, stubs(), true}}},
      {"caught up", {}, {CaughtUp{{3}, {400}}}},
      {"stored", {}, {Stored{{3}, {43}, {400}}}},
      {"presence of another", {}, {presence}},
      {"presence gone", {}, {gone}},
      {"error: a gap in the sequence", {}, {gap}},
      {"error: deleted", {}, {deleted}},
      {"error: of the session, retry later", {}, {busy}},
      {"going away", {}, {GoingAway{1500, "wss://other.example/v1/sync", "drain"}}},
      {"ping", {}, {Ping{largest}}},
      {"cut", {}, {Cut{{3}, {250}}}},
      {"a pack, whatever is in it", {}, {Pack{{3}, SharedBytes::copy("wpk\1...")}}},
      {"snapshot", {}, {snapshot}},
      {"snapshot chunk", {}, {SnapshotChunk{{3}, 524'288, bytes("rest of it"), true, 0, 0}}},
      {"snapshot chunk, compressed", {}, {SnapshotChunk{{3}, 0, bytes("a zstd frame"), false, 524'288, 0}}},
      {"snapshot chunk that was asked for", {}, {SnapshotChunk{{0}, 0, bytes("all of it"), true, 0, 11}}},
      {"snapshot wanted", {}, {SnapshotWanted{{3}, 30'000}}},
      {"attestation wanted", {}, {AttestationWanted{{3}, {400}, sha256("snapshot"), 1'000'000, {16}, 30'000}}},
      {"snapshot stored", {}, {SnapshotStored{{3}, {400}, sha256("snapshot")}}},
      {"history with a snapshot and its base", {}, {History{9, epoch, {base, layer}, {}, {400}, true, {250}, {400}}}},
      {"history, a page of records", {}, {History{10, epoch, {}, mixed_records(), {400}, false, {0}, {900}}}},
      {"several events in one server frame",
       {},
       {Records{{3}, mixed_records(), false}, Records{{3}, stubs(), true}, Stored{{3}, {5}, {21}},
        CaughtUp{{3}, {400}}}},
  };
}

}  // namespace

std::vector<Example> examples() {
  std::vector<Example> all = client_examples();
  for (Example& example : server_examples()) all.push_back(std::move(example));
  return all;
}

}  // namespace weir::frames
