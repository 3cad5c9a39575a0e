// How contributions that come while one is being written go to the log together, and what becomes of them when that
// fails or the document ends.
#include <string>

#include "hub_alone.hpp"

namespace weir::core {
namespace {

class Contributing : public HubAlone {
 protected:
  Contributing() {
    loaded.state.epoch = epoch;
    for (const SessionRef& session : {ann, ben}) subscribe(session, false);
    document = std::get<SubscribeAnswer>(told.back().message).subscribed.document;
    told.clear();
  }

  void contribute(SessionRef session, std::string_view text, std::optional<std::string> cover = {}) {
    Contribution contribution{document, SharedBytes::copy(text), !cover, std::move(cover)};
    step(ContributeRequest{session, std::move(contribution), {text.size(), {}}});
  }

  /// The log's oldest append is durable, or has failed.
  void commit() {
    StartAppend append = std::move(at_log.front());
    at_log.pop_front();
    const Offset first = head.next();
    head = head.plus(append.append.deltas.size());
    step(AppendFinished{append.ticket, Appended{first, head, epoch}});
  }
  void fail_oldest() {
    const Ticket ticket = at_log.front().ticket;
    at_log.pop_front();
    step(AppendFinished{ticket, fail(Code::unavailable, "disk on fire")});
  }

  /// What lies in an append, as "one,two".
  static std::string text_of(const StartAppend& append) {
    std::string all;
    for (const Delta& delta : append.append.deltas) all += (all.empty() ? "" : ",") + std::string(delta.payload.view());
    return all;
  }
  /// The flight budget that a session got back, and the errors it heard.
  std::size_t given_back(SessionRef session) {
    std::size_t bytes = 0;
    for (const Tell& tell : told)
      if (const auto* answer = std::get_if<ContributeAnswer>(&tell.message); answer && tell.session.id == session.id)
        bytes += answer->flight.bytes;
    return bytes;
  }
  std::size_t refusals() {
    std::size_t count = 0;
    for (const Tell& tell : told)
      if (const auto* answer = std::get_if<ContributeAnswer>(&tell.message)) count += answer->error ? 1 : 0;
    return count;
  }

  DocumentHandle document;
  Offset head;
};

TEST_F(Contributing, WhoIsAloneWaitsForNothing) {
  contribute(ann, "one");
  ASSERT_EQ(at_log.size(), 1U);
  EXPECT_EQ(text_of(at_log[0]), "one");
}

TEST_F(Contributing, WhatComesDuringACommitGoesTogether) {
  for (const char* text : {"one", "two", "three", "four"}) contribute(ann, text);
  ASSERT_EQ(at_log.size(), 1U);
  commit();
  ASSERT_EQ(at_log.size(), 1U);
  EXPECT_EQ(text_of(at_log[0]), "two,three,four");
  commit();
  EXPECT_EQ(delivered.size(), 2U);
  EXPECT_EQ(given_back(ann), std::string("onetwothreefour").size());
  EXPECT_EQ(hub.counts().deltas[static_cast<std::size_t>(DialectKind::yjs)], 4U);
  EXPECT_TRUE(at_log.empty());
}

TEST_F(Contributing, AuthorsAreNotMixedAndOrderStays) {
  contribute(ann, "one");
  contribute(ann, "two");
  contribute(ben, "three");
  contribute(ann, "four");
  contribute(ann, "five");
  commit();
  ASSERT_EQ(at_log.size(), 3U);
  EXPECT_EQ(text_of(at_log[0]), "two");
  EXPECT_EQ(text_of(at_log[1]), "three");
  EXPECT_EQ(text_of(at_log[2]), "four,five");
  EXPECT_EQ(at_log[2].append.first_sequence, Sequence{3});
}

TEST_F(Contributing, AnAnswerAndItsCoverAreAnAppendOfTheirOwn) {
  contribute(ann, "one");
  contribute(ann, "two");
  contribute(ann, "state", yjs::encode_state_vector({{1, 5}}));
  contribute(ann, "three");
  commit();
  ASSERT_EQ(at_log.size(), 3U);
  EXPECT_TRUE(at_log[0].append.notes.empty());
  EXPECT_EQ(text_of(at_log[1]), "state");
  EXPECT_EQ(at_log[1].append.notes.size(), 1U);
  EXPECT_EQ(text_of(at_log[2]), "three");
}

TEST_F(Contributing, ADuplicateOfOneThatWaitsIsAnsweredWithIt) {
  contribute(ann, "one");
  contribute(ann, "two");
  contribute(ben, "two");
  commit();
  EXPECT_EQ(given_back(ben), 0U);
  commit();
  EXPECT_EQ(given_back(ben), 3U);
  EXPECT_TRUE(at_log.empty());
}

TEST_F(Contributing, AFailureRefusesAlsoWhatWaited) {
  for (const char* text : {"one", "two", "three"}) contribute(ann, text);
  contribute(ben, "four");
  fail_oldest();
  EXPECT_TRUE(at_log.empty());
  EXPECT_EQ(given_back(ann), std::string("onetwothree").size());
  EXPECT_EQ(given_back(ben), std::string("four").size());
  EXPECT_EQ(refusals(), 3U);  // one, two with three, four
  EXPECT_TRUE(delivered.empty());
  // Nothing of theirs is taken before they have answered a query; then all goes on.
  contribute(ann, "five");
  EXPECT_TRUE(at_log.empty());
  contribute(ann, "all of it", yjs::encode_state_vector({{1, 5}}));
  contribute(ann, "six");
  ASSERT_EQ(at_log.size(), 1U);
  commit();
  EXPECT_EQ(text_of(at_log[0]), "six");
}

TEST_F(Contributing, WhatWaitsIsStoredThoughItsAuthorHasLeft) {
  contribute(ann, "one");
  contribute(ann, "two");
  step(SessionGone{ann});
  commit();
  ASSERT_EQ(at_log.size(), 1U);
  EXPECT_EQ(text_of(at_log[0]), "two");
}

TEST_F(Contributing, ATombstoneComesBehindWhatWaited) {
  contribute(ann, "one");
  contribute(ann, "two");
  step(DeleteRequest{{1}, path});
  ASSERT_EQ(at_log.size(), 3U);
  EXPECT_EQ(text_of(at_log[1]), "two");
  EXPECT_EQ(at_log[2].append.kind, AppendKind::tombstone);
}

TEST_F(Contributing, ALargeHeapIsCut) {
  const std::string large(20'000, 'x');
  contribute(ann, "one");
  for (char mark = 'a'; mark < 'd'; ++mark) contribute(ann, large + mark);
  commit();
  EXPECT_EQ(at_log.size(), 3U);
}

}  // namespace
}  // namespace weir::core
