#include "weir/grpc/messages.hpp"
#include "weir/grpc/sources.hpp"
#include "weir/shard/space_feed.hpp"
#include "weir/v1/relay.pb.h"

namespace weir::rpc {

namespace {

std::string_view view(const StoreIncarnation& store) {
  return {reinterpret_cast<const char*>(store.bytes.data()), store.bytes.size()};
}

CallError lost_history(std::string message) {
  return {fail(Code::failed_precondition, std::move(message)), {.reason = "LOST_HISTORY"}};
}

class FeedSource final : public PageSource {
 public:
  FeedSource(StoreIncarnation store, std::shared_ptr<shard::SpaceFeed> feed, bool follow)
      : store_(store), feed_(std::move(feed)), follow_(follow) {}

  void next(std::function<void(PageResult)> done) override {
    feed_->next([this, done = std::move(done)](Result<shard::FeedStretch> stretch) { done(page(std::move(stretch))); });
  }
  [[nodiscard]] bool endless() const override { return follow_; }

 private:
  PageResult page(Result<shard::FeedStretch> stretch) {
    if (!stretch && stretch.error().code == Code::out_of_range) return lost_history(stretch.error().message);
    if (!stretch) return CallError{stretch.error()};
    if (stretch->through.value == 0 && !follow_) {
      return CallError{fail(Code::not_found, "nothing has been written to this space; follow it to wait"),
                       {.reason = "NO_SPACE"}};
    }
    v1::FeedResponse response;
    for (const storage::FeedEntry& entry : stretch->entries) fill(entry, *response.add_entries());
    response.mutable_cursor()->set_store(std::string(view(store_)));
    response.mutable_cursor()->set_offset(stretch->through.value);
    response.set_caught_up(stretch->caught_up);
    return Page{response.SerializeAsString(), stretch->caught_up && !follow_};
  }

  const StoreIncarnation store_;
  const std::shared_ptr<shard::SpaceFeed> feed_;
  const bool follow_;
};

}  // namespace

CallResult<std::unique_ptr<PageSource>> feed_source(Context& context, const ::grpc::CallbackServerContext& call,
                                                    const ::grpc::ByteBuffer& buffer, shard::Shard& shard) {
  v1::FeedRequest request;
  if (!parse(buffer, request)) return CallError{fail(Code::invalid_argument, "not a weir.v1.FeedRequest")};
  auto space = space_of(context, call, request.space());
  if (!space) return space.error();
  const StoreIncarnation store = context.parts.log.incarnation();
  const v1::FeedCursor& cursor = request.cursor();
  const bool from_start = cursor.store().empty() && cursor.offset() == 0;
  if (!from_start && cursor.store().size() != store.bytes.size()) {
    return wrong("cursor.store", "a cursor names its store with 16 bytes: take it from an earlier answer, unchanged");
  }
  if (!from_start && cursor.store() != view(store)) {
    return lost_history("the cursor is of another store, or of one that was restored since: read from the start");
  }
  auto feed = shard::SpaceFeed::open(
      {context.parts.log, context.parts.readers, shard, shard.executor()}, std::move(*space),
      {.after = Offset{cursor.offset()}, .follow = request.follow(), .bytes_max = context.options.page_bytes});
  return std::unique_ptr<PageSource>(std::make_unique<FeedSource>(store, std::move(feed), request.follow()));
}

}  // namespace weir::rpc
