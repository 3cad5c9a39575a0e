// The store's file: what was durable is there again, a torn end is left out, damage is refused, nobody has it twice.
#include "weir/client/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>

#include "scene.hpp"
#include "weir/client/store_journal.hpp"

namespace weir::client {
namespace {

struct Folder {
  std::string path = (std::filesystem::temp_directory_path() / "weir-store-XXXXXX").string();
  Folder() { EXPECT_NE(mkdtemp(path.data()), nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string bytes() const {
    std::ifstream file(path + "/journal", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string& bytes) const { std::ofstream(path + "/journal", std::ios::binary) << bytes; }
};

Result<std::unique_ptr<StoreJournal>> open(const Folder& folder) {
  auto files = open_store_files(folder.path);
  if (!files) return files.error();
  return StoreJournal::open(std::move(*files),
                            [state = std::uint64_t{7}]() mutable { return state *= 0x9E37'79B9'7F4A'7C15; });
}

KeepPlace place_of(const std::string& document) {
  return {path_of(document),
          {.producer = producer_of('p'), .epoch = epoch, .last_given = {3}, .ever_stored = true, .encrypted = true}};
}
StoredDelta delta_of(std::uint64_t sequence, std::string_view payload) {
  return {{sequence}, false, false, {{}, bytes(payload)}};
}

TEST(StoreJournal, HasWhatWasWrittenAfterItIsOpenedAgain) {
  const Folder folder;
  StoreContents wanted;
  {
    auto journal = *open(folder);
    StoredDelta sealed = delta_of(5, "ciphertext");
    sealed.base = sealed.offered = true;
    ASSERT_TRUE(journal->write({place_of("d"), KeepDelta{path_of("d"), delta_of(4, "four")}}));
    ASSERT_TRUE(journal->write({KeepDelta{path_of("d"), sealed}, place_of("e")}));
    ASSERT_TRUE(journal->write({DropDeltas{path_of("d"), {4}, {4}}}));
    ASSERT_TRUE(journal->write({KeepOutbox{path_of("e"), {delta_of(9, "nine")}}}));
    wanted = journal->contents();
    EXPECT_EQ(wanted.documents.size(), 2U);
    EXPECT_EQ(wanted.documents.at(path_of("d")).outbox, std::deque{sealed});
    EXPECT_EQ(wanted.documents.at(path_of("e")).place.last_given, Sequence{9});
  }
  EXPECT_EQ((*open(folder))->contents(), wanted);
  EXPECT_EQ((*open(folder))->contents(), wanted);  // and once more, from the file that was written anew
}

TEST(StoreJournal, TheLastEntryMayBeTornAnywhere) {
  const Folder folder;
  std::string before, whole;
  StoreContents contents_before, contents;
  {
    auto journal = *open(folder);
    ASSERT_TRUE(journal->write({place_of("d"), KeepDelta{path_of("d"), delta_of(4, "four")}}));
    before = folder.bytes();
    contents_before = journal->contents();
    ASSERT_TRUE(journal->write({KeepDelta{path_of("d"), delta_of(5, "five")}}));
    whole = folder.bytes();
    contents = journal->contents();
  }
  for (std::size_t size = before.size(); size <= whole.size(); ++size) {
    folder.put(whole.substr(0, size));
    EXPECT_EQ((*open(folder))->contents(), size == whole.size() ? contents : contents_before) << size;
  }
}

TEST(StoreJournal, DamageBeforeAGoodEntryIsRefused) {
  const Folder folder;
  std::size_t first = 0;
  {
    auto journal = *open(folder);
    first = folder.bytes().size();
    for (std::uint64_t i = 0; i < 3; ++i)
      ASSERT_TRUE(journal->write({place_of("d"), KeepDelta{path_of("d"), delta_of(4 + i, "some payload")}}));
  }
  const std::string whole = folder.bytes();
  for (const std::size_t at : {first, first + 5, first + 20}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    folder.put(damaged);
    const auto opened = open(folder);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::data_loss);
    EXPECT_EQ(folder.bytes(), damaged);  // it is left as it is, for whoever can mend it
  }
  folder.put("something else altogether, of another program");
  EXPECT_EQ(open(folder).error().code, Code::data_loss);
}

TEST(StoreJournal, APayloadThatLooksLikeAnEntryIsNone) {
  const Folder other;
  std::string entries;
  {
    auto journal = *open(other);
    entries = other.bytes();
    ASSERT_TRUE(journal->write({place_of("d"), KeepDelta{path_of("d"), delta_of(4, "four")}}));
    entries = other.bytes().substr(entries.size());
  }
  const Folder folder;
  std::string whole;
  {
    auto files = *open_store_files(folder.path);
    auto journal = *StoreJournal::open(std::move(files), [] { return 99; });  // another seed
    ASSERT_TRUE(journal->write({place_of("d"), KeepDelta{path_of("d"), delta_of(5, entries)}}));
    whole = folder.bytes();
  }
  folder.put(whole.substr(0, whole.size() - 1));  // torn, with what looks like an entry inside
  EXPECT_TRUE(open(folder));
}

TEST(StoreJournal, IsWrittenAnewWhenMostOfItIsPast) {
  const Folder folder;
  auto journal = *open(folder);
  ASSERT_TRUE(journal->write({place_of("d")}));
  const std::string large(100'000, 'x');
  std::size_t largest = 0;
  for (std::uint64_t i = 1; i < 60; ++i) {
    ASSERT_TRUE(journal->write({KeepDelta{path_of("d"), delta_of(i, large)}}));
    ASSERT_TRUE(journal->write({DropDeltas{path_of("d"), {i}, {i}}}));
    largest = std::max(largest, folder.bytes().size());
  }
  EXPECT_LT(largest, 1'500'000U);
  EXPECT_EQ(journal->contents().documents.at(path_of("d")).place.last_given, Sequence{59});
}

TEST(ClientStore, IsHadByOneAtATime) {
  const Folder folder;
  {
    const auto first = ClientStore::open(folder.path);
    ASSERT_TRUE(first);
    const auto second = ClientStore::open(folder.path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::failed_precondition);
    EXPECT_THAT(second.error().message, testing::HasSubstr("another client has this store open"));
  }
  EXPECT_TRUE(ClientStore::open(folder.path));
}

/// Files that can be told to fail, on real ones.
class Failing final : public StoreFiles {
 public:
  Failing(std::unique_ptr<StoreFiles> files, std::shared_ptr<std::atomic<bool>> full)
      : files_(std::move(files)), full_(std::move(full)) {}
  Result<std::optional<std::string>> read() override { return files_->read(); }
  Result<void> append(std::string_view bytes) override { return *full_ ? no_space() : files_->append(bytes); }
  Result<void> replace(std::string_view bytes) override { return *full_ ? no_space() : files_->replace(bytes); }

 private:
  static Result<void> no_space() { return fail(Code::resource_exhausted, "no space left"); }
  std::unique_ptr<StoreFiles> files_;
  std::shared_ptr<std::atomic<bool>> full_;
};

TEST(ClientStore, SaysThatTheDiskIsFullAndGoesOnTrying) {
  const Folder folder;
  const auto full = std::make_shared<std::atomic<bool>>(false);
  {
    const auto store = *ClientStore::open(std::make_unique<Failing>(*open_store_files(folder.path), full));
    std::promise<std::uint64_t> done;
    std::promise<Error> failed;
    // The first may be durable by itself: when it is tried again just as there is room, and the second comes too late.
    const auto last_is_done = [&](std::uint64_t number) {
      if (number == 2) done.set_value(number);
    };
    (void)store->begin(last_is_done, [&](const Error& error) { failed.set_value(error); });
    *full = true;
    store->write(1, {place_of("d"), KeepDelta{path_of("d"), delta_of(4, "four")}});
    EXPECT_EQ(failed.get_future().get().code, Code::resource_exhausted);
    store->write(2, {KeepDelta{path_of("d"), delta_of(5, "five")}});
    *full = false;
    EXPECT_EQ(done.get_future().get(), 2U);
    store->end();
    EXPECT_EQ(store->unsent(), std::vector{path_of("d")});
  }
  EXPECT_EQ((*open(folder))->contents().documents.at(path_of("d")).outbox.size(), 2U);
}

}  // namespace
}  // namespace weir::client
