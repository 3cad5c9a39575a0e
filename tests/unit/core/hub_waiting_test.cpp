// What comes while a document is opened or changed waits, up to a limit.
#include "hub_alone.hpp"

namespace weir::core {
namespace {

TEST_F(HubAlone, APublishThatFindsTooManyWaitingIsRefusedByItsNumbers) {
  loaded.state.life = DocumentLife::alive;
  loaded.state.epoch = epoch;
  subscribe(ann, false);
  const DocumentHandle handle = std::get<SubscribeAnswer>(told.back().message).subscribed.document;
  step(DeleteRequest{{1}, path});
  ASSERT_EQ(at_log.size(), 1U) << "it is being deleted";
  told.clear();

  PublishRequest publish{ann, {handle, epoch, {}, {{{}, SharedBytes::copy("a")}, {{}, SharedBytes::copy("b")}}}, {}};
  for (std::uint64_t sequence = 1; told.empty() && sequence < 100'000; sequence += 2) {
    publish.publish.first_sequence = {sequence};
    step(publish);
  }
  ASSERT_EQ(told.size(), 1U);
  const auto* answer = std::get_if<PublishAnswer>(&told[0].message);
  ASSERT_NE(answer, nullptr);
  const auto* error = std::get_if<frames::ErrorEvent>(&answer->event);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->error.code, Code::resource_exhausted);
  EXPECT_EQ(error->document, handle);
  EXPECT_EQ(error->through_sequence, publish.publish.first_sequence.next()) << "both of its deltas";
  EXPECT_GT(error->retry_after_ms, 0U);
}

}  // namespace
}  // namespace weir::core
