// Callers who do what weir.h says they must not, or what one does by mistake: an error, never a crash.
#include <atomic>
#include <cstddef>
#include <future>

#include "c_scene.hpp"

namespace weir::c {
namespace {

/// The code, and that the words are there.
template <class Call>
weir_code refused(Call call) {
  weir_error* error = nullptr;
  const weir_code code = call(&error);
  EXPECT_NE(error, nullptr);
  EXPECT_EQ(weir_error_code(error), code);
  EXPECT_STRNE(weir_error_message(error), "");
  weir_error_free(error);
  return code;
}

weir_client_options nowhere() {
  weir_client_options out{};
  out.struct_size = sizeof out;
  out.address = "127.0.0.1:1";
  return out;
}

weir_document_options quiet() {
  weir_document_options out{};
  out.struct_size = sizeof out;
  return out;
}

TEST(CHostile, TakesNullEverywhere) {
  EXPECT_EQ(refused([](auto error) { return weir_client_open(nullptr, nullptr, error); }), WEIR_INVALID_ARGUMENT);
  const weir_client_options options = nowhere();
  EXPECT_EQ(refused([&](auto error) { return weir_client_open(&options, nullptr, error); }), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto error) { return weir_client_connect(nullptr, error); }), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto error) { return weir_client_disconnect(nullptr, error); }), WEIR_INVALID_ARGUMENT);
  weir_document* document = nullptr;
  const weir_document_options reading = quiet();
  EXPECT_EQ(refused([&](auto error) { return weir_document_open(nullptr, "s", "d", &reading, &document, error); }),
            WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto error) { return weir_document_publish(nullptr, 0, "x", 1, nullptr, nullptr, error); }),
            WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto error) { return weir_document_when_stored(nullptr, tell_settled, nullptr, error); }),
            WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto error) { return weir_document_when_caught_up(nullptr, nullptr, nullptr, error); }),
            WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto error) { return weir_document_set_presence(nullptr, "x", 1, error); }),
            WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(weir_client_open(nullptr, nullptr, nullptr), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(weir_answer_add(nullptr, "x", 1), WEIR_INVALID_ARGUMENT);
  weir_client_close(nullptr);
  weir_client_free(nullptr);
  weir_document_close(nullptr);
  weir_document_free(nullptr);
  weir_error_free(nullptr);
  EXPECT_EQ(weir_client_status(nullptr), WEIR_STOPPED);
  EXPECT_EQ(weir_error_code(nullptr), WEIR_OK);
  EXPECT_EQ(weir_error_kind(nullptr), WEIR_KIND_OTHER);
  EXPECT_STREQ(weir_error_message(nullptr), "");
  EXPECT_EQ(weir_error_retry_after_ms(nullptr), 0u);
  EXPECT_STREQ(weir_code_name(WEIR_OK), "OK");
  EXPECT_STREQ(weir_code_name(WEIR_OUT_OF_RANGE), "OUT_OF_RANGE");
  for (const int none : {99, -1, 4, 256 + 11}) EXPECT_STREQ(weir_code_name(none), "UNKNOWN") << none;
}

TEST(CHostile, TakesNullAndNothingOfAnOpenDocument) {
  Scene scene;
  const weir_document_options options = quiet();
  weir_document* document = nullptr;
  const auto open = [&](const char* space, const char* name, const weir_document_options* how, weir_document** out) {
    return refused([&](auto error) { return weir_document_open(scene.client, space, name, how, out, error); });
  };
  EXPECT_EQ(open(nullptr, "d", &options, &document), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(open("s", nullptr, &options, &document), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(open("s", "d", nullptr, &document), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(open("s", "d", &options, nullptr), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(open("", "d", &options, &document), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(open("s", "\xff", &options, &document), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(open("s", std::string(2000, 'x').c_str(), &options, &document), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(document, nullptr);

  document = scene.open(options);
  const auto publish = [&](const void* data, std::size_t size) {
    return weir_document_publish(document, 0, data, size, nullptr, nullptr, nullptr);
  };
  EXPECT_EQ(publish(nullptr, 1), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(publish(nullptr, SIZE_MAX), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(publish(nullptr, 0), WEIR_OK);
  EXPECT_EQ(publish("x", 0), WEIR_OK);
  EXPECT_EQ(weir_document_publish(document, UINT32_MAX, "x", 1, nullptr, nullptr, nullptr), WEIR_OK);
  EXPECT_EQ(weir_document_set_presence(document, nullptr, 7, nullptr), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(weir_document_set_presence(document, nullptr, 0, nullptr), WEIR_OK);
  EXPECT_EQ(weir_document_when_stored(document, nullptr, nullptr, nullptr), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(weir_document_when_caught_up(document, nullptr, nullptr, nullptr), WEIR_INVALID_ARGUMENT);
  weir_document_free(document);
}

TEST(CHostile, ReadsOptionsOfOtherVersions) {
  weir_client* client = nullptr;
  const auto open = [&](const weir_client_options& options) { return weir_client_open(&options, &client, nullptr); };
  weir_client_options options = nowhere();
  constexpr std::size_t first_version = offsetof(weir_client_options, makes_snapshots);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, first_version - 1, std::size_t{5000}, SIZE_MAX}) {
    options.struct_size = size;
    EXPECT_EQ(open(options), WEIR_INVALID_ARGUMENT) << size;
  }
  struct Newer {
    weir_client_options known;
    std::uint64_t unknown;
  } newer{nowhere(), 0};
  newer.known.struct_size = sizeof newer;
  ASSERT_EQ(open(newer.known), WEIR_OK);
  weir_client_free(client);
  newer.unknown = 1;
  EXPECT_EQ(refused([&](auto error) { return weir_client_open(&newer.known, &client, error); }), WEIR_UNIMPLEMENTED);
  EXPECT_EQ(client, nullptr);
  Scene scene;
  weir_document_options older = quiet();  // of a header that knew nothing of keys: what lies behind it is not read
  older.key = reinterpret_cast<const std::uint8_t*>(1);
  older.struct_size = offsetof(weir_document_options, key);
  weir_document* document = scene.open(older);
  EXPECT_EQ(weir_document_set_key(document, 1, nullptr, nullptr), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(weir_document_set_key(nullptr, 1, nullptr, nullptr), WEIR_INVALID_ARGUMENT);
  weir_document_free(document);
  const std::uint8_t zeros[16] = {};
  options = nowhere();
  options.producer = zeros;
  EXPECT_EQ(open(options), WEIR_INVALID_ARGUMENT);
  options = nowhere();
  options.backoff_first_ms = options.backoff_max_ms = UINT64_MAX;
  ASSERT_EQ(open(options), WEIR_OK);
  weir_client_free(client);
}

TEST(CHostile, GivesUserBackAlsoWhenItFails) {
  std::atomic<int> released = 0;
  const auto release = [](void* user) { ++*static_cast<std::atomic<int>*>(user); };
  weir_client_options options = nowhere();
  options.user = &released;
  options.user_released = release;
  EXPECT_EQ(weir_client_open(&options, nullptr, nullptr), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(released, 1);
  Scene scene;
  weir_document_options reading = quiet();
  reading.user = &released;
  reading.user_released = release;
  weir_document* document = nullptr;
  EXPECT_EQ(weir_document_open(nullptr, "s", "d", &reading, &document, nullptr), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(weir_document_open(scene.client, "s", "", &reading, &document, nullptr), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(released, 3);
  document = scene.open(quiet());
  weir_document* twice = nullptr;
  EXPECT_EQ(weir_document_open(scene.client, "s", "d", &reading, &twice, nullptr), WEIR_ALREADY_EXISTS);
  weir_client_close(scene.client);
  EXPECT_EQ(weir_document_open(scene.client, "s", "e", &reading, &twice, nullptr), WEIR_CANCELLED);
  EXPECT_EQ(released, 5);
  weir_document_free(document);
}

TEST(CHostile, AnswersCallsAfterClose) {
  Told told;
  Scene scene;
  weir_document* closed = scene.open(all_told(told));
  weir_document* other = scene.open(quiet(), "other");
  weir_document_close(closed);
  weir_document_close(closed);
  EXPECT_EQ(weir_document_publish(closed, 0, "x", 1, tell_settled, &told, nullptr), WEIR_CANCELLED);
  EXPECT_EQ(weir_document_when_stored(closed, tell_settled, &told, nullptr), WEIR_CANCELLED);
  EXPECT_EQ(weir_document_set_presence(closed, "x", 1, nullptr), WEIR_CANCELLED);
  EXPECT_EQ(weir_document_publish(other, 0, "x", 1, tell_settled, &told, nullptr), WEIR_OK);
  weir_client_close(scene.client);
  weir_client_close(scene.client);
  EXPECT_EQ(weir_client_status(scene.client), WEIR_STOPPED);
  EXPECT_EQ(told.count("failed: CANCELLED"), 1u);  // what was taken, and only that
  EXPECT_EQ(told.count("released"), 1u);
  EXPECT_EQ(weir_client_connect(scene.client, nullptr), WEIR_CANCELLED);
  EXPECT_EQ(weir_client_disconnect(scene.client, nullptr), WEIR_CANCELLED);
  weir_client_free(std::exchange(scene.client, nullptr));
  EXPECT_EQ(weir_document_publish(other, 0, "x", 1, nullptr, nullptr, nullptr), WEIR_CANCELLED);
  weir_document_free(closed);
  weir_document_free(other);
}

struct Ending {
  weir_client* client = nullptr;
  weir_document* document = nullptr;
  void (*act)(Ending&) = nullptr;
  std::promise<void> acted;
  std::atomic<int> released = 0;
};

/// Runs `act` in a callback of a document, on the client's own thread.
void end_in_a_callback(void (*act)(Ending&), bool frees_client) {
  Ending ending;
  ending.act = act;
  const auto wire = std::make_shared<client::Wire>();
  weir_client_options options{};
  options.struct_size = sizeof options;
  options.user = &ending;
  options.user_released = [](void* user) { ++static_cast<Ending*>(user)->released; };
  ending.client = open_client(options, wire->transport()).value().release();
  wire->greet();
  weir_document_options reading = quiet();
  ASSERT_EQ(weir_document_open(ending.client, "s", "d", &reading, &ending.document, nullptr), WEIR_OK);
  wire->answer_subscribe();
  const auto then = [](void* user, const weir_settled*) {
    auto& it = *static_cast<Ending*>(user);
    it.act(it);
    it.acted.set_value();
  };
  ASSERT_EQ(weir_document_when_stored(ending.document, then, &ending, nullptr), WEIR_OK);
  ending.acted.get_future().wait();
  if (!frees_client) return weir_client_free(ending.client);
  // Its memory goes with the next client that is opened or freed on another thread.
  const weir_client_options another = nowhere();
  weir_client* next = nullptr;
  ASSERT_EQ(weir_client_open(&another, &next, nullptr), WEIR_OK);
  EXPECT_EQ(ending.released, 1);
  EXPECT_EQ(weir_document_publish(ending.document, 0, "x", 1, nullptr, nullptr, nullptr), WEIR_CANCELLED);
  weir_document_free(ending.document);
  weir_client_free(next);
}

TEST(CHostile, ClosesADocumentInACallback) {
  end_in_a_callback(
      [](Ending& it) {
        weir_document_close(it.document);
        EXPECT_EQ(weir_document_publish(it.document, 0, "x", 1, nullptr, nullptr, nullptr), WEIR_CANCELLED);
        weir_document_free(it.document);
      },
      false);
}

TEST(CHostile, ClosesAClientInACallback) {
  end_in_a_callback(
      [](Ending& it) {
        weir_client_close(it.client);
        EXPECT_EQ(weir_document_publish(it.document, 0, "x", 1, nullptr, nullptr, nullptr), WEIR_CANCELLED);
        weir_document_free(it.document);
      },
      false);
}

TEST(CHostile, FreesAClientInACallback) {
  end_in_a_callback([](Ending& it) { weir_client_free(it.client); }, true);  // the document's handle stays valid
}

struct Reopening {
  weir_client* client;
  weir_document* other;
  std::promise<weir_code> opened;
};

/// Opens a document and closes another while the client forgets the one that `user` belongs to.
void reopen(void* user) {
  auto& it = *static_cast<Reopening*>(user);
  weir_document_free(std::exchange(it.other, nullptr));
  const weir_document_options reading = quiet();
  weir_document* again = nullptr;
  it.opened.set_value(weir_document_open(it.client, "s", "again", &reading, &again, nullptr));
  weir_document_free(again);
}

TEST(CHostile, TakesCallsWhileItGivesUserBack) {
  for (const bool by_closing : {false, true}) {
    Scene scene;
    Reopening reopening{scene.client, scene.open(quiet(), "other"), {}};
    weir_document_options reading = quiet();
    reading.user = &reopening;
    reading.user_released = reopen;
    weir_document* document = scene.open(reading);
    by_closing ? weir_client_close(scene.client) : weir_document_close(document);
    EXPECT_EQ(reopening.opened.get_future().get(), by_closing ? WEIR_CANCELLED : WEIR_OK);
    weir_document_free(document);
  }
}

TEST(CHostile, ClosesWhileOthersPublish) {
  Scene scene;
  weir_document* document = scene.open(quiet());
  std::atomic<int> taken = 0;
  std::atomic<int> answered = 0;
  const auto count = [](void* user, const weir_settled*) { ++*static_cast<std::atomic<int>*>(user); };
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i)
    writers.emplace_back([&] {
      for (int j = 0; j < 300; ++j)
        taken += weir_document_publish(document, 0, "x", 1, count, &answered, nullptr) == WEIR_OK;
    });
  weir_client_close(scene.client);
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(answered, taken);
  weir_document_free(document);
}

}  // namespace
}  // namespace weir::c
