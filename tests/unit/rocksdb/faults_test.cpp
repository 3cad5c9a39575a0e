// A full disk, a failed fsync, damaged files: what is refused, what goes on, and what is never served.
#include <fstream>
#include <random>

#include "faulty_file_system.hpp"
#include "store_test.hpp"

namespace weir::storage {
namespace {

class FaultsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    options_.file_system = std::make_shared<FaultyFileSystem>(faults_);
  }
  void TearDown() override { close(); }  // before the faults, which its files use
  Faults faults_;
};

TEST_F(FaultsTest, AFullDiskRefusesWritesServesReadsAndPasses) {
  open();
  const auto path = path_of("d");
  ASSERT_TRUE(append(path, "before"));
  const Offset head = log_->document(*path)->head;
  faults_.disk_full = true;
  const auto refused = append(path, "refused");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::resource_exhausted) << refused.error().message;
  EXPECT_EQ(append(path, "behind").error().code, Code::aborted) << "the lane was not reset";
  log_->reset({1});
  EXPECT_EQ(append(path, "again").error().code, Code::resource_exhausted);
  EXPECT_EQ(read(path), "before ");
  EXPECT_TRUE(log_->counters().disk_full);
  faults_.disk_full = false;
  for (;;) {  // the log tries again now and then, when somebody appends
    log_->reset({1});
    const auto stored = append(path, "after");
    if (stored) {
      EXPECT_GT(stored->first, head);
      break;
    }
    ASSERT_EQ(stored.error().code, Code::resource_exhausted) << stored.error().message;
  }
  EXPECT_FALSE(log_->counters().disk_full);
  EXPECT_EQ(read(path), "before after ");
  close();
  open();
  EXPECT_EQ(read(path), "before after ");
}

TEST_F(FaultsTest, AFailedFsyncIsFinal) {
  open();
  const auto path = path_of("d");
  ASSERT_TRUE(append(path, "before"));
  faults_.sync_fails = true;
  EXPECT_EQ(append(path, "lost?").error().code, Code::unavailable);
  faults_.sync_fails = false;
  for (int i = 0; i < 3; ++i) {
    log_->reset({1});
    const auto refused = append(path, "never");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_NE(refused.error().message.find("restart"), std::string::npos);
  }
  EXPECT_TRUE(log_->counters().broken);
  EXPECT_EQ(read(path), "before ");
  close();
  open();
  EXPECT_FALSE(log_->recovery().clean);
  EXPECT_EQ(read(path).rfind("before ", 0), 0u);
  EXPECT_EQ(read(path).find("never"), std::string::npos);
  ASSERT_TRUE(append(path, "after"));
}

/// Fails from the Nth call on, for every N of a short workload: what was acknowledged must be there afterwards, once
/// and in order, and marks must agree.
TEST_F(FaultsTest, FailsAtEveryCallWithoutLosingWhatWasAcknowledged) {
  for (const bool no_space : {false, true}) {
    bool failed = true;
    for (std::uint64_t at = 1; failed && at < 500; ++at) {
      TemporaryFolder folder;
      options_.path = folder.path() / "log";
      faults_.calls = 0;
      faults_.fail_with_no_space = no_space;
      faults_.fail_from = at;
      failed = false;
      std::string acknowledged;
      if (auto opened = RocksLog::open(options_)) {
        log_ = *std::move(opened);
        for (int i = 0; i < 20; ++i) {
          const std::string payload = std::to_string(i);
          if (append(path_of("d"), payload)) {
            acknowledged += payload + " ";
          } else {
            failed = true;
          }
        }
        close();
      } else {
        failed = true;
      }
      faults_.fail_from = 0;
      SCOPED_TRACE("call " + std::to_string(at));
      open();
      const std::string stored = read(path_of("d"));
      ASSERT_EQ(stored.rfind(acknowledged, 0), 0u) << stored << " lacks what was acknowledged: " << acknowledged;
      const auto mark = log_->mark(*path_of("d"), producer()).value();
      ASSERT_EQ(mark ? mark->sequence.value : 0, log_->document(*path_of("d"))->records);
      ASSERT_TRUE(append(path_of("d"), "after"));
      close();
    }
    EXPECT_FALSE(failed) << "the workload makes fewer calls than this";
  }
}

class Damage : public StoreTest {
 protected:
  std::vector<std::filesystem::path> files() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
      const auto extension = entry.path().extension();
      if (extension == ".log" || extension == ".sst") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  static void flip_bit(const std::filesystem::path& file, std::uint64_t bit) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(bit / 8));
    const char byte = static_cast<char>(stream.get() ^ (1 << (bit % 8)));
    stream.seekp(static_cast<std::streamoff>(bit / 8));
    stream.put(byte);
  }
};

/// Whatever bit is flipped: what is served is what was stored, or a prefix of it whose missing end nobody can tell from
/// one that was never acknowledged (the very end of the write-ahead log), or an error. Never other bytes.
TEST_F(Damage, AFlippedBitIsNeverServed) {
  options_.write_buffer_bytes = std::size_t{64} << 10;  // so that there are table files as well
  open();
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string payload = std::to_string(i) + std::string(static_cast<std::size_t>(i * 7 % 900), 'p');
    ASSERT_TRUE(append(path_of("d"), payload));
    expected += payload + " ";
  }
  close();
  std::mt19937_64 random(1);
  const auto original = options_.path;
  for (int round = 0; round < 150; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    TemporaryFolder copy;
    options_.path = copy.path() / "log";
    std::filesystem::copy(original, options_.path);
    const auto candidates = files();
    const auto& file = candidates[random() % candidates.size()];
    flip_bit(file, random() % (std::filesystem::file_size(file) * 8));
    auto opened = RocksLog::open(options_);
    if (!opened) {
      EXPECT_EQ(opened.error().code, Code::data_loss) << opened.error().message;
      continue;
    }
    log_ = *std::move(opened);
    const std::string got = read(path_of("d"));
    close();
    EXPECT_TRUE(got == "DATA_LOSS" || expected.rfind(got, 0) == 0) << file << " served " << got.size() << " bytes";
    EXPECT_TRUE(got == "DATA_LOSS" || got.size() + 2000 > expected.size()) << file << ": more than the last is missing";
  }
}

}  // namespace
}  // namespace weir::storage
