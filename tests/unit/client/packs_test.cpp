// A client that takes packs: what it asks for, what it hands over, and what it does about a pack that is not right.
#include "weir/packing/pack.hpp"

#include <gmock/gmock.h>

#include "scene.hpp"
#include "weir/client/packed_records.hpp"

namespace weir::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

/// Some records of document "d", and the chain through them.
struct Past {
  std::vector<Record> records;
  std::vector<Digest> chain{chain_start(path_of("d"))};

  void add(std::uint64_t offset, const ProducerId& producer, std::uint64_t sequence, std::string_view payload) {
    records.push_back({{offset}, producer, {sequence}, {100 + offset}, {}, bytes(payload)});
    chain.push_back(chain_next(chain.back(), producer, {sequence}, {}, payload));
  }
  [[nodiscard]] Cursor after(std::size_t count) const { return {epoch, records[count - 1].offset, chain[count]}; }
  [[nodiscard]] frames::Pack packed(std::size_t from = 0) const { return packed_with(from, chain.back()); }
  [[nodiscard]] frames::Pack packed_with(std::size_t from, const Digest& end) const {
    const std::vector<Record> some(records.begin() + static_cast<std::ptrdiff_t>(from), records.end());
    return {handle, packing::pack(some, end).value()};
  }
};

/// Ten records of two authors, offsets 11, 12, 14, 15, 17 ...
Past typing() {
  Past past;
  for (std::uint64_t i = 0; i < 10; ++i)
    past.add(11 + i + i / 2, producer_of(i % 2 == 0 ? 'a' : 'b'), 1 + i / 2, "key " + std::to_string(i));
  return past;
}

struct Reader : Scene {
  explicit Reader(SubscribeOptions options = {}, SessionOptions of_session = {}) : Scene(std::move(of_session)) {
    document = subscribe("d", std::move(options));
    hello = welcome();
    answer_subscribe({.head = {100}});
  }
  [[nodiscard]] std::vector<Record> read() const {
    std::vector<Record> records;
    for (const RecordsRead& some : all<RecordsRead>())
      for (const ReadRecord& entry : some.records) records.push_back(entry.record);
    return records;
  }
  [[nodiscard]] std::optional<Cursor> cursor() const { return session.document(document)->cursor(); }
  [[nodiscard]] std::string complaint() const {
    const auto failed = all<DocumentFailed>();
    if (failed.empty()) return "";
    EXPECT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].error.kind, ErrorKind::pack);
    EXPECT_FALSE(failed[0].over);
    return failed[0].error.error.message;
  }
  /// It has connected again, and asks for no packs any more.
  frames::Subscribe goes_on_without() {
    sent.clear();
    const int before = connections;
    while (connections == before) advance(100ms);
    EXPECT_THAT(welcome().packs, IsEmpty());
    return answer_subscribe({.head = {100}});
  }
  DocumentId document;
  frames::Hello hello;
};

TEST(Packs, AreAskedForAndHandedOver) {
  const Past past = typing();
  Reader scene;
  EXPECT_THAT(scene.hello.packs, ElementsAre(frames::pack_version));
  scene.say(past.packed());
  scene.caught_up(past.records.back().offset.value);
  EXPECT_EQ(scene.read(), past.records);
  EXPECT_EQ(scene.cursor(), past.after(10));
  EXPECT_EQ(scene.all<RecordsRead>().back().cursor, past.after(10));
  EXPECT_EQ(scene.all<CaughtUp>().size(), 1U);
  EXPECT_EQ(scene.session.packs(), 1U);
  Past more = past;
  more.add(40, producer_of('c'), 1, "live");
  scene.say(frames::Records{handle, {more.records.back()}, false});
  EXPECT_EQ(scene.cursor(), more.after(11));
  EXPECT_EQ(scene.complaint(), "");
}

TEST(Packs, RecordsBeforeAndBehindOneInTheSameMessageKeepTheirOrder) {
  const Past past = typing();
  Past middle;
  middle.chain = past.chain;
  middle.records.assign(past.records.begin() + 2, past.records.begin() + 7);
  Reader scene;
  scene.say(frames::Records{handle, {past.records.begin(), past.records.begin() + 2}, false},
            middle.packed_with(0, past.chain[7]),
            frames::Records{handle, {past.records.begin() + 7, past.records.end()}, false});
  EXPECT_EQ(scene.read(), past.records);
  EXPECT_EQ(scene.all<RecordsRead>().front().cursor, past.after(2));
  EXPECT_EQ(scene.cursor(), past.after(10));
}

TEST(Packs, OfOneThatLiesOverTheCursorOnlyTheRestIsNew) {
  const Past past = typing();
  Reader scene({.cursor = past.after(4)});
  scene.say(past.packed());
  EXPECT_EQ(scene.read(), (std::vector<Record>(past.records.begin() + 4, past.records.end())));
  EXPECT_EQ(scene.cursor(), past.after(10));
  scene.say(past.packed());  // once more: nothing in it is new
  EXPECT_EQ(scene.read().size(), 6U);
  EXPECT_EQ(scene.complaint(), "");
}

// Only the records that are new count for the chain: what lies before the cursor was compared already.
TEST(Packs, ACursorOfAnotherHistoryMeetsOneInItsMiddle) {
  const Past past = typing();
  Cursor other = past.after(4);
  other.chain = sha256("of another relay");
  Reader scene({.cursor = other});
  scene.say(past.packed());
  EXPECT_THAT(scene.read(), IsEmpty());
  EXPECT_THAT(scene.complaint(), HasSubstr("its records are not of this history"));
  EXPECT_EQ(scene.goes_on_without().cursor, other);
}

TEST(Packs, OnesOwnRecordsInOneAreOnesOwnAndComeWithPayload) {
  ThreePublished scene;
  Past past;
  past.add(1, scene.session.producer(), 1, "aa");
  past.add(2, producer_of('b'), 1, "theirs");
  past.add(3, scene.session.producer(), 2, "bb");
  scene.say(past.packed());
  const auto read = scene.all<RecordsRead>();
  ASSERT_EQ(read.size(), 1U);
  ASSERT_EQ(read[0].records.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read[0].records[i].own, i != 1);
    EXPECT_FALSE(read[0].records[i].stub);
    EXPECT_EQ(read[0].records[i].record, past.records[i]);
  }
  // The last comes live, without its payload, which is still known.
  past.add(4, scene.session.producer(), 3, "cc");
  Record stub = past.records.back();
  stub.payload = {};
  scene.say(frames::Stored{handle, {3}, {4}}, frames::Records{handle, {stub}, true});
  EXPECT_EQ(scene.session.document(scene.document)->cursor(), past.after(4));
  EXPECT_EQ(scene.session.pending(), 0U);
}

TEST(Packs, WhoReadsFromNowOnTakesThemWithoutAChain) {
  const Past past = typing();
  Reader scene({.live_only = true});
  Past later;
  later.add(101, producer_of('a'), 9, "fell behind");
  scene.say(past.packed(), later.packed());
  EXPECT_EQ(scene.read(), later.records);
  EXPECT_EQ(scene.cursor(), std::nullopt);
}

// ---- what is not right ----

void refused(const frames::Pack& pack, const std::string& why, const std::optional<Cursor>& from = {}) {
  SCOPED_TRACE(why);
  const Past past = typing();
  Reader scene({.cursor = from});
  scene.say(pack, frames::CaughtUp{handle, {100}});
  EXPECT_THAT(scene.read(), IsEmpty());
  EXPECT_THAT(scene.all<CaughtUp>(), IsEmpty());
  EXPECT_THAT(scene.complaint(), HasSubstr("s/d: a pack from the relay was refused: "));
  EXPECT_THAT(scene.complaint(), HasSubstr(why + "; the records are fetched instead"));
  EXPECT_EQ(scene.goes_on_without().cursor, from);
  if (from) return;
  scene.say(frames::Records{handle, past.records, false});
  EXPECT_EQ(scene.read(), past.records);
  EXPECT_EQ(scene.cursor(), past.after(10));
  EXPECT_EQ(scene.session.packs(), 0U);
  // For good, not only on that connection.
  scene.drop();
  (void)scene.goes_on_without();
}

TEST(Packs, OneThatIsDamagedIsRefusedAsAWhole) {
  const SharedBytes sound = typing().packed().data;
  const auto changed = [&](std::size_t at) {
    std::string text(sound.view());
    text[at] = static_cast<char>(text[at] ^ 1);
    return frames::Pack{handle, bytes(text)};
  };
  refused(changed(sound.size() - 1), "the body of a pack is damaged");
  refused(changed(20), "");
  refused({handle, sound.slice(0, sound.size() - 5)}, "the body of a pack is damaged");
  refused({handle, bytes("no pack")}, "");
  refused({handle, {}}, "");
}

TEST(Packs, OneOfALaterVersionIsRefused) {
  std::string later(typing().packed().data.view());
  later[3] = 2;
  refused({handle, bytes(later)}, "");
}

TEST(Packs, OneWhoseChainIsNotThatOfItsRecordsIsRefused) {
  const std::string why = "its records are not of this history";
  refused(typing().packed_with(0, sha256("another")), why);
  refused(typing().packed(1), why);  // the first record was left out
  const Past past = typing();
  refused(past.packed(5), why, past.after(4));
}

// A few bytes on the wire, which would become gigabytes.
TEST(Packs, OneThatWouldBecomeTooMuchIsRefusedBeforeItIsUnpacked) {
  Past many;
  const std::uint64_t count = unpacked_bytes_max / unpacked_record_bytes + 1;
  many.records.reserve(count);
  for (std::uint64_t i = 1; i <= count; ++i) many.records.push_back({{i}, producer_of('a'), {i}, {100}, {}, {}});
  const frames::Pack flood = many.packed();
  EXPECT_LT(flood.data.size(), 4096U);
  refused(flood, "33554432 bytes are taken at most");

  Past large;
  const SharedBytes zeros = bytes(std::string(std::size_t{17} << 20, '\0'));
  for (std::uint64_t i = 1; i <= 2; ++i) large.records.push_back({{i}, producer_of('a'), {i}, {100}, {}, zeros});
  const frames::Pack bomb = large.packed();
  EXPECT_LT(bomb.data.size(), 16'384U);
  refused(bomb, "33554432 bytes are taken at most");
}

TEST(Packs, WhatCameBeforeOneThatIsRefusedWasTaken) {
  const Past past = typing();
  Reader scene;
  scene.say(frames::Records{handle, {past.records.begin(), past.records.begin() + 4}, false}, past.packed(5));
  EXPECT_EQ(scene.read().size(), 4U);
  EXPECT_NE(scene.complaint(), "");
  EXPECT_EQ(scene.goes_on_without().cursor, past.after(4));
}

TEST(Packs, AreNotAskedForWhenTheyAreNotWanted) {
  Reader scene({}, {.packs = false});
  EXPECT_THAT(scene.hello.packs, IsEmpty());
  scene.say(typing().packed());
  EXPECT_THAT(scene.read(), IsEmpty());
  EXPECT_THAT(scene.complaint(), HasSubstr("it was not asked for"));
  EXPECT_EQ(scene.goes_on_without().cursor, std::nullopt);
}

TEST(Packs, WhatIsPublishedMeanwhileIsSentAgain) {
  Reader scene;
  scene.caught_up(0);
  const Ticket ticket = scene.publish(scene.document, "mine");
  scene.say(typing().packed(1));
  (void)scene.goes_on_without();
  EXPECT_EQ(scene.published(), "1: mine");
  scene.stored(1);
  EXPECT_EQ(scene.outcome(ticket), "stored at 1");
}

// ---- how much at a time ----

// What a message becomes is handed over pack by pack when it is much, and the application asks for the next part.
TEST(Packs, OfAMessageThatBecomesLargeNoMoreThanAPartIsInMemory) {
  constexpr std::uint64_t each = 40'000;
  Past past;
  std::vector<frames::Pack> packs;
  for (std::uint64_t from : {std::uint64_t{0}, each, 2 * each}) {
    for (std::uint64_t i = 1; i <= each; ++i) past.add(from + i, producer_of('a'), from + i, "x");
    packs.push_back(past.packed(from));
  }
  Reader scene;
  scene.say(packs[0], packs[1], packs[2], frames::CaughtUp{handle, {3 * each}});
  EXPECT_EQ(scene.read().size(), each);
  EXPECT_EQ(scene.all<RecordsRead>().back().cursor, past.after(each));
  EXPECT_EQ(scene.session.deadline(), scene.now);
  scene.take();
  EXPECT_EQ(scene.read().size(), 2 * each);
  EXPECT_THAT(scene.all<CaughtUp>(), IsEmpty());
  scene.take();
  EXPECT_EQ(scene.read().size(), 3 * each);
  scene.take();
  EXPECT_EQ(scene.all<CaughtUp>().size(), 1U);
  EXPECT_NE(scene.session.deadline(), scene.now);
}

TEST(Packs, WhatWaitsOfAMessageGoesWithItsConnection) {
  constexpr std::uint64_t each = 40'000;
  Past past;
  for (std::uint64_t i = 1; i <= each; ++i) past.add(i, producer_of('a'), i, "x");
  const frames::Pack first = past.packed();
  past.add(each + 1, producer_of('a'), each + 1, "y");
  Reader scene;
  scene.say(first, frames::Records{handle, {past.records.back()}, false});
  EXPECT_EQ(scene.read().size(), each);
  scene.session.lost(scene.attempt, make_error(ErrorKind::connection, Code::unavailable, "dropped"), scene.now);
  scene.take();
  EXPECT_EQ(scene.read().size(), each);
  scene.sent.clear();
  while (scene.connections == 1) scene.advance(100ms);
  EXPECT_THAT(scene.welcome().packs, ElementsAre(frames::pack_version));
  EXPECT_EQ(scene.answer_subscribe({.head = {each + 1}}).cursor, past.after(each));
}

}  // namespace
}  // namespace weir::client
