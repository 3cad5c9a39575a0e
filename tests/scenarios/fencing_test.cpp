// One producer speaks through one session and belongs to one principal; and what each principal may do.
#include <gmock/gmock.h>

#include "talker.hpp"

namespace weir::scenarios {
namespace {

using frames::ErrorEvent;
using frames::Reason;
using frames::Stored;
using testing::Contains;
using testing::Not;
using testing::StartsWith;

const DocumentPath plan = path("plan");

/// Tokens are names; "guest" may only read, "stranger" is nobody, documents called "secret" are ann's.
class People final : public core::Authorizer {
 public:
  [[nodiscard]] Result<std::string> authenticate(std::string_view token) const override {
    if (token == "stranger") return fail(Code::unauthenticated, "get a token");
    return std::string(token);
  }
  [[nodiscard]] Result<void> may_read(std::string_view principal, const DocumentPath& document) const override {
    if (document.document.text() == "secret" && principal != "ann")
      return fail(Code::permission_denied, "this document is ann's");
    return {};
  }
  [[nodiscard]] Result<void> may_write(std::string_view principal, const DocumentPath&) const override {
    if (principal == "guest") return fail(Code::permission_denied, "guests only read");
    return {};
  }
};
const People people{};

void expect_fenced(Talker& talker) {
  const auto error = talker.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::aborted);
  EXPECT_EQ(error.reason, Reason::fenced);
  EXPECT_EQ(talker.closed(), 1008);
}

SCENARIO(Fencing, ANewerSessionOfAProducerFencesTheOlder) {
  Talker older(relay, "ann");
  older.subscribe(plan);
  older.publish(plan, 1, {"a"});
  older.hear<Stored>();
  Talker newer(relay, "ann");
  EXPECT_TRUE(older.connected()) << "only subscribing takes over";
  EXPECT_EQ(newer.subscribe(plan).last_sequence, Sequence{1});
  expect_fenced(older);
  newer.publish(plan, 2, {"b"});
  EXPECT_EQ(newer.hear<Stored>().through_sequence, Sequence{2});
}

SCENARIO(Fencing, InAnyDocumentOfTheSpace) {
  Talker older(relay, "ann");
  older.subscribe(plan);
  Talker newer(relay, "ann");
  newer.subscribe(path("other"));
  expect_fenced(older);
}

SCENARIO(Fencing, NotInAnotherSpace) {
  Talker here(relay, "ann");
  here.subscribe(plan);
  Talker there(relay, "ann");
  there.subscribe(path("plan", "another space"));
  here.publish(plan, 1, {"a"});
  EXPECT_EQ(here.hear<Stored>().through_sequence, Sequence{1});
  EXPECT_TRUE(there.connected());
}

SCENARIO(Fencing, AnOlderSessionThatSubscribesLaterIsFenced) {
  Talker older(relay, "ann");
  Talker newer(relay, "ann");
  newer.subscribe(plan);
  older.ask(plan);
  expect_fenced(older);
  relay.settle();
  EXPECT_TRUE(newer.connected());
}

SCENARIO(Fencing, AnOlderSessionThatIsJustSubscribingIsFenced) {
  Talker older(relay, "ann");
  Talker newer(relay, "ann");
  older.ask(plan);
  newer.ask(plan);
  expect_fenced(older);
  newer.hear<frames::Subscribed>();
  relay.settle();
  EXPECT_TRUE(newer.connected());
}

SCENARIO(Fencing, WhatTheFencedSessionHasUnderWayIsStoredOrNotAcknowledged) {
  Talker older(relay, "ann");
  older.subscribe(plan);
  relay.hold_disk();
  older.publish(plan, 1, {"a"});
  relay.settle();
  Talker newer(relay, "ann");
  newer.subscribe(plan);
  newer.publish(plan, 1, {"a"});  // it does not know, and sends its outbox
  relay.settle();
  EXPECT_FALSE(newer.has<Stored>());
  relay.release_disk();
  EXPECT_EQ(newer.hear<Stored>().through_sequence, Sequence{1});
  EXPECT_EQ(relay.disk.log.document(plan)->records, 1U);
}

SCENARIO(Fencing, AClonedDeviceLosesNoEdit) {
  Talker original(relay, "ann");
  original.subscribe(plan);
  original.publish(plan, 1, {"both know"});
  original.hear<Stored>();
  Talker clone(relay, "ann");
  EXPECT_EQ(clone.subscribe(plan).last_sequence, Sequence{1});
  clone.publish(plan, 2, {"the clone's"});
  clone.hear<Stored>();
  expect_fenced(original);

  original.connect();  // against the advice
  original.hello();
  EXPECT_EQ(original.subscribe(plan).last_sequence, Sequence{2});
  original.publish(plan, 2, {"the original's"});
  EXPECT_EQ(original.hear<ErrorEvent>().reason, Reason::resend_differs);
  expect_fenced(clone);

  Talker renamed(relay, "ann the second");
  renamed.subscribe(plan);
  renamed.publish(plan, 1, {"the original's"});
  EXPECT_EQ(renamed.hear<Stored>().offset, Offset{3});
}

SCENARIO(Principals, WhoHasNoTokenIsToldAndClosed) {
  relay.authorizer = &people;
  Talker someone(relay, "someone", "stranger", Talker::Start::silent);
  someone.hello();
  const auto error = someone.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::unauthenticated);
  EXPECT_EQ(error.error.message, "get a token");
  EXPECT_EQ(someone.closed(), 1008);
}

SCENARIO(Principals, AProducerBelongsToWhoFirstPublishedWithIt) {
  relay.authorizer = &people;
  {
    Talker ann(relay, "device", "ann");
    ann.subscribe(plan);
    ann.publish(plan, 1, {"a"});
    ann.hear<Stored>();
  }
  Talker ben(relay, "device", "ben");
  ben.subscribe(plan);
  ben.publish(plan, 2, {"b"});
  const auto error = ben.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::permission_denied);
  EXPECT_EQ(error.reason, Reason::producer_owned);
  ben.publish(plan, 1, {"a"});  // not even a resend: it would tell what ann wrote
  EXPECT_EQ(ben.hear<ErrorEvent>().reason, Reason::producer_owned);
  EXPECT_EQ(relay.disk.log.document(plan)->records, 1U);
}

SCENARIO(Principals, OwnershipSurvivesARestart) {
  relay.authorizer = &people;
  {
    Talker ann(relay, "device", "ann");
    ann.subscribe(plan);
    ann.publish(plan, 1, {"a"});
    ann.hear<Stored>();
  }
  relay.crash();
  Talker ben(relay, "device", "ben");
  ben.subscribe(plan);
  ben.publish(plan, 2, {"b"});
  EXPECT_EQ(ben.hear<ErrorEvent>().reason, Reason::producer_owned);
}

SCENARIO(Principals, AReaderReadsAndDoesNotWrite) {
  relay.authorizer = &people;
  Talker ann(relay, "ann", "ann");
  Talker guest(relay, "guest", "guest");
  ann.subscribe(plan);
  guest.subscribe(plan);
  ann.publish(plan, 1, {"a"});
  EXPECT_EQ(guest.read(1)[0].record.payload.view(), "a");
  guest.publish(plan, 1, {"g"});
  const auto error = guest.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::permission_denied);
  EXPECT_EQ(error.document, guest.handle(plan));
  EXPECT_EQ(error.through_sequence, Sequence{1});
  relay.settle();
  EXPECT_TRUE(guest.connected());
  EXPECT_EQ(relay.disk.log.document(plan)->records, 1U);
}

SCENARIO(Principals, WhoMayNotReadIsRefusedThatDocumentAlone) {
  relay.authorizer = &people;
  Talker ben(relay, "ben", "ben");
  const std::uint64_t request = ben.ask(path("secret"));
  const auto error = ben.hear<ErrorEvent>();
  EXPECT_EQ(error.error.code, Code::permission_denied);
  EXPECT_EQ(error.request, request);
  ben.subscribe(plan);
  EXPECT_THAT(ben.heard(), Not(Contains(StartsWith("subscribed secret"))));
}

}  // namespace
}  // namespace weir::scenarios
