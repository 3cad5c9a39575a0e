#include "weir/grpc/messages.hpp"
#include "weir/grpc/sources.hpp"
#include "weir/v1/relay.pb.h"

namespace weir::rpc {

namespace {

CallError lost_history() {
  return {fail(Code::failed_precondition,
               "the cursor is not of this document's history (it was made anew, or the store was restored): read from "
               "the start"),
          {.reason = "LOST_HISTORY"}};
}

CallError not_there(const DocumentPath& path, DocumentLife life) {
  const std::string name = '"' + path.document.text() + "\" in the space \"" + path.space.text() + '"';
  if (life == DocumentLife::deleted) {
    return {fail(Code::not_found, "the document " + name + " was deleted"), {.reason = "DELETED"}};
  }
  return {fail(Code::not_found, "there is no document " + name), {.reason = "NO_DOCUMENT"}};
}

struct Plan {
  DocumentPath path;
  std::optional<Cursor> cursor;
  bool compare_chain = false;
  std::uint64_t records_max = 0;  ///< 0: all
  std::size_t page_bytes = 0;
};

/// A document from a cursor to where it ended when the call began. Used on the pool, one call at a time.
class DocumentReader {
 public:
  DocumentReader(const storage::DeltaLog& log, Plan plan) : log_(log), plan_(std::move(plan)) {}
  PageResult next();

 private:
  CallResult<void> begin();
  CallResult<void> fill_place(v1::Cursor& cursor);
  [[nodiscard]] bool enough() const { return plan_.records_max > 0 && given_ == plan_.records_max; }

  const storage::DeltaLog& log_;
  const Plan plan_;
  Epoch epoch_;
  Offset after_;
  Offset upto_;
  std::uint64_t given_ = 0;
  bool begun_ = false;
};

CallResult<void> DocumentReader::begin() {
  begun_ = true;
  const auto state = log_.document(plan_.path);
  if (!state) return CallError{state.error()};
  if (state->life != DocumentLife::alive) return not_there(plan_.path, state->life);
  epoch_ = state->epoch;
  upto_ = state->head;
  if (!plan_.cursor) return {};
  const Cursor& cursor = *plan_.cursor;
  if (cursor.epoch != state->epoch || cursor.offset > state->head) return lost_history();
  after_ = cursor.offset;
  if (!plan_.compare_chain || (cursor.offset < state->cut && cursor.offset.value != 0)) return {};
  const auto chain = log_.chain(plan_.path, cursor.offset);
  if (!chain) return CallError{chain.error()};
  if (*chain != cursor.chain) return lost_history();
  return {};
}

CallResult<void> DocumentReader::fill_place(v1::Cursor& cursor) {
  const auto chain = log_.chain(plan_.path, after_);
  if (!chain) return CallError{chain.error()};
  cursor.set_epoch(epoch_.value);
  cursor.set_offset(after_.value);
  cursor.set_chain(std::string(chain->view()));
  return {};
}

PageResult DocumentReader::next() {
  if (!begun_) {
    if (auto begun = begin(); !begun) return begun.error();
  }
  const auto page = log_.read_document(plan_.path, after_, upto_, plan_.page_bytes);
  if (!page) return CallError{page.error()};
  v1::ReadResponse response;
  if (page->cut.value != 0) {
    after_ = page->cut;
    if (auto filled = fill_place(*response.mutable_cut()); !filled) return filled.error();
  }
  for (const weir::Record& record : page->records) {
    if (enough()) break;
    fill(record, *response.add_records());
    after_ = record.offset;
    ++given_;
  }
  const bool last = page->complete || enough();
  if (last) {
    if (auto filled = fill_place(*response.mutable_cursor()); !filled) return filled.error();
  }
  return Page{response.SerializeAsString(), last};
}

class ReadSource final : public PageSource {
 public:
  ReadSource(Context& context, runtime::Executor& executor, Plan plan)
      : readers_(context.parts.readers),
        executor_(executor),
        reader_(std::make_shared<DocumentReader>(context.parts.log, std::move(plan))) {}

  void next(std::function<void(PageResult)> done) override {
    // The call may end meanwhile: the reader lives until its page is read.
    readers_.submit([reader = reader_, &executor = executor_, done = std::move(done)]() mutable {
      executor.post([done = std::move(done), page = reader->next()]() mutable { done(std::move(page)); });
    });
  }

 private:
  runtime::BlockingPool& readers_;
  runtime::Executor& executor_;
  std::shared_ptr<DocumentReader> reader_;
};

}  // namespace

CallResult<std::unique_ptr<PageSource>> read_source(Context& context, const ::grpc::CallbackServerContext& call,
                                                    const ::grpc::ByteBuffer& buffer, shard::Shard& shard) {
  v1::ReadRequest request;
  if (!parse(buffer, request)) return CallError{fail(Code::invalid_argument, "not a weir.v1.ReadRequest")};
  auto path = document_of(context, call, request.space(), request.document(), Access::read);
  if (!path) return path.error();
  Plan plan{std::move(*path), std::nullopt, false, request.records_max(), context.options.page_bytes};
  if (request.has_cursor()) {
    plan.cursor = Cursor{{request.cursor().epoch()}, {request.cursor().offset()}, {}};
    plan.compare_chain = !request.cursor().chain().empty();
    if (plan.compare_chain) {
      const auto chain = Digest::parse(request.cursor().chain());
      if (!chain) return wrong("cursor.chain", chain.error().message);
      plan.cursor->chain = *chain;
    }
  }
  return std::unique_ptr<PageSource>(std::make_unique<ReadSource>(context, shard.executor(), std::move(plan)));
}

}  // namespace weir::rpc
