#include "weir/grpc/messages.hpp"
#include "weir/grpc/snapshots.hpp"
#include "weir/grpc/sources.hpp"
#include "weir/shard/history.hpp"
#include "weir/v1/relay.pb.h"

namespace weir::rpc {

namespace {

CallError lost_history() {
  return {fail(Code::failed_precondition,
               "the cursor is not of this document's history (it was made anew, or the store was restored): read from "
               "the start"),
          {.reason = "LOST_HISTORY"}};
}

struct Plan {
  DocumentPath path;
  std::optional<Cursor> cursor;
  bool compare_chain = false;
  AsOf then;
  bool snapshots = false;
  std::uint64_t records_max = 0;  ///< 0: all
  std::size_t page_bytes = 0;
};

/// A document from a cursor to where it ended when the call began, or then. Used on the pool, one call at a time.
class DocumentReader {
 public:
  DocumentReader(const Parts& parts, Plan plan) : parts_(parts), plan_(std::move(plan)) {}
  PageResult next(Seconds now);

 private:
  CallResult<void> begin(Seconds now, v1::ReadResponse& response);
  CallResult<void> begin_at_cursor(const storage::DocumentState& state);
  CallResult<void> begin_with_snapshot(Seconds now, v1::ReadResponse& response);
  CallResult<void> fill_place(Offset at, v1::Cursor& cursor);
  [[nodiscard]] bool enough() const { return plan_.records_max > 0 && given_ == plan_.records_max; }

  const Parts& parts_;
  const Plan plan_;
  Epoch epoch_;
  Offset after_;
  Offset upto_;
  std::optional<Snapshot> snapshot_;  ///< that stands for what is not sent
  std::uint64_t given_ = 0;
  bool begun_ = false;
};

CallResult<void> DocumentReader::begin(Seconds now, v1::ReadResponse& response) {
  begun_ = true;
  const auto state = parts_.log.document(plan_.path);
  if (!state) return CallError{state.error()};
  if (state->life != DocumentLife::alive) return not_there(plan_.path, state->life);
  epoch_ = state->epoch;
  upto_ = plan_.then.offset.value == 0 ? state->head : std::min(plan_.then.offset, state->head);
  if (plan_.cursor) return begin_at_cursor(*state);
  if (plan_.snapshots) return begin_with_snapshot(now, response);
  return {};
}

CallResult<void> DocumentReader::begin_at_cursor(const storage::DocumentState& state) {
  const Cursor& cursor = *plan_.cursor;
  if (cursor.epoch != state.epoch || cursor.offset > state.head) return lost_history();
  after_ = cursor.offset;
  // Before a cut there is nothing to compare with.
  if (!plan_.compare_chain || (cursor.offset < state.cut && cursor.offset.value != 0)) return {};
  const auto chain = parts_.log.chain(plan_.path, cursor.offset);
  if (!chain) return CallError{chain.error()};
  if (*chain != cursor.chain) return lost_history();
  return {};
}

CallResult<void> DocumentReader::begin_with_snapshot(Seconds now, v1::ReadResponse& response) {
  const auto all = parts_.snapshots.list(plan_.path);
  if (!all) return CallError{all.error()};
  const auto chain = newest_snapshot(*all, {upto_, plan_.then.time}, now, parts_.limits.snapshots);
  for (const Snapshot& one : chain) fill(one, chain, true, *response.add_snapshots());
  if (chain.empty()) return {};
  snapshot_ = chain.back();
  after_ = snapshot_->offset;
  return {};
}

/// Before a cut the chain value is not known any more: it is left empty there.
CallResult<void> DocumentReader::fill_place(Offset at, v1::Cursor& cursor) {
  auto chain = parts_.log.chain(plan_.path, at);
  const bool cut = !chain && chain.error().code == Code::out_of_range;
  if (cut && snapshot_ && snapshot_->offset == at) chain = snapshot_->chain;
  if (!chain && !cut) return CallError{chain.error()};
  cursor.set_epoch(epoch_.value);
  cursor.set_offset(at.value);
  if (chain) cursor.set_chain(std::string(chain->view()));
  return {};
}

PageResult DocumentReader::next(Seconds now) {
  v1::ReadResponse response;
  if (!begun_) {
    if (auto begun = begin(now, response); !begun) return begun.error();
  }
  if (after_ >= upto_) {
    if (auto filled = fill_place(after_, *response.mutable_cursor()); !filled) return filled.error();
    return Page{response.SerializeAsString(), true};
  }
  frames::ReadHistory asked{.path = plan_.path, .after = after_, .as_of_offset = upto_, .as_of_time = plan_.then.time};
  const auto page =
      shard::read_history({parts_.log, parts_.snapshots, parts_.limits.snapshots}, now, asked, plan_.page_bytes);
  if (!page) return CallError{page.error()};
  if (page->epoch != epoch_) return lost_history();
  if (page->cut.value != 0) {
    if (auto filled = fill_place(page->cut, *response.mutable_cut()); !filled) return filled.error();
  }
  for (const weir::Record& record : page->records) {
    if (enough()) break;
    fill(record, *response.add_records());
    after_ = record.offset;
    ++given_;
  }
  if (!enough()) after_ = std::max(after_, page->offset);
  const bool last = page->complete || enough();
  if (last) {
    if (auto filled = fill_place(after_, *response.mutable_cursor()); !filled) return filled.error();
  }
  return Page{response.SerializeAsString(), last};
}

}  // namespace

CallResult<std::unique_ptr<PageSource>> read_source(Context& context, const ::grpc::CallbackServerContext& call,
                                                    const ::grpc::ByteBuffer& buffer, shard::Shard& shard) {
  v1::ReadRequest request;
  if (!parse(buffer, request)) return CallError{fail(Code::invalid_argument, "not a weir.v1.ReadRequest")};
  auto path = document_of(context, call, request.space(), request.document(), Access::read);
  if (!path) return path.error();
  if (request.has_cursor() && request.snapshots())
    return wrong("snapshots", "a snapshot stands for a document's beginning: leave the cursor out");
  Plan plan{std::move(*path),
            std::nullopt,
            false,
            {{request.as_of_offset()}, {request.as_of_time()}},
            request.snapshots(),
            request.records_max(),
            context.options.page_bytes};
  if (request.has_cursor()) {
    plan.cursor = Cursor{{request.cursor().epoch()}, {request.cursor().offset()}, {}};
    plan.compare_chain = !request.cursor().chain().empty();
    if (plan.compare_chain) {
      const auto chain = Digest::parse(request.cursor().chain());
      if (!chain) return wrong("cursor.chain", chain.error().message);
      plan.cursor->chain = *chain;
    }
  }
  auto reader = std::make_shared<DocumentReader>(context.parts, std::move(plan));
  return std::unique_ptr<PageSource>(
      std::make_unique<PooledSource<DocumentReader>>(context, shard.executor(), std::move(reader)));
}

}  // namespace weir::rpc
