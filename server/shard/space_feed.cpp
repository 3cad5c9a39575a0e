#include "weir/shard/space_feed.hpp"

#include <utility>

#include "weir/vocabulary/assert.hpp"

namespace weir::shard {

std::shared_ptr<SpaceFeed> SpaceFeed::open(Parts parts, SpaceName space, Options options) {
  std::shared_ptr<SpaceFeed> feed(new SpaceFeed(parts, std::move(space), options));  // the constructor is private
  if (options.follow) {
    parts.shard.watch(feed->space_, std::shared_ptr<SpaceWatcher>(feed, static_cast<SpaceWatcher*>(feed.get())));
  }
  return feed;
}

void SpaceFeed::next(Done done) {
  WEIR_ASSERT(!done_);
  done_ = std::move(done);
  read();
}

void SpaceFeed::space_moved() {
  parts_.executor.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->moved_ = true;
    if (std::exchange(self->waiting_, false)) self->read();
  });
}

Result<FeedStretch> SpaceFeed::read_log(const storage::DeltaLog& log, const SpaceName& space, Offset after,
                                        std::size_t bytes_max) {
  const auto state = log.space(space);
  if (!state) return state.error();
  if (after > state->head) {
    return fail(Code::out_of_range, "the space \"" + space.text() + "\" ends at offset " +
                                        std::to_string(state->head.value) + ", before the cursor's " +
                                        std::to_string(after.value) +
                                        ": it is of another history; read from the start");
  }
  auto page = log.read_space(space, after, state->head, bytes_max);
  if (!page) return page.error();
  FeedStretch stretch{std::move(page->entries), state->head, page->complete};
  if (!page->complete && !stretch.entries.empty()) stretch.through = stretch.entries.back().record.offset;
  return stretch;
}

void SpaceFeed::read() {
  moved_ = false;
  parts_.readers.submit([weak = weak_from_this(), &log = parts_.log, &executor = parts_.executor, space = space_,
                         after = after_, bytes_max = options_.bytes_max] {
    if (weak.expired()) return;
    executor.post([weak, stretch = read_log(log, space, after, bytes_max)]() mutable {
      if (const auto self = weak.lock()) self->have_read(std::move(stretch));
    });
  });
}

void SpaceFeed::have_read(Result<FeedStretch> stretch) {
  if (stretch) {
    after_ = stretch->through;
    const bool nothing_new = stretch->entries.empty() && stretch->caught_up && told_end_;
    if (options_.follow && nothing_new) {
      waiting_ = !moved_;
      if (!waiting_) read();
      return;
    }
    told_end_ = stretch->caught_up;
  }
  std::exchange(done_, nullptr)(std::move(stretch));
}

}  // namespace weir::shard
