// Who is sent packs, and which. In this relay four records of a document make one.
#include <gmock/gmock.h>

#include "talker.hpp"
#include "weir/packing/pack.hpp"

namespace weir::scenarios {
namespace {

using frames::CaughtUp;
using testing::ElementsAre;

const DocumentPath plan = path("plan");

/// Ten records by ann: two packs, and two more.
void write_ten(Relay& relay) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  for (std::uint64_t i = 1; i <= 10; ++i) ann.publish(plan, i, {std::string(1, static_cast<char>('a' + i - 1))});
  while (ann.hear<frames::Stored>().through_sequence < Sequence{10}) {
  }
}

/// What a reader hears that says it can unpack these versions.
std::vector<std::string> read(Talker& reader, std::vector<std::uint32_t> versions, const Wish& wish = {}) {
  reader.hello(frames::protocol_version, std::move(versions));
  (void)reader.hear<frames::Welcome>();
  reader.ask(plan, wish);
  (void)reader.hear<CaughtUp>();
  std::vector<std::string> heard = reader.heard();
  heard.erase(heard.begin());  // welcome
  return heard;
}

SCENARIO(Packs, GoToWhoCanUnpackThem) {
  write_ten(relay);
  Talker ben(relay, "ben", "", Talker::Start::silent);
  EXPECT_THAT(read(ben, {7, 1}), ElementsAre("subscribed plan", "pack plan", "pack plan", "record plan ann/9 i",
                                             "record plan ann/10 j", "caught up plan"));
  std::string text;
  for (int i = 0; i < 2; ++i)
    for (const Record& record : packing::unpack(ben.hear<frames::Pack>().data).value())
      text += std::to_string(record.sequence.value) + std::string(record.payload.view()) + " ";
  EXPECT_EQ(text, "1a 2b 3c 4d 5e 6f 7g 8h ");
}

SCENARIO(Packs, GoToNobodyElse) {
  write_ten(relay);
  Talker ben(relay, "ben", "", Talker::Start::silent);
  EXPECT_THAT(read(ben, {}), testing::Not(testing::Contains("pack plan")));
  Talker cid(relay, "cid", "", Talker::Start::silent);
  EXPECT_THAT(read(cid, {2, 7}), testing::Not(testing::Contains("pack plan")));
  EXPECT_EQ(cid.read(10).back().record.payload.view(), "j");
}

SCENARIO(Packs, AReaderInTheMiddleOfOneGetsTheRestAsRecords) {
  write_ten(relay);
  Talker ben(relay, "ben");
  const Epoch epoch = ben.subscribe(plan).epoch;
  const Offset second = ben.read(10)[1].record.offset;
  ben.connect();
  (void)ben.heard();
  const Cursor there{epoch, second, relay.disk.log.chain(plan, second).value()};
  EXPECT_THAT(read(ben, {1}, {.from = frames::From::cursor, .cursor = there}),
              ElementsAre("subscribed plan", "record plan ann/3 c", "record plan ann/4 d", "pack plan",
                          "record plan ann/9 i", "record plan ann/10 j", "caught up plan"));
}

}  // namespace
}  // namespace weir::scenarios
