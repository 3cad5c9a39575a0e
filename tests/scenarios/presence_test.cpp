// Who is there.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::ErrorEvent;
using frames::PresenceUpdate;
using testing::IsEmpty;
using testing::SizeIs;

const DocumentPath plan = path("plan");

SCENARIO(Presence, SubscribedCarriesTheCompleteSet) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan);
  ann.show(plan, "line 1");
  ann.show(plan, "line 2");
  ben.show(plan, "line 9");
  relay.settle();
  Talker cid(relay, "cid");
  const auto set = cid.subscribe(plan, {.presence = true}).presence;
  ASSERT_THAT(set, SizeIs(2));
  for (const PresenceUpdate& update : set)
    EXPECT_EQ(update.data.view(), update.producer == producer_named("ann") ? "line 2" : "line 9") << "the last value";
}

SCENARIO(Presence, ComesToWhoAskedForItAndNotBack) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  Talker cid(relay, "cid");
  ann.subscribe(plan, {.presence = true});
  ben.subscribe(plan, {.presence = true});
  EXPECT_THAT(cid.subscribe(plan).presence, IsEmpty());
  ann.show(plan, "here");
  const auto update = ben.hear<PresenceUpdate>();
  EXPECT_EQ(update.data.view(), "here");
  EXPECT_EQ(update.producer, producer_named("ann"));
  EXPECT_FALSE(update.gone);
  relay.settle();
  EXPECT_FALSE(ann.has<PresenceUpdate>());
  EXPECT_FALSE(cid.has<PresenceUpdate>());
}

SCENARIO(Presence, EmptyDataWithdrawsIt) {
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan, {.presence = true});
  ann.show(plan, "here");
  const auto shown = ben.hear<PresenceUpdate>();
  ann.show(plan, "");
  const auto gone = ben.hear<PresenceUpdate>();
  EXPECT_TRUE(gone.gone);
  EXPECT_EQ(gone.key, shown.key);
  ann.show(plan, "back");
  EXPECT_EQ(ben.hear<PresenceUpdate>().data.view(), "back");
}

SCENARIO(Presence, TheEndOfTheSessionWithdrawsIt) {
  Talker ben(relay, "ben");
  ben.subscribe(plan, {.presence = true});
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.show(plan, "here");
  const auto shown = ben.hear<PresenceUpdate>();
  ann.hang_up();
  const auto gone = ben.hear<PresenceUpdate>();
  EXPECT_TRUE(gone.gone);
  EXPECT_EQ(gone.key, shown.key) << "stable while that session lives";
  ben.unsubscribe(plan);
  EXPECT_THAT(ben.subscribe(plan, {.presence = true}).presence, IsEmpty());
}

SCENARIO(Presence, UnsubscribingWithdrawsIt) {
  Talker ben(relay, "ben");
  ben.subscribe(plan, {.presence = true});
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.show(plan, "here");
  EXPECT_FALSE(ben.hear<PresenceUpdate>().gone);
  ann.unsubscribe(plan);
  EXPECT_TRUE(ben.hear<PresenceUpdate>().gone);
}

SCENARIO(Presence, AnotherSessionIsAnotherSlot) {
  Talker ben(relay, "ben");
  ben.subscribe(plan, {.presence = true});
  std::string first;
  {
    Talker ann(relay, "ann");
    ann.subscribe(plan);
    ann.show(plan, "one");
    first = ben.hear<PresenceUpdate>().key;
  }
  EXPECT_TRUE(ben.hear<PresenceUpdate>().gone);
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.show(plan, "two");
  EXPECT_NE(ben.hear<PresenceUpdate>().key, first);
}

SCENARIO(Presence, MorePeersThanShownAreToldSoAndOnlyThat) {
  relay.limits.presence_slots_max = 1;
  Talker ann(relay, "ann");
  Talker ben(relay, "ben");
  ann.subscribe(plan);
  ben.subscribe(plan);
  ann.show(plan, "here");
  relay.settle();
  ben.show(plan, "me too");
  EXPECT_EQ(ben.hear<ErrorEvent>().error.code, Code::resource_exhausted);
  ben.publish(plan, 1, {"b"});
  EXPECT_EQ(ben.hear<frames::Stored>().through_sequence, Sequence{1});
  ann.show(plan, "");
  relay.settle();
  ben.show(plan, "now");
  Talker cid(relay, "cid");
  relay.settle();
  EXPECT_THAT(cid.subscribe(plan, {.presence = true}).presence, SizeIs(1));
}

SCENARIO(Presence, IsNeverStored) {
  Talker ann(relay, "ann");
  ann.subscribe(plan);
  ann.show(plan, "here");
  relay.settle();
  EXPECT_THAT(relay.disk.log.documents(plan.space, "", 10).value(), IsEmpty());
  relay.crash();
  Talker ben(relay, "ben");
  EXPECT_THAT(ben.subscribe(plan, {.presence = true}).presence, IsEmpty());
}

}  // namespace
}  // namespace weir::scenarios
