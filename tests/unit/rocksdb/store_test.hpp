// What the tests of the log on disk share: a folder, a log in it, one-line appends that wait, and a way to damage it.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <functional>
#include <future>
#include <memory>
#include <random>
#include <string>

#include "../../conformance/temporary_folder.hpp"
#include "weir/rocksdb/database_options.hpp"
#include "weir/rocksdb/rocks_log.hpp"

namespace weir::storage {

class StoreTest : public testing::Test {
 protected:
  using Families = std::vector<rocksdb::ColumnFamilyHandle*>;  // rows, runs, packs

  void SetUp() override { options_.path = folder_.path() / "log"; }

  void open() {
    auto opened = RocksLog::open(options_);
    ASSERT_TRUE(opened) << opened.error().message;
    log_ = *std::move(opened);
  }
  void close() { log_.reset(); }

  static DocumentRef path_of(const std::string& document) {
    return std::make_shared<const DocumentPath>(
        DocumentPath{SpaceName::parse("s").value(), DocumentName::parse(document).value()});
  }
  static ProducerId producer() {
    ProducerId id;
    id.bytes.fill(std::byte{1});
    return id;
  }

  /// Appends one delta behind the producer's mark and waits.
  Result<Appended> append(const DocumentRef& path, const std::string& payload) {
    Append append;
    append.path = path;
    append.epoch = log_->document(*path)->epoch;
    append.producer = producer();
    const auto mark = log_->mark(*path, append.producer).value();
    append.assumed_mark = mark ? mark->sequence : Sequence{};
    append.first_sequence = append.assumed_mark->next();
    append.deltas = {{{0}, SharedBytes::copy(payload)}};
    return wait_for(std::move(append));
  }
  /// Deletes the document, or opens it anew.
  Result<Appended> change(const DocumentRef& path, AppendKind kind) {
    Append append;
    append.kind = kind;
    append.path = path;
    append.epoch = log_->document(*path)->epoch;
    return wait_for(std::move(append));
  }
  /// Forgets the document's records up to there.
  Result<Appended> cut(const DocumentRef& path, Offset offset) {
    Append append;
    append.kind = AppendKind::cut;
    append.path = path;
    append.epoch = log_->document(*path)->epoch;
    append.cut = offset;
    const auto prefix = log_->prefix(*path, offset);
    if (!prefix) return prefix.error();
    append.cut_chain = prefix->chain;
    append.cut_records = prefix->records;
    append.cut_payload_bytes = prefix->payload_bytes;
    return wait_for(std::move(append));
  }
  Result<Appended> wait_for(Append append) {
    std::promise<Result<Appended>> done;
    log_->append({1}, std::move(append), [&](Result<Appended> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
  }
  /// An upload of all these bytes, not sealed.
  SnapshotUpload upload(const DocumentRef& path, const std::string& bytes) {
    const auto upload = log_->snapshots().begin(*path, log_->document(*path)->epoch).value();
    EXPECT_TRUE(log_->snapshots().write(upload, bytes));
    return upload;
  }
  static Snapshot about(const std::string& bytes, Offset offset, SnapshotId base = {}) {
    Snapshot about;
    about.base = base;
    about.offset = offset;
    about.size = bytes.size();
    about.hash = sha256(bytes);
    return about;
  }
  Result<Snapshot> store(const DocumentRef& path, const std::string& bytes, Offset offset, SnapshotId base = {}) {
    return log_->snapshots().seal(upload(path, bytes), about(bytes, offset, base));
  }
  /// Bytes that do not compress.
  static std::string noise(std::size_t size) {
    std::mt19937_64 random(size);
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
  }
  std::string read(const DocumentRef& path) {
    const auto page = log_->read_document(*path, {}, {~std::uint64_t{0}}, std::size_t{64} << 20);
    if (!page) return std::string(name(page.error().code));
    std::string text;
    for (const Record& record : page->records) text += std::string(record.payload.view()) + " ";
    return text;
  }

  /// Opens the files of the closed store as plain RocksDB: as another version of weir, or a bad disk, might leave them.
  void tamper(const std::function<void(rocksdb::DB&, const Families&)>& change) {
    Families handles;
    rocksdb::DB* raw = nullptr;
    const auto opened = rocksdb::DB::Open(rocks::database_options(options_, rocksdb::Env::Default()),
                                          options_.path.string(), rocks::families(options_), &handles, &raw);
    ASSERT_TRUE(opened.ok()) << opened.ToString();
    const std::unique_ptr<rocksdb::DB> db(raw);
    change(*db, handles);
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  }

  TemporaryFolder folder_;
  RocksOptions options_;
  std::unique_ptr<RocksLog> log_;
};

}  // namespace weir::storage
