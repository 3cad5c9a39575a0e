// The C++ client's store on a disk whose power goes at every operation, or which fails or fills up there.
//
// What write() said is durable is there afterwards; what it did not say may be, all of a list or nothing, in order.
#include <gtest/gtest.h>

#include "simulated_disk.hpp"
#include "weir/client/store_journal.hpp"

namespace weir::storage::crash {
namespace {

using client::KeepDelta;
using client::KeepPlace;
using client::StoreChange;
using client::StoreContents;
using client::StoreJournal;

constexpr const char* folder = "/store";
constexpr const char* journal_path = "/store/journal";
constexpr const char* aside_path = "/store/journal.new";

/// What store_files.cpp does on a real disk, step by step.
class SimulatedFiles final : public client::StoreFiles {
 public:
  explicit SimulatedFiles(SimulatedDisk& disk) : disk_(disk) {}

  Result<std::optional<std::string>> read() override {
    if (!disk_.exists(journal_path)) return std::optional<std::string>();
    FileHandle file;
    if (disk_.open(journal_path, &file) != Outcome::ok) return error();
    std::string bytes(disk_.size(*file), '\0');
    std::size_t got = 0;
    if (!bytes.empty() && disk_.read(*file, 0, bytes.size(), bytes.data(), &got) != Outcome::ok) return error();
    bytes.resize(got);
    return std::optional(bytes);
  }
  Result<void> append(std::string_view bytes) override { return write(*file_, bytes); }
  Result<void> replace(std::string_view bytes) override {
    FileHandle file;
    if (disk_.create(aside_path, false, &file) != Outcome::ok) return error();
    if (const Result<void> written = write(*file, bytes); !written) return written;
    if (disk_.rename(aside_path, journal_path) != Outcome::ok) return error();
    file_ = file;
    if (disk_.sync_directory(folder) != Outcome::ok) return error();
    return {};
  }

 private:
  Result<void> write(StoredFile& file, std::string_view bytes) {
    if (disk_.append(file, bytes) != Outcome::ok || disk_.sync(file) != Outcome::ok) return error();
    return {};
  }
  static Error error() { return fail(Code::unavailable, "the disk failed"); }

  SimulatedDisk& disk_;
  FileHandle file_;
};

Result<std::unique_ptr<StoreJournal>> open(SimulatedDisk& disk, std::uint64_t seed) {
  return StoreJournal::open(std::make_unique<SimulatedFiles>(disk),
                            [seed]() mutable { return seed = seed * 6364136223846793005ULL + 1442695040888963407ULL; });
}

const DocumentPath path{*SpaceName::parse("s"), *DocumentName::parse("d")};

/// Lists of changes, small and large, so that the file is written anew on the way.
std::vector<std::vector<StoreChange>> workload() {
  const ProducerId producer = *ProducerId::parse(std::string(16, 'p'));
  std::vector<std::vector<StoreChange>> lists{{client::KeepProducer{producer}}};
  for (std::uint64_t i = 1; i <= 14; ++i) {
    const SharedBytes payload = SharedBytes::take(std::string(i % 2 == 0 ? 200'000 : 30, static_cast<char>('a' + i)));
    lists.push_back({KeepPlace{path, {.producer = producer, .epoch = {i}, .last_given = {i - 1}}},
                     KeepDelta{path, {{i}, false, false, {{}, payload}}}});
    if (i > 2) lists.push_back({client::DropDeltas{path, {i - 2}, {i - 2}}});
  }
  return lists;
}

/// The contents after each number of lists.
std::vector<StoreContents> states(const StoreContents& begin, const std::vector<std::vector<StoreChange>>& lists) {
  std::vector<StoreContents> all{begin};
  for (const auto& list : lists) {
    StoreContents next = all.back();
    for (const StoreChange& change : list) apply(next, change);
    all.push_back(next);
  }
  return all;
}

Image empty_disk() { return {{}, {"/", folder}}; }

TEST(StorePowerLoss, WhatWasDurableIsThereAfterItWentAtAnyOperation) {
  const auto lists = workload();
  std::uint64_t operations = 0;
  {
    SimulatedDisk disk(empty_disk());
    auto journal = *open(disk, 1);
    for (const auto& list : lists) ASSERT_TRUE(journal->write(list));
    operations = disk.operations();
  }
  ASSERT_GT(operations, 60U);
  for (std::uint64_t last = 1; last <= operations; ++last)
    for (const auto tearing : {SimulatedDisk::Tearing::at_the_end, SimulatedDisk::Tearing::out_of_order})
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SimulatedDisk disk(empty_disk(), tearing);
        disk.crash_at(last, seed * 1000 + last);
        auto journal = *open(disk, 1);
        const std::vector<StoreContents> expected = states(journal->contents(), lists);
        const bool opened = !disk.crashed();
        std::size_t durable = 0;
        for (const auto& list : lists) {
          (void)journal->write(list);
          if (!disk.crashed()) ++durable;
        }
        SimulatedDisk next(disk.survivors());
        const auto again = open(next, 1);
        ASSERT_TRUE(again) << again.error().message << " after " << disk.told(last);
        if (!opened) continue;
        const auto found =
            std::find(expected.begin() + static_cast<std::ptrdiff_t>(durable), expected.end(), (*again)->contents());
        ASSERT_NE(found, expected.end()) << "after operation " << last << ", " << disk.told(last);
        ASSERT_LE(static_cast<std::size_t>(found - expected.begin()), durable + 1);
      }
}

TEST(StorePowerLoss, AfterAnyErrorItIsWholeAgainWhenItSaysSo) {
  const auto lists = workload();
  for (const Fault fault : {Fault::io_error, Fault::no_space, Fault::short_write})
    for (const std::uint64_t count : {1, 3})
      for (std::uint64_t from = 1;; ++from) {
        SimulatedDisk disk(empty_disk());
        auto journal = *open(disk, 1);
        const StoreContents wanted = states(journal->contents(), lists).back();
        disk.inject({.fault = fault, .from = from, .count = count});
        bool failed = false;
        for (const auto& list : lists) failed = !journal->write(list) || failed;
        const bool injected = disk.injected() > 0;
        EXPECT_EQ(failed, injected);
        disk.heal();
        ASSERT_TRUE(journal->write({}));
        SimulatedDisk next(disk.survivors());  // not a byte of it waits for a later sync
        const auto again = open(next, 1);
        ASSERT_TRUE(again);
        ASSERT_EQ((*again)->contents(), wanted) << "fault " << static_cast<int>(fault) << " at " << from;
        if (!injected) break;
      }
}

}  // namespace
}  // namespace weir::storage::crash
