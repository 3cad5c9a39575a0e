// A client with a store behind weir.h: what its disk does is told, and who may not have one is told at once.
// store_test.py has the rest, with a real relay.
#include <filesystem>

#include "c_scene.hpp"
#include "weir/client/store_journal.hpp"

namespace weir::c {
namespace {

/// A disk that has room for a journal, and for nothing in it.
class FullDisk final : public client::StoreFiles {
 public:
  Result<std::optional<std::string>> read() override { return std::optional<std::string>(); }
  Result<void> append(std::string_view) override { return fail(Code::resource_exhausted, "no room"); }
  Result<void> replace(std::string_view) override { return written_++ == 0 ? Result<void>() : append({}); }

 private:
  int written_ = 0;
};

TEST(CStore, TellsWhenTheDiskTakesNothingAndSendsAllTheSame) {
  Told told;
  weir_client_options options{};
  options.struct_size = sizeof options;
  options.user = &told;
  options.on_error = [](void* user, const weir_error* error) {
    EXPECT_EQ(weir_error_code(error), WEIR_RESOURCE_EXHAUSTED);
    c::told(user).add("kind " + std::to_string(weir_error_kind(error)));
  };
  const auto wire = std::make_shared<client::Wire>();
  auto store = client::ClientStore::open(std::make_unique<FullDisk>());
  ASSERT_TRUE(store) << store.error().message;
  weir_client* client = open_client(options, wire->transport(), *store).value().release();
  wire->greet();
  weir_document_options reading{};
  reading.struct_size = sizeof reading;
  weir_document* plan = nullptr;
  ASSERT_EQ(weir_document_open(client, "s", "d", &reading, &plan, nullptr), WEIR_OK);
  wire->answer_subscribe();
  EXPECT_EQ(weir_document_publish(plan, 0, "mine", 4, nullptr, nullptr, nullptr), WEIR_OK);
  told.until("kind " + std::to_string(WEIR_KIND_STORE));
  EXPECT_EQ(wire->next<frames::Publish>().deltas.size(), 1U);
  weir_document_free(plan);
  weir_client_free(client);
}

TEST(CStore, RefusesWhatCannotBeMeant) {
  const std::string folder = (std::filesystem::temp_directory_path() / "weir-none" / "deeper").string();
  int released = 0;
  weir_client_options options{};
  options.struct_size = sizeof options;
  options.user = &released;
  options.user_released = [](void* user) { ++*static_cast<int*>(user); };
  options.store = folder.c_str();  // its parent is not there
  weir_client* client = nullptr;
  weir_error* error = nullptr;
  EXPECT_EQ(weir_client_open(&options, &client, &error), WEIR_UNAVAILABLE);
  EXPECT_EQ(weir_error_kind(error), WEIR_KIND_STORE);
  EXPECT_NE(std::string(weir_error_message(error)).find(folder), std::string::npos);
  weir_error_free(error);
  EXPECT_EQ(released, 1);
  const std::uint8_t producer[16] = {1};
  options.producer = producer;
  EXPECT_EQ(open_client(options, nullptr).error().code, Code::invalid_argument);
  EXPECT_EQ(released, 2);
  const char* name = nullptr;
  EXPECT_EQ(weir_client_unsent(nullptr, 0, &name, &name), WEIR_INVALID_ARGUMENT);
  Scene scene;
  EXPECT_EQ(weir_client_unsent(scene.client, 0, &name, nullptr), WEIR_INVALID_ARGUMENT);
  EXPECT_EQ(weir_client_unsent(scene.client, 0, &name, &name), WEIR_OUT_OF_RANGE);
  EXPECT_EQ(weir_document_when_kept(nullptr, tell_settled, nullptr, nullptr), WEIR_INVALID_ARGUMENT);
}

TEST(CStore, IsNotReadFromTheOptionsOfAnOlderHeader) {
  weir_client_options older{};
  older.struct_size = offsetof(weir_client_options, store);
  older.address = "127.0.0.1:1";
  older.store = reinterpret_cast<const char*>(1);
  weir_client* client = nullptr;
  ASSERT_EQ(weir_client_open(&older, &client, nullptr), WEIR_OK);
  weir_client_free(client);
}

}  // namespace
}  // namespace weir::c
