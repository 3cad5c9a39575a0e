// What weir.h hands on: every callback, in the structs of C, and that `user` comes back.
#include "c_scene.hpp"

namespace weir::c {
namespace {

constexpr DocumentHandle handle{3};

Record record(std::uint64_t offset, std::string_view payload) {
  Record out;
  out.offset = {offset};
  out.producer = *ProducerId::parse(std::string(16, 'p'));
  out.sequence = {offset};
  out.payload = SharedBytes::copy(payload);
  return out;
}

TEST(C, HandsOnWhatADocumentIsTold) {
  Told told;
  Scene scene;
  weir_document_options options = all_told(told);
  options.on_snapshot = nullptr;  // else what stands for cut records is asked for first
  weir_document* plan = scene.open(options);
  const auto asked = scene.wire->answer_subscribe();
  EXPECT_EQ(asked.from, frames::From::start);
  scene.wire->say(frames::Records{.document = handle, .records = {record(1, "one"), record(2, "")}});
  scene.wire->say(frames::Cut{.document = handle, .offset = {3}});
  scene.wire->say(frames::CaughtUp{.document = handle, .offset = {3}});
  told.until("caught up");
  EXPECT_EQ(weir_document_publish(plan, 17, "mine", 4, tell_settled, &told, nullptr), WEIR_OK);
  const auto sent = scene.wire->next<frames::Publish>();
  ASSERT_EQ(sent.deltas.size(), 1u);
  EXPECT_EQ(sent.deltas[0].codec, Codec{17});
  scene.wire->say(frames::Stored{.document = handle, .through_sequence = {1}, .offset = {4}});
  told.until("stored 1 at 4");
  weir_document_free(plan);
  told.until("released");
  const std::vector<std::string> lines = told.lines(0);
  const std::vector<std::string> wanted{
      "opened fresh=1 lost=0", "record 1 one", "record 2 ", "cursor 2", "cut 3", "caught up"};
  EXPECT_EQ(std::vector<std::string>(lines.begin(), lines.begin() + 6), wanted);
}

TEST(C, HandsOnASnapshotAndPresence) {
  Told told;
  Scene scene;
  weir_document_options options = all_told(told);
  options.presence = 1;
  weir_document* plan = scene.open(options);
  const auto asked = scene.wire->answer_subscribe();
  EXPECT_TRUE(asked.snapshots);
  EXPECT_TRUE(asked.presence);
  frames::SnapshotHeader header;
  header.document = handle;
  header.offset = {9};
  header.hash = sha256("all of it");
  header.size = 9;
  header.fidelity = Fidelity::lossless;
  header.verified = true;
  scene.wire->say(header);
  frames::SnapshotChunk chunk;
  chunk.document = handle;
  chunk.data = SharedBytes::copy("all of it");
  chunk.last = true;
  scene.wire->say(chunk);
  told.until("snapshot 9 all of it verified=1 fidelity=1 cursor=9");
  frames::PresenceUpdate update;
  update.document = handle;
  update.key = "somebody";
  update.producer = *ProducerId::parse(std::string(16, 'q'));
  update.data = SharedBytes::copy("line 3");
  scene.wire->say(update);
  told.until("here line 3");
  weir_document_free(plan);
}

TEST(C, GoesOnFromACursor) {
  weir_cursor cursor{7, 41, {}};
  cursor.chain[0] = 0xab;
  Told told;
  Scene scene;
  weir_document_options options = all_told(told);
  options.cursor = &cursor;
  weir_document* plan = scene.open(options);
  const auto asked = scene.wire->answer_subscribe();
  ASSERT_TRUE(asked.cursor);
  EXPECT_EQ(asked.cursor->offset, Offset{41});
  EXPECT_EQ(asked.cursor->chain.bytes[0], std::byte{0xab});
  weir_document_free(plan);
}

TEST(C, TellsWhatItIsNotToldWithNothing) {
  weir_document_options silent{};
  silent.struct_size = sizeof silent;
  Scene scene;
  weir_document* plan = scene.open(silent);
  scene.wire->answer_subscribe();
  scene.wire->say(frames::Records{.document = handle, .records = {record(1, "one")}});
  scene.wire->say(frames::CaughtUp{.document = handle, .offset = {1}});
  Told told;
  EXPECT_EQ(weir_document_when_caught_up(plan, tell_settled, &told, nullptr), WEIR_OK);
  told.lines(1);
  weir_document_free(plan);
}

TEST(C, OffersStateThatCallbacksAdd) {
  Told told;
  Scene scene;
  weir_cursor cursor{7, 41, {}};
  weir_document_options options = all_told(told);
  options.cursor = &cursor;
  options.state = [](void*, weir_answer* answer) {
    EXPECT_EQ(weir_answer_add(answer, "one", 3), WEIR_OK);
    EXPECT_EQ(weir_answer_add(answer, nullptr, 3), WEIR_INVALID_ARGUMENT);
    EXPECT_EQ(weir_answer_add(answer, "two", 3), WEIR_OK);
  };
  weir_document* plan = scene.open(options);
  scene.wire->answer_subscribe(true);
  scene.wire->say(frames::CaughtUp{.document = handle, .offset = {}});
  EXPECT_EQ(scene.wire->next<frames::Publish>().deltas.size(), 2u);
  weir_document_free(plan);
}

TEST(C, AsksForPacksUnlessTheyAreNotWanted) {
  EXPECT_EQ(Scene().hello.packs, std::vector<std::uint32_t>{frames::pack_version});
  weir_client_options options{};
  options.without_packs = 1;
  EXPECT_TRUE(Scene(options).hello.packs.empty());
}

TEST(C, TellsThatAPackWasRefused) {
  Told told;
  Scene scene;
  weir_document_options options{};
  options.struct_size = sizeof options;
  options.user = &told;
  options.on_error = [](void* user, const weir_failed* failed) {
    c::told(user).add("kind " + std::to_string(weir_error_kind(failed->error)) + " over " +
                      std::to_string(failed->over));
  };
  weir_document* plan = scene.open(options);
  scene.wire->answer_subscribe();
  scene.wire->say(frames::Pack{handle, SharedBytes::copy("no pack")});
  told.until("kind " + std::to_string(WEIR_KIND_PACK) + " over 0");
  EXPECT_TRUE(scene.wire->greet().packs.empty());
  weir_document_free(plan);
}

TEST(C, AsksForATokenAndTellsItsStatus) {
  Told told;
  weir_client_options options{};
  options.struct_size = sizeof options;
  options.user = &told;
  options.token = [](void*, weir_answer* answer) {
    (void)weir_answer_add(answer, "to", 2);
    (void)weir_answer_add(answer, "ken", 3);
  };
  options.on_status = [](void* user, weir_status status) { c::told(user).add("status " + std::to_string(status)); };
  options.user_released = [](void* user) { c::told(user).add("released"); };
  {
    Scene scene(options);
    told.until("status 2");
    EXPECT_EQ(weir_client_status(scene.client), WEIR_CONNECTED);
    EXPECT_EQ(weir_client_disconnect(scene.client, nullptr), WEIR_OK);
    told.until("status 0");
    EXPECT_EQ(told.count("released"), 0u);
  }
  EXPECT_EQ(told.count("released"), 1u);
}

}  // namespace
}  // namespace weir::c
