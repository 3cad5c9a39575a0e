// Connecting, staying connected, and presence, which lives with the connection.
#include "scene.hpp"

namespace weir::client {
namespace {

using namespace std::chrono_literals;

TEST(ClientConnection, APingIsAnsweredWithItsNonce) {
  Scene scene;
  scene.welcome();
  scene.say(frames::Ping{12345});
  EXPECT_EQ(scene.next<frames::Pong>().nonce, 12345U);
}

TEST(ClientConnection, TwoAndAHalfHeartbeatsOfSilenceAndAnotherConnectionIsMade) {
  Scene scene;
  scene.welcome({.heartbeat_ms = 1000});
  scene.advance(2400ms);
  scene.say(frames::Ping{1});
  scene.advance(2400ms);
  EXPECT_EQ(scene.session.status(), Status::connected);
  scene.advance(200ms);
  EXPECT_EQ(scene.session.status(), Status::connecting);
  scene.advance(1s);
  EXPECT_EQ(scene.connections, 2);
}

TEST(ClientConnection, ARelayThatNeverSaysWelcomeIsGivenUp) {
  Scene scene;
  scene.session.opened(scene.attempt, "", scene.now);
  scene.advance(20s);
  EXPECT_GT(scene.connections, 1);
}

TEST(ClientConnection, EachFailureDoublesTheCeilingOfTheWaitUpToAMost) {
  std::vector<int> waits;
  for (std::uint32_t failures = 0; failures < 6; ++failures)
    waits.push_back(static_cast<int>(backoff(failures, 0.999, 100ms, 1000ms).count()));
  EXPECT_EQ(waits, (std::vector<int>{99, 199, 399, 799, 999, 999}));
  EXPECT_EQ(backoff(3, 0, 100ms, 1000ms), 0ms);
}

TEST(ClientConnection, BytesThatAreNoFrameEndTheConnectionNotTheClient) {
  Scene scene;
  scene.welcome();
  scene.session.received(scene.attempt, bytes("\x0a\xc8\x01"), scene.now);
  scene.take();
  ASSERT_EQ(scene.all<ConnectionFailed>().size(), 1U);
  EXPECT_EQ(scene.all<ConnectionFailed>()[0].error.kind, ErrorKind::protocol);
  scene.advance(1s);
  EXPECT_EQ(scene.connections, 2);
}

TEST(ClientConnection, GoingAwayReconnectsWhenAndWhereItWasTold) {
  Scene scene;
  scene.welcome();
  scene.say(frames::GoingAway{3000, "other:8788", "drain"});
  scene.advance(2900ms);
  scene.drop();
  EXPECT_EQ(scene.connections, 1);
  scene.advance(1s);
  EXPECT_EQ(scene.connections, 2);
  EXPECT_EQ(scene.address, "other:8788");
  scene.drop();
  scene.advance(1s);
  EXPECT_EQ(scene.address, "");
}

TEST(ClientConnection, ATokenThatIsNotAcceptedIsNotTriedAgainAChangingOneIs) {
  for (const bool changes : {false, true}) {
    Scene scene({.token_changes = changes});
    scene.session.opened(scene.attempt, "old", scene.now);
    frames::ErrorEvent refused;
    refused.error = {Code::unauthenticated, "the token has expired"};
    scene.say(refused);
    scene.drop();
    scene.advance(60s);
    EXPECT_EQ(scene.connections > 1, changes);
  }
}

TEST(ClientConnection, PresenceTheLastValueOnlyAndAgainAfterAReconnect) {
  Scene scene;
  const DocumentId d = scene.subscribe("d", {.presence = true});
  scene.session.set_presence(d, bytes("1"), scene.now);
  scene.session.set_presence(d, bytes("2"), scene.now);
  scene.welcome();
  const frames::PresenceUpdate theirs{handle, "k", producer_of('b'), bytes("here"), false};
  scene.answer_subscribe({.presence = {theirs}});
  EXPECT_EQ(scene.next<frames::SetPresence>().data.view(), "2");
  scene.reconnect({});
  EXPECT_EQ(scene.next<frames::SetPresence>().data.view(), "2");
  const std::vector<PresenceChanged> changes = scene.all<PresenceChanged>();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].changes[0].data.view(), "here");
  EXPECT_TRUE(changes[1].changes[0].gone);  // the new complete set does not name it
}

}  // namespace
}  // namespace weir::client
