// Opening a store: what it costs, who may, what is refused, and when a new incarnation begins.
#include <unistd.h>

#include "../../crash/child_process.hpp"
#include "store_test.hpp"
#include "weir/rocksdb/keys.hpp"

namespace weir::storage {
namespace {

class Opening : public StoreTest {
 protected:
  Error refused() {
    auto opened = RocksLog::open(options_);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
};

TEST_F(Opening, AnEmptyStoreIsSmall) {
  open();
  EXPECT_TRUE(log_->recovery().created);
  close();
  open();
  EXPECT_FALSE(log_->recovery().created);
  EXPECT_TRUE(log_->recovery().clean);
  close();
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(options_.path)) bytes += entry.file_size();
  EXPECT_LT(bytes, 100'000u);
}

TEST_F(Opening, TellsWhatItRecovered) {
  open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(path_of("d"), "x"));
  close();
  open();
  EXPECT_EQ(log_->recovery().commits, 5u);
  EXPECT_EQ(log_->recovery().records_verified, 1u);
  EXPECT_GT(log_->recovery().wal_bytes, 0u);
  EXPECT_FALSE(log_->recovery().incarnation_begun);
  EXPECT_NE(log_->recovery().describe().find("5 commits"), std::string::npos);
}

TEST_F(Opening, RefusesANewerFormat) {
  open();
  close();
  tamper([](rocksdb::DB& db, const auto& handles) {
    ASSERT_TRUE(db.Put({}, handles[0], rocks::keys::meta("format"), std::string("\0\0\0\x05", 4)).ok());
  });
  const Error error = refused();
  EXPECT_EQ(error.code, Code::failed_precondition);
  EXPECT_NE(error.message.find("format 5"), std::string::npos) << error.message;
}

TEST_F(Opening, RefusesAPartItDoesNotKnow) {
  open();
  close();
  tamper([](rocksdb::DB& db, const auto&) {
    rocksdb::ColumnFamilyHandle* family = nullptr;
    ASSERT_TRUE(db.CreateColumnFamily({}, "holograms", &family).ok());
    db.DestroyColumnFamilyHandle(family);
  });
  const Error error = refused();
  EXPECT_EQ(error.code, Code::failed_precondition);
  EXPECT_NE(error.message.find("holograms"), std::string::npos) << error.message;
}

TEST_F(Opening, RefusesALastCommitThatIsNotWhole) {
  open();
  ASSERT_TRUE(append(path_of("d"), "x"));
  close();
  tamper([](rocksdb::DB& db, const auto& handles) {
    ASSERT_TRUE(db.DeleteRange({}, handles[1], std::string(1, '\0'), std::string(1, '\xFF')).ok());
  });
  const Error error = refused();
  EXPECT_EQ(error.code, Code::data_loss);
  EXPECT_NE(error.message.find("last commit is not whole"), std::string::npos) << error.message;
}

TEST_F(Opening, OneWriterOrAnyNumberOfReaders) {
  EXPECT_EQ(RocksLog::open_read_only(options_).error().code, Code::not_found);
  open();
  ASSERT_TRUE(append(path_of("d"), "x"));
  for (const auto& error : {refused(), RocksLog::open_read_only(options_).error()}) {
    EXPECT_EQ(error.code, Code::failed_precondition);
    EXPECT_NE(error.message.find("in use by process " + std::to_string(::getpid())), std::string::npos)
        << error.message;
  }
  close();
  const auto one = RocksLog::open_read_only(options_), other = RocksLog::open_read_only(options_);
  ASSERT_TRUE(one) << one.error().message;
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ((*one)->document(*path_of("d"))->records, 1u);
  EXPECT_EQ((*other)->read_document(*path_of("d"), {}, {9}, 100)->records.size(), 1u);
  EXPECT_EQ((*one)->chain(*path_of("d"), {9}).value(),
            chain_next(chain_start(*path_of("d")), producer(), {1}, {0}, "x"));
  Append append;
  append.path = path_of("d");
  (*one)->append({1}, append, [](const Result<Appended>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::failed_precondition);
  });
  EXPECT_EQ(refused().code, Code::failed_precondition) << "not while somebody looks at it";
}

TEST_F(Opening, ARestoredBackupBeginsANewIncarnation) {
  open();
  ASSERT_TRUE(append(path_of("d"), "kept"));
  const StoreIncarnation before = log_->incarnation();
  const auto copy = folder_.path() / "copy";
  ASSERT_TRUE(log_->checkpoint(copy));
  ASSERT_TRUE(append(path_of("d"), "later"));
  close();
  options_.path = copy;
  options_.begin_incarnation = true;
  open();
  EXPECT_TRUE(log_->recovery().incarnation_begun);
  EXPECT_NE(log_->incarnation(), before);
  EXPECT_EQ(read(path_of("d")), "kept ");
  EXPECT_EQ(log_->document(*path_of("d"))->epoch, derive_epoch(log_->incarnation(), 1));
  EXPECT_FALSE(log_->mark(*path_of("d"), producer()).value()) << "marks belong to an epoch";
  const StoreIncarnation restored = log_->incarnation();
  close();
  options_.begin_incarnation = false;
  open();
  EXPECT_EQ(log_->incarnation(), restored);
}

TEST_F(Opening, AnUncleanStartBeginsANewIncarnationOnlyUnderInterval) {
  for (const Durability durability : {Durability::sync, Durability::interval}) {
    options_.durability = durability;
    crash::ChildProcess dies_with_the_store_open(
        {WEIR_CRASH_WRITER, options_.path.string(), durability == Durability::interval ? "interval" : "sync", "open"});
    ASSERT_EQ(dies_with_the_store_open.wait(), 0);
    open();
    EXPECT_FALSE(log_->recovery().clean);
    EXPECT_EQ(log_->recovery().incarnation_begun, durability == Durability::interval);
    const StoreIncarnation incarnation = log_->incarnation();
    close();
    open();
    EXPECT_TRUE(log_->recovery().clean);
    EXPECT_EQ(log_->incarnation(), incarnation);
    close();
  }
}

}  // namespace
}  // namespace weir::storage
