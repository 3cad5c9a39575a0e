// What the conformance suite asks of an implementation, and the words its tests are written in.
//
//   class DeltaLogConformance : one case per rule and implementation; INSTANTIATE_... lives with each implementation
//   class SnapshotConformance : the same for the snapshots beside the log (snapshots_under_test.hpp)
//
// A new implementation writes one LogUnderTest and one INSTANTIATE_TEST_SUITE_P for each, and runs every rule.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/storage/delta_log.hpp"
#include "weir/storage/snapshot_store.hpp"

namespace weir::storage::conformance {

/// One store, opened.
class LogUnderTest {
 public:
  LogUnderTest() = default;
  LogUnderTest(const LogUnderTest&) = delete;
  LogUnderTest& operator=(const LogUnderTest&) = delete;
  virtual ~LogUnderTest() = default;

  [[nodiscard]] virtual DeltaLog& log() = 0;
  [[nodiscard]] virtual SnapshotStore& snapshots() = 0;
  /// From here on appends wait, so that those made until release() share a commit.
  virtual void hold() = 0;
  virtual void release() = 0;
  /// Lets the log go on until it has nothing to do; a log with a thread of its own needs no help.
  virtual void settle() = 0;
  /// Closes the store in an orderly way and opens it again.
  virtual void reopen() = 0;
  /// The same, as if it were another store: in another incarnation.
  virtual void restore() = 0;
};

struct Implementation {
  std::string name;
  /// A new and empty store whose queue holds `queue_bytes_max`.
  std::function<std::unique_ptr<LogUnderTest>(std::size_t queue_bytes_max)> make;
};

/// hold() for a log that commits by itself: a completion that does not return until release().
class Holder {
 public:
  void hold(DeltaLog& log);
  void release();

 private:
  struct State;
  std::shared_ptr<State> state_;
  Epoch epoch_;
};
/// The space Holder writes its notes to; tests do not count it.
[[nodiscard]] SpaceName holding_space();

[[nodiscard]] SpaceName space_name(const std::string& text);
[[nodiscard]] DocumentRef path_of(const std::string& space, const std::string& document);
[[nodiscard]] ProducerId producer_of(int number);
[[nodiscard]] SharedBytes bytes(const std::string& text);

/// "offset:producer:sequence:payload" with commas between, for one readable comparison.
[[nodiscard]] std::string told(const std::vector<Record>& records);
/// "offset+document=payload", "offset-document" for a tombstone, "offset*document" for a re-creation, "offset/document"
/// for a cut.
[[nodiscard]] std::string told(const std::vector<FeedEntry>& entries);
[[nodiscard]] std::string told(const Result<Appended>& result);

class DeltaLogConformance : public testing::TestWithParam<Implementation> {
 protected:
  friend class CutScene;
  static constexpr std::size_t plenty = std::size_t{64} << 20;

  void SetUp() override { open(plenty); }
  void open(std::size_t queue_bytes_max) { under_test_ = GetParam().make(queue_bytes_max); }
  [[nodiscard]] DeltaLog& log() { return under_test_->log(); }

  /// An append of raw deltas by a producer with a mark: its first sequence follows `mark`.
  [[nodiscard]] Append deltas(const DocumentRef& path, int producer, std::uint64_t mark,
                              const std::vector<std::string>& payloads);
  [[nodiscard]] Append noting(const DocumentRef& path, const std::string& key, const std::string& value);
  [[nodiscard]] Append change(AppendKind kind, const DocumentRef& path);
  /// A cut with the prefix that the log itself tells.
  [[nodiscard]] Append cut(const DocumentRef& path, Offset offset);

  /// Appends one and waits for its completion.
  Result<Appended> append(Append append, Lane lane = {1});
  /// The same, and it must succeed.
  Appended appended(Append append, Lane lane = {1});
  /// Appends all in one commit, where the implementation can, and waits for all; results in the order of the calls.
  std::vector<Result<Appended>> append_together(std::vector<std::pair<Lane, Append>> appends);

  [[nodiscard]] std::string read(const DocumentRef& path, Offset after = {}, Offset upto = everything);
  [[nodiscard]] std::string feed(const std::string& space, Offset after = {}, Offset upto = everything);
  [[nodiscard]] DocumentState state(const DocumentRef& path) { return log().document(*path).value(); }
  /// The producer's mark, 0 without one.
  [[nodiscard]] std::uint64_t mark(const DocumentRef& path, int producer);
  [[nodiscard]] std::string note(const DocumentRef& path, const std::string& key);

  static constexpr Offset everything{~std::uint64_t{0}};
  std::unique_ptr<LogUnderTest> under_test_;
};

}  // namespace weir::storage::conformance
