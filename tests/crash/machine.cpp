#include "machine.hpp"

#include <rocksdb/db.h>

#include "simulated_file_system.hpp"
#include "weir/rocksdb/database_options.hpp"

namespace weir::storage::crash {

void Machine::insert(Image image) {
  log_.reset();
  disk_ = std::make_shared<SimulatedDisk>(std::move(image), tearing_);
}

RocksOptions Machine::options() const {
  RocksOptions options;
  options.path = folder_.path() / "log";
  options.write_buffer_bytes = std::size_t{64} << 10;  // so that tables are written and merged
  options.block_cache_bytes = std::size_t{256} << 10;
  options.watcher = troubles_;
  options.file_system = simulated_file_system(disk_);
  return options;
}

std::function<bool()> Machine::powered() const {
  return [disk = disk_] { return !disk->crashed(); };
}

Result<void> Machine::open() {
  auto opened = RocksLog::open(options());
  if (!opened) return opened.error();
  log_ = *std::move(opened);
  snapshot_workload_.forget_uploads();
  if (model_ == nullptr && !disk_->crashed()) {
    model_ = std::make_unique<Model>(log_->incarnation(), powered());
    snapshot_model_ = std::make_unique<SnapshotModel>(powered());
  }
  return {};
}

void Machine::start() {
  insert({});
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
}

bool Machine::work(int steps) {
  SnapshotStore& snapshots = log_->snapshots();
  for (int step = 0; step < steps && !disk_->crashed(); ++step) {
    if (!workload_.step(*log_, *model_, [&] { snapshot_workload_.write(snapshots, *snapshot_model_); })) return false;
    snapshot_workload_.call(snapshots, *log_, *snapshot_model_, workload_.paths());
  }
  return true;
}

void Machine::restart_after_power_loss(std::uint64_t seed) {
  log_.reset();
  insert(disk_->survivors(seed));
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  const auto wrong = model_->settle(*log_, powered());
  ASSERT_FALSE(wrong) << *wrong;
  const auto wrong_snapshot = snapshot_model_->settle(*log_, log_->snapshots(), powered());
  ASSERT_FALSE(wrong_snapshot) << *wrong_snapshot;
  expect_whole(*log_);
}

void Machine::expect_whole(const RocksLog& log) {
  const auto counts = log.verify({.finding = [](const Finding& finding) {
    ADD_FAILURE() << finding.space << " " << finding.document << ": " << finding.what;
  }});
  ASSERT_TRUE(counts) << counts.error().message;
}

void Machine::check() {
  const auto answer = model_->wrong_answer();
  ASSERT_FALSE(answer) << *answer;
  const auto wrong = model_->compare(*log_);
  ASSERT_FALSE(wrong) << wrong->what;
  ASSERT_FALSE(snapshot_model_->wrong_answer()) << *snapshot_model_->wrong_answer();
  const auto wrong_snapshot = snapshot_model_->compare(*log_, log_->snapshots());
  ASSERT_FALSE(wrong_snapshot) << wrong_snapshot->what;
  expect_whole(*log_);
}

void Machine::check_files() {
  const Image image = disk_->contents();
  const auto disk = std::make_shared<SimulatedDisk>(image);
  const auto env = rocksdb::NewCompositeEnv(simulated_file_system(disk));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const auto opened = rocksdb::DB::OpenForReadOnly(rocks::database_options(options(), env.get()),
                                                   options().path.string(), rocks::families(options()), &handles, &raw);
  ASSERT_TRUE(opened.ok()) << opened.ToString();
  const std::unique_ptr<rocksdb::DB> db(raw);
  const auto verified = db->VerifyChecksum();
  EXPECT_TRUE(verified.ok()) << verified.ToString();
  std::vector<rocksdb::LiveFileMetaData> live;
  db->GetLiveFilesMetaData(&live);
  std::set<std::string> expected;
  for (const auto& file : live) expected.insert(file.name.substr(file.name.rfind('/') + 1));
  std::map<std::string, int> counts;
  std::string all;
  for (const auto& [path, bytes] : image.files)
    all += path.substr(path.rfind('/') + 1) + " (" + std::to_string(bytes.size()) + " bytes) ";
  SCOPED_TRACE("there are " + all);
  for (const auto& [path, bytes] : image.files) {
    const std::string file = path.substr(path.rfind('/') + 1);
    if (file.ends_with(".sst")) {
      EXPECT_TRUE(expected.contains(file)) << file << " is garbage";
    } else if (file.ends_with(".dbtmp")) {
      ADD_FAILURE() << file << " is garbage";
    } else {
      ++counts[file.substr(0, file.find('-'))];
      if (file.ends_with(".log")) ++counts["log"];
    }
  }
  EXPECT_EQ(counts["MANIFEST"], 1);
  EXPECT_EQ(counts["OPTIONS"], 1);
  // Its own, the one that was written when the power went, and the one just begun then: these go with the next flush.
  EXPECT_LE(counts["log"], 3);
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  RocksOptions to_look_at = options();
  to_look_at.file_system = simulated_file_system(disk);
  const auto log = RocksLog::open_read_only(to_look_at);
  ASSERT_TRUE(log) << log.error().message;
  expect_whole(**log);  // with no upload left, since it was closed in an orderly way
}

}  // namespace weir::storage::crash
