// A hub and nothing else: the test is the log and the sessions. How contributions that come while one is being written
// go to the log together, and what becomes of them when that fails or the document ends.
#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "weir/core/hub.hpp"
#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::core {
namespace {

class Anyone final : public Authorizer {
 public:
  [[nodiscard]] Result<std::string> authenticate(std::string_view) const override { return std::string(); }
  [[nodiscard]] Result<void> may_read(std::string_view, const DocumentPath&) const override { return {}; }
  [[nodiscard]] Result<void> may_write(std::string_view, const DocumentPath&) const override { return {}; }
};

class Contributing : public testing::Test {
 protected:
  static constexpr SessionRef ann{{1}, 0};
  static constexpr SessionRef ben{{2}, 0};

  Contributing() {
    for (const SessionRef& session : {ann, ben}) subscribe(session);
    told.clear();
  }

  void step(HubInput input) {
    std::vector<HubEffect> effects;
    hub.step(std::move(input), {}, effects);
    for (HubEffect& effect : effects) {
      if (auto* append = std::get_if<StartAppend>(&effect))
        at_log.push_back(std::move(*append));
      else if (auto* tell = std::get_if<Tell>(&effect))
        told.push_back(std::move(*tell));
      else if (auto* delivery = std::get_if<Broadcast>(&effect))
        delivered.push_back(delivery->delivery);
      else if (auto* load = std::get_if<LoadDocument>(&effect))
        step(DocumentLoaded{load->path, absent_document()});
    }
  }

  static LoadedDocument absent_document() {
    LoadedDocument loaded;
    loaded.state.epoch = {7};
    return loaded;
  }

  void subscribe(SessionRef session) {
    SubscribeRequest request;
    request.session = session;
    request.dialect = DialectKind::yjs;
    request.producer.bytes[0] = static_cast<std::byte>(session.id.value);
    request.ephemeral = true;
    request.what.path = path;
    step(std::move(request));
    document = std::get<SubscribeAnswer>(told.back().message).subscribed.document;
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
    step(AppendFinished{append.ticket, Appended{first, head, {7}}});
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

  const DocumentPath path{*SpaceName::parse("acme"), *DocumentName::parse("plan")};
  Anyone authorizer;
  yjs::Encoder encoder;
  yjs::CoverMerger merger;
  Hub hub{{.limits = {}, .encoders = {&encoder, &encoder}, .authorizer = &authorizer, .cover_merger = &merger}};
  DocumentHandle document;
  Offset head;
  std::deque<StartAppend> at_log;
  std::vector<Tell> told;
  std::vector<DeliveryRef> delivered;
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
