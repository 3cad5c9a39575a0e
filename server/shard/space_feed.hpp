// A space's order, read page by page, and followed as it grows.
//
//   auto feed = SpaceFeed::open(parts, space, {.after = Offset{17}, .follow = true, .bytes_max = 256 << 10});
//   feed->next([](Result<FeedStretch> stretch) { ... });      // and again when that has been dealt with
//   feed.reset();                                             // ends it: what waits is forgotten
//
// Nothing is buffered for a follower: it reads the log, from where it stands, when it asks, and at the end of the log
// it waits to be woken by the shard that owns the space. So a follower costs one page, and slows nobody.
//
// Threads: everything on `executor`, where `next` answers too (not inside the call). space_moved() is the owner's.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "weir/runtime/executor.hpp"
#include "weir/shard/shard.hpp"
#include "weir/storage/delta_log.hpp"

namespace weir::shard {

struct FeedStretch {
  std::vector<storage::FeedEntry> entries;
  Offset through;          ///< everything of the space up to here has been given
  bool caught_up = false;  ///< nothing more was there when this was read
};

class SpaceFeed final : public std::enable_shared_from_this<SpaceFeed>, private SpaceWatcher {
 public:
  struct Parts {
    const storage::DeltaLog& log;
    runtime::BlockingPool& readers;
    Shard& shard;
    runtime::Executor& executor;
  };
  struct Options {
    Offset after = {};
    /// True: after the end of the log, next() waits for more. False: it answers with nothing and caught_up.
    bool follow = false;
    std::size_t bytes_max = 256 << 10;
  };
  using Done = std::function<void(Result<FeedStretch>)>;

  [[nodiscard]] static std::shared_ptr<SpaceFeed> open(Parts parts, SpaceName space, Options options);
  /// One at a time. Answers once, unless the feed is destroyed before. OUT_OF_RANGE when `after` is beyond the end of
  /// the log: then it is of another history.
  void next(Done done);

 private:
  SpaceFeed(Parts parts, SpaceName space, Options options)
      : parts_(parts), space_(std::move(space)), options_(options), after_(options.after) {}
  void space_moved() override;
  void read();
  void have_read(Result<FeedStretch> stretch);
  [[nodiscard]] static Result<FeedStretch> read_log(const storage::DeltaLog& log, const SpaceName& space, Offset after,
                                                    std::size_t bytes_max);

  const Parts parts_;
  const SpaceName space_;
  const Options options_;
  Offset after_;
  Done done_;              ///< while next() is unanswered
  bool told_end_ = false;  ///< the last answer said caught_up
  bool moved_ = false;     ///< since the last read began
  bool waiting_ = false;   ///< at the end, for space_moved()
};

}  // namespace weir::shard
